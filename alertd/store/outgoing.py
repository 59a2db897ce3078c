"""Series on their way to others: a queue for each source, whose rows go in order and stay until they are taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from alertd.store.statements import in_turn
from alertd.store.tables import outgoing_writes


@dataclass(frozen=True)
class Outgoing:
    """A part of a request: `samples` many, `tries` made so far; `body` is as it was given."""

    id: int
    created_at: int
    due_at: int
    tries: int
    samples: int
    body: bytes


def add(connection: Connection, organisation: str, source: str, body: bytes, samples: int, now: int) -> None:
    """Put a part of a request at the end of a source's queue; it is due at once."""
    in_turn(connection, f"outgoing {organisation} {source}")
    connection.execute(
        insert(outgoing_writes).values(
            organisation=organisation,
            source=source,
            created_at=now,
            due_at=now,
            tries=0,
            samples=samples,
            body=body,
        )
    )


def head(connection: Connection, organisation: str, source: str, now: int, most: int) -> list[Outgoing]:
    """The first rows of a source's queue, with about `most` samples; nothing while the first is not due."""
    query = select(outgoing_writes).where(_own(organisation, source)).order_by(outgoing_writes.c.id).limit(most)
    found: list[Outgoing] = []
    samples = 0
    for row in connection.execute(query):
        if samples >= most or (not found and row.due_at > now):
            break
        found.append(Outgoing(row.id, row.created_at, row.due_at, row.tries, row.samples, row.body))
        samples += row.samples
    return found


def remove(connection: Connection, ids: Sequence[int]) -> None:
    """Take rows off the queue."""
    connection.execute(delete(outgoing_writes).where(outgoing_writes.c.id.in_(ids)))


def postpone(connection: Connection, first: int, due_at: int) -> None:
    """Let the row at the head, and with it all behind it, wait until `due_at`."""
    values = {"due_at": due_at, "tries": outgoing_writes.c.tries + 1}
    connection.execute(update(outgoing_writes).where(outgoing_writes.c.id == first).values(**values))


def expire(connection: Connection, organisation: str, source: str, before: int) -> int:
    """Give up what has waited since before an instant; how many samples that were."""
    old = _own(organisation, source) & (outgoing_writes.c.created_at < before)
    samples = connection.execute(select(func.coalesce(func.sum(outgoing_writes.c.samples), 0)).where(old)).scalar_one()
    if samples:
        connection.execute(delete(outgoing_writes).where(old))
    return int(samples)


def _own(organisation: str, source: str) -> ColumnElement[bool]:
    return (outgoing_writes.c.organisation == organisation) & (outgoing_writes.c.source == source)
