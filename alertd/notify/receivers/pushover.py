"""The Pushover integration: a message to one user or group.

An emergency (priority 2) rings until somebody confirms it in the app. It carries a tag made of the group key, by which
alertd silences it when the alerts end or somebody acknowledges them. Pushover has no idempotency handle.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urljoin

from alertd.clock import SECOND
from alertd.config.integrations.pushover import PushoverConfig
from alertd.http import Response
from alertd.notify.message import Message, Reason, Status
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason, Tools
from alertd.notify.receivers.calls import or_built_in, rendering
from alertd.notify.receivers.exchange import json_object, post_form, refusal, secret_now, sharing_time
from alertd.notify.receivers.pagerduty import dedup_key
from alertd.notify.receivers.truncation import truncate_runes
from alertd.notify.templates import Rendering

MESSAGES_URL = "https://api.pushover.net/1/messages.json"

MAX_TITLE = 250
MAX_MESSAGE = 1024
MAX_URL = 512
LEAST_RETRY = 30 * SECOND
LONGEST_EXPIRE = 10_800 * SECOND

_EMERGENCY = "2"
_NO_DETAILS = "(no details)"
_TAG_LENGTH = 32
_SERVER_ERROR_WAIT = 5 * SECOND
_RATE_LIMIT_WAIT = 60 * SECOND
# What `errors` say of keys that no message can get through with.
_BAD_KEYS = ("application token is invalid", "user identifier is")


class PushoverReceiver:
    """Tells one user or group."""

    kind = "pushover"
    wants_acknowledged = True
    # Two connections at a time are allowed; the spacing keeps to that.
    interval = 500

    def __init__(self, config: PushoverConfig, tools: Tools, url: str = MESSAGES_URL) -> None:
        self._config = config
        self._client = tools.client(config.http_config)
        self._renderer = tools.renderer
        self._now = tools.now
        self._time_limit = tools.time_limit
        self._url = url

    async def send(self, message: Message) -> Delivered:
        texts = self._renderer.of(message)
        with rendering():
            token = texts.text(secret_now(self._config.token, self._config.token_file))
            user = texts.text(secret_now(self._config.user_key, self._config.user_key_file))
            form = self._form(message, texts)
        async with sharing_time(self._time_limit, self.kind):
            if message.reason is Reason.ACKNOWLEDGED or message.status is Status.RESOLVED:
                await self._silence(message, token)
            if message.reason is Reason.ACKNOWLEDGED:
                return Delivered(answer="nobody is told of an acknowledgement", thread=message.thread)
            response = await self._post(self._url, {"token": token, "user": user, **form})
        if not response.is_success or json_object(response).get("status") == 0:
            raise self._refused(response, token, user)
        thread = {"tag": form["tags"]} if "tags" in form else message.thread
        return Delivered(answer=response.text[:1000], status_code=response.status, thread=thread)

    async def _silence(self, message: Message, token: str) -> None:
        """Stop the emergencies of this group from ringing; that there are none any more is as good."""
        tag = message.thread.get("tag", "")
        if tag:
            url = urljoin(self._url, f"receipts/cancel_by_tag/{quote(tag)}.json")
            response = await self._post(url, {"token": token})
            if response.status == 429 or response.status >= 500:
                raise self._refused(response, token)

    async def _post(self, url: str, form: Mapping[str, str]) -> Response:
        return await post_form(self._client, url, form, time_limit=self._time_limit)

    def _form(self, message: Message, texts: Rendering) -> dict[str, str]:
        config = self._config
        title = texts.text(or_built_in(config.title, "pushover.default.title"))
        template = or_built_in(config.message, "pushover.default.message")
        text = texts.html(template) if config.html else texts.text(template)
        url = texts.text(or_built_in(config.url, "pushover.default.url"))
        priority = texts.text(config.priority)
        form = {
            "title": truncate_runes(title, MAX_TITLE),
            "message": truncate_runes(text, MAX_MESSAGE).strip() or _NO_DETAILS,
            "url": truncate_runes(url, MAX_URL),
            "url_title": texts.text(config.url_title),
            "priority": priority,
            # Pushover refuses emergencies that ring more often or longer than this.
            "retry": str(max(config.retry, LEAST_RETRY) // SECOND),
            "expire": str(min(config.expire, LONGEST_EXPIRE) // SECOND),
            "device": texts.text(config.device),
            "sound": texts.text(config.sound),
        }
        form |= {name: "1" for name in ("html", "monospace") if getattr(config, name)}
        if config.ttl >= SECOND:
            form["ttl"] = str(config.ttl // SECOND)
        if priority.strip() == _EMERGENCY:
            form["tags"] = dedup_key(message.group_key)[:_TAG_LENGTH]
        return form

    def _refused(self, response: Response, *secrets: str) -> DeliveryFailed:
        failure = refusal(response, self._now(), wait=_RATE_LIMIT_WAIT, secrets=secrets)
        if response.status >= 500:
            failure.retry_after = max(_SERVER_ERROR_WAIT, failure.retry_after or 0)
        errors = str(json_object(response).get("errors", "")).lower()
        if response.status < 429 and any(sign in errors for sign in _BAD_KEYS):
            failure.reason, failure.channel_broken = FailureReason.AUTH_ERROR, True
        return failure
