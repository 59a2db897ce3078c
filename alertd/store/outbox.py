"""The outbox: notifications on their way, claimed by one replica at a time, and every attempt to deliver them.

A claimed row carries its owner, the end of the lease and an epoch; whatever is written about it later is conditional on
the epoch, so that a replica that lost its lease can no longer change the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, Text, and_, cast, func, insert, or_, select, text, tuple_, update

from alertd.routing.told import Content
from alertd.store.rows import content_values, read_content
from alertd.store.statements import chunks, locked, update_rows
from alertd.store.tables import attempts, notifications

PENDING, SENDING, SENT, FAILED = "pending", "sending", "sent", "failed"
SUPERSEDED, WITHDRAWN = "superseded", "withdrawn"


@dataclass(frozen=True)
class Notification:
    """One message for one group to one integration, as its row has it.

    `tries` counts every attempt, `uncertain` those that may have been taken by the receiver all the same. `alerts` are
    the alerts of the message, as they are rendered.
    """

    organisation: str
    id: str
    group_id: str
    group_key: str
    group_labels: Mapping[str, str]
    receiver: str
    integration: str
    episode: str
    sequence: int
    reason: str
    status: str
    content: Content
    alerts: Sequence[Mapping[str, Any]]
    created_at: int
    due_at: int
    tries: int = 0
    uncertain: int = 0
    epoch: int = 0
    lease_until: int | None = None
    finished_at: int | None = None
    error: str = ""


@dataclass(frozen=True)
class Ending:
    """How a try of a claimed notification ended.

    `number` and `outcome` (`delivered`, `temporary`, `permanent`) are the attempt's, `reason`, `status_code` and
    `answer` what was heard; `status` is what the notification is now, `due_at` its next try if it has one;
    `uncertain`: somebody may have been told all the same.
    """

    notification: Notification
    number: int
    outcome: str
    status: str
    reason: str = ""
    status_code: int | None = None
    answer: str = ""
    error: str = ""
    due_at: int | None = None
    uncertain: bool = False


def add(connection: Connection, added: Iterable[Notification]) -> None:
    """Put notifications into the outbox."""
    rows = [
        {
            "organisation": item.organisation,
            "id": item.id,
            "group_id": item.group_id,
            "group_key": item.group_key,
            "group_labels": dict(item.group_labels),
            "receiver": item.receiver,
            "integration": item.integration,
            "episode": item.episode,
            "sequence": item.sequence,
            "reason": item.reason,
            "status": item.status,
            "content": content_values(item.content),
            "alerts": list(item.alerts),
            "created_at": item.created_at,
            "due_at": item.due_at,
            "tries": item.tries,
            "uncertain": item.uncertain,
            "epoch": item.epoch,
            "error": item.error,
        }
        for item in added
    ]
    if rows:
        connection.execute(insert(notifications), rows)


def rewrite(
    connection: Connection,
    organisation: str,
    notification_id: str,
    *,
    reason: str,
    content: Content,
    alerts: Sequence[Mapping[str, Any]],
    due_at: int | None = None,
) -> None:
    """Change what a notification says that nobody can have seen yet, and when it is due."""
    values: dict[str, Any] = {"reason": reason, "content": content_values(content), "alerts": list(alerts)}
    if due_at is not None:
        values["due_at"] = due_at
    connection.execute(update(notifications).where(_is(organisation, notification_id)).values(**values))


def close(connection: Connection, organisation: str, notification_id: str, status: str, error: str, now: int) -> None:
    """End a notification that is not sent: superseded, withdrawn."""
    connection.execute(
        update(notifications)
        .where(_is(organisation, notification_id), notifications.c.status.in_((PENDING, SENDING)))
        .values(status=status, error=error, finished_at=now, lease_until=None)
    )


def mark_outdated(connection: Connection, organisation: str, notification_id: str) -> None:
    """Note on a notification in the air that its group has moved on, so that it is planned again when it lands."""
    connection.execute(
        update(notifications)
        .where(_is(organisation, notification_id), notifications.c.status == SENDING)
        .values(error="outdated")
    )


_CLAIM_SQLITE = text("""
    UPDATE notifications
    SET status = 'sending', owner = :owner, lease_until = :lease_until, epoch = epoch + 1,
        uncertain = uncertain + (status = 'sending')
    WHERE (organisation, id) IN (
        SELECT organisation, id FROM notifications
        WHERE (status = 'pending' AND due_at <= :now) OR (status = 'sending' AND lease_until <= :now)
        ORDER BY due_at LIMIT :count
    )
    RETURNING organisation, id
""")

_CLAIM_POSTGRESQL = text("""
    WITH due AS (
        SELECT organisation, id FROM notifications
        WHERE (status = 'pending' AND due_at <= :now) OR (status = 'sending' AND lease_until <= :now)
        ORDER BY due_at LIMIT :count FOR UPDATE SKIP LOCKED
    )
    UPDATE notifications AS n
    SET status = 'sending', owner = :owner, lease_until = :lease_until, epoch = n.epoch + 1,
        uncertain = n.uncertain + CASE WHEN n.status = 'sending' THEN 1 ELSE 0 END
    FROM due WHERE n.organisation = due.organisation AND n.id = due.id
    RETURNING n.organisation, n.id
""")


def claim(connection: Connection, owner: str, now: int, lease: int, count: int) -> list[Notification]:
    """Take up to `count` notifications that are due, and those whose owner died with them in the air."""
    statement = _CLAIM_POSTGRESQL if connection.dialect.name == "postgresql" else _CLAIM_SQLITE
    parameters = {"owner": owner, "now": now, "lease_until": now + lease, "count": count}
    places = {tuple(key): place for place, key in enumerate(connection.execute(statement, parameters))}
    claimed = []
    for chunk in chunks(places):
        query = select(notifications).where(tuple_(notifications.c.organisation, notifications.c.id).in_(chunk))
        claimed += [_read(row) for row in connection.execute(query)]
    return sorted(claimed, key=lambda item: (item.due_at, item.created_at, places[item.organisation, item.id]))


def take_over(connection: Connection, claimed: Notification, fresh: Notification) -> None:
    """Give the claim on one notification, which is closed, to the one that takes its place."""
    old = select(notifications.c.owner).where(_is(claimed.organisation, claimed.id))
    owner = connection.execute(old).scalar_one()
    connection.execute(
        update(notifications)
        .where(_is(fresh.organisation, fresh.id))
        .values(status=SENDING, owner=owner, lease_until=claimed.lease_until, epoch=1)
    )


def release_dead(connection: Connection, living: Iterable[str], now: int) -> int:
    """End the leases of owners that are not among the living: what they had in the air is due again."""
    statement = (
        update(notifications)
        .where(notifications.c.status == SENDING, notifications.c.owner.not_in(sorted(living)))
        .values(lease_until=now)
    )
    return connection.execute(statement).rowcount


def put_back(connection: Connection, organisation: str, notification_id: str, epoch: int, due_at: int) -> None:
    """Give a claimed notification back untried: its channel is not free before `due_at`."""
    connection.execute(
        update(notifications)
        .where(_is(organisation, notification_id), notifications.c.epoch == epoch)
        .values(status=PENDING, due_at=due_at, owner=None, lease_until=None)
    )


def begin_attempts(connection: Connection, tried: Sequence[Notification], now: int) -> list[Notification]:
    """Write down that a try of each claimed notification begins, before anything is sent; they, with it counted."""
    begun = [replace(item, tries=item.tries + 1) for item in tried]
    key = [{"organisation": item.organisation, "id": item.id} for item in begun]
    update_rows(connection, notifications, [{**own, "tries": item.tries} for own, item in zip(key, begun, strict=True)])
    rows = [
        {
            "organisation": item.organisation,
            "notification_id": item.id,
            "number": item.tries,
            "started_at": now,
            "outcome": "unknown",
            "reason": "",
            "answer": "",
        }
        for item in begun
    ]
    if rows:
        connection.execute(insert(attempts), rows)
    return begun


def standing(connection: Connection, claimed: Iterable[Notification]) -> dict[tuple[str, str], bool]:
    """Those of the claimed notifications whose lease is still ours, locked; whether their group moved on meanwhile.

    By organisation and id.
    """
    epochs = {(item.organisation, item.id): item.epoch for item in claimed}
    found = {}
    for chunk in chunks(sorted(epochs)):
        query = (
            select(notifications.c.organisation, notifications.c.id, notifications.c.epoch, notifications.c.error)
            .where(
                tuple_(notifications.c.organisation, notifications.c.id).in_(chunk),
                notifications.c.status == SENDING,
            )
            .order_by(notifications.c.organisation, notifications.c.id)
        )
        for row in connection.execute(locked(connection, query)):
            if epochs[row.organisation, row.id] == row.epoch:
                found[row.organisation, row.id] = row.error == "outdated"
    return found


def end_attempts(connection: Connection, endings: Iterable[Ending], now: int) -> None:
    """Write down how tries ended, whoever has the lease now."""
    rows = [
        {
            "organisation": ending.notification.organisation,
            "notification_id": ending.notification.id,
            "number": ending.number,
            "finished_at": now,
            "outcome": ending.outcome,
            "reason": ending.reason,
            "status_code": ending.status_code,
            "answer": ending.answer[:2000],
        }
        for ending in endings
    ]
    update_rows(connection, attempts, rows)


def finish(connection: Connection, endings: Iterable[Ending], now: int) -> None:
    """Write what became of notifications whose lease is ours (`standing`)."""
    rows: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for ending in endings:
        item, over = ending.notification, ending.due_at is None
        rows[over].append(
            {
                "organisation": item.organisation,
                "id": item.id,
                "status": ending.status,
                "error": ending.error[:500],
                "owner": None,
                "lease_until": None,
                "uncertain": item.uncertain + ending.uncertain,
                **({"finished_at": now} if over else {"due_at": ending.due_at}),
            }
        )
    for same in rows.values():
        update_rows(connection, notifications, same)


def groups_with_open(connection: Connection, organisation: str, group_ids: Iterable[str]) -> set[str]:
    """Those of the groups that still have a notification on its way."""
    found: set[str] = set()
    for chunk in chunks(sorted(set(group_ids))):
        query = select(notifications.c.group_id).where(
            notifications.c.organisation == organisation,
            notifications.c.group_id.in_(chunk),
            notifications.c.status.in_((PENDING, SENDING)),
        )
        found |= set(connection.execute(query).scalars())
    return found


def next_due(connection: Connection) -> int | None:
    """When the next notification is due, or the lease of one in the air ends."""
    pending = select(func.min(notifications.c.due_at)).where(notifications.c.status == PENDING)
    sending = select(func.min(notifications.c.lease_until)).where(notifications.c.status == SENDING)
    instants = [connection.execute(query).scalar() for query in (pending, sending)]
    return min((instant for instant in instants if instant is not None), default=None)


def get(connection: Connection, organisation: str, notification_id: str) -> Notification | None:
    return _get(connection, organisation, notification_id)


def listing(
    connection: Connection,
    organisation: str,
    *,
    statuses: Sequence[str] = (),
    receiver: str | None = None,
    integration: str | None = None,
    fingerprint: str | None = None,
    before: tuple[int, str] | None = None,
    limit: int = 100,
) -> list[Notification]:
    """The newest notifications first; `before` is (created_at, id) of the last one of the page before."""
    query = (
        select(notifications)
        .where(notifications.c.organisation == organisation)
        .order_by(notifications.c.created_at.desc(), notifications.c.id.desc())
        .limit(limit)
    )
    if statuses:
        query = query.where(notifications.c.status.in_(statuses))
    if receiver is not None:
        query = query.where(notifications.c.receiver == receiver)
    if integration is not None:
        query = query.where(notifications.c.integration == integration)
    if fingerprint is not None:
        # A fingerprint is sixteen hex digits and stands in the message as a JSON string.
        query = query.where(cast(notifications.c.alerts, Text).contains(f'"{fingerprint}"'))
    if before is not None:
        at, last = before
        older = and_(notifications.c.created_at == at, notifications.c.id < last)
        query = query.where(or_(notifications.c.created_at < at, older))
    return [_read(row) for row in connection.execute(query)]


def attempts_of(connection: Connection, organisation: str, notification_id: str) -> list[dict[str, Any]]:
    """Every try of a notification in order, as plain values."""
    query = (
        select(attempts)
        .where(attempts.c.organisation == organisation, attempts.c.notification_id == notification_id)
        .order_by(attempts.c.number)
    )
    return [dict(row._mapping) for row in connection.execute(query)]  # noqa: SLF001 - SQLAlchemy's public name


def counts(connection: Connection) -> dict[tuple[str, str], int]:
    """How many notifications there are: (integration, status) → number."""
    query = select(notifications.c.integration, notifications.c.status, func.count()).group_by(
        notifications.c.integration, notifications.c.status
    )
    return {(integration, status): number for integration, status, number in connection.execute(query)}


def prune(connection: Connection, before: int, limit: int = 1000) -> int:
    """Delete up to `limit` finished notifications older than `before`, with their attempts."""
    query = select(notifications.c.organisation, notifications.c.id).where(notifications.c.finished_at < before)
    old = connection.execute(query.limit(limit)).all()
    for organisation, notification_id in old:
        connection.execute(
            attempts.delete().where(
                attempts.c.organisation == organisation, attempts.c.notification_id == notification_id
            )
        )
        connection.execute(notifications.delete().where(_is(organisation, notification_id)))
    return len(old)


def _is(organisation: str, notification_id: str) -> Any:
    return and_(notifications.c.organisation == organisation, notifications.c.id == notification_id)


def _get(connection: Connection, organisation: str, notification_id: str) -> Notification | None:
    row = connection.execute(select(notifications).where(_is(organisation, notification_id))).first()
    return _read(row) if row else None


def _read(row: Row[Any]) -> Notification:
    return Notification(
        organisation=row.organisation,
        id=row.id,
        group_id=row.group_id,
        group_key=row.group_key,
        group_labels=row.group_labels,
        receiver=row.receiver,
        integration=row.integration,
        episode=row.episode,
        sequence=row.sequence,
        reason=row.reason,
        status=row.status,
        content=read_content(row.content),
        alerts=row.alerts,
        created_at=row.created_at,
        due_at=row.due_at,
        tries=row.tries,
        uncertain=row.uncertain,
        epoch=row.epoch,
        lease_until=row.lease_until,
        finished_at=row.finished_at,
        error=row.error,
    )
