"""Numbers of alerts, silences and groups, in the states that Alertmanager's metrics tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, and_, case, func, select

from alertd.store.tables import alerts, groups, members, silences


@dataclass(frozen=True)
class Marks:
    """How many there are: alerts that fire by state, silences by state, groups."""

    alerts: Mapping[str, int]
    silences: Mapping[str, int]
    groups: int


def read_marks(connection: Connection, organisation: str, now: int) -> Marks:
    """The numbers of one organisation.

    An alert is `active` when the last flush of one of its groups let it pass, `suppressed` when all held it back, and
    `unprocessed` while none of its groups has been flushed with it.
    """
    return Marks(
        alerts=_alerts(connection, organisation),
        silences=_silences(connection, organisation, now),
        groups=connection.execute(
            select(func.count()).select_from(groups).where(groups.c.organisation == organisation)
        ).scalar_one(),
    )


def count_silences(connection: Connection, organisation: str) -> int:
    """How many silences are kept, those that have ended included."""
    return connection.execute(
        select(func.count()).select_from(silences).where(silences.c.organisation == organisation)
    ).scalar_one()


def _alerts(connection: Connection, organisation: str) -> dict[str, int]:
    judged = and_(groups.c.flushed_at.is_not(None), groups.c.flushed_at >= members.c.joined_at)
    passed = and_(judged, members.c.gate.is_(None))
    joined = alerts.outerjoin(
        members,
        and_(members.c.organisation == alerts.c.organisation, members.c.fingerprint == alerts.c.fingerprint),
    ).outerjoin(groups, and_(groups.c.organisation == members.c.organisation, groups.c.id == members.c.group_id))
    each = (
        select(
            func.max(case((passed, 2), (judged, 1), else_=0)).label("mark"),
        )
        .select_from(joined)
        .where(alerts.c.organisation == organisation, alerts.c.ends_at.is_(None))
        .group_by(alerts.c.fingerprint)
        .subquery()
    )
    query = select(each.c.mark, func.count()).group_by(each.c.mark)
    found = {row[0]: row[1] for row in connection.execute(query)}
    return {state: found.get(mark, 0) for mark, state in enumerate(("unprocessed", "suppressed", "active"))}


def _silences(connection: Connection, organisation: str, now: int) -> dict[str, int]:
    state = case(
        (silences.c.starts_at > now, "pending"),
        (silences.c.ends_at > now, "active"),
        else_="expired",
    ).label("state")
    query = select(state, func.count()).where(silences.c.organisation == organisation).group_by(state)
    found = {row[0]: row[1] for row in connection.execute(query)}
    return dict.fromkeys(("active", "pending", "expired"), 0) | found
