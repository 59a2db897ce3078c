"""Pushed metrics: one row a push, compressed, so that every replica and every restart sees them."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, delete, func, insert, select

from alertd.store.statements import in_turn
from alertd.store.tables import snapshots

#: Labels with `__name__`, and a number, or a native histogram as PromQL writes it.
Sample = tuple[dict[str, str], float | str]

_HISTOGRAM = "{{"
# JSON has no word for values that are no finite numbers; those are texts, as Python writes them.
_Written = list[tuple[dict[str, str], float | str]]


class Kind(StrEnum):
    """What a row's body is: samples of one instant, or a request of remote write as it came."""

    SNAPSHOT = "snapshot"
    #: Samples that hold until the next row of the same labels.
    GROUP = "group"
    WRITE_1 = "write1"
    WRITE_2 = "write2"


@dataclass(frozen=True)
class StoredPush:
    """One push: `labels` name the pusher, `body` is what `kind` says; it came at `received_at` and is of `at`."""

    id: int
    source: str
    at: int
    received_at: int
    labels: Mapping[str, str]
    kind: Kind
    body: bytes

    @property
    def samples(self) -> list[Sample]:
        """What a snapshot or a group says: (labels with `__name__`, value)."""
        written = msgspec.json.decode(zlib.decompress(self.body), type=_Written)
        return [(labels, value_of(value)) for labels, value in written]


def add(
    connection: Connection,
    organisation: str,
    source: str,
    *,
    at: int,
    received_at: int,
    labels: Mapping[str, str],
    samples: Sequence[Sample],
    kind: Kind = Kind.SNAPSHOT,
) -> int:
    """Keep a push of one instant; its id."""
    return add_body(
        connection,
        organisation,
        source,
        at=at,
        received_at=received_at,
        labels=labels,
        samples=len(samples),
        first_at=at,
        kind=kind,
        body=packed(samples),
    )


def add_body(
    connection: Connection,
    organisation: str,
    source: str,
    *,
    at: int,
    received_at: int,
    labels: Mapping[str, str],
    samples: int,
    first_at: int,
    kind: Kind,
    body: bytes,
) -> int:
    """Keep a push whose body is written already; its id. Ids become visible in their order.

    `first_at` is the instant of its oldest sample.
    """
    in_turn(connection, f"snapshots {organisation} {source}")
    statement = insert(snapshots).values(
        organisation=organisation,
        source=source,
        at=at,
        received_at=received_at,
        labels=dict(labels),
        samples=samples,
        first_at=first_at,
        kind=kind.value,
        size=len(body),
        body=body,
    )
    return int(connection.execute(statement.returning(snapshots.c.id)).scalar_one())


def ids_after(connection: Connection, organisation: str, source: str, push_id: int, limit: int = 1000) -> list[int]:
    """The ids of the pushes to a source above `push_id`, in order."""
    query = (
        select(snapshots.c.id)
        .where(snapshots.c.organisation == organisation, snapshots.c.source == source, snapshots.c.id > push_id)
        .order_by(snapshots.c.id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def by_id(connection: Connection, ids: Sequence[int]) -> list[StoredPush]:
    """The pushes with these ids, in order; those that are deleted already are left out."""
    query = select(snapshots).where(snapshots.c.id.in_(ids)).order_by(snapshots.c.id)
    return [
        StoredPush(
            id=row.id,
            source=row.source,
            at=row.at,
            received_at=row.received_at,
            labels=row.labels,
            kind=Kind(row.kind),
            body=row.body,
        )
        for row in connection.execute(query)
    ]


def latest(connection: Connection, organisation: str) -> list[tuple[str, int, int, Mapping[str, str]]]:
    """The newest push of each source: (source, at, number of samples, labels)."""
    newest = (
        select(func.max(snapshots.c.id))
        .where(snapshots.c.organisation == organisation)
        .group_by(snapshots.c.source)
        .scalar_subquery()
    )
    query = select(snapshots.c.source, snapshots.c.at, snapshots.c.samples, snapshots.c.labels).where(
        snapshots.c.id.in_(newest)
    )
    return [(row.source, row.at, row.samples, row.labels) for row in connection.execute(query.order_by("source"))]


def prune(connection: Connection, source: str, before: int, limit: int = 3000) -> int:
    """Delete up to `limit` pushes to a source that were received before `before`."""
    old = (
        select(snapshots.c.id)
        .where(snapshots.c.source == source, snapshots.c.received_at < before)
        .order_by(snapshots.c.id)
        .limit(limit)
    )
    return connection.execute(delete(snapshots).where(snapshots.c.id.in_(old))).rowcount


def shrink(connection: Connection, organisation: str, source: str, size: int, limit: int = 3000) -> int:
    """Delete up to `limit` of the oldest pushes to a source, as long as it holds more than `size` bytes."""
    own = (snapshots.c.organisation == organisation) & (snapshots.c.source == source)
    newer = func.sum(snapshots.c.size).over(order_by=snapshots.c.id.desc())
    sums = select(snapshots.c.id, newer.label("newer")).where(own).subquery()
    beyond = select(sums.c.id).where(sums.c.newer > size).order_by(sums.c.id).limit(limit)
    return connection.execute(delete(snapshots).where(snapshots.c.id.in_(beyond))).rowcount


def oldest(connection: Connection, organisation: str, source: str) -> int | None:
    """The instant of the oldest sample that a source holds; None when it holds no push."""
    own = (snapshots.c.organisation == organisation) & (snapshots.c.source == source)
    found: int | None = connection.execute(select(func.min(snapshots.c.first_at)).where(own)).scalar_one()
    return found


def packed(samples: Sequence[Sample]) -> bytes:
    """Samples of one instant as a body."""
    written: _Written = [
        (labels, value if isinstance(value, str) or math.isfinite(value) else repr(value)) for labels, value in samples
    ]
    return zlib.compress(msgspec.json.encode(written), 1)


def value_of(written: float | str) -> float | str:
    """A value as a sample has it: a number, also where it is written as a text, or the text of a native histogram."""
    return written if isinstance(written, str) and written.startswith(_HISTOGRAM) else float(written)
