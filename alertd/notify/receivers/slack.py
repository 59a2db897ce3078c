"""The Slack integration: incoming webhooks, and a bot that keeps one message for each episode up to date.

Slack has no idempotency handle. When the answer to a first message is lost, the retry may show the message twice;
the failure says `maybe_sent`, so whoever plans the retry knows. Updates can be repeated without harm, and a change is
told in the thread only after the update went through.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec

from alertd.clock import Clock
from alertd.http import HttpClient, HttpError, Response
from alertd.notify.message import Message, Reason
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason
from alertd.notify.receivers.failures import no_answer, read_secret
from alertd.notify.receivers.slack_answers import CANNOT_UPDATE, SlackRefused, check_webhook_answer, read_api_answer
from alertd.notify.receivers.slack_payload import SlackSettings, build_payload, build_reply, escape
from alertd.notify.templates import Renderer, TemplateFailed

POST_MESSAGE_URL = "https://slack.com/api/chat.postMessage"

_POST_MESSAGE = "/chat.postMessage"
# Changes that somebody has to see now: a reply in a thread alone reaches only those who follow it.
_BROADCAST = frozenset({Reason.NEW_ALERTS, Reason.REPEAT, Reason.SEVERITY_RAISED, Reason.UNACKNOWLEDGED})


class SlackReceiver:
    """Tells one channel."""

    kind = "slack"
    interval = 1000

    def __init__(self, settings: SlackSettings, client: HttpClient, renderer: Renderer, clock: Clock) -> None:
        self._settings = settings
        self._client = client
        self._renderer = renderer
        self._clock = clock
        has_token = bool(settings.token or settings.token_file)
        self._is_bot = has_token or urlsplit(settings.url).path.endswith(_POST_MESSAGE)
        self._updates = self._is_bot and settings.update_message
        self.wants_acknowledged = self._updates

    async def send(self, message: Message) -> Delivered:
        payload, reply = self._render(message)
        if not self._is_bot:
            return await self._send_webhook(payload)
        if self._has_thread(message):
            return await self._update(message, payload, reply)
        return await self._post_message(payload)

    def _has_thread(self, message: Message) -> bool:
        return self._updates and bool(message.thread.get("channel") and message.thread.get("ts"))

    async def _send_webhook(self, payload: dict[str, Any]) -> Delivered:
        url = read_secret(self._settings.url, self._settings.url_file)
        response = await self._post(url, payload, {})
        check_webhook_answer(response, self._clock.now(), url)
        return Delivered(answer=response.text[:1000], status_code=response.status)

    async def _post_message(self, payload: dict[str, Any]) -> Delivered:
        answer = await self._call("chat.postMessage", payload)
        # The channel of the answer, not of the settings: a person's or a channel's name becomes an id there.
        thread = {"channel": str(answer.get("channel", "")), "ts": str(answer.get("ts", ""))}
        return Delivered(answer="ok", status_code=200, thread=thread if self._updates else {})

    async def _update(self, message: Message, payload: dict[str, Any], reply: str) -> Delivered:
        thread = {"channel": message.thread["channel"], "ts": message.thread["ts"]}
        try:
            await self._call("chat.update", payload | thread)
        except SlackRefused as refusal:
            if refusal.error not in CANNOT_UPDATE:
                raise
            return await self._post_message(payload)
        if reply:
            broadcast = message.reason in _BROADCAST
            answer = {"channel": thread["channel"], "thread_ts": thread["ts"], "text": reply}
            await self._call("chat.postMessage", answer | ({"reply_broadcast": True} if broadcast else {}))
        return Delivered(answer="ok", status_code=200, thread=thread)

    async def _call(self, method: str, payload: dict[str, Any]) -> dict[str, Any]:
        token = read_secret(self._settings.token, self._settings.token_file)
        headers = {"authorization": f"Bearer {token}"} if token else {}
        base = (self._settings.url or POST_MESSAGE_URL).removesuffix(_POST_MESSAGE)
        response = await self._post(f"{base}/{method}", payload, headers)
        return read_api_answer(response, self._clock.now())

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
