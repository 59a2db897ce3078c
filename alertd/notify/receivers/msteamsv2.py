"""Microsoft Teams by a workflow's webhook: an adaptive card."""

from __future__ import annotations

from typing import Any

from alertd.config.integrations.msteams import Msteamsv2Config
from alertd.notify.message import Message, Status
from alertd.notify.receivers.base import Delivered, Tools
from alertd.notify.receivers.calls import or_built_in, rendering
from alertd.notify.receivers.msteams import LEAST_INTERVAL, TeamsWebhook

_COLORS = {Status.FIRING: "Attention", Status.RESOLVED: "Good"}


class Msteamsv2Receiver:
    """Writes an adaptive card to the channel or chat of one workflow, which takes it with 202."""

    kind = "msteamsv2"
    wants_acknowledged = False
    interval = LEAST_INTERVAL

    def __init__(self, config: Msteamsv2Config, tools: Tools) -> None:
        self._config = config
        self._renderer = tools.renderer
        self._webhook = TeamsWebhook(config, tools.client(config.http_config), tools)

    async def send(self, message: Message) -> Delivered:
        texts = self._renderer.of(message)
        with rendering():
            title = texts.text(or_built_in(self._config.title, "msteamsv2.default.title"))
            text = texts.text(or_built_in(self._config.text, "msteamsv2.default.text"))

        def card(text: str) -> dict[str, Any]:
            return adaptive_card(title, text, _COLORS[message.status])

        return await self._webhook.post(card, text)


def adaptive_card(title: str, text: str, color: str) -> dict[str, Any]:
    """A message with one card: a heading in `color`, and `text` in Markdown below it."""
    heading = {
        "type": "TextBlock",
        "text": title,
        "weight": "Bolder",
        "size": "Medium",
        "wrap": True,
        "style": "heading",
        "color": color,
    }
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": [heading, {"type": "TextBlock", "text": text, "wrap": True}],
        "msteams": {"width": "full"},
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": content,
    }
    return {"type": "message", "attachments": [attachment]}
