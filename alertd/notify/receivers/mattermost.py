"""The Mattermost integration: incoming webhooks, with one attachment made of the plain keys or several of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from alertd.clock import SECOND
from alertd.config.integrations.mattermost import (
    MattermostAttachment,
    MattermostConfig,
    MattermostField,
    MattermostPriority,
)
from alertd.http import Response
from alertd.notify.message import Message
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason, Tools
from alertd.notify.receivers.calls import call_json, or_built_in, rendering, without_empty
from alertd.notify.receivers.exchange import refusal, secret_now
from alertd.notify.receivers.truncation import truncate_runes
from alertd.notify.templates import Rendering

MAX_TEXT_RUNES = 16383

_RATE_LIMIT_WAIT = 10 * SECOND
_PRIORITIES = {"urgent", "important", "standard"}
# What Mattermost says of a webhook or a channel that is gone, with the same status as of a text that it cannot take.
_GONE = (
    "web.incoming_webhook.invalid",
    "web.incoming_webhook.disabled",
    "web.incoming_webhook.channel",
    "web.incoming_webhook.permissions",
    "web.incoming_webhook.user",
)


class MattermostReceiver:
    """Posts each message to one channel."""

    kind = "mattermost"
    wants_acknowledged = False
    interval = 100

    def __init__(self, config: MattermostConfig, tools: Tools) -> None:
        self._config = config
        self._tools = tools
        self._client = tools.client(config.http_config)

    async def send(self, message: Message) -> Delivered:
        with rendering():
            body = build_post(self._config, self._tools.renderer.of(message))
        url = secret_now(self._config.webhook_url, self._config.webhook_url_file)
        response = await call_json(self._client, "POST", url, body, time_limit=self._tools.time_limit)
        if not response.is_success:
            raise _failure(response, self._tools.now(), url)
        return Delivered(answer=response.text[:1000], status_code=response.status)


def build_post(config: MattermostConfig, texts: Rendering) -> dict[str, Any]:
    """The body of an incoming webhook; the plain keys are the attachment where `attachments` names none."""
    text = truncate_runes(texts.text(or_built_in(config.text, "mattermost.default.text")), MAX_TEXT_RUNES)
    if config.attachments:
        attachments = [_attachment(attachment, texts) for attachment in config.attachments]
    else:
        attachments = [_plain_attachment(config, texts, text)]
    post = {
        "text": text if config.attachments else "",
        "channel": texts.text(config.channel),
        "username": texts.text(or_built_in(config.username, "mattermost.default.username")),
        "icon_url": texts.text(config.icon_url),
        "icon_emoji": texts.text(config.icon_emoji),
        "attachments": attachments,
        "type": texts.text(config.type),
        "props": {"card": texts.text(config.props.card)} if config.props and config.props.card else {},
        "priority": _priority(config.priority, texts),
    }
    return without_empty(post)


def _plain_attachment(config: MattermostConfig, texts: Rendering, text: str) -> dict[str, Any]:
    return without_empty(
        {
            "fallback": texts.text(or_built_in(config.fallback, "mattermost.default.fallback")),
            "color": texts.text(or_built_in(config.color, "mattermost.default.color")),
            "text": text,
            "title": texts.text(or_built_in(config.title, "mattermost.default.title")),
            "title_link": texts.text(or_built_in(config.title_link, "mattermost.default.titlelink")),
            **_decoration(config, texts),
        }
    )


def _attachment(attachment: MattermostAttachment, texts: Rendering) -> dict[str, Any]:
    return without_empty(
        {
            "fallback": texts.text(attachment.fallback),
            "color": texts.text(attachment.color),
            "text": truncate_runes(texts.text(attachment.text), MAX_TEXT_RUNES),
            "title": texts.text(attachment.title),
            "title_link": texts.text(attachment.title_link),
            **_decoration(attachment, texts),
        }
    )


def _decoration(source: MattermostConfig | MattermostAttachment, texts: Rendering) -> dict[str, Any]:
    """The keys that have no default text."""
    return {
        "pretext": texts.text(source.pretext),
        "author_name": texts.text(source.author_name),
        "author_link": texts.text(source.author_link),
        "author_icon": texts.text(source.author_icon),
        "fields": _fields(source.fields, texts),
        "thumb_url": texts.text(source.thumb_url),
        "footer": texts.text(source.footer),
        "footer_icon": texts.text(source.footer_icon),
        "image_url": texts.text(source.image_url),
    }


def _fields(fields: Iterable[MattermostField], texts: Rendering) -> list[dict[str, Any]]:
    shown = []
    for field in fields:
        entry: dict[str, Any] = without_empty({"title": texts.text(field.title), "value": texts.text(field.value)})
        shown.append(entry if field.short is None else entry | {"short": field.short})
    return shown


def _priority(priority: MattermostPriority | None, texts: Rendering) -> dict[str, Any]:
    """A word that is none is `standard`; only urgent posts may be repeated, only ordinary ones need no answer."""
    if priority is None or not priority.priority:
        return {}
    word = texts.text(priority.priority).lower()
    word = word if word in _PRIORITIES else "standard"
    return without_empty(
        {
            "priority": word,
            "requested_ack": priority.requested_ack and word != "standard",
            "persistent_notifications": priority.persistent_notifications and word == "urgent",
        }
    )


def _failure(response: Response, now: int, url: str) -> DeliveryFailed:
    failure = refusal(response, now, wait=_RATE_LIMIT_WAIT, broken={404}, secrets=(url,))
    if any(word in response.text for word in _GONE):
        failure.channel_broken, failure.permanent, failure.reason = True, True, FailureReason.GONE
    return failure
