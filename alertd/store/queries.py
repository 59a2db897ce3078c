"""Listings for people and programs: alerts with their state at this moment, counts of them, and the history.

A listing of alerts goes page by page over the label sets, the newest start first. Its order depends on nothing that a
page shows or hides, so that whoever follows the cursor sees each alert that does not change exactly once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, Text, and_, exists, func, or_, select, type_coerce

from alertd.alerts.alert import Alert, Report, severity_of
from alertd.alerts.machine import State
from alertd.clock import DAY
from alertd.routing.gates import Gate
from alertd.routing.matchers import Matcher, Operator, matches_all
from alertd.store.history import Event
from alertd.store.rows import read_alert, read_report
from alertd.store.statements import chunks
from alertd.store.tables import alerts, history, reports

# SQLite refuses longer patterns; a longer value is compared in Python alone.
_LONGEST_PATTERN = 2_000
# Later than any instant: the end of a report that has none, where ends are compared.
_NEVER = 2**62


class AlertState(StrEnum):
    """What an alert is at this moment; the first that holds, in this order."""

    PENDING = "pending"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    SUPPRESSED = "suppressed"
    FIRING = "firing"


@dataclass(frozen=True)
class AlertFilter:
    """Which alerts are wanted; an empty set of states or severities is any."""

    matchers: tuple[Matcher, ...] = ()
    states: frozenset[AlertState] = frozenset()
    severities: frozenset[str] = frozenset()

    def fits(self, alert: Alert) -> bool:
        """Whether its labels and severity are wanted."""
        return (not self.severities or alert.severity in self.severities) and matches_all(self.matchers, alert.labels)

    def wants(self, state: AlertState) -> bool:
        return not self.states or state in self.states


class Position(NamedTuple):
    """The place of an alert in the listing."""

    starts_at: int
    fingerprint: str


class Suppression(NamedTuple):
    """A gate that holds an alert back, and what closed it."""

    gate: Gate
    detail: str


#: Tells what suppresses a firing alert at this moment; nothing for one that somebody is told about.
Judge = Callable[[Alert], tuple[Suppression, ...]]


@dataclass(frozen=True)
class ListedAlert:
    """An alert as a listing shows it; one that is pending has no episode and starts when its condition began."""

    alert: Alert
    state: AlertState
    suppressed_by: tuple[Suppression, ...] = ()

    @property
    def position(self) -> Position:
        return _position(self.alert)


@dataclass(frozen=True)
class FiringAlert:
    """An alert that fires, and when it ends unless a sender renews it; None for one that a rule finds."""

    alert: Alert
    expires_at: int | None


@dataclass(frozen=True)
class AlertPage:
    """The alerts of one stretch of the listing that were wanted; `resume` is where the next stretch begins."""

    alerts: list[ListedAlert]
    resume: Position | None


@dataclass(frozen=True)
class AlertCounts:
    """How many alerts there are: state → severity → number, and how many were resolved in the last day."""

    numbers: Mapping[AlertState, Mapping[str, int]] = field(default_factory=dict)
    resolved_last_day: int = 0

    def of(self, state: AlertState) -> int:
        return sum(self.numbers.get(state, {}).values())


def alert_page(
    connection: Connection,
    organisation: str,
    wanted: AlertFilter,
    judge: Judge,
    now: int,
    *,
    after: Position | None = None,
    stretch: int = 500,
) -> AlertPage:
    """Look at up to `stretch` alerts behind `after` and return those that are wanted."""
    known = [read_alert(row) for row in connection.execute(_alert_rows(organisation, wanted, after).limit(stretch))]
    pending = _pending(connection, organisation, wanted, after, stretch)
    waiting = {alert.fingerprint for alert in pending}
    looked_at = sorted([*known, *pending], key=_position, reverse=True)[:stretch]
    listed = [
        ListedAlert(alert, AlertState.PENDING) if alert.fingerprint in waiting else _listed(alert, judge, now)
        for alert in looked_at
        if wanted.fits(alert)
    ]
    resume = _position(looked_at[-1]) if len(looked_at) == stretch else None
    return AlertPage([item for item in listed if wanted.wants(item.state)], resume)


def firing_page(
    connection: Connection, organisation: str, matchers: Sequence[Matcher], *, after: str, stretch: int
) -> tuple[list[FiringAlert], str | None]:
    """Look at up to `stretch` firing alerts with fingerprints behind `after`: those that match, and where the next
    stretch begins; None for the end.
    """
    ends_at = (
        select(func.max(func.coalesce(reports.c.expires_at, _NEVER)))
        .where(
            reports.c.organisation == alerts.c.organisation,
            reports.c.fingerprint == alerts.c.fingerprint,
            reports.c.state.in_([state.value for state in State if state.fires]),
        )
        .scalar_subquery()
    )
    query = select(alerts, ends_at.label("expires_at")).where(
        alerts.c.organisation == organisation, alerts.c.ends_at.is_(None), alerts.c.fingerprint > after
    )
    for pattern in _label_patterns(matchers):
        query = query.where(type_coerce(alerts.c.labels, Text).contains(pattern, autoescape=True))
    rows = connection.execute(query.order_by(alerts.c.fingerprint).limit(stretch)).all()
    found = [FiringAlert(read_alert(row), None if row.expires_at == _NEVER else row.expires_at) for row in rows]
    resume = rows[-1].fingerprint if len(rows) == stretch else None
    return [firing for firing in found if matches_all(matchers, firing.alert.labels)], resume


def get_alert(
    connection: Connection, organisation: str, fingerprint: str, judge: Judge, now: int
) -> ListedAlert | None:
    """One alert as the listing shows it."""
    query = select(alerts).where(alerts.c.organisation == organisation, alerts.c.fingerprint == fingerprint)
    row = connection.execute(query).first()
    pending = _pending_by_fingerprint(connection, organisation, [fingerprint])
    if row is not None and (row.ends_at is None or not pending):
        return _listed(read_alert(row), judge, now)
    return ListedAlert(pending[0], AlertState.PENDING) if pending else None


def count_alerts(connection: Connection, organisation: str, judge: Judge, now: int) -> AlertCounts:
    """Count every alert once, by state and severity."""
    numbers: dict[AlertState, dict[str, int]] = {state: {} for state in AlertState}

    def count(state: AlertState, severity: str, number: int = 1) -> None:
        numbers[state][severity] = numbers[state].get(severity, 0) + number

    ours = alerts.c.organisation == organisation
    for row in connection.execute(select(alerts).where(ours, alerts.c.ends_at.is_(None))):
        listed = _listed(read_alert(row), judge, now)
        count(listed.state, listed.alert.severity)
    resolved = ours & alerts.c.ends_at.is_not(None) & ~_has_pending_report()
    for severity, number in connection.execute(
        select(alerts.c.severity, func.count()).where(resolved).group_by(alerts.c.severity)
    ):
        count(AlertState.RESOLVED, severity, number)
    for alert in _pending(connection, organisation, AlertFilter(), None, None):
        count(AlertState.PENDING, alert.severity)
    last_day = connection.execute(select(func.count()).where(resolved, alerts.c.ends_at > now - DAY)).scalar_one()
    return AlertCounts(numbers, last_day)


def count_reports(connection: Connection, organisation: str) -> dict[str, dict[str, int]]:
    """How many label sets each producer reports: producer → state → number."""
    query = (
        select(reports.c.producer, reports.c.state, func.count())
        .where(reports.c.organisation == organisation)
        .group_by(reports.c.producer, reports.c.state)
    )
    numbers: dict[str, dict[str, int]] = {}
    for producer, state, number in connection.execute(query):
        numbers.setdefault(producer, {})[state] = number
    return numbers


def history_page(
    connection: Connection,
    organisation: str,
    *,
    events: Sequence[str] = (),
    actor: str | None = None,
    rule: str | None = None,
    fingerprint: str | None = None,
    notification: str | None = None,
    since: int | None = None,
    until: int | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[Event]:
    """The newest events first; `since` is the first instant, `until` the first one that is not wanted."""
    conditions: list[ColumnElement[bool]] = [history.c.organisation == organisation]
    exact = {
        history.c.actor: actor,
        history.c.rule: rule,
        history.c.fingerprint: fingerprint,
        history.c.notification_id: notification,
    }
    conditions += [column == value for column, value in exact.items() if value is not None]
    if events:
        conditions.append(history.c.event.in_(events))
    if since is not None:
        conditions.append(history.c.at >= since)
    if until is not None:
        conditions.append(history.c.at < until)
    if before_id is not None:
        conditions.append(history.c.id < before_id)
    columns = [column for column in history.c if column.name != "organisation"]
    query = select(*columns).where(*conditions).order_by(history.c.id.desc()).limit(limit)
    return [Event(**row) for row in connection.execute(query).mappings()]


def _position(alert: Alert) -> Position:
    return Position(alert.starts_at, alert.fingerprint)


def _alert_rows(organisation: str, wanted: AlertFilter, after: Position | None) -> Select[Any]:
    """The alerts that may be wanted, narrowed by what SQL can tell, in the order of the listing."""
    fires = alerts.c.ends_at.is_(None)
    query = select(alerts).where(alerts.c.organisation == organisation, fires | ~_has_pending_report())
    if wanted.states and AlertState.RESOLVED not in wanted.states:
        query = query.where(fires)
    if wanted.states and wanted.states <= {AlertState.RESOLVED, AlertState.PENDING}:
        query = query.where(~fires)
    if wanted.states == {AlertState.ACKNOWLEDGED}:
        query = query.where(alerts.c.acknowledgement.is_not(None))
    if wanted.states == {AlertState.SNOOZED}:
        query = query.where(alerts.c.snooze.is_not(None))
    if wanted.severities:
        query = query.where(alerts.c.severity.in_(sorted(wanted.severities)))
    for pattern in _label_patterns(wanted.matchers):
        query = query.where(type_coerce(alerts.c.labels, Text).contains(pattern, autoescape=True))
    if after is not None:
        query = query.where(_behind(alerts.c.starts_at, alerts.c.fingerprint, after))
    return query.order_by(alerts.c.starts_at.desc(), alerts.c.fingerprint.desc())


def _pending(
    connection: Connection, organisation: str, wanted: AlertFilter, after: Position | None, limit: int | None
) -> list[Alert]:
    """The first label sets of the listing that wait for their time, as alerts that have not begun."""
    if wanted.states and AlertState.PENDING not in wanted.states:
        return []
    query = _pending_positions(organisation)
    for pattern in _label_patterns(wanted.matchers):
        query = query.where(type_coerce(reports.c.labels, Text).contains(pattern, autoescape=True))
    began = func.min(reports.c.active_at)
    if after is not None:
        query = query.having(_behind(began, reports.c.fingerprint, after))
    query = query.order_by(began.desc(), reports.c.fingerprint.desc()).limit(limit)
    return _pending_by_fingerprint(connection, organisation, [row.fingerprint for row in connection.execute(query)])


def _pending_positions(organisation: str) -> Select[Any]:
    firing = exists().where(
        alerts.c.organisation == reports.c.organisation,
        alerts.c.fingerprint == reports.c.fingerprint,
        alerts.c.ends_at.is_(None),
    )
    return (
        select(reports.c.fingerprint, func.min(reports.c.active_at))
        .where(reports.c.organisation == organisation, reports.c.state == "pending", ~firing)
        .group_by(reports.c.fingerprint)
    )


def _pending_by_fingerprint(connection: Connection, organisation: str, fingerprints: Iterable[str]) -> list[Alert]:
    """The pending label sets among these; of several producers the one that has waited longest speaks."""
    earliest: dict[str, Report] = {}
    for chunk in chunks(fingerprints):
        query = (
            select(reports)
            .where(
                reports.c.organisation == organisation,
                reports.c.fingerprint.in_(chunk),
                reports.c.state == "pending",
            )
            .order_by(reports.c.active_at, reports.c.producer)
        )
        for row in connection.execute(query):
            earliest.setdefault(row.fingerprint, read_report(row))
    return [_as_alert(report) for report in earliest.values()]


def _as_alert(report: Report) -> Alert:
    return Alert(
        fingerprint=report.fingerprint,
        labels=report.labels,
        annotations=report.annotations,
        severity=severity_of(report.labels),
        starts_at=report.instance.active_at,
        ends_at=None,
        episode="",
        updated_at=report.updated_at,
        value=report.value,
        generator_url=report.generator_url,
        policy=report.policy,
    )


def _listed(alert: Alert, judge: Judge, now: int) -> ListedAlert:
    if not alert.fires:
        return ListedAlert(alert, AlertState.RESOLVED)
    suppressed_by = judge(alert)
    if alert.acknowledgement is not None and alert.acknowledgement.expires_at > now:
        return ListedAlert(alert, AlertState.ACKNOWLEDGED, suppressed_by)
    if alert.snooze is not None and alert.snooze.until > now:
        return ListedAlert(alert, AlertState.SNOOZED, suppressed_by)
    return ListedAlert(alert, AlertState.SUPPRESSED if suppressed_by else AlertState.FIRING, suppressed_by)


def _has_pending_report() -> ColumnElement[bool]:
    return exists().where(
        reports.c.organisation == alerts.c.organisation,
        reports.c.fingerprint == alerts.c.fingerprint,
        reports.c.state == "pending",
    )


def _behind(starts_at: ColumnElement[int], fingerprint: ColumnElement[str], after: Position) -> ColumnElement[bool]:
    return or_(starts_at < after.starts_at, and_(starts_at == after.starts_at, fingerprint < after.fingerprint))


def _label_patterns(matchers: Iterable[Matcher]) -> list[str]:
    """What stands in the stored labels of every alert that fulfils an equality; matches are checked again in Python."""
    patterns = [
        (msgspec.json.encode(matcher.name) + b":" + msgspec.json.encode(matcher.value)).decode()
        for matcher in matchers
        if matcher.op is Operator.EQUAL and matcher.value
    ]
    return [pattern for pattern in patterns if len(pattern) <= _LONGEST_PATTERN]
