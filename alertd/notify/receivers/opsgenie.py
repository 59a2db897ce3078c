"""The Opsgenie integration: one alert for a group, opened, updated, acknowledged and closed by its alias.

The alias is made of the group key as Alertmanager makes it, so open alerts stay the same across a swap, and a call that
is repeated changes nothing. Opsgenie takes requests with 202 and works on them later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alertd.clock import SECOND
from alertd.config.integrations.opsgenie import OpsgenieConfig
from alertd.config.models import OPSGENIE
from alertd.notify.message import Message, Reason, Status
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason, Tools
from alertd.notify.receivers.calls import call_json, or_built_in, rendering, without_empty
from alertd.notify.receivers.exchange import refusal, secret_now, sharing_time
from alertd.notify.receivers.pagerduty import dedup_key
from alertd.notify.receivers.truncation import truncate_runes
from alertd.notify.templates import Rendering

MAX_MESSAGE = 130
MAX_DESCRIPTION = 15_000
MAX_NOTE = 25_000
MAX_USER = 100

_RATE_LIMIT_WAIT = 30 * SECOND


@dataclass(frozen=True)
class Request:
    """One call: its method, its path below the API's address, and its JSON."""

    method: str
    path: str
    payload: dict[str, Any]


class OpsgenieReceiver:
    """Keeps one alert for each group."""

    kind = "opsgenie"
    wants_acknowledged = True
    # The rate depends on the account's plan; 429 says when it is passed.
    interval = 0

    def __init__(self, config: OpsgenieConfig, tools: Tools) -> None:
        self._config = config
        self._client = tools.client(config.http_config)
        self._renderer = tools.renderer
        self._now = tools.now
        self._time_limit = tools.time_limit

    async def send(self, message: Message) -> Delivered:
        texts = self._renderer.of(message)
        with rendering():
            key = texts.text(secret_now(self._config.api_key, self._config.api_key_file)).strip()
            requests = [*self._requests(message, texts)]
        if not key:
            raise DeliveryFailed(FailureReason.TEMPLATE, "api_key is empty after its template ran", permanent=True)
        delivered = Delivered()
        async with sharing_time(self._time_limit, self.kind):
            for request in requests:
                delivered = await self._call(request, key)
        return delivered

    async def _call(self, request: Request, key: str) -> Delivered:
        url = f"{(self._config.api_url or OPSGENIE).rstrip('/')}/{request.path}"
        headers = {"authorization": f"GenieKey {key}"}
        response = await call_json(
            self._client, request.method, url, request.payload, headers, time_limit=self._time_limit
        )
        if response.is_success:
            return Delivered(answer=response.text[:1000], status_code=response.status)
        raise refusal(response, self._now(), wait=_RATE_LIMIT_WAIT, secrets=(key,))

    def _requests(self, message: Message, texts: Rendering) -> Iterator[Request]:
        alias = dedup_key(message.group_key)
        source = {"source": texts.text(or_built_in(self._config.source, "opsgenie.default.source"))}
        if message.status is Status.RESOLVED:
            yield _about(alias, "close", source)
            return
        if message.acknowledged:
            yield _about(alias, "acknowledge", source | without_empty({"user": _people(message)}))
        else:
            yield Request("POST", "v2/alerts", {"alias": alias, **self._alert(message, texts), **source})
            if message.reason is Reason.UNACKNOWLEDGED:
                yield _about(alias, "unacknowledge", source)
        if self._config.update_alerts:
            yield _about(alias, "message", {"message": self._message(texts)}, method="PUT")
            yield _about(alias, "description", without_empty({"description": self._description(texts)}), method="PUT")

    def _alert(self, message: Message, texts: Rendering) -> dict[str, Any]:
        config = self._config
        details = {name: texts.text(value) for name, value in config.details.items()}
        optional = {
            "description": self._description(texts),
            "responders": [*self._responders(texts)],
            "tags": _listed(texts.text(config.tags)),
            "note": truncate_runes(texts.text(config.note), MAX_NOTE),
            "priority": texts.text(config.priority),
            "entity": texts.text(config.entity),
            "actions": _listed(texts.text(config.actions)),
        }
        return {
            "message": self._message(texts),
            "details": {**message.common_labels, **details},
            **without_empty(optional),
        }

    def _responders(self, texts: Rendering) -> Iterator[dict[str, str]]:
        """Those that say something; `teams` names several teams between commas."""
        for configured in self._config.responders:
            names = ("id", "name", "username", "type")
            responder = without_empty({name: texts.text(getattr(configured, name)) for name in names})
            if responder.get("type") == "teams":
                yield from ({"name": team, "type": "team"} for team in _listed(responder.get("name", "")))
            elif responder:
                yield responder

    def _message(self, texts: Rendering) -> str:
        return truncate_runes(texts.text(or_built_in(self._config.message, "opsgenie.default.message")), MAX_MESSAGE)

    def _description(self, texts: Rendering) -> str:
        template = or_built_in(self._config.description, "opsgenie.default.description")
        return truncate_runes(texts.text(template), MAX_DESCRIPTION)


def _about(alias: str, what: str, payload: dict[str, Any], method: str = "POST") -> Request:
    return Request(method, f"v2/alerts/{alias}/{what}?identifierType=alias", payload)


def _people(message: Message) -> str:
    people = sorted({alert.acknowledged_by for alert in message.firing if alert.acknowledged_by})
    return truncate_runes(", ".join(people), MAX_USER)


def _listed(text: str) -> list[str]:
    """The parts between commas that are not empty."""
    return [part for part in text.strip().split(",") if part]
