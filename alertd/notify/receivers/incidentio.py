"""The incident.io integration: the alert source for Alertmanager, which takes the webhook's body as version 1.

incident.io joins messages by their group key, so a repeated message changes nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from alertd.clock import SECOND
from alertd.config.integrations.incidentio import IncidentioConfig
from alertd.http import redact
from alertd.notify.message import Message
from alertd.notify.receivers.base import Delivered, Tools
from alertd.notify.receivers.calls import call_json, rendering
from alertd.notify.receivers.exchange import refusal, secret_now
from alertd.notify.receivers.failures import read_secret
from alertd.notify.receivers.webhook import keep_first, message_body

MAX_BODY_BYTES = 512 * 1024

_RATE_LIMIT_WAIT = 30 * SECOND


class IncidentioReceiver:
    """Posts each message to one alert source."""

    kind = "incidentio"
    wants_acknowledged = False
    interval = 50

    def __init__(self, config: IncidentioConfig, tools: Tools) -> None:
        self._config = config
        self._tools = tools
        self._client = tools.client(config.http_config)

    async def send(self, message: Message) -> Delivered:
        config = self._config
        url = read_secret(config.url or "", config.url_file)
        token = secret_now(config.alert_source_token, config.alert_source_token_file)
        headers = {"authorization": f"Bearer {token}"} if token else {}
        with rendering():
            rendered = self._tools.renderer.of(keep_first(message, config.max_alerts)).message
        body = fitting_body(rendered)
        limit = config.timeout or self._tools.time_limit
        response = await call_json(self._client, "POST", url, body, headers, time_limit=limit)
        if not response.is_success:
            raise refusal(response, self._tools.now(), wait=_RATE_LIMIT_WAIT, broken={404}, secrets=(url, token))
        return Delivered(answer=redact(response.text[:1000], token), status_code=response.status)


def fitting_body(message: Message) -> dict[str, Any]:
    """The body; with the first alert alone where all of them make it longer than 512 KiB."""
    body = message_body(message, "1")
    if len(msgspec.json.encode(body)) <= MAX_BODY_BYTES:
        return body
    dropped = len(message.alerts) - 1
    return body | {"alerts": body["alerts"][:1], "truncatedAlerts": message.truncated_alerts + dropped}
