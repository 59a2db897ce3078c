"""Microsoft Teams by the older incoming webhooks of Office 365 connectors: a message card.

A connector answers 200 even when Teams refused the card, and says so in the body; that is read here too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from alertd.clock import SECOND
from alertd.config.integrations.base import ByWebhookUrl
from alertd.config.integrations.msteams import MsteamsConfig
from alertd.http import HttpClient
from alertd.notify.message import Message, Status
from alertd.notify.receivers.base import Delivered, Tools
from alertd.notify.receivers.calls import call_json, or_built_in, rendering
from alertd.notify.receivers.exchange import refusal, secret_now
from alertd.notify.receivers.truncation import truncate_runes

MAX_CARD_BYTES = 28 * 1024
# Microsoft throttles a webhook that is called more than four times a second.
LEAST_INTERVAL = 250

_RATE_LIMIT_WAIT = 5 * SECOND
# Without the character set the connector counts the card as UTF-16, twice its size.
_HEADERS = {"content-type": "application/json; charset=utf-8"}
_REFUSED_INSIDE = re.compile(r"delivery failed with error: .*?HTTP error (\d{3})", re.DOTALL)
_COLORS = {Status.FIRING: "8C1A1A", Status.RESOLVED: "2DC72D"}


class TeamsWebhook:
    """Posts cards to one webhook, of either kind."""

    def __init__(self, config: ByWebhookUrl, client: HttpClient, tools: Tools) -> None:
        self._config = config
        self._client = client
        self._now = tools.now
        self._time_limit = tools.time_limit

    async def post(self, card: Callable[[str], dict[str, Any]], text: str) -> Delivered:
        """Post the card with `text`, or with as much of it as Teams takes; raises `DeliveryFailed`."""
        url = secret_now(self._config.webhook_url, self._config.webhook_url_file)
        body = fitting(card, text, MAX_CARD_BYTES)
        response = await call_json(self._client, "POST", url, body, _HEADERS, time_limit=self._time_limit)
        inside = _REFUSED_INSIDE.search(response.text)
        if inside is not None:
            response = replace(response, status=int(inside[1]))
        if response.is_success:
            return Delivered(answer=response.text[:1000], status_code=response.status)
        raise refusal(response, self._now(), wait=_RATE_LIMIT_WAIT, broken={404}, secrets=(url,))


class MsteamsReceiver:
    """Writes a message card to one channel."""

    kind = "msteams"
    wants_acknowledged = False
    interval = LEAST_INTERVAL

    def __init__(self, config: MsteamsConfig, tools: Tools) -> None:
        self._config = config
        self._renderer = tools.renderer
        self._webhook = TeamsWebhook(config, tools.client(config.http_config), tools)

    async def send(self, message: Message) -> Delivered:
        texts = self._renderer.of(message)
        with rendering():
            title = texts.text(or_built_in(self._config.title, "msteams.default.title"))
            summary = texts.text(or_built_in(self._config.summary, "msteams.default.summary"))
            text = texts.text(or_built_in(self._config.text, "msteams.default.text"))

        def card(text: str) -> dict[str, Any]:
            return {
                "@context": "http://schema.org/extensions",
                "type": "MessageCard",
                "title": title,
                "summary": summary,
                "text": text,
                "themeColor": _COLORS[message.status],
            }

        return await self._webhook.post(card, text)


def fitting(card: Callable[[str], dict[str, Any]], text: str, limit: int) -> dict[str, Any]:
    """The card with `text`, cut at its end until the whole as JSON is at most `limit` bytes."""
    if len(msgspec.json.encode(card(text))) <= limit:
        return card(text)
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if len(msgspec.json.encode(card(truncate_runes(text, middle)))) <= limit:
            fits = middle
        else:
            too_long = middle
    return card(truncate_runes(text, fits))
