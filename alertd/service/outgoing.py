"""What rules make over a Prometheus, on its way there: the series they record, ALERTS and ALERTS_FOR_STATE.

An evaluation puts its series into a queue in the same transaction that makes it true. One replica at a time sends the
queue of a source, in order, and takes off it what was taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection

from alertd.alerts.alert import Report, ReportChange
from alertd.alerts.spans import state_of
from alertd.clock import MINUTE, SECOND, Clock
from alertd.promql import METRIC_NAME, STALE_NAN
from alertd.service.alertseries import ALERTS, ALERTS_FOR_STATE, STATE_LABEL
from alertd.service.metrics import Metrics
from alertd.service.runtime import Runtime
from alertd.sources.remotewrite.sender import RemoteWriter, Verdict
from alertd.sources.remotewrite.version1 import write_request
from alertd.sources.series import Identity, Key, SeriesSamples, count
from alertd.store import outgoing, replicas
from alertd.store.database import Database
from alertd.store.outgoing import Outgoing

log = structlog.get_logger(__name__)

_MOST_SAMPLES = 2000
_FIRST_PAUSE = 1 * SECOND
_LONGEST_PAUSE = 1 * MINUTE

Known = Mapping[str, Report]
_Labelled = Mapping[Key, float]


def alert_series(before: Known, changes: Iterable[ReportChange], at: int) -> list[SeriesSamples]:
    """The two series of each alert of a rule as of an evaluation, and the ends of those that are no more.

    `before` is what the rule reported until now, `changes` what the evaluation changed of it.
    """
    after = {**before, **{change.fingerprint: change.report for change in changes}}
    return ended(_series_of(before.values()), _series_of(after.values()), at)


def ended(before: Iterable[Key], now: _Labelled, at: int) -> list[SeriesSamples]:
    """The series that are now, and a stale marker for each that was before and is not."""
    gone = {key: STALE_NAN for key in before if key not in now}
    return [SeriesSamples(Identity(tuple(key)), [(at, value)]) for key, value in {**now, **gone}.items()]


def _series_of(reports: Iterable[Report | None]) -> dict[Key, float]:
    series: dict[Key, float] = {}
    for report in reports:
        state = state_of(report)
        if report is not None and state is not None:
            labels = {**report.labels, METRIC_NAME: ALERTS_FOR_STATE}
            series[frozenset(labels.items())] = float(report.instance.active_at // SECOND)
            series[frozenset({**labels, METRIC_NAME: ALERTS, STATE_LABEL: state}.items())] = 1.0
    return series


@dataclass
class Recordings:
    """Remembers what each recording rule over a Prometheus gave last, so that what it gives no more can be ended."""

    _before: dict[str, frozenset[Key]] = field(default_factory=dict)

    def series(self, rule: str, samples: Iterable[tuple[Mapping[str, str], float]], at: int) -> list[SeriesSamples]:
        """The series of an evaluation of `rule`, and the ends of those that are no more."""
        now = {frozenset(labels.items()): value for labels, value in samples}
        found = ended(self._before.get(rule, ()), now, at)
        self._before[rule] = frozenset(now)
        return found


def enqueue(connection: Connection, organisation: str, source: str, series: Sequence[SeriesSamples], now: int) -> None:
    """Put series into the queue of a source; of one series that several rules make the first counts."""
    once: dict[Key, SeriesSamples] = {}
    for one in series:
        once.setdefault(one.identity.key, one)
    if once:
        parts = list(once.values())
        outgoing.add(connection, organisation, source, write_request(parts), count(parts), now)


class Sender:
    """Sends what waits, for one replica."""

    def __init__(
        self, database: Database, clock: Clock, replica_id: str, runtime: Callable[[], Runtime], metrics: Metrics
    ) -> None:
        self._database = database
        self._clock = clock
        self._replica_id = replica_id
        self._runtime = runtime
        self._metrics = metrics

    async def send(self) -> int:
        """Send one request for each source that has something due; how many samples have left the queues."""
        runtime = self._runtime()
        return sum([await self._send(runtime.organisation, *item) for item in runtime.writers.items()])

    async def _send(self, organisation: str, source: str, writer: RemoteWriter) -> int:
        rows, epoch, given_up = await self._database.run(self._claim, organisation, source, writer)
        if given_up:
            log.error("series given up", action="write_expired", source=source, samples=given_up)
            self._metrics.written(source, "expired", given_up)
        if not rows or epoch is None:
            return given_up
        return given_up + await self._deliver(organisation, source, writer, rows, epoch)

    async def _deliver(
        self, organisation: str, source: str, writer: RemoteWriter, rows: Sequence[Outgoing], epoch: int
    ) -> int:
        """Send rows as one request. One that is refused is sent again row by row, so that the good ones arrive."""
        outcome = await writer.send(b"".join(row.body for row in rows), self._clock.now())
        samples = sum(row.samples for row in rows)
        if outcome.verdict is Verdict.AGAIN:
            pause = max(outcome.pause, min(_FIRST_PAUSE << min(rows[0].tries, 16), _LONGEST_PAUSE))
            due_at = self._clock.now() + pause
            log.warning("series not written", action="write_failed", source=source, error=outcome.text)
            await self._database.run(self._land, organisation, source, epoch, (), (rows[0].id, due_at))
            return 0
        if outcome.verdict is Verdict.REFUSED and len(rows) > 1:
            return await self._deliver_singly(organisation, source, writer, rows, epoch)
        if outcome.verdict is Verdict.REFUSED:
            log.error("series refused", action="write_refused", source=source, samples=samples, error=outcome.text)
        await self._database.run(self._land, organisation, source, epoch, [row.id for row in rows], None)
        self._metrics.written(source, outcome.verdict.value, samples)
        return samples

    async def _deliver_singly(
        self, organisation: str, source: str, writer: RemoteWriter, rows: Sequence[Outgoing], epoch: int
    ) -> int:
        left = 0
        for row in rows:
            gone = await self._deliver(organisation, source, writer, (row,), epoch)
            if not gone:
                # It is to be sent again, and what is behind it must not overtake it.
                break
            left += gone
        return left

    def _claim(
        self, connection: Connection, organisation: str, source: str, writer: RemoteWriter
    ) -> tuple[list[Outgoing], int | None, int]:
        """What is due, under a lease that outlasts the request; how many samples were given up."""
        now = self._clock.now()
        rows = outgoing.head(connection, organisation, source, now, _MOST_SAMPLES)
        if not rows:
            return [], None, 0
        until = now + 2 * writer.timeout
        epoch = replicas.acquire(connection, organisation, _lease(source), self._replica_id, now, until)
        if epoch is None:
            return [], None, 0
        given_up = outgoing.expire(connection, organisation, source, now - writer.max_age)
        # Whoever had the lease until now may have sent some of them.
        return outgoing.head(connection, organisation, source, now, _MOST_SAMPLES), epoch, given_up

    def _land(
        self,
        connection: Connection,
        organisation: str,
        source: str,
        epoch: int,
        done: Sequence[int],
        postponed: tuple[int, int] | None,
    ) -> None:
        if replicas.holds(connection, organisation, _lease(source), self._replica_id, epoch):
            outgoing.remove(connection, done)
            if postponed is not None:
                outgoing.postpone(connection, *postponed)


def _lease(source: str) -> str:
    return f"remote_write {source}"
