"""The Telegram integration: a bot that writes to one chat, or to one topic of it.

A text that Telegram cannot take as HTML or Markdown, because it is too long or its marks do not pair, goes out as plain
text: half a page is better than none. A group that became a supergroup is followed to its new number.
"""

from __future__ import annotations

from typing import Any

from alertd.clock import SECOND
from alertd.config.integrations.telegram import TelegramConfig
from alertd.config.models import TELEGRAM
from alertd.http import Response
from alertd.notify.message import Message
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason, Tools
from alertd.notify.receivers.calls import call_json, or_built_in, rendering, without_empty
from alertd.notify.receivers.exchange import json_object, refusal, seconds, secret_now, sharing_time
from alertd.notify.receivers.telegram_text import MAX_CHARACTERS, is_too_long, without_tags
from alertd.notify.receivers.truncation import truncate_runes
from alertd.notify.templates import Rendering

_RATE_LIMIT_WAIT = 30 * SECOND
_PERSON_INTERVAL = 1 * SECOND
_GROUP_INTERVAL = 3 * SECOND
_CANNOT_PARSE = "can't parse entities"
# What a 400 says when no message can get into the chat, as parts of its description in small letters.
_CHAT_IS_GONE = (
    "chat not found",
    "chat_write_forbidden",
    "group chat was deactivated",
    "have no rights to send",
    "not enough rights to send",
    "message thread not found",
    "peer_id_invalid",
    "topic_closed",
    "topic_deleted",
)


class TelegramReceiver:
    """Writes to one chat."""

    kind = "telegram"
    wants_acknowledged = False

    def __init__(self, config: TelegramConfig, tools: Tools) -> None:
        self._config = config
        self._client = tools.client(config.http_config)
        self._renderer = tools.renderer
        self._now = tools.now
        self._time_limit = config.timeout or tools.time_limit
        # One message a second in a chat, and twenty a minute in a group; the numbers of groups are negative.
        self.interval = _GROUP_INTERVAL if config.chat_id < 0 else _PERSON_INTERVAL

    async def send(self, message: Message) -> Delivered:
        with rendering():
            text = self._text(self._renderer.of(message))
        token = secret_now(self._config.bot_token, self._config.bot_token_file)
        payload: dict[str, Any] = {
            "chat_id": self._chat(),
            **text,
            "disable_web_page_preview": True,
            **without_empty(
                {
                    "disable_notification": self._config.disable_notifications,
                    "message_thread_id": self._config.message_thread_id,
                }
            ),
        }
        async with sharing_time(self._time_limit, self.kind):
            response = await self._call(token, payload)
            mended = _mended(payload, response)
            if mended is not None:
                response = await self._call(token, mended)
        answer = json_object(response)
        if response.is_success and answer.get("ok") is True:
            return Delivered(answer=response.text[:1000], status_code=response.status)
        raise self._refused(response, answer, token)

    async def _call(self, token: str, payload: dict[str, Any]) -> Response:
        url = f"{(self._config.api_url or TELEGRAM).rstrip('/')}/bot{token}/sendMessage"
        return await call_json(self._client, "POST", url, payload, time_limit=self._time_limit)

    def _text(self, texts: Rendering) -> dict[str, str]:
        """The text and how it is marked up: plainly where its HTML is too long, since tags cannot be cut."""
        template = or_built_in(self._config.message, "telegram.default.message")
        mode = self._config.parse_mode
        if mode != "HTML":
            return {"text": truncate_runes(texts.text(template), MAX_CHARACTERS), **without_empty({"parse_mode": mode})}
        html = texts.html(template)
        if is_too_long(html):
            return {"text": truncate_runes(without_tags(html), MAX_CHARACTERS)}
        return {"text": html, "parse_mode": mode}

    def _chat(self) -> int:
        if not self._config.chat_id_file:
            return self._config.chat_id
        written = secret_now(None, self._config.chat_id_file)
        try:
            return int(written)
        except ValueError as error:
            text = f"the file {self._config.chat_id_file} must hold the number of a chat, as -1001234567890"
            raise DeliveryFailed(FailureReason.CLIENT_ERROR, text, channel_broken=True, permanent=True) from error

    def _refused(self, response: Response, answer: dict[str, Any], token: str) -> DeliveryFailed:
        if response.is_success:
            text = "telegram's answer does not say whether it took the message"
            return DeliveryFailed(FailureReason.SERVER_ERROR, text, maybe_sent=True, status_code=response.status)
        # A token that Telegram does not know makes an address that is not there.
        failure = refusal(response, self._now(), wait=_RATE_LIMIT_WAIT, broken={404}, secrets=(token,))
        if response.status == 429:
            failure.retry_after = seconds(_parameters(answer).get("retry_after")) or failure.retry_after
        elif response.status == 404:
            failure.reason = FailureReason.AUTH_ERROR
        elif any(sign in str(answer.get("description")).lower() for sign in _CHAT_IS_GONE):
            failure.reason, failure.channel_broken = FailureReason.GONE, True
        return failure


def _mended(payload: dict[str, Any], response: Response) -> dict[str, Any] | None:
    """The same message as Telegram can take it after all, None when `response` does not say how."""
    if response.status != 400:
        return None
    answer = json_object(response)
    moved = _parameters(answer).get("migrate_to_chat_id")
    if isinstance(moved, int):
        return payload | {"chat_id": moved}
    if _CANNOT_PARSE in str(answer.get("description")) and "parse_mode" in payload:
        is_html = payload["parse_mode"] == "HTML"
        text = without_tags(payload["text"]) if is_html else payload["text"]
        return {name: value for name, value in payload.items() if name != "parse_mode"} | {"text": text}
    return None


def _parameters(answer: dict[str, Any]) -> dict[str, Any]:
    parameters = answer.get("parameters")
    return parameters if isinstance(parameters, dict) else {}
