"""The Discord integration: a webhook of one channel, with one embed for each message."""

from __future__ import annotations

from typing import Any

from alertd.clock import SECOND
from alertd.config.integrations.discord import DiscordConfig
from alertd.http import Response
from alertd.notify.message import Message, Status
from alertd.notify.receivers.base import Delivered, DeliveryFailed, Tools
from alertd.notify.receivers.calls import call_json, or_built_in, rendering, without_empty
from alertd.notify.receivers.exchange import json_object, refusal, seconds, secret_now
from alertd.notify.receivers.truncation import truncate_runes
from alertd.notify.templates import Rendering

MAX_TITLE = 256
MAX_DESCRIPTION = 4096
MAX_CONTENT = 2000

_COLORS = {Status.FIRING: 0x992D22, Status.RESOLVED: 0x2ECC71}
_RATE_LIMIT_WAIT = 5 * SECOND


class DiscordReceiver:
    """Writes to one channel."""

    kind = "discord"
    wants_acknowledged = False
    # A webhook may be called five times in two seconds.
    interval = 400

    def __init__(self, config: DiscordConfig, tools: Tools) -> None:
        self._config = config
        self._client = tools.client(config.http_config)
        self._renderer = tools.renderer
        self._now = tools.now
        self._time_limit = tools.time_limit

    async def send(self, message: Message) -> Delivered:
        with rendering():
            payload = self._payload(message, self._renderer.of(message))
        url = secret_now(self._config.webhook_url, self._config.webhook_url_file)
        response = await call_json(self._client, "POST", url, payload, time_limit=self._time_limit)
        if not response.is_success:
            raise self._refused(response, url)
        return Delivered(answer=response.text[:1000], status_code=response.status)

    def _payload(self, message: Message, texts: Rendering) -> dict[str, Any]:
        config = self._config
        title = texts.text(or_built_in(config.title, "discord.default.title"))
        description = texts.text(or_built_in(config.message, "discord.default.message"))
        embed = {
            "title": truncate_runes(title, MAX_TITLE),
            "description": truncate_runes(description, MAX_DESCRIPTION),
            "color": _COLORS[message.status],
        }
        author = {"username": texts.text(config.username), "avatar_url": texts.text(config.avatar_url)}
        content = truncate_runes(texts.text(config.content), MAX_CONTENT)
        return {"content": content, "embeds": [embed], **without_empty(author)}

    def _refused(self, response: Response, url: str) -> DeliveryFailed:
        """A webhook that was deleted is gone for good; a rate limit says in JSON, more exactly than in its header, how
        long it lasts."""
        failure = refusal(response, self._now(), wait=_RATE_LIMIT_WAIT, broken={404}, secrets=(url,))
        exact = seconds(json_object(response).get("retry_after"))
        if response.status == 429 and exact is not None:
            failure.retry_after = exact
        return failure
