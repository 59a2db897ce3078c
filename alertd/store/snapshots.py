"""Pushed metrics: one row a push, its samples as compressed JSON, so that every replica and every restart sees them."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, delete, func, insert, select

from alertd.store.tables import snapshots

Sample = tuple[dict[str, str], float]

# JSON has no word for values that are no finite numbers; those are texts, as Python writes them.
_Written = list[tuple[dict[str, str], float | str]]


@dataclass(frozen=True)
class StoredSnapshot:
    """One push: `labels` name the pusher, `samples` are (labels with `__name__`, value) at the instant `at`."""

    id: int
    source: str
    at: int
    received_at: int
    labels: Mapping[str, str]
    samples: Sequence[Sample]


def add(
    connection: Connection,
    organisation: str,
    source: str,
    *,
    at: int,
    received_at: int,
    labels: Mapping[str, str],
    samples: Sequence[Sample],
) -> int:
    """Keep a push; its id."""
    statement = insert(snapshots).values(
        organisation=organisation,
        source=source,
        at=at,
        received_at=received_at,
        labels=dict(labels),
        samples=len(samples),
        body=_packed(samples),
    )
    return int(connection.execute(statement.returning(snapshots.c.id)).scalar_one())


def after(
    connection: Connection, organisation: str, source: str, snapshot_id: int, limit: int = 1000
) -> list[StoredSnapshot]:
    """The pushes to a source with an id above `snapshot_id`, in order."""
    query = (
        select(snapshots)
        .where(snapshots.c.organisation == organisation, snapshots.c.source == source, snapshots.c.id > snapshot_id)
        .order_by(snapshots.c.id)
        .limit(limit)
    )
    return [
        StoredSnapshot(
            id=row.id,
            source=row.source,
            at=row.at,
            received_at=row.received_at,
            labels=row.labels,
            samples=_unpacked(row.body),
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


def prune(connection: Connection, source: str, before: int, limit: int = 1000) -> int:
    """Delete up to `limit` pushes to a source that were received before `before`."""
    old = (
        select(snapshots.c.id)
        .where(snapshots.c.source == source, snapshots.c.received_at < before)
        .order_by(snapshots.c.id)
        .limit(limit)
    )
    return connection.execute(delete(snapshots).where(snapshots.c.id.in_(old))).rowcount


def _packed(samples: Sequence[Sample]) -> bytes:
    written: _Written = [(labels, value if math.isfinite(value) else repr(value)) for labels, value in samples]
    return zlib.compress(msgspec.json.encode(written), 1)


def _unpacked(body: bytes) -> list[Sample]:
    written = msgspec.json.decode(zlib.decompress(body), type=_Written)
    return [(labels, float(value)) for labels, value in written]
