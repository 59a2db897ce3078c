"""Alerts and the reports that they are made of: reading and writing, a set of rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, select, update

from alertd.alerts.alert import Alert, Report
from alertd.store.rows import alert_values, read_alert, read_report, report_values
from alertd.store.statements import chunks, insert_missing, locked, upsert
from alertd.store.tables import alerts, counters, members, reports


def next_change(connection: Connection, organisation: str) -> int:
    """A number higher than any that a committed change of this organisation carries.

    It locks the counter until the transaction ends, so that changes become visible in the order of their numbers and
    a cache that has seen number n has seen all before it.
    """
    insert_missing(connection, counters, [{"organisation": organisation, "value": 0}])
    step = update(counters).where(counters.c.organisation == organisation).values(value=counters.c.value + 1)
    return int(connection.execute(step.returning(counters.c.value)).scalar_one())


def reports_of_producers(
    connection: Connection, organisation: str, producers: Iterable[str]
) -> dict[str, dict[str, Report]]:
    """What each of the producers reports now: producer → fingerprint → report."""
    found: dict[str, dict[str, Report]] = {}
    for chunk in chunks(producers):
        query = select(reports).where(reports.c.organisation == organisation, reports.c.producer.in_(chunk))
        for row in connection.execute(query):
            found.setdefault(row.producer, {})[row.fingerprint] = read_report(row)
    return found


def producers(connection: Connection, organisation: str) -> set[str]:
    """Everyone who reports anything now."""
    query = select(reports.c.producer).where(reports.c.organisation == organisation).distinct()
    return set(connection.execute(query).scalars())


def reports_about(connection: Connection, organisation: str, fingerprints: Iterable[str]) -> dict[str, list[Report]]:
    """What anybody reports of these alerts: fingerprint → reports."""
    found: dict[str, list[Report]] = {}
    for chunk in chunks(fingerprints):
        query = select(reports).where(reports.c.organisation == organisation, reports.c.fingerprint.in_(chunk))
        for row in connection.execute(query):
            found.setdefault(row.fingerprint, []).append(read_report(row))
    return found


def expired_reports(connection: Connection, now: int, limit: int) -> list[tuple[str, Report]]:
    """Pushed reports whose time is over: (organisation, report), oldest first."""
    query = select(reports).where(reports.c.expires_at <= now).order_by(reports.c.expires_at).limit(limit)
    return [(row.organisation, read_report(row)) for row in connection.execute(locked(connection, query, skip=True))]


@dataclass(frozen=True)
class Renewal:
    """A report that was sent again unchanged: it ends at `ends_at`, and its row says `stored`."""

    organisation: str
    producer: str
    fingerprint: str
    stored: int
    ends_at: int
    timed_out: bool

    @property
    def key(self) -> tuple[str, str, str]:
        return self.organisation, self.producer, self.fingerprint


def renew(connection: Connection, renewals: Iterable[Renewal]) -> None:
    """Put off the ends of reports, as far as their rows still say what was renewed."""
    statement = (
        update(reports)
        .where(
            reports.c.organisation == bindparam("of"),
            reports.c.producer == bindparam("by"),
            reports.c.fingerprint == bindparam("about"),
            reports.c.expires_at == bindparam("stored"),
        )
        .values(expires_at=bindparam("ends_at"), timed_out=bindparam("assumed"))
    )
    rows = [
        {
            "of": renewal.organisation,
            "by": renewal.producer,
            "about": renewal.fingerprint,
            "stored": renewal.stored,
            "ends_at": renewal.ends_at,
            "assumed": renewal.timed_out,
        }
        for renewal in sorted(renewals, key=lambda renewal: renewal.key)
    ]
    if rows:
        connection.execute(statement, rows)


def write_reports(connection: Connection, organisation: str, written: Sequence[Report]) -> None:
    upsert(connection, reports, [report_values(organisation, report) for report in written])


def delete_reports(connection: Connection, organisation: str, keys: Iterable[tuple[str, str]]) -> None:
    """Delete the reports named by (producer, fingerprint)."""
    by_producer: dict[str, list[str]] = {}
    for producer, fingerprint in keys:
        by_producer.setdefault(producer, []).append(fingerprint)
    for producer, fingerprints in by_producer.items():
        for chunk in chunks(fingerprints):
            connection.execute(
                delete(reports).where(
                    reports.c.organisation == organisation,
                    reports.c.producer == producer,
                    reports.c.fingerprint.in_(chunk),
                )
            )


def alerts_by_fingerprint(
    connection: Connection, organisation: str, fingerprints: Iterable[str], *, lock: bool = False
) -> dict[str, Alert]:
    """These alerts, as far as they exist; `lock` holds them until the transaction ends."""
    found = {}
    for chunk in chunks(sorted(set(fingerprints))):
        query = (
            select(alerts)
            .where(alerts.c.organisation == organisation, alerts.c.fingerprint.in_(chunk))
            .order_by(alerts.c.fingerprint)
        )
        for row in connection.execute(locked(connection, query) if lock else query):
            found[row.fingerprint] = read_alert(row)
    return found


def alerts_changed_since(connection: Connection, organisation: str, change: int) -> tuple[list[Alert], int]:
    """The alerts that changed after `change`, and the number of the last change."""
    query = select(alerts).where(alerts.c.organisation == organisation, alerts.c.changed > change)
    rows = connection.execute(query).all()
    return [read_alert(row) for row in rows], max((row.changed for row in rows), default=change)


def firing_alerts(connection: Connection, organisation: str) -> list[Alert]:
    """Every alert of the organisation that fires."""
    query = select(alerts).where(alerts.c.organisation == organisation, alerts.c.ends_at.is_(None))
    return [read_alert(row) for row in connection.execute(query)]


def alerts_with_ended_answers(connection: Connection, now: int, limit: int) -> list[tuple[str, Alert]]:
    """Alerts with an acknowledgement or a snooze whose time is over: (organisation, alert)."""
    query = select(alerts).where(alerts.c.answer_ends_at <= now).order_by(alerts.c.answer_ends_at).limit(limit)
    return [(row.organisation, read_alert(row)) for row in connection.execute(locked(connection, query, skip=True))]


def write_alerts(connection: Connection, organisation: str, written: Sequence[Alert], change: int) -> None:
    upsert(connection, alerts, [alert_values(organisation, alert, change) for alert in written])


def next_expiry(connection: Connection) -> int | None:
    """When the next pushed report, acknowledgement or snooze ends by itself."""
    report_ends = connection.execute(select(func.min(reports.c.expires_at))).scalar()
    answer_ends = connection.execute(select(func.min(alerts.c.answer_ends_at))).scalar()
    return min((instant for instant in (report_ends, answer_ends) if instant is not None), default=None)


def organisations(connection: Connection) -> list[str]:
    """Every organisation that ever changed anything."""
    return list(connection.execute(select(counters.c.organisation).order_by(counters.c.organisation)).scalars())


def prune_resolved(connection: Connection, before: int, limit: int = 1000) -> int:
    """Delete up to `limit` alerts that were resolved before `before` and are in no group any more."""
    waiting = select(members.c.fingerprint).where(members.c.organisation == alerts.c.organisation)
    old = (
        select(alerts.c.organisation, alerts.c.fingerprint)
        .where(alerts.c.ends_at < before, alerts.c.fingerprint.not_in(waiting))
        .limit(limit)
    )
    deleted = 0
    found: dict[str, list[str]] = {}
    for organisation, fingerprint in connection.execute(old):
        found.setdefault(organisation, []).append(fingerprint)
    for organisation, fingerprints in found.items():
        for chunk in chunks(fingerprints):
            statement = delete(alerts).where(
                alerts.c.organisation == organisation, alerts.c.fingerprint.in_(chunk), alerts.c.ends_at < before
            )
            deleted += connection.execute(statement).rowcount
    return deleted
