"""The Slack integration: incoming webhooks, and a bot that keeps one message for each episode up to date.

Slack has no idempotency handle. When the answer to a first message is lost, the retry may show the message twice;
the failure says `maybe_sent`, so whoever plans the retry knows. Updates can be repeated without harm, and a change is
told in the thread only after the update went through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

import msgspec

from alertd.http import HttpClient, HttpError, Response
from alertd.notify.message import Message, Reason
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason
from alertd.notify.receivers.failures import no_answer, read_secret
from alertd.notify.receivers.slack_answers import (
    CANNOT_UPDATE,
    TOO_LONG,
    SlackRefused,
    check_webhook_answer,
    read_api_answer,
)
from alertd.notify.receivers.slack_payload import SlackSettings, build_payload, build_reply, escape, shorten
from alertd.notify.templates import Renderer, TemplateFailed

POST_MESSAGE_URL = "https://slack.com/api/chat.postMessage"

_POST = "chat.postMessage"
_UPDATE = "chat.update"
# Changes that somebody has to see now: a reply in a thread alone reaches only those who follow it.
_BROADCAST = frozenset({Reason.NEW_ALERTS, Reason.REPEAT, Reason.SEVERITY_RAISED, Reason.UNACKNOWLEDGED})


class SlackReceiver:
    """Tells one channel."""

    kind = "slack"
    interval = 1000

    def __init__(self, settings: SlackSettings, client: HttpClient, renderer: Renderer, now: Callable[[], int]) -> None:
        self._settings = settings
        self._client = client
        self._renderer = renderer
        self._now = now
        has_token = bool(settings.token or settings.token_file)
        self._is_bot = has_token or urlsplit(settings.url).path.endswith(f"/{_POST}")
        self._updates = self._is_bot and settings.update_message
        self.wants_acknowledged = self._updates

    async def send(self, message: Message) -> Delivered:
        payload, reply = self._render(message)
        try:
            # Several calls share the time of one try.
            async with asyncio.timeout(self._settings.time_limit / 1000):
                return await self._tell(message, payload, reply)
        except TimeoutError as error:
            text = f"no answer from slack within {self._settings.time_limit} ms"
            raise DeliveryFailed(FailureReason.TIMEOUT, text, maybe_sent=True) from error

    async def _tell(self, message: Message, payload: dict[str, Any], reply: str) -> Delivered:
        try:
            if self._has_thread(message):
                return await self._update(message, payload, reply)
            return await self._post_message(payload)
        except SlackRefused as refusal:
            if refusal.error not in TOO_LONG:
                raise
            # Half a page is better than none.
            payload = shorten(payload)
        if self._has_thread(message):
            return await self._update(message, payload, reply)
        return await self._post_message(payload)

    def _has_thread(self, message: Message) -> bool:
        return self._updates and bool(message.thread.get("channel") and message.thread.get("ts"))

    async def _post_message(self, payload: dict[str, Any]) -> Delivered:
        if not self._is_bot:
            return await self._post_to_webhook(payload)
        answer = await self._call(_POST, payload)
        # The channel of the answer, not of the settings: a person's or a channel's name becomes an id there.
        thread = {"channel": str(answer.get("channel", "")), "ts": str(answer.get("ts", ""))}
        return Delivered(answer="ok", status_code=200, thread=thread if self._updates else {})

    async def _post_to_webhook(self, payload: dict[str, Any]) -> Delivered:
        url = read_secret(self._settings.url, self._settings.url_file)
        response = await self._post(url, payload, {})
        check_webhook_answer(response, self._now(), url)
        return Delivered(answer=response.text[:1000], status_code=response.status)

    async def _update(self, message: Message, payload: dict[str, Any], reply: str) -> Delivered:
        thread = {"channel": message.thread["channel"], "ts": message.thread["ts"]}
        try:
            await self._call(_UPDATE, payload | thread)
        except SlackRefused as refusal:
            # The channel may have changed in the configuration since: the new message will tell.
            if refusal.error not in CANNOT_UPDATE and refusal.reason is not FailureReason.GONE:
                raise
            return await self._post_message(payload)
        if reply:
            broadcast = {"reply_broadcast": True} if message.reason in _BROADCAST else {}
            await self._call(
                _POST, {"channel": thread["channel"], "thread_ts": thread["ts"], "text": reply, **broadcast}
            )
        return Delivered(answer="ok", status_code=200, thread=thread)

    async def _call(self, method: str, payload: dict[str, Any]) -> dict[str, Any]:
        token = read_secret(self._settings.token, self._settings.token_file)
        headers = {"authorization": f"Bearer {token}"} if token else {}
        url = self._settings.url or POST_MESSAGE_URL
        response = await self._post(urljoin(url, method) if method == _UPDATE else url, payload, headers)
        return read_api_answer(response, self._now())

    async def _post(self, url: str, payload: dict[str, Any], headers: dict[str, str]) -> Response:
        headers = {"content-type": "application/json; charset=utf-8", **headers}
        try:
            return await self._client.post(
                url, msgspec.json.encode(payload), headers, time_limit=self._settings.time_limit
            )
        except HttpError as error:
            raise no_answer(error) from error

    def _render(self, message: Message) -> tuple[dict[str, Any], str]:
        rendering = self._renderer.of(message, escape)
        try:
            payload = build_payload(self._settings, message, rendering)
            return payload, build_reply(self._settings, rendering) if self._has_thread(message) else ""
        except TemplateFailed as error:
            raise DeliveryFailed(FailureReason.TEMPLATE, str(error), permanent=True) from error
