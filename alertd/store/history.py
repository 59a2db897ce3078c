"""The history: named events of alerts, groups, messages and people, written in the transaction that makes them true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from alertd.store.tables import history


@dataclass(frozen=True)
class Event:
    """One thing that happened. `actor` is who did it: a rule, `alertd`, or a person's token name."""

    at: int
    event: str
    actor: str = "alertd"
    fingerprint: str | None = None
    episode: str | None = None
    group_id: str | None = None
    notification_id: str | None = None
    rule: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    id: int | None = None


def record(connection: Connection, organisation: str, events: Iterable[Event]) -> None:
    """Write `events`, in their order."""
    rows = [
        {
            "organisation": organisation,
            "at": event.at,
            "event": event.event,
            "actor": event.actor,
            "fingerprint": event.fingerprint,
            "episode": event.episode,
            "group_id": event.group_id,
            "notification_id": event.notification_id,
            "rule": event.rule,
            "details": dict(event.details),
        }
        for event in events
    ]
    if rows:
        connection.execute(insert(history), rows)


def read(
    connection: Connection,
    organisation: str,
    *,
    fingerprint: str | None = None,
    events: Sequence[str] = (),
    since: int | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[Event]:
    """The newest events first; `before_id` continues a listing."""
    query = select(history).where(history.c.organisation == organisation).order_by(history.c.id.desc()).limit(limit)
    if fingerprint is not None:
        query = query.where(history.c.fingerprint == fingerprint)
    if events:
        query = query.where(history.c.event.in_(events))
    if since is not None:
        query = query.where(history.c.at >= since)
    if before_id is not None:
        query = query.where(history.c.id < before_id)
    return [
        Event(
            at=row.at,
            event=row.event,
            actor=row.actor,
            fingerprint=row.fingerprint,
            episode=row.episode,
            group_id=row.group_id,
            notification_id=row.notification_id,
            rule=row.rule,
            details=row.details,
            id=row.id,
        )
        for row in connection.execute(query)
    ]


def prune(connection: Connection, before: int, limit: int = 1000) -> int:
    """Delete up to `limit` events older than `before`; the number deleted."""
    old = select(history.c.id).where(history.c.at < before).limit(limit)
    return connection.execute(delete(history).where(history.c.id.in_(old))).rowcount
