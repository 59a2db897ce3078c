"""The PagerDuty integration: Events API v2 by routing key, Events API v1 by service key.

One incident for a group: the dedup key is made of the group key, as Alertmanager makes it, so a retry, a repeat or
another replica's copy of a message changes nothing. PagerDuty takes acknowledgements, but no end of one: an
acknowledgement that ran out is sent as one more trigger.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from alertd.alerts.severity import worst
from alertd.clock import SECOND, to_rfc3339
from alertd.http import HttpClient, HttpError
from alertd.notify.message import Message, Status
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason
from alertd.notify.receivers.failures import no_answer, read_secret, refused
from alertd.notify.receivers.truncation import truncate_runes
from alertd.notify.templates import Renderer, Rendering, TemplateFailed

EVENTS_V2_URL = "https://events.pagerduty.com/v2/enqueue"
EVENTS_V1_URL = "https://events.pagerduty.com/generic/2010-04-15/create_event.json"

MAX_EVENT_BYTES = 512_000
MAX_SUMMARY_RUNES = 1024

DEFAULT_DETAILS: Mapping[str, Any] = {
    "firing": "{{ .Alerts.Firing | toJson }}",
    "resolved": "{{ .Alerts.Resolved | toJson }}",
    "num_firing": "{{ .Alerts.Firing | len }}",
    "num_resolved": "{{ .Alerts.Resolved | len }}",
}

_LEAST_RATE_LIMIT_WAIT = 30 * SECOND
_UNKNOWN_SEVERITY = "error"
_SEVERITIES = {
    "critical": "critical",
    "page": "critical",
    "error": "error",
    "high": "error",
    "warning": "warning",
    "medium": "warning",
    "info": "info",
    "low": "info",
}
_DETAILS_LEFT_OUT = {"error": "the details were left out: with them the event exceeds the 512 KB that PagerDuty takes"}


@dataclass(frozen=True)
class PagerDutyImage:
    """A picture beside the incident; left out when `src` renders to nothing."""

    src: str
    alt: str = ""
    href: str = ""


@dataclass(frozen=True)
class PagerDutyLink:
    """A link beside the incident; left out when `href` renders to nothing."""

    href: str
    text: str = ""


@dataclass(frozen=True)
class PagerDutySettings:
    """The keys of Alertmanager's `pagerduty_configs`; every text is a template.

    A routing key speaks Events v2, a service key Events v1; exactly one is given. An empty `severity` takes the worst
    `severity` label of the firing alerts, and `error` where they have none. An empty `source` is the client.
    `details` are laid over the default ones; an empty template takes a key away.
    """

    routing_key: str = ""
    routing_key_file: str = ""
    service_key: str = ""
    service_key_file: str = ""
    url: str = ""
    client: str = '{{ template "pagerduty.default.client" . }}'
    client_url: str = '{{ template "pagerduty.default.clientURL" . }}'
    description: str = '{{ template "pagerduty.default.description" . }}'
    details: Mapping[str, Any] = field(default_factory=dict)
    images: tuple[PagerDutyImage, ...] = ()
    links: tuple[PagerDutyLink, ...] = ()
    source: str = ""
    severity: str = ""
    class_: str = ""
    component: str = ""
    group: str = ""
    time_limit: int = 10 * SECOND


class PagerDutyReceiver:
    """Sends each message as one event."""

    kind = "pagerduty"
    wants_acknowledged = True
    interval = 500

    def __init__(
        self, settings: PagerDutySettings, client: HttpClient, renderer: Renderer, now: Callable[[], int]
    ) -> None:
        self._settings = settings
        self._client = client
        self._renderer = renderer
        self._now = now
        self._speaks_v1 = not (settings.routing_key or settings.routing_key_file)

    async def send(self, message: Message) -> Delivered:
        url = self._settings.url or (EVENTS_V1_URL if self._speaks_v1 else EVENTS_V2_URL)
        body = self._render(message)
        headers = {"content-type": "application/json"}
        try:
            response = await self._client.post(url, body, headers, time_limit=self._settings.time_limit)
        except HttpError as error:
            raise no_answer(error) from error
        if response.is_success:
            return Delivered(answer=response.text[:1000], status_code=response.status)
        # Events v1 says 403 where v2 says 429: too many events, come back later.
        temporary = {403} if self._speaks_v1 else set()
        failure = refused(response, self._now(), temporary=temporary, secrets=(self._key(),))
        if response.status == 429 or response.status in temporary:
            failure.reason = FailureReason.RATE_LIMITED
            failure.retry_after = max(_LEAST_RATE_LIMIT_WAIT, failure.retry_after or 0)
        raise failure

    def _key(self) -> str:
        settings = self._settings
        if self._speaks_v1:
            return read_secret(settings.service_key, settings.service_key_file)
        return read_secret(settings.routing_key, settings.routing_key_file)

    def _render(self, message: Message) -> bytes:
        rendering = self._renderer.of(message)
        try:
            key = rendering.text(self._key()).strip()
            if not key:
                name = "service_key" if self._speaks_v1 else "routing_key"
                raise DeliveryFailed(FailureReason.TEMPLATE, f"{name} is empty after its template ran", permanent=True)
            event = self._event_v1(message, rendering, key) if self._speaks_v1 else None
            return _encode(event or self._event_v2(message, rendering, key))
        except TemplateFailed as error:
            raise DeliveryFailed(FailureReason.TEMPLATE, str(error), permanent=True) from error

    def _event_v2(self, message: Message, rendering: Rendering, key: str) -> dict[str, Any]:
        settings = self._settings
        action = event_action(message)
        event: dict[str, Any] = {
            "routing_key": key,
            "dedup_key": dedup_key(message.group_key),
            "event_action": action,
        }
        if action == "acknowledge":
            return event
        client = rendering.text(settings.client)
        payload = {
            "summary": truncate_runes(rendering.text(settings.description), MAX_SUMMARY_RUNES),
            "source": rendering.text(settings.source) or client,
            "severity": self._severity(message, rendering),
            "timestamp": to_rfc3339(min(alert.starts_at for alert in message.alerts)) if message.alerts else "",
            "class": rendering.text(settings.class_),
            "component": rendering.text(settings.component),
            "group": rendering.text(settings.group),
        }
        event["payload"] = {name: value for name, value in payload.items() if value}
        event["payload"]["custom_details"] = self._details(rendering)
        extra = {
            "client": client,
            "client_url": rendering.text(settings.client_url),
            "images": self._images(rendering),
            "links": self._links(rendering),
        }
        return event | {name: value for name, value in extra.items() if value}

    def _event_v1(self, message: Message, rendering: Rendering, key: str) -> dict[str, Any]:
        settings = self._settings
        action = event_action(message)
        event: dict[str, Any] = {
            "service_key": key,
            "incident_key": dedup_key(message.group_key),
            "event_type": action,
            "description": truncate_runes(rendering.text(settings.description), MAX_SUMMARY_RUNES),
            "details": self._details(rendering),
        }
        if action == "trigger":
            event |= {"client": rendering.text(settings.client), "client_url": rendering.text(settings.client_url)}
        return event

    def _details(self, rendering: Rendering) -> dict[str, Any]:
        details = {**DEFAULT_DETAILS, **self._settings.details}
        return {name: rendering.value(value) for name, value in details.items() if value != ""}

    def _severity(self, message: Message, rendering: Rendering) -> str:
        if self._settings.severity:
            severity = rendering.text(self._settings.severity).strip().lower()
        else:
            alerts = message.firing or message.alerts
            severity = worst(tuple(alert.labels.get("severity", "") for alert in alerts)) if alerts else ""
        return _SEVERITIES.get(severity.lower(), _UNKNOWN_SEVERITY)

    def _images(self, rendering: Rendering) -> list[dict[str, str]]:
        images = (
            {"src": rendering.text(image.src), "alt": rendering.text(image.alt), "href": rendering.text(image.href)}
            for image in self._settings.images
        )
        return [image for image in images if image["src"]]

    def _links(self, rendering: Rendering) -> list[dict[str, str]]:
        links = (
            {"href": rendering.text(link.href), "text": rendering.text(link.text)} for link in self._settings.links
        )
        return [link for link in links if link["href"]]


def event_action(message: Message) -> str:
    """`trigger` while anything fires, `acknowledge` when all that fires is acknowledged, else `resolve`."""
    if message.status is Status.RESOLVED:
        return "resolve"
    return "acknowledge" if message.acknowledged else "trigger"


def dedup_key(group_key: str) -> str:
    """The incident of a group: 64 hex digits, the same as Alertmanager's."""
    return hashlib.sha256(group_key.encode()).hexdigest()


def _encode(event: dict[str, Any]) -> bytes:
    body = msgspec.json.encode(event)
    if len(body) <= MAX_EVENT_BYTES:
        return body
    if "payload" in event:
        event = event | {"payload": event["payload"] | {"custom_details": _DETAILS_LEFT_OUT}}
    else:
        event = event | {"details": _DETAILS_LEFT_OUT}
    return msgspec.json.encode(event)
