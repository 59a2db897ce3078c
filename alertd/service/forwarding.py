"""Forwards what rules find to other Alertmanagers: due rows are claimed, sent in batches, and due again.

Each Alertmanager has its own rows and its own requests, one at a time, so that one that is down never delays another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection

from alertd.alerts.forward import Forward, due_after_delivery, due_after_failure, valid_until
from alertd.clock import SECOND, Clock, to_rfc3339
from alertd.config.clients import client_settings
from alertd.config.forwarding import AlertmanagerConfig, ForwardingConfig
from alertd.http import USER_AGENT, HttpClient, HttpClients, HttpError, Response
from alertd.service.forwarding_metrics import ForwardingMetrics
from alertd.store import alerts as alert_rows
from alertd.store import forwards, spans
from alertd.store.database import Database

log = structlog.get_logger(__name__)

#: How many alerts go with one request.
BATCH = 64
_HEADERS = {"content-type": "application/json", "user-agent": USER_AGENT}
_API = "/api/v2/alerts"
_FIRST_PAUSE = 1 * SECOND
_LONGEST_PAUSE = 30 * SECOND
# Answers that speak of the moment and not of the alerts that were sent.
_TRY_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_MAX_QUOTED = 200


@dataclass(frozen=True)
class Alertmanager:
    """One Alertmanager that alerts are forwarded to; `url` is where it takes them, and its name."""

    url: str
    client: HttpClient
    timeout: int


@dataclass(frozen=True)
class Forwarding:
    """Who is told, how often; `intervals` of evaluation by rule, in milliseconds."""

    alertmanagers: tuple[Alertmanager, ...] = ()
    resend_delay: int = 60 * SECOND
    intervals: Mapping[str, int] = field(default_factory=dict)

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(alertmanager.url for alertmanager in self.alertmanagers)


def build_forwarding(config: ForwardingConfig, clients: HttpClients, intervals: Mapping[str, int]) -> Forwarding:
    """The Alertmanagers of a configuration; one that is named twice is told once, as it is named first."""
    found: dict[str, Alertmanager] = {}
    for section in config.alertmanagers:
        client = clients.client(client_settings(section))
        for url in _urls(section):
            found.setdefault(url, Alertmanager(url, client, section.timeout))
    return Forwarding(tuple(found.values()), config.resend_delay, intervals)


class Forwarder:
    """Sends the rows that are due, for one replica; `wake` is called when a request is over."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        organisation: Callable[[], str],
        forwarding: Callable[[], Forwarding],
        metrics: ForwardingMetrics,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._organisation = organisation
        self._forwarding = forwarding
        self._metrics = metrics
        self._wake = wake
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, int] = {}
        self._paused: dict[str, int] = {}

    async def step(self) -> int:
        """Begin a request to each Alertmanager that is free and has something due; how many."""
        forwarding, now = self._forwarding(), self._clock.now()
        begun = 0
        for alertmanager in forwarding.alertmanagers:
            url = alertmanager.url
            if url in self._sending or self._paused.get(url, 0) > now:
                continue
            lease = alertmanager.timeout + 5 * SECOND
            due = await self._database.run(forwards.claim, self._organisation(), url, now, lease, BATCH)
            if due:
                begun += 1
                self._sending[url] = asyncio.create_task(self._send(forwarding, alertmanager, due))
        return begun

    async def landed(self) -> None:
        """Wait until every request is over."""
        while self._sending:
            await asyncio.gather(*self._sending.values())

    async def _send(self, forwarding: Forwarding, alertmanager: Alertmanager, due: Sequence[Forward]) -> None:
        try:
            await self._try(forwarding, alertmanager, due)
        except Exception:
            # The claim's lease runs out, and the alerts are due again.
            log.exception("forwarding crashed", action="forwarding_crashed", alertmanager=alertmanager.url)
        finally:
            del self._sending[alertmanager.url]
            self._wake()

    async def _try(self, forwarding: Forwarding, alertmanager: Alertmanager, due: Sequence[Forward]) -> None:
        url, at = alertmanager.url, self._clock.now()
        body = msgspec.json.encode([_sent(row, forwarding, at) for row in due])
        try:
            response = await alertmanager.client.post(url, body, _HEADERS, time_limit=alertmanager.timeout)
            error = _complaint(response)
            refused = bool(error) and _is_final(response.status)
        except HttpError as failure:
            error, refused = str(failure), False
        now = self._clock.now()
        if not error:
            self._failures.pop(url, None)
            landed = [(row, due_after_delivery(row, now, forwarding.resend_delay)) for row in due]
            await self._database.run(forwards.landed, self._organisation(), landed, sent_at=at)
            self._metrics.sent(url, len(due))
            return
        if not refused:
            self._pause(url, now)
        delay = forwarding.resend_delay if refused else 0
        landed = [(row, due_after_failure(row, now, delay)) for row in due]
        await self._database.run(forwards.landed, self._organisation(), landed, sent_at=None, error=error)
        self._metrics.failed(url, len(due))
        log.warning("alerts not forwarded", action="forward_failed", alertmanager=url, alerts=len(due), error=error)
        for row, due_at in landed:
            if due_at is None and not row.end_is_told:
                self._metrics.dropped(url)
                log.error("alert given up", action="forward_dropped", alertmanager=url, labels=dict(row.labels))

    def _pause(self, url: str, now: int) -> None:
        """Let an Alertmanager that does not answer in peace for a while, longer each time."""
        failures = self._failures[url] = self._failures.get(url, 0) + 1
        self._paused[url] = now + min(_FIRST_PAUSE * 2 ** min(failures - 1, 10), _LONGEST_PAUSE)


def adopt(connection: Connection, organisation: str, forwarding: Forwarding, now: int) -> int:
    """Bring the rows in line with the configuration; how many were for Alertmanagers that are not in it.

    Spans that an older version did not write begin here, too.
    """
    known = alert_rows.reports_of_producers(connection, organisation, sorted(forwarding.intervals))
    reports = [report for by_fingerprint in known.values() for report in by_fingerprint.values()]
    forgotten = forwards.forget_targets(connection, organisation, forwarding.targets)
    spans.catch_up(connection, organisation, reports, now)
    if forwarding.alertmanagers:
        forwards.catch_up(connection, organisation, reports, forwarding.targets, now)
    return forgotten


def _urls(section: AlertmanagerConfig) -> list[str]:
    prefix = section.path_prefix.strip("/")
    path = f"/{prefix}{_API}" if prefix else _API
    return [f"{section.scheme}://{target}{path}" for static in section.static_configs for target in static.targets]


def _sent(row: Forward, forwarding: Forwarding, now: int) -> dict[str, Any]:
    """The alert as Prometheus sends it."""
    interval = forwarding.intervals.get(row.producer, 0)
    return {
        "annotations": row.annotations,
        "endsAt": to_rfc3339(valid_until(row, now, interval, forwarding.resend_delay)),
        "startsAt": to_rfc3339(row.starts_at),
        "generatorURL": row.generator_url,
        "labels": row.labels,
    }


def _complaint(response: Response) -> str:
    """What an answer complains of; "" for one that took the alerts."""
    if HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
        return ""
    said = response.text.strip().partition("\n")[0][:_MAX_QUOTED]
    return f"it answered {response.status}: {said}" if said else f"it answered {response.status}"


def _is_final(status: int) -> bool:
    """Whether the same alerts would be refused again at once."""
    return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _TRY_AGAIN
