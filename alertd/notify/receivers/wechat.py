"""The WeChat Work integration: a message of one application to users, departments or tags.

Calls carry an access token that is made of the corporation and the application's secret and lasts two hours. It is kept
until shortly before its end, or until WeChat says that it is none any more, which costs one more call, not the message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from alertd.clock import SECOND
from alertd.config.integrations.wechat import WechatConfig
from alertd.config.models import WECHAT
from alertd.http import Response
from alertd.notify.message import Message
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason, Tools
from alertd.notify.receivers.calls import call_json, or_built_in, rendering, without_empty
from alertd.notify.receivers.exchange import json_object, refusal, seconds, secret_now, sharing_time
from alertd.notify.receivers.truncation import truncate_bytes
from alertd.notify.templates import Rendering

MAX_CONTENT_BYTES = 2048

_TOKEN_LIFE = 7_200 * SECOND
_TOKEN_MARGIN = 300 * SECOND
_RATE_LIMIT_WAIT = 60 * SECOND

_BUSY = frozenset({-1, 6000})
_RATE_LIMITED = frozenset({45009, 45033})
_TOKEN_IS_OVER = frozenset({40014, 42001})
# The secret, the corporation, the application or this machine's address may not send.
_NOT_ALLOWED = frozenset({40001, 40013, 40056, 48002, 60011, 60020, 301002})
# Nobody of those who are named can be told.
_NOBODY = frozenset({40003, 60111, 81013, 82001})


@dataclass(frozen=True)
class _Token:
    """An access token, whose it is, and the instant from which it is not used any more."""

    text: str
    corporation: str
    secret: str
    over_at: int


class WechatReceiver:
    """Writes as one application of one corporation."""

    kind = "wechat"
    wants_acknowledged = False
    # One member can be told thirty times a minute.
    interval = 2 * SECOND

    def __init__(self, config: WechatConfig, tools: Tools) -> None:
        self._config = config
        self._client = tools.client(config.http_config)
        self._renderer = tools.renderer
        self._now = tools.now
        self._time_limit = tools.time_limit
        self._token: _Token | None = None

    async def send(self, message: Message) -> Delivered:
        texts = self._renderer.of(message)
        with rendering():
            payload = self._payload(texts)
            corporation = texts.text(self._config.corp_id)
            secret = texts.text(secret_now(self._config.api_secret, self._config.api_secret_file))
        async with sharing_time(self._time_limit, self.kind):
            response = await self._post(payload, corporation, secret)
            if _code(response) in _TOKEN_IS_OVER:
                self._token = None
                response = await self._post(payload, corporation, secret)
        self._check(response, secret)
        return Delivered(answer=response.text[:1000], status_code=response.status)

    async def _post(self, payload: dict[str, Any], corporation: str, secret: str) -> Response:
        token = await self._token_of(corporation, secret)
        url = self._url("message/send", access_token=token)
        return await call_json(self._client, "POST", url, payload, time_limit=self._time_limit)

    async def _token_of(self, corporation: str, secret: str) -> str:
        known = self._token
        if known and (known.corporation, known.secret) == (corporation, secret) and self._now() < known.over_at:
            return known.text
        url = self._url("gettoken", corpsecret=secret, corpid=corporation)
        response = await call_json(self._client, "GET", url, time_limit=self._time_limit)
        self._check(response, secret)
        answer = json_object(response)
        text = str(answer.get("access_token") or "")
        if not text:
            reason = "wechat gave no access token"
            raise DeliveryFailed(FailureReason.AUTH_ERROR, reason, permanent=True, channel_broken=True)
        life = seconds(answer.get("expires_in")) or _TOKEN_LIFE
        self._token = _Token(text, corporation, secret, self._now() + max(0, life - _TOKEN_MARGIN))
        return text

    def _url(self, method: str, **parameters: str) -> str:
        return f"{(self._config.api_url or WECHAT).rstrip('/')}/{method}?{urlencode(parameters)}"

    def _payload(self, texts: Rendering) -> dict[str, Any]:
        config = self._config
        receivers = {
            "touser": texts.text(or_built_in(config.to_user, "wechat.default.to_user")),
            "toparty": texts.text(or_built_in(config.to_party, "wechat.default.to_party")),
            "totag": texts.text(or_built_in(config.to_tag, "wechat.default.to_tag")),
            "agentid": texts.text(or_built_in(config.agent_id, "wechat.default.agent_id")),
        }
        text = texts.text(or_built_in(config.message, "wechat.default.message"))
        content = {"content": truncate_bytes(text, MAX_CONTENT_BYTES)}
        nothing = {"content": ""}
        is_markdown = config.message_type == "markdown"
        return {
            **without_empty(receivers),
            "safe": "0",
            "msgtype": config.message_type or "text",
            "text": nothing if is_markdown else content,
            "markdown": content if is_markdown else nothing,
        }

    def _check(self, response: Response, secret: str) -> None:
        """Raises `DeliveryFailed` unless the answer says 0, which means that it was done."""
        if not response.is_success:
            raise refusal(response, self._now(), wait=_RATE_LIMIT_WAIT, secrets=self._secrets(secret))
        code = _code(response)
        if code is None:
            text = "wechat's answer is not JSON with an errcode"
            raise DeliveryFailed(FailureReason.SERVER_ERROR, text, maybe_sent=True, status_code=response.status)
        if code != 0:
            raise _failure(code, response.status)

    def _secrets(self, secret: str) -> tuple[str, ...]:
        return (secret, self._token.text) if self._token else (secret,)


def _code(response: Response) -> int | None:
    code = json_object(response).get("errcode")
    return code if isinstance(code, int) and response.is_success else None


def _failure(code: int, status: int) -> DeliveryFailed:
    """What an errcode means; the text of the answer is left out, since it may repeat what was sent."""
    temporary = code in _BUSY or code in _RATE_LIMITED or code in _TOKEN_IS_OVER
    return DeliveryFailed(
        _reason(code),
        f"wechat answered errcode {code}",
        permanent=not temporary,
        channel_broken=code in _NOT_ALLOWED or code in _NOBODY,
        retry_after=_RATE_LIMIT_WAIT if code in _RATE_LIMITED else None,
        status_code=status,
    )


def _reason(code: int) -> FailureReason:
    if code in _RATE_LIMITED:
        return FailureReason.RATE_LIMITED
    if code in _NOT_ALLOWED or code in _TOKEN_IS_OVER:
        return FailureReason.AUTH_ERROR
    if code in _BUSY:
        return FailureReason.SERVER_ERROR
    return FailureReason.GONE if code in _NOBODY else FailureReason.CLIENT_ERROR
