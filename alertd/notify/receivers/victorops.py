"""The VictorOps (Splunk On-Call) integration: one incident for a group, by the REST endpoint.

`entity_id` is made of the group key, as Alertmanager makes it, so a retry or a repeat joins the incident that is open.
The key and the routing key are part of the address, which is therefore never shown.
"""

from __future__ import annotations

from urllib.parse import quote

from alertd.clock import SECOND
from alertd.config.integrations.victorops import VictoropsConfig
from alertd.http import Response
from alertd.notify.message import Message, Status
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason, Tools
from alertd.notify.receivers.calls import call_json, or_built_in, rendering
from alertd.notify.receivers.exchange import json_object, refusal, secret_now
from alertd.notify.receivers.pagerduty import dedup_key
from alertd.notify.receivers.truncation import truncate_runes
from alertd.notify.templates import Rendering

MAX_STATE_MESSAGE_RUNES = 20480

_RATE_LIMIT_WAIT = 30 * SECOND
_TRIGGERS = {"INFO", "WARNING", "CRITICAL"}
_ACKNOWLEDGED = "ACKNOWLEDGEMENT"
_RESOLVED = "RECOVERY"
# What Go leaves as it is in the path of a URL.
_SAFE_IN_PATH = "$&+,/:;=@"


class VictoropsReceiver:
    """Sends each message as one alert."""

    kind = "victorops"
    wants_acknowledged = True
    interval = 500

    def __init__(self, config: VictoropsConfig, tools: Tools) -> None:
        self._config = config
        self._tools = tools
        self._client = tools.client(config.http_config)

    async def send(self, message: Message) -> Delivered:
        key = secret_now(self._config.api_key, self._config.api_key_file)
        with rendering():
            texts = self._tools.renderer.of(message)
            route = quote(texts.text(self._config.routing_key), safe=_SAFE_IN_PATH)
            body = self._body(message, texts)
        url = f"{self._config.api_url}{quote(key, safe=_SAFE_IN_PATH)}/{route}"
        response = await call_json(self._client, "POST", url, body, time_limit=self._tools.time_limit)
        if not response.is_success:
            raise refusal(response, self._tools.now(), wait=_RATE_LIMIT_WAIT, broken={404}, secrets=(url, key))
        _check_result(response)
        return Delivered(answer=response.text[:1000], status_code=response.status)

    def _body(self, message: Message, texts: Rendering) -> dict[str, str]:
        config = self._config
        state = texts.text(or_built_in(config.state_message, "victorops.default.state_message"))
        name = or_built_in(config.entity_display_name, "victorops.default.entity_display_name")
        return {
            "message_type": message_type(message, texts.text(config.message_type)),
            "entity_id": dedup_key(message.group_key),
            "entity_display_name": texts.text(name),
            "state_message": truncate_runes(state, MAX_STATE_MESSAGE_RUNES),
            "monitoring_tool": texts.text(or_built_in(config.monitoring_tool, "victorops.default.monitoring_tool")),
            **{field: texts.text(value) for field, value in config.custom_fields.items()},
        }


def message_type(message: Message, wanted: str) -> str:
    """`RECOVERY` when nothing fires, `ACKNOWLEDGEMENT` when all that fires is acknowledged, else `wanted`.

    A word that is none of `INFO`, `WARNING`, `CRITICAL` is `CRITICAL`.
    """
    if message.status is Status.RESOLVED:
        return _RESOLVED
    if message.acknowledged:
        return _ACKNOWLEDGED
    return wanted if wanted in _TRIGGERS else "CRITICAL"


def _check_result(response: Response) -> None:
    """VictorOps says in the body of a 200 that it did not understand an alert."""
    answer = json_object(response)
    if answer.get("result") == "failure":
        text = "victorops refused the alert: " + str(answer.get("messages") or answer.get("message") or "no reason")
        raise DeliveryFailed(FailureReason.CLIENT_ERROR, text[:300], permanent=True, status_code=response.status)
