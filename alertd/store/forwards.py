"""Alerts on their way to other Alertmanagers: one row an alert and Alertmanager, with the time when it is due.

A claim moves the due time to the end of its lease, so that what a dead process had in the air becomes due again by
itself. Whatever is written about a claimed row is conditional on its epoch, which every change raises, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, case, delete, func, select, tuple_, update

from alertd.alerts.alert import Report, ReportChange
from alertd.alerts.forward import Forward
from alertd.alerts.labels import fingerprint
from alertd.store.statements import chunks, locked, update_rows, upsert
from alertd.store.tables import forwards

Key = tuple[str, str]


@dataclass(frozen=True)
class Untaken:
    """The alerts that one Alertmanager did not take at the last try.

    `since` is the instant from which on there was something for it, and it took nothing at all; `error` is what was in
    the way.
    """

    target: str
    alerts: int
    since: int
    error: str


def follow(
    connection: Connection, organisation: str, changes: Sequence[ReportChange], targets: Sequence[str], now: int
) -> None:
    """Let the rows follow what rules said: what begins and what ends is due at once, other changes wait their turn."""
    if not targets:
        return
    fires = {_key(change): change.report for change in changes if _is_firing(change) and change.report is not None}
    known = _rows_about(connection, organisation, ((change.producer, change.fingerprint) for change in changes))
    written: dict[tuple[str, str, str], Forward] = {}
    for row in known:
        report = fires.get((row.producer, row.fingerprint))
        if row.ends_at is None and (report is None or fingerprint(report.labels) != row.alert):
            written[row.target, row.producer, row.alert] = replace(row, ends_at=now, due_at=now, epoch=row.epoch + 1)
    before = {(row.target, row.producer, row.alert): row for row in known}
    for report in fires.values():
        for target in targets:
            fresh = _forward(target, report, now)
            place = (target, fresh.producer, fresh.alert)
            old = before.get(place)
            if old is not None and old.ends_at is None:
                fresh = replace(fresh, due_at=old.due_at, sent_at=old.sent_at, epoch=old.epoch, error=old.error)
            elif old is not None:
                fresh = replace(fresh, epoch=old.epoch + 1)
            if fresh != old:
                written[place] = fresh
    upsert(connection, forwards, [_values(organisation, row) for row in written.values()])


def catch_up(
    connection: Connection, organisation: str, reports: Iterable[Report], targets: Sequence[str], now: int
) -> None:
    """Make the rows that are missing for alerts that fire already, and end those that no report stands behind."""
    wanted = {
        (target, report.producer, fingerprint(report.labels)): _forward(target, report, now)
        for report in reports
        if report.instance.state.fires
        for target in targets
    }
    query = select(forwards).where(forwards.c.organisation == organisation, forwards.c.ends_at.is_(None))
    known = {(row.target, row.producer, row.alert): _read(row) for row in connection.execute(locked(connection, query))}
    missing = [row for place, row in wanted.items() if place not in known]
    ended = [
        replace(row, ends_at=now, due_at=now, epoch=row.epoch + 1)
        for place, row in known.items()
        if place not in wanted
    ]
    upsert(connection, forwards, [_values(organisation, row) for row in (*missing, *ended)])


def forget_targets(connection: Connection, organisation: str, kept: Sequence[str]) -> int:
    """Delete the rows of Alertmanagers that are not configured any more; how many."""
    statement = delete(forwards).where(forwards.c.organisation == organisation, forwards.c.target.not_in(kept))
    return connection.execute(statement).rowcount


def claim(connection: Connection, organisation: str, target: str, now: int, lease: int, count: int) -> list[Forward]:
    """Take up to `count` alerts that are due for one Alertmanager, the longest due first."""
    query = (
        select(forwards)
        .where(forwards.c.organisation == organisation, forwards.c.target == target, forwards.c.due_at <= now)
        .order_by(forwards.c.due_at)
        .limit(count)
    )
    due = [_read(row) for row in connection.execute(locked(connection, query, skip=True))]
    claimed = [replace(row, epoch=row.epoch + 1) for row in due]
    update_rows(
        connection,
        forwards,
        [{**_place(organisation, row), "due_at": now + lease, "epoch": row.epoch} for row in claimed],
    )
    return claimed


def landed(
    connection: Connection,
    organisation: str,
    sent: Sequence[tuple[Forward, int | None]],
    *,
    sent_at: int | None,
    error: str = "",
) -> None:
    """Write how it went with claimed rows that nobody changed meanwhile: each is due again, or done (None).

    `sent_at` is when the Alertmanager took them, None when it did not; `error` is what it said then.
    """
    by_due: dict[int | None, list[Forward]] = {}
    for row, due_at in sent:
        by_due.setdefault(due_at, []).append(row)
    for due_at, rows in by_due.items():
        for chunk in chunks(rows):
            keys = [(row.target, row.producer, row.alert, row.epoch) for row in chunk]
            place = tuple_(forwards.c.target, forwards.c.producer, forwards.c.alert, forwards.c.epoch)
            mine = (forwards.c.organisation == organisation) & place.in_(keys)
            if due_at is None:
                connection.execute(delete(forwards).where(mine))
                continue
            told = {"sent_at": sent_at} if sent_at is not None else {}
            connection.execute(update(forwards).where(mine).values(due_at=due_at, error=error, **told))


def untaken(connection: Connection, organisation: str) -> list[Untaken]:
    """What Alertmanagers did not take, by their addresses."""
    failed = forwards.c.error != ""
    end_is_untold = forwards.c.ends_at.is_not(None) & (forwards.c.sent_at < forwards.c.ends_at)
    waits_since = case(
        (forwards.c.sent_at.is_(None), forwards.c.starts_at),
        (end_is_untold, forwards.c.ends_at),
        else_=forwards.c.sent_at,
    )
    query = (
        select(
            forwards.c.target,
            func.count(case((failed, 1))).label("alerts"),
            func.min(case((failed, waits_since))).label("since"),
            func.max(forwards.c.sent_at).label("taken_at"),
            func.max(forwards.c.error).label("error"),
        )
        .where(forwards.c.organisation == organisation)
        .group_by(forwards.c.target)
        .having(func.max(forwards.c.error) != "")
        .order_by(forwards.c.target)
    )
    return [
        Untaken(row.target, row.alerts, max(row.since, row.taken_at or 0), row.error)
        for row in connection.execute(query)
    ]


def _is_firing(change: ReportChange) -> bool:
    """Whether a rule found it and it fires; what others send is not forwarded."""
    return change.rule is not None and change.report is not None and change.report.instance.state.fires


def _key(change: ReportChange) -> Key:
    return change.producer, change.fingerprint


def _rows_about(connection: Connection, organisation: str, keys: Iterable[Key]) -> list[Forward]:
    found: list[Forward] = []
    for chunk in chunks(keys):
        query = select(forwards).where(
            forwards.c.organisation == organisation,
            tuple_(forwards.c.producer, forwards.c.fingerprint).in_(chunk),
        )
        found += [_read(row) for row in connection.execute(locked(connection, query))]
    return found


def _forward(target: str, report: Report, now: int) -> Forward:
    return Forward(
        target=target,
        producer=report.producer,
        alert=fingerprint(report.labels),
        fingerprint=report.fingerprint,
        labels=dict(report.labels),
        annotations=dict(report.annotations),
        generator_url=report.generator_url,
        starts_at=report.starts_at,
        ends_at=None,
        due_at=now,
    )


def _place(organisation: str, row: Forward) -> dict[str, Any]:
    return {"organisation": organisation, "target": row.target, "producer": row.producer, "alert": row.alert}


def _values(organisation: str, row: Forward) -> Mapping[str, Any]:
    return {**asdict(row), "organisation": organisation}


def _read(row: Row[Any]) -> Forward:
    return Forward(
        target=row.target,
        producer=row.producer,
        alert=row.alert,
        fingerprint=row.fingerprint,
        labels=row.labels,
        annotations=row.annotations,
        generator_url=row.generator_url,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        due_at=row.due_at,
        sent_at=row.sent_at,
        epoch=row.epoch,
        error=row.error,
    )
