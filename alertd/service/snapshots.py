"""The snapshot source of a running service: rows are the truth, memory is a cache that follows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alertd.promql import Expr
from alertd.sources.base import Answer
from alertd.sources.samples import SnapshotSource
from alertd.sources.snapshots import Limits, PathMapping, Snapshot, flatten
from alertd.store import snapshots as snapshot_rows
from alertd.store.database import Database

#: The label that names the rule group in the rows that recording rules write.
RECORDED_BY = "alertd_recorded_by"

_BATCH = 1000


class StoredSnapshots:
    """Answers expressions over what was pushed to one source of one organisation, by whichever replica took it."""

    def __init__(
        self,
        database: Database,
        organisation: str,
        name: str,
        *,
        mappings: Sequence[PathMapping] = (),
        labels: Mapping[str, str] | None = None,
        limits: Limits = Limits(),
        stale_after: int,
        retention: int,
    ) -> None:
        self.name = name
        self.organisation = organisation
        self.retention = retention
        self._database = database
        self._mappings = tuple(mappings)
        self._labels = dict(labels or {})
        self._limits = limits
        self._stale_after = stale_after
        self._memory = SnapshotSource(stale_after=stale_after)
        self._seen = 0

    def reading(self, database: Database) -> StoredSnapshots:
        """The same source over the rows of another database."""
        return StoredSnapshots(
            database,
            self.organisation,
            self.name,
            mappings=self._mappings,
            labels=self._labels,
            limits=self._limits,
            stale_after=self._stale_after,
            retention=self.retention,
        )

    async def query(self, expr: Expr, at: int) -> Answer:
        """The value of `expr` at `at` over everything that was stored before. Raises `SourceError`."""
        await self.follow()
        return await self._memory.query(expr, at)

    def read(self, document: object, labels: Mapping[str, str], at: int) -> Snapshot:
        """What a pushed document says. Raises `SnapshotRejected`, which names the path of what was wrong."""
        return flatten(document, self._mappings, {**self._labels, **labels}, at, self._limits)

    async def push(self, snapshot: Snapshot, now: int) -> int:
        """Keep a snapshot; its id."""
        return await self._database.run(
            snapshot_rows.add,
            self.organisation,
            self.name,
            at=snapshot.at,
            received_at=now,
            labels=snapshot.labels,
            samples=[(dict(labels), value) for labels, value in snapshot.samples],
        )

    def record(self, samples: Sequence[tuple[Mapping[str, str], float]], at: int) -> None:
        """Let later rules of the same evaluation see what a recording rule made, before it is committed."""
        for labels, value in samples:
            self._memory.record(labels, at, value)

    async def follow(self) -> None:
        """Take in the rows that were added since the last time."""
        while True:
            rows = await self._database.run(snapshot_rows.after, self.organisation, self.name, self._seen, limit=_BATCH)
            for row in rows:
                self._memory.ingest(str(row.id), row.at, row.labels, row.samples)
                self._seen = row.id
            if len(rows) < _BATCH:
                return

    def forget(self, before: int) -> None:
        """Drop what is older than `before` from memory."""
        self._memory.prune(before)
