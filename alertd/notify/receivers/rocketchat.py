"""The Rocket.Chat integration: `chat.postMessage` with a personal access token.

Rocket.Chat has no idempotency handle: when the answer to a message is lost, the retry shows it twice.
"""

from __future__ import annotations

import re
from typing import Any

from alertd.clock import SECOND
from alertd.config.integrations.rocketchat import RocketchatAction, RocketchatConfig, RocketchatField
from alertd.http import Response
from alertd.notify.message import Message
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason, Tools
from alertd.notify.receivers.calls import call_json, or_built_in, rendering, without_empty
from alertd.notify.receivers.exchange import json_object, refusal, secret_now
from alertd.notify.receivers.truncation import truncate_runes
from alertd.notify.templates import Rendering

MAX_TITLE_RUNES = 1024

_METHOD = "api/v1/chat.postMessage"
_TOO_MANY = "error-too-many-requests"
_WAIT = re.compile(r"must wait ([0-9]+) seconds")
_DEFAULT_WAIT = 60 * SECOND
_GONE = ("invalid-channel", "error-room-not-found", "error-not-allowed", "room_is_read_only", "error-invalid-room")


class RocketchatReceiver:
    """Posts each message to one channel."""

    kind = "rocketchat"
    wants_acknowledged = False
    interval = 1000

    def __init__(self, config: RocketchatConfig, tools: Tools) -> None:
        self._config = config
        self._tools = tools
        self._client = tools.client(config.http_config)

    async def send(self, message: Message) -> Delivered:
        config = self._config
        with rendering():
            body = build_post(config, self._tools.renderer.of(message))
        token = secret_now(config.token, config.token_file)
        headers = {"x-auth-token": token, "x-user-id": secret_now(config.token_id, config.token_id_file)}
        url = f"{(config.api_url or '').rstrip('/')}/{_METHOD}"
        response = await call_json(self._client, "POST", url, body, headers, time_limit=self._tools.time_limit)
        check_answer(response, self._tools.now(), token)
        return Delivered(answer="ok", status_code=response.status)


def build_post(config: RocketchatConfig, texts: Rendering) -> dict[str, Any]:
    """The body of `chat.postMessage`: one attachment."""
    title = texts.text(or_built_in(config.title, "rocketchat.default.title"))
    attachment = {
        "title": truncate_runes(title, MAX_TITLE_RUNES),
        "title_link": texts.text(or_built_in(config.title_link, "rocketchat.default.titlelink")),
        "text": texts.text(or_built_in(config.text, "rocketchat.default.text")),
        "image_url": texts.text(config.image_url),
        "thumb_url": texts.text(config.thumb_url),
        "color": texts.text(config.color),
        "fields": [_field(field, config.short_fields, texts) for field in config.fields],
        "actions": [_action(action, texts) for action in config.actions],
    }
    post = {
        "channel": texts.text(config.channel),
        "emoji": texts.text(or_built_in(config.emoji, "rocketchat.default.emoji")),
        "avatar": texts.text(or_built_in(config.icon_url, "rocketchat.default.iconurl")),
        "attachments": [without_empty(attachment)],
    }
    return without_empty(post)


def check_answer(response: Response, now: int, token: str) -> None:
    """Raises `DeliveryFailed` unless Rocket.Chat took the message; some of its refusals have status 200."""
    said = json_object(response)
    error = f"{said.get('errorType') or ''} {said.get('error') or ''}".strip()
    if _TOO_MANY in error:
        named = _WAIT.search(error)
        text = "rocket.chat takes no more messages for now"
        wait = int(named[1]) * SECOND if named else response.retry_after(now) or _DEFAULT_WAIT
        raise DeliveryFailed(FailureReason.RATE_LIMITED, text, retry_after=wait, status_code=response.status)
    if not response.is_success:
        failure = refusal(response, now, wait=_DEFAULT_WAIT, broken={404}, secrets=(token,))
    elif not said:
        text = "rocket.chat's answer is not JSON"
        raise DeliveryFailed(FailureReason.SERVER_ERROR, text, maybe_sent=True, status_code=response.status)
    elif said.get("success") is True:
        return
    else:
        text = f"rocket.chat answered {error[:200]!r}"
        failure = DeliveryFailed(FailureReason.CLIENT_ERROR, text, permanent=True, status_code=response.status)
    if failure.permanent and any(word in error for word in _GONE):
        failure.channel_broken, failure.reason = True, FailureReason.GONE
    raise failure


def _field(field: RocketchatField, short_fields: bool, texts: Rendering) -> dict[str, Any]:
    named = without_empty({"title": texts.text(field.title), "value": texts.text(field.value)})
    return {"short": short_fields if field.short is None else field.short, **named}


def _action(action: RocketchatAction, texts: Rendering) -> dict[str, Any]:
    """A button, the one type that Rocket.Chat knows."""
    named = {
        "text": texts.text(action.text),
        "url": texts.text(action.url),
        "image_url": texts.text(action.image_url),
        "webview_height_ratio": texts.text(action.webview_height_ratio),
        "msg": texts.text(action.msg),
        "msg_processing_type": texts.text(action.msg_processing_type),
    }
    flags = {"is_webview": action.is_webview, "msg_in_chat_window": action.msg_in_chat_window}
    return {"type": "button", **without_empty(named), **flags}
