"""A small alertd without a network: intake, flush and delivery over one database, on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alertd.alerts.alert import Alert, Change, Policy, Report, ReportChange
from alertd.alerts.labels import fingerprint
from alertd.alerts.machine import Instance, State, Transition
from alertd.clock import MINUTE
from alertd.notify.deliver import Claimed, Desk, claim_due
from alertd.notify.flush import Routing, flush_due
from alertd.notify.landing import Landed, Try, land
from alertd.notify.message import Message
from alertd.notify.plan import Integration
from alertd.notify.policy import DeliverySettings
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason
from alertd.notify.watch import Watch
from alertd.response import acknowledgement as answers
from alertd.response.acknowledgement import AcknowledgementSettings
from alertd.routing.inhibition import InhibitRule
from alertd.routing.matchers import Matcher, Operator
from alertd.routing.silences import Silence
from alertd.routing.told import Entry
from alertd.routing.tree import Route, RouteTree
from alertd.store import alerts as alert_rows
from alertd.store import groups as group_rows
from alertd.store import intake, outbox, silences
from alertd.store.database import Database
from alertd.store.groups import Group
from alertd.store.history import Event
from alertd.store.outbox import Notification
from alertd.store.tables import metadata, notifications

START = 1_700_000_000_000
ORGANISATION = "default"
ROUTE = Route(receiver="team", group_by=("alertname",), group_wait=30_000, group_interval=5 * MINUTE)

REFUSED = DeliveryFailed(FailureReason.CONNECTION, "connection refused")
UNCERTAIN = DeliveryFailed(FailureReason.TIMEOUT, "no answer", maybe_sent=True)
PERMANENT = DeliveryFailed(FailureReason.CLIENT_ERROR, "bad request", permanent=True)


@dataclass
class Target:
    """What `claim_due` asks of a receiver; nothing is sent through it."""

    kind: str = "webhook"
    wants_acknowledged: bool = False
    interval: int = 0

    async def send(self, message: Message) -> Delivered:
        raise AssertionError("the test delivers by itself")


@dataclass
class World:
    """`integrations` are those of each receiver; by default receiver `team` has one webhook."""

    database: Database
    route: Route = ROUTE
    integrations: Mapping[str, Sequence[Integration]] = field(
        default_factory=lambda: {"team": (Integration("team/webhook/0", send_resolved=True),)}
    )
    inhibit_rules: Sequence[InhibitRule] = ()
    as_alertmanager: bool = False
    now: int = START
    settings: DeliverySettings = DeliverySettings()
    answers: AcknowledgementSettings = AcknowledgementSettings()
    targets: dict[str, Target] = field(default_factory=dict)
    arrived: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.restart()
        for integrations in self.integrations.values():
            for integration in integrations:
                self.targets.setdefault(integration.id, Target(wants_acknowledged=integration.wants_acknowledged))

    def restart(self, route: Route | None = None) -> None:
        """Throw away everything that only memory holds, and read the configuration again."""
        self.route = route or self.route
        self.watch = Watch(self.inhibit_rules, {})
        self.tree = RouteTree(self.route)
        self.routing = Routing(self.tree, self.integrations, lambda _organisation: self.watch, self.as_alertmanager)
        self.ways = intake.Ways(self.tree, self.answers)

    def later(self, milliseconds: int) -> None:
        self.now += milliseconds

    def fire(
        self, name: str = "Down", *, policy: Policy = Policy(), starts_at: int | None = None, **labels: str
    ) -> Change:
        """A rule reports that `name` fires with these labels; `severity` is no part of the identity."""
        report = report_of(name, labels, self.now if starts_at is None else starts_at, self.now, policy)
        return self.report(ReportChange(report.producer, report.fingerprint, report, (Transition.FIRED,)))

    def resolve(self, name: str = "Down", *, ended_at: int | None = None, **labels: str) -> Change:
        key = key_of(name, labels)
        return self.report(ReportChange("rule", key, None, (Transition.RESOLVED,), ended_at=ended_at))

    def report(self, *changes: ReportChange) -> Change:
        outcomes = self.database.transaction(intake.apply_changes, ORGANISATION, changes, self.ways, self.now)
        return outcomes[changes[0].fingerprint]

    def acknowledge(self, name: str = "Down", by: str = "ann", duration: int | None = None, **labels: str) -> None:
        def step(alert: Alert) -> Alert:
            return answers.acknowledge(alert, by, self.now, self.answers, duration=duration)

        self.change(name, labels, step)

    def unacknowledge(self, name: str = "Down", **labels: str) -> None:
        self.change(name, labels, lambda alert: answers.unacknowledge(alert, self.now))

    def change(self, name: str, labels: Mapping[str, str], step: Any) -> None:
        event = Event(self.now, "changed", "ann")
        self.database.transaction(intake.change_alert, ORGANISATION, key_of(name, labels), step, event, self.now)

    def expire_answers(self) -> None:
        """End the acknowledgements whose time is over."""

        def work(connection: Any) -> None:
            found = alert_rows.alerts_with_ended_answers(connection, self.now, 100)
            ended = [(organisation, alert, answers.expire(alert, self.now)[0]) for organisation, alert in found]
            intake.end_answers(connection, ended, self.now)

        self.database.transaction(work)

    def silence(self, duration: int = 3_600_000, **labels: str) -> str:
        matchers = tuple(Matcher(name, Operator.EQUAL, value) for name, value in labels.items())
        wanted = Silence("", matchers, self.now, self.now + duration, "ann", "quiet", self.now)
        stored = self.database.transaction(silences.put, ORGANISATION, wanted, self.now, "ann")
        assert stored is not None
        return str(stored.id)

    def unsilence(self, silence_id: str) -> None:
        self.database.transaction(silences.end, ORGANISATION, silence_id, self.now, "ann")

    def flush(self) -> int:
        """Flush what is due now."""
        return self.database.transaction(flush_due, self.routing, self.now, 100)

    def claim(self, owner: str = "one", count: int = 100) -> list[Claimed]:
        return self.database.transaction(claim_due, self.desk, owner=owner, now=self.now, count=count)

    @property
    def desk(self) -> Desk:
        return Desk(self.routing, self.targets, self.settings, "http://alertd")

    def land(self, claimed: Claimed, outcome: Delivered | DeliveryFailed | None = None) -> Landed:
        """Write down how a try ended; a delivery by default."""
        if outcome is None:
            self.arrived.append(claimed.message)
        (landed,) = self.database.transaction(land, [tried(claimed, outcome)], self.settings, self.now)
        return landed

    def deliver(self, outcomes: Mapping[str, DeliveryFailed] | DeliveryFailed | None = None) -> list[Message]:
        """Send what is due; the messages that were tried. `outcomes`: the failure of each integration, or of all."""
        tried = []
        for claimed in self.claim():
            integration = claimed.notification.integration
            outcome = outcomes.get(integration) if isinstance(outcomes, Mapping) else outcomes
            self.land(claimed, outcome)
            tried.append(claimed.message)
        return tried

    def tick(self, milliseconds: int = 0) -> list[Message]:
        """Let time pass, flush and deliver; what arrived."""
        self.later(milliseconds)
        self.flush()
        return self.deliver()

    def groups(self) -> list[Group]:
        def work(connection: Any) -> list[Group]:
            return group_rows.groups_by_id(connection, ORGANISATION, group_rows.all_group_ids(connection, ORGANISATION))

        return self.database.transaction(work)

    def entry(self, integration: str = "team/webhook/0", group: int = 0) -> Entry:
        group_id = self.groups()[group].id
        entries = self.database.transaction(group_rows.read_entries, ORGANISATION, [group_id])
        return entries.get((group_id, integration), Entry())

    def notifications(self, *statuses: str) -> list[Notification]:
        """The outbox, oldest first."""
        found: list[Notification] = self.database.transaction(
            outbox.listing, ORGANISATION, statuses=statuses, limit=1000
        )
        return found[::-1]

    def alert(self, name: str = "Down", **labels: str) -> Alert:
        key = key_of(name, labels)
        return self.database.transaction(alert_rows.alerts_by_fingerprint, ORGANISATION, [key])[key]


def open_world(**options: Any) -> World:
    """A world on a SQLite database in memory."""
    database = Database("sqlite:///:memory:")
    metadata.create_all(database.engine)
    return World(database, **options)


def key_of(name: str, labels: Mapping[str, str]) -> str:
    """The fingerprint of an alert of this world."""
    return fingerprint({"alertname": name, **{key: text for key, text in labels.items() if key != "severity"}})


def report_of(name: str, labels: Mapping[str, str], starts_at: int, now: int, policy: Policy = Policy()) -> Report:
    return Report(
        producer="rule",
        fingerprint=key_of(name, labels),
        labels={"alertname": name, **labels},
        annotations={"summary": f"{name} fires"},
        instance=Instance(State.FIRING, labels.get("severity", ""), starts_at, fired_at=starts_at),
        updated_at=now,
        policy=policy,
    )


def open_statuses(world: World) -> list[tuple[str, str]]:
    """(group, integration) of every notification on its way."""

    def work(connection: Any) -> list[tuple[str, str]]:
        query = notifications.select().where(notifications.c.status.in_(("pending", "sending")))
        return [(row.group_id, row.integration) for row in connection.execute(query)]

    return world.database.transaction(work)


def tried(claimed: Claimed, outcome: Delivered | DeliveryFailed | None = None) -> Try:
    """A finished try; a delivery by default."""
    return Try(claimed.notification, claimed.number, outcome or Delivered("ok", 200), spread=0.5)
