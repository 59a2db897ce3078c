"""Groups of pushed metrics: what each said last, which holds until it is replaced or deleted."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, delete, select

from alertd.store.snapshots import Sample, value_of
from alertd.store.statements import upsert
from alertd.store.tables import push_groups


class StoredFamily(msgspec.Struct, array_like=True):
    """One metric of a group: its type and texts, and samples as (labels with `__name__`, value).

    The values are texts, as Python writes numbers, since JSON has no word for some of them, and PromQL histograms.
    """

    type: str
    help: str
    unit: str
    values: list[tuple[dict[str, str], str]]

    @property
    def samples(self) -> Iterator[Sample]:
        return ((labels, value_of(value)) for labels, value in self.values)


_FAMILIES = msgspec.json.Decoder(dict[str, StoredFamily])


@dataclass(frozen=True)
class PushGroup:
    """A group by its labels: its metrics by name, as of `at`, and when a push to it succeeded and failed last."""

    labels: Mapping[str, str]
    at: int
    pushed_at: int | None = None
    failed_at: int | None = None
    families: Mapping[str, StoredFamily] = field(default_factory=dict)


def get(connection: Connection, organisation: str, source: str, labels: Mapping[str, str]) -> PushGroup | None:
    """The group with exactly these labels."""
    row = connection.execute(select(push_groups).where(_own(organisation, source, labels))).one_or_none()
    return None if row is None else _read(row)


def every(connection: Connection, organisation: str, source: str) -> list[PushGroup]:
    """All groups of a source, by their labels."""
    own = (push_groups.c.organisation == organisation) & (push_groups.c.source == source)
    return [_read(row) for row in connection.execute(select(push_groups).where(own).order_by(push_groups.c.labels))]


def put(connection: Connection, organisation: str, source: str, group: PushGroup) -> None:
    """Keep a group in place of the one with the same labels."""
    row = {
        "organisation": organisation,
        "source": source,
        "key": key_of(group.labels),
        "labels": dict(sorted(group.labels.items())),
        "at": group.at,
        "pushed_at": group.pushed_at,
        "failed_at": group.failed_at,
        "types": {name: family.type for name, family in group.families.items()},
        "body": zlib.compress(msgspec.json.encode(dict(group.families)), 1),
    }
    upsert(connection, push_groups, [row])


def remove(connection: Connection, organisation: str, source: str, labels: Mapping[str, str]) -> None:
    """Delete the group with exactly these labels."""
    connection.execute(delete(push_groups).where(_own(organisation, source, labels)))


def types_elsewhere(
    connection: Connection, organisation: str, source: str, labels: Mapping[str, str]
) -> dict[str, str]:
    """The types of the metrics that the other groups of a source have."""
    others = select(push_groups.c.types).where(
        push_groups.c.organisation == organisation,
        push_groups.c.source == source,
        push_groups.c.key != key_of(labels),
    )
    return {name: kind for types in connection.execute(others).scalars() for name, kind in types.items()}


def key_of(labels: Mapping[str, str]) -> str:
    """What tells groups apart, short enough for an index however long the labels are."""
    return hashlib.sha256(msgspec.json.encode(sorted(labels.items()))).hexdigest()


def _own(organisation: str, source: str, labels: Mapping[str, str]) -> ColumnElement[bool]:
    return (
        (push_groups.c.organisation == organisation)
        & (push_groups.c.source == source)
        & (push_groups.c.key == key_of(labels))
    )


def _read(row: Row[tuple[object, ...]]) -> PushGroup:
    return PushGroup(
        labels=row.labels,
        at=row.at,
        pushed_at=row.pushed_at,
        failed_at=row.failed_at,
        families=_FAMILIES.decode(zlib.decompress(row.body)),
    )
