"""What people and other programs can do: answer alerts, silence, push. Each is one transaction, with who did it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from alertd.alerts.alert import Alert, Report, ReportChange
from alertd.alerts.machine import Transition, close
from alertd.alerts.pushed import PUSHED, PushedAlert, PushedAlertRejected, report_of
from alertd.clock import Clock
from alertd.errors import AlertdError
from alertd.notify.message import Message, MessageAlert, Reason, Status
from alertd.notify.receivers.base import DeliveryFailed
from alertd.response.acknowledgement import ResponseRejected, acknowledge, snooze, unacknowledge
from alertd.routing.matchers import format_matchers
from alertd.routing.silences import Silence
from alertd.service.limits import NameLimit, check_room
from alertd.service.metrics import Metrics
from alertd.service.options import Options
from alertd.service.pushing import Push, Pushes
from alertd.service.runtime import Runtime
from alertd.service.snapshots import StoredSnapshots
from alertd.service.why import Why, explain
from alertd.store import alerts as alert_rows
from alertd.store import intake
from alertd.store import silences as silence_rows
from alertd.store.database import Database
from alertd.store.history import Event, record

log = structlog.get_logger(__name__)


class AlertNotFound(AlertdError):
    """There is no alert with that fingerprint."""


class SilenceNotFound(AlertdError):
    """There is no silence with that id."""


class SourceNotFound(AlertdError):
    """There is no source of that name that takes snapshots."""


class ReceiverNotFound(AlertdError):
    """There is no receiver of that name, or it has nobody to tell."""


@dataclass(frozen=True)
class PushedSnapshot:
    """A snapshot that was kept: its id, and how many samples it held."""

    id: int
    source: str
    samples: int


@dataclass(frozen=True)
class TestedIntegration:
    """How a test message to one integration went; `answer` is what it said."""

    integration: str
    delivered: bool
    answer: str


class Actions:
    """Everything that changes something on purpose, and `why`."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        runtime: Callable[[], Runtime],
        metrics: Metrics,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._runtime = runtime
        self._metrics = metrics
        self._wake = wake
        #: Called with the organisation whose silences changed.
        self.silenced: Callable[[str], None] = lambda _organisation: None
        self._name_limit = NameLimit()
        self._pushes = Pushes(database, lambda: runtime().ways)

    async def push_alerts(
        self, organisation: str, alerts: Sequence[PushedAlert], *, producer: str, actor: str
    ) -> tuple[list[str], list[tuple[int, str]]]:
        """Take alerts that a program sends: the fingerprints of those that were taken, and (index, reason) of those
        that were not. One bad alert does not hold up the others; one beyond the limit of its name is dropped."""
        now = self._clock.now()
        runtime = self._runtime()
        timeout = runtime.config.settings.global_.resolve_timeout
        limit = runtime.options.max_alerts_per_name
        taken: list[Report] = []
        refused: list[tuple[int, str]] = []
        for index, alert in enumerate(alerts):
            try:
                report = report_of(alert, f"{PUSHED}{producer}", timeout, now)
            except PushedAlertRejected as error:
                refused.append((index, str(error)))
                continue
            if self._name_limit.admits(report, limit, now):
                taken.append(report)
            else:
                self._metrics.alertmanager.limited(report.labels.get("alertname", ""))
                log.warning("alert dropped", action="alert_limited", labels=dict(report.labels), limit=limit)
        if taken:
            await self._pushes.take(Push(organisation, taken, actor, now))
            self._wake()
        self._metrics.received(len(taken), len(refused))
        return [report.fingerprint for report in taken], refused

    async def renew(self, now: int | None = None) -> None:
        """Write down that alerts were merely sent again, as far as it matters near `now`, or all of it."""
        await self._pushes.renew(now)

    async def acknowledge(
        self, organisation: str, fingerprint: str, actor: str, *, duration: int | None = None, note: str = ""
    ) -> Alert:
        """Somebody has the alert: it repeats no more until the acknowledgement ends. Raises `AlertNotFound`,
        `ResponseRejected`."""
        now, settings = self._clock.now(), self._runtime().ways.answers
        return await self._answer(
            organisation,
            fingerprint,
            lambda alert: acknowledge(alert, actor, now, settings, duration=duration, note=note),
            Event(now, "acknowledged", actor, details={"duration": duration, "note": note}),
        )

    async def unacknowledge(self, organisation: str, fingerprint: str, actor: str) -> Alert:
        """Nobody has the alert any more: its receivers are told again. Raises `AlertNotFound`, `ResponseRejected`."""
        now = self._clock.now()
        event = Event(now, "unacknowledged", actor)
        return await self._answer(organisation, fingerprint, lambda alert: unacknowledge(alert, now), event)

    async def snooze(self, organisation: str, fingerprint: str, actor: str, *, until: int) -> Alert:
        """Put the alert aside until `until`. Raises `AlertNotFound`, `ResponseRejected`."""
        now = self._clock.now()
        event = Event(now, "snoozed", actor, details={"until": until})
        return await self._answer(organisation, fingerprint, lambda alert: snooze(alert, actor, until, now), event)

    async def note(self, organisation: str, fingerprint: str, actor: str, text: str) -> Alert:
        """Write a note into the alert's history. Raises `AlertNotFound`."""
        event = Event(self._clock.now(), "note", actor, details={"text": text})
        return await self._answer(organisation, fingerprint, lambda alert: alert, event)

    async def resolve(self, organisation: str, fingerprint: str, actor: str) -> Alert:
        """End the alert by hand. What a rule still finds fires again with its next evaluation. Raises
        `AlertNotFound`, `ResponseRejected`."""
        now = self._clock.now()
        alert = await self._database.run(_resolve_by_hand, organisation, fingerprint, self._runtime().ways, now, actor)
        self._wake()
        return alert

    async def put_silence(self, organisation: str, silence: Silence, actor: str) -> Silence:
        """Create a silence, or change the one whose id it carries. Raises `SilenceRejected`, `SilenceNotFound`."""
        options, now = self._runtime().options, self._clock.now()
        stored = await self._database.run(_put_silence, organisation, silence, options, now, actor)
        if stored is None:
            raise SilenceNotFound(f"there is no silence {silence.id}")
        self._log_silence("silence stored", stored, actor)
        self.silenced(organisation)
        self._wake()
        return stored

    async def end_silence(self, organisation: str, silence_id: str, actor: str) -> Silence:
        """Expire a silence. Raises `SilenceNotFound`."""
        ended = await self._database.run(silence_rows.end, organisation, silence_id, self._clock.now(), actor)
        if ended is None:
            raise SilenceNotFound(f"there is no silence {silence_id}")
        self._log_silence("silence ended", ended, actor)
        self.silenced(organisation)
        self._wake()
        return ended

    def snapshots(self, organisation: str, source: str | None) -> StoredSnapshots:
        """The source that takes pushes under a name, or those without a name. Raises `SourceNotFound`."""
        runtime = self._runtime()
        found = runtime.snapshots(source) if organisation == runtime.organisation else None
        if found is None:
            raise SourceNotFound(f"there is no source {source!r} that takes snapshots")
        return found

    async def push_snapshot(
        self,
        organisation: str,
        source: str | None,
        document: object,
        *,
        labels: Mapping[str, str],
        at: int | None,
        actor: str,  # noqa: ARG002 - every action names who did it; a push is too frequent for the history
    ) -> PushedSnapshot:
        """Keep a snapshot of metrics. Raises `SourceNotFound`, and `SnapshotRejected` naming the path of what was
        wrong."""
        now = self._clock.now()
        found = self.snapshots(organisation, source)
        snapshot = found.read(document, labels, now if at is None else at)
        snapshot_id = await found.push(snapshot, now)
        self._metrics.snapshot(found.name)
        return PushedSnapshot(snapshot_id, found.name, len(snapshot.samples))

    async def why(self, organisation: str, fingerprint: str) -> Why:
        """Everything that decided what was and was not said about an alert. Raises `AlertNotFound`."""
        why = await self._database.run(explain, organisation, fingerprint, self._runtime().routing, self._clock.now())
        if why is None:
            raise AlertNotFound(f"there is no alert {fingerprint}")
        return why

    async def test_receiver(self, receiver: str) -> list[TestedIntegration]:
        """Send a test message to every integration of a receiver. Raises `ReceiverNotFound`."""
        runtime, now = self._runtime(), self._clock.now()
        integrations = runtime.integrations.get(receiver, ())
        if not integrations:
            raise ReceiverNotFound(f"there is no receiver {receiver!r} with somebody to tell")
        results = []
        for integration in integrations:
            message = _test_message(receiver, integration.id, runtime.external_url, now)
            try:
                delivered = await runtime.receivers[integration.id].send(message)
                results.append(TestedIntegration(integration.id, True, delivered.answer))
            except DeliveryFailed as failure:
                results.append(TestedIntegration(integration.id, False, f"{failure.reason.value}: {failure.text}"))
        return results

    def _log_silence(self, what: str, silence: Silence, actor: str) -> None:
        if self._runtime().options.log_silences:
            matchers = format_matchers(silence.matchers)
            log.info(what, action="silence", silence=silence.id, matchers=matchers, actor=actor, text=silence.comment)

    async def _answer(self, organisation: str, fingerprint: str, step: Callable[[Alert], Alert], event: Event) -> Alert:
        alert = await self._database.run(intake.change_alert, organisation, fingerprint, step, event, self._clock.now())
        if alert is None:
            raise AlertNotFound(f"there is no alert {fingerprint}")
        self._wake()
        return alert


def _put_silence(
    connection: Connection, organisation: str, silence: Silence, options: Options, now: int, actor: str
) -> Silence | None:
    check_room(connection, organisation, silence, options.max_silences, options.max_silence_bytes)
    return silence_rows.put(connection, organisation, silence, now, actor)


def _resolve_by_hand(
    connection: Connection, organisation: str, fingerprint: str, ways: intake.Ways, now: int, actor: str
) -> Alert:
    alert = alert_rows.alerts_by_fingerprint(connection, organisation, [fingerprint]).get(fingerprint)
    if alert is None:
        raise AlertNotFound(f"there is no alert {fingerprint}")
    if not alert.fires:
        raise ResponseRejected("the alert is resolved already")
    reports = alert_rows.reports_about(connection, organisation, [fingerprint]).get(fingerprint, [])
    changes = [
        ReportChange(
            report.producer,
            fingerprint,
            None,
            close(report.instance, Transition.RESOLVED_BY_HAND).transitions,
            actor=actor,
        )
        for report in reports
    ]
    intake.apply_changes(connection, organisation, changes, ways, now)
    record(connection, organisation, [Event(now, "resolved_by", actor, fingerprint, alert.episode)])
    return alert_rows.alerts_by_fingerprint(connection, organisation, [fingerprint])[fingerprint]


def _test_message(receiver: str, integration: str, external_url: str, now: int) -> Message:
    labels = {"alertname": "AlertdTest", "severity": "info"}
    alert = MessageAlert(
        status=Status.FIRING,
        labels=labels,
        annotations={"summary": "This is a test message. Nothing is wrong."},
        starts_at=now,
        ends_at=None,
        generator_url=external_url,
        fingerprint="0" * 16,
    )
    return Message(
        id=f"test{now}",
        receiver=receiver,
        integration=integration,
        reason=Reason.TEST,
        group_key=f"test/{receiver}:{now}",
        group_labels=labels,
        alerts=(alert,),
        episode=f"test{now}",
        sequence=1,
        now=now,
        external_url=external_url,
    )
