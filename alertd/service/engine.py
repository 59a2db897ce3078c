"""The engine: what is due is done. Time passes outside of it.

`step` does everything that is due at an instant, and `next_due` tells the next one; a running service calls the parts
from loops of their own, a simulation calls `step` from one instant to the next.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog
from sqlalchemy import Connection

from alertd.alerts.alert import Alert, ReportChange
from alertd.alerts.machine import Transition, close
from alertd.clock import Clock
from alertd.notify.deliver import Claimed, Desk, claim_due
from alertd.notify.flush import flush_due
from alertd.notify.landing import Landed, Try, land
from alertd.notify.policy import as_alertmanager
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason
from alertd.response.acknowledgement import expire
from alertd.routing.told import Entry
from alertd.service.batching import Batches
from alertd.service.channels import channel_report
from alertd.service.evaluating import Evaluator
from alertd.service.metrics import Metrics
from alertd.service.runtime import ReadyGroup, Runtime
from alertd.store import alerts as alert_rows
from alertd.store import groups as group_rows
from alertd.store import intake, outbox
from alertd.store.database import Database
from alertd.store.evaluations import GroupEvaluation

log = structlog.get_logger(__name__)

# Enough to work in sets, few enough that a transaction stays short.
BATCH = 100


@dataclass
class Engine:
    """One replica's hands: it evaluates, expires, flushes and delivers.

    `runtime` gives the configuration in force, `living` the replicas that share the rule groups (None: this one is
    alone); `wake` is called when something became due; `spread` gives random numbers from 0 to 1 for the delays of
    retries. `head_start` gives the milliseconds that others have to send a message before this one does, and `told` is
    called with what integrations have been told: (organisation, group id, integration) → entry. `renew` writes down the
    later ends of alerts that were merely sent again, before any of them is ended.
    """

    database: Database
    clock: Clock
    replica_id: str
    runtime: Callable[[], Runtime]
    metrics: Metrics
    living: Callable[[], Sequence[str]] | None = None
    wake: Callable[[], None] = lambda: None
    spread: Callable[[], float] = random.random
    head_start: Callable[[], int] = lambda: 0
    told: Callable[[Mapping[tuple[str, str, str], Entry]], None] = lambda _entries: None
    renew: Callable[[int], Awaitable[None]] | None = None
    _in_flight: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._landings: Batches[Try, Landed] = Batches(self._land, most=BATCH)
        self._evaluator = Evaluator(self.database, self.replica_id, self.living or (lambda: (self.replica_id,)))

    async def evaluate(self, group: ReadyGroup, at: int) -> GroupEvaluation | None:
        """Evaluate one rule group as of `at`; None when another replica does it."""
        outcome = await self._evaluator.evaluate(self.runtime(), group, at)
        if outcome is not None:
            self.metrics.evaluated(group, outcome)
            self.wake()
        return outcome

    async def step(self) -> None:
        """Do everything but evaluations that is due now, until nothing is."""
        while await self.expire() + await self.flush() + await self.deliver():
            await self.landed()

    async def next_due(self) -> int | None:
        """When the next flush, message, expiry or answer's end is due."""
        return await self.database.run(_next_due)

    async def expire(self) -> int:
        """End pushed alerts and answers whose time is over; how many."""
        if self.renew is not None:
            await self.renew(self.clock.now())
        ended = await self.database.run(_expire, self.runtime(), self.clock.now())
        if ended:
            self.wake()
        return ended

    async def flush(self) -> int:
        """Flush the groups that are due; how many."""
        routing = replace(self.runtime().routing, head_start=self.head_start())
        flushed = await self.database.run(flush_due, routing, self.clock.now(), BATCH)
        self.metrics.flushed(flushed)
        if flushed:
            self.wake()
        return flushed

    async def deliver(self) -> int:
        """Claim the messages that are due and start to send them; how many."""
        runtime = self.runtime()
        desk = Desk(runtime.routing, runtime.receivers, runtime.delivery, runtime.external_url)
        count = BATCH - len(self._in_flight)
        claimed = await self.database.run(claim_due, desk, owner=self.replica_id, now=self.clock.now(), count=count)
        for item in claimed:
            task = asyncio.create_task(self._send_guarded(runtime, item))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
        return len(claimed)

    async def landed(self) -> None:
        """Wait until every message that is in the air has landed."""
        while self._in_flight:
            await asyncio.gather(*self._in_flight)

    async def _send_guarded(self, runtime: Runtime, claimed: Claimed) -> None:
        try:
            await self._send(runtime, claimed)
        except Exception:
            # The claim's lease runs out, and the message is tried again under the same idempotency handle.
            log.exception("delivery crashed", action="delivery_crashed", notification=claimed.notification.id)

    async def _send(self, runtime: Runtime, claimed: Claimed) -> None:
        notification = claimed.notification
        started = self.clock.now()
        outcome = await self._try(runtime, claimed)
        now = self.clock.now()
        landed = await self._landings.add(Try(notification, claimed.number, outcome, self.spread()))
        await self._watch_channel(runtime, landed, now)
        self.metrics.delivered(notification.integration, outcome, now - started)
        failed = isinstance(outcome, DeliveryFailed)
        log.log(
            30 if failed else 20,
            "notification not delivered" if failed else "notification delivered",
            action="notification_failed" if failed else "notification_sent",
            notification=notification.id,
            integration=notification.integration,
            reason=notification.reason,
            group_key=notification.group_key,
            tries=claimed.number,
            error=outcome.text if isinstance(outcome, DeliveryFailed) else "",
        )
        self.wake()

    async def _land(self, tries: Sequence[Try]) -> Sequence[Landed]:
        landed = await self.database.run(land, tries, self.runtime().delivery, self.clock.now())
        self.told(
            {
                (done.notification.organisation, done.notification.group_id, done.notification.integration): there.told
                for done, there in zip(tries, landed, strict=True)
                if there.told is not None
            }
        )
        return landed

    async def _try(self, runtime: Runtime, claimed: Claimed) -> Delivered | DeliveryFailed:
        receiver = runtime.receivers[claimed.notification.integration]
        try:
            async with asyncio.timeout(runtime.delivery.timeout / 1000):
                return await receiver.send(claimed.message)
        except DeliveryFailed as failure:
            return as_alertmanager(failure, receiver.kind) if runtime.as_alertmanager else failure
        except TimeoutError:
            seconds = runtime.delivery.timeout / 1000
            return DeliveryFailed(FailureReason.TIMEOUT, f"no answer within {seconds:g} s", maybe_sent=True)

    async def _watch_channel(self, runtime: Runtime, landed: Landed, now: int) -> None:
        """Raise or resolve alertd's own alert about a channel that broke or works again."""
        if landed.before.broken == landed.after.broken:
            return
        change = channel_report(landed.after, now)
        await self.database.run(intake.apply_changes, landed.after.organisation, [change], runtime.ways, now)


def _next_due(connection: Connection) -> int | None:
    instants = (
        group_rows.next_flush(connection),
        outbox.next_due(connection),
        alert_rows.next_expiry(connection),
    )
    return min((instant for instant in instants if instant is not None), default=None)


def _expire(connection: Connection, runtime: Runtime, now: int) -> int:
    expired: dict[str, list[ReportChange]] = {}
    for organisation, report in alert_rows.expired_reports(connection, now, BATCH):
        step = close(report.instance, Transition.RESOLVED_EXPIRED)
        change = ReportChange(report.producer, report.fingerprint, None, step.transitions, ended_at=report.expires_at)
        expired.setdefault(organisation, []).append(change)
    for organisation, changes in expired.items():
        intake.apply_changes(connection, organisation, changes, runtime.ways, now)
    answers: list[tuple[str, Alert, Alert]] = []
    for organisation, alert in alert_rows.alerts_with_ended_answers(connection, now, BATCH):
        after, _ = expire(alert, now)
        answers.append((organisation, alert, after))
    intake.end_answers(connection, answers, now)
    return sum(map(len, expired.values())) + len(answers)
