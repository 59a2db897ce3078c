"""What a Slack message looks like: one attachment with a colour bar, as Alertmanager's users know it.

Texts are cut to what Slack takes. Values of labels and annotations are escaped before a template sees them, so that a
label called `<!channel>` wakes nobody; the markup that a template itself contains stays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from alertd.clock import SECOND
from alertd.notify.message import Message, Status
from alertd.notify.receivers.truncation import truncate_runes
from alertd.notify.templates import Rendering

MAX_MESSAGE_TEXT = 4000
MAX_TITLE = 1024
MAX_PRETEXT = 3000
MAX_TEXT = 8000
SHORT_TEXT = 1000
MAX_FIELDS = 20
MAX_FIELD_TITLE = 300
MAX_FIELD_VALUE = 2000
MAX_FOOTER = 300
MAX_FALLBACK = 2000
MAX_ACTIONS = 5
MAX_BUTTON_TEXT = 75
MAX_BUTTON_VALUE = 2000
MAX_URL = 3000
MAX_CONFIRM_TITLE = 100
MAX_CONFIRM_TEXT = 300
MAX_CONFIRM_BUTTON = 30
MAX_SECTION = 3000

_ACKNOWLEDGED_COLOR = "warning"
_LINK = re.compile(r"<https?://[^<>|\n]+(?:\|[^<>\n]*)?>")
_ENTITY_OR_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")


@dataclass(frozen=True)
class SlackConfirm:
    """What a button asks before it acts."""

    text: str
    title: str = ""
    ok_text: str = ""
    dismiss_text: str = ""


@dataclass(frozen=True)
class SlackAction:
    """A button under the attachment; it has a `url` or a `name`."""

    type: str
    text: str
    url: str = ""
    style: str = ""
    name: str = ""
    value: str = ""
    confirm: SlackConfirm | None = None


@dataclass(frozen=True)
class SlackField:
    """A titled value in the attachment; `short` None takes the receiver's `short_fields`."""

    title: str
    value: str
    short: bool | None = None


@dataclass(frozen=True)
class SlackSettings:
    """The keys of Alertmanager's `slack_configs`; every text is a template.

    `url` alone is an incoming webhook; with a token (or an `url` that ends in `/chat.postMessage`) it is the Web API.
    `update_message`: one message for each episode, kept up to date, with a reply in its thread for each change; only
    the Web API can do that. Otherwise each notification is a message of its own.
    """

    url: str = ""
    url_file: str = ""
    token: str = ""
    token_file: str = ""
    update_message: bool = True
    channel: str = ""
    username: str = '{{ template "slack.default.username" . }}'
    color: str = '{{ template "slack.default.color" . }}'
    title: str = '{{ template "slack.default.title" . }}'
    title_link: str = '{{ template "slack.default.titlelink" . }}'
    pretext: str = '{{ template "slack.default.pretext" . }}'
    text: str = '{{ template "slack.default.text" . }}'
    message_text: str = ""
    fallback: str = '{{ template "slack.default.fallback" . }}'
    callback_id: str = '{{ template "slack.default.callbackid" . }}'
    fields: tuple[SlackField, ...] = ()
    short_fields: bool = False
    footer: str = '{{ template "slack.default.footer" . }}'
    icon_emoji: str = '{{ template "slack.default.iconemoji" . }}'
    icon_url: str = '{{ template "slack.default.iconurl" . }}'
    image_url: str = ""
    thumb_url: str = ""
    link_names: bool = False
    mrkdwn_in: tuple[str, ...] = ("fallback", "pretext", "text")
    actions: tuple[SlackAction, ...] = ()
    thread_text: str = '{{ template "slack.default.thread" . }}'
    time_limit: int = 10 * SECOND


def escape(value: str) -> str:
    """`value` as Slack prints it literally: no mention and no command, but a link written as `<https://…|text>` stays.

    An entity that is already there stays as well, for annotations that were written with Slack in mind.
    """
    parts: list[str] = []
    end = 0
    for link in _LINK.finditer(value):
        parts += [_escape_plain(value[end : link.start()]), _ENTITY_OR_AMPERSAND.sub("&amp;", link.group())]
        end = link.end()
    return "".join([*parts, _escape_plain(value[end:])])


def build_payload(settings: SlackSettings, message: Message, rendering: Rendering) -> dict[str, Any]:
    """The body of `chat.postMessage`, of `chat.update` once `ts` is added, or of an incoming webhook."""
    payload = {
        "channel": rendering.text(settings.channel),
        "username": rendering.text(settings.username),
        "icon_emoji": rendering.text(settings.icon_emoji),
        "icon_url": rendering.text(settings.icon_url),
        "link_names": settings.link_names,
        "text": truncate_runes(rendering.text(settings.message_text), MAX_MESSAGE_TEXT),
    }
    attachments = [_attachment(settings, message, rendering)]
    if _is_acknowledged(message):
        attachments.append(_acknowledgement(message))
    return {name: value for name, value in payload.items() if value} | {"attachments": attachments}


def shorten(payload: dict[str, Any]) -> dict[str, Any]:
    """The same message with the start of its text and without fields, for when Slack finds it too long."""
    first, *others = payload["attachments"]
    kept = {name: value for name, value in first.items() if name not in ("fields", "pretext")}
    if "text" in kept:
        kept["text"] = truncate_runes(kept["text"], SHORT_TEXT)
    return payload | {"attachments": [kept, *others]}


def build_reply(settings: SlackSettings, rendering: Rendering) -> str:
    """What a reply in the thread says of the change."""
    return truncate_runes(rendering.text(settings.thread_text).strip(), MAX_MESSAGE_TEXT)


def _attachment(settings: SlackSettings, message: Message, rendering: Rendering) -> dict[str, Any]:
    color = _ACKNOWLEDGED_COLOR if _is_acknowledged(message) else rendering.text(settings.color)
    attachment = {
        "title": truncate_runes(rendering.text(settings.title), MAX_TITLE),
        "title_link": rendering.text(settings.title_link)[:MAX_URL],
        "pretext": truncate_runes(rendering.text(settings.pretext), MAX_PRETEXT),
        "text": truncate_runes(rendering.text(settings.text), MAX_TEXT),
        "fallback": truncate_runes(rendering.text(settings.fallback), MAX_FALLBACK),
        "callback_id": rendering.text(settings.callback_id),
        "fields": [_field(entry, settings, rendering) for entry in settings.fields[:MAX_FIELDS]],
        "image_url": rendering.text(settings.image_url),
        "thumb_url": rendering.text(settings.thumb_url),
        "footer": truncate_runes(rendering.text(settings.footer), MAX_FOOTER),
        "color": color,
        "mrkdwn_in": list(settings.mrkdwn_in),
        "actions": [_action(action, rendering) for action in settings.actions[:MAX_ACTIONS]],
    }
    return {name: value for name, value in attachment.items() if value}


def _field(field: SlackField, settings: SlackSettings, rendering: Rendering) -> dict[str, Any]:
    return {
        "title": truncate_runes(rendering.text(field.title), MAX_FIELD_TITLE),
        "value": truncate_runes(rendering.text(field.value), MAX_FIELD_VALUE),
        "short": settings.short_fields if field.short is None else field.short,
    }


def _action(action: SlackAction, rendering: Rendering) -> dict[str, Any]:
    button: dict[str, Any] = {
        "type": rendering.text(action.type),
        "text": truncate_runes(rendering.text(action.text), MAX_BUTTON_TEXT),
        "url": rendering.text(action.url)[:MAX_URL],
        "style": rendering.text(action.style),
        "name": rendering.text(action.name),
        "value": rendering.text(action.value)[:MAX_BUTTON_VALUE],
    }
    if action.confirm is not None:
        button["confirm"] = _confirm(action.confirm, rendering)
    return {name: value for name, value in button.items() if value}


def _confirm(confirm: SlackConfirm, rendering: Rendering) -> dict[str, str]:
    question = {
        "title": truncate_runes(rendering.text(confirm.title), MAX_CONFIRM_TITLE),
        "text": truncate_runes(rendering.text(confirm.text), MAX_CONFIRM_TEXT),
        "ok_text": truncate_runes(rendering.text(confirm.ok_text), MAX_CONFIRM_BUTTON),
        "dismiss_text": truncate_runes(rendering.text(confirm.dismiss_text), MAX_CONFIRM_BUTTON),
    }
    return {name: value for name, value in question.items() if value}


def _is_acknowledged(message: Message) -> bool:
    return message.acknowledged and message.status is Status.FIRING


def _acknowledgement(message: Message) -> dict[str, Any]:
    people = sorted({escape(alert.acknowledged_by) for alert in message.firing if alert.acknowledged_by})
    text = f":eyes: Acknowledged by {', '.join(people)}" if people else ":eyes: Acknowledged"
    element = {"type": "mrkdwn", "text": truncate_runes(text, MAX_SECTION)}
    return {
        "color": _ACKNOWLEDGED_COLOR,
        "fallback": "Acknowledged",
        "blocks": [{"type": "context", "elements": [element]}],
    }


def _escape_plain(text: str) -> str:
    return _ENTITY_OR_AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
