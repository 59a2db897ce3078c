"""The Webex integration: a message in Markdown to one room, by the token of `http_config`."""

from __future__ import annotations

from alertd.clock import SECOND
from alertd.config.integrations.webex import WebexConfig
from alertd.config.models import WEBEX
from alertd.notify.message import Message
from alertd.notify.receivers.base import Delivered, Tools
from alertd.notify.receivers.calls import call_json, or_built_in, rendering, without_empty
from alertd.notify.receivers.exchange import refusal
from alertd.notify.receivers.truncation import truncate_bytes

MAX_MARKDOWN_BYTES = 7439

_RATE_LIMIT_WAIT = 30 * SECOND
_LOCKED = 423
_ROOM_NOT_FOUND = 404


class WebexReceiver:
    """Writes to one room."""

    kind = "webex"
    wants_acknowledged = False
    # Webex publishes no rate: it answers 429 with the seconds to wait.
    interval = 0

    def __init__(self, config: WebexConfig, tools: Tools) -> None:
        self._config = config
        self._client = tools.client(config.http_config)
        self._renderer = tools.renderer
        self._now = tools.now
        self._time_limit = tools.time_limit

    async def send(self, message: Message) -> Delivered:
        texts = self._renderer.of(message)
        with rendering():
            text = texts.text(or_built_in(self._config.message, "webex.default.message"))
            room = texts.text(self._config.room_id)
        payload = {"markdown": truncate_bytes(text, MAX_MARKDOWN_BYTES), **without_empty({"roomId": room})}
        url = self._config.api_url or WEBEX
        response = await call_json(self._client, "POST", url, payload, time_limit=self._time_limit)
        if response.is_success:
            return Delivered(answer=response.text[:1000], status_code=response.status)
        raise refusal(response, self._now(), wait=_RATE_LIMIT_WAIT, temporary={_LOCKED}, broken={_ROOM_NOT_FOUND})
