"""The snapshot source of a running service: rows are the truth, memory is a cache that follows them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import cramjam
from sqlalchemy import Connection

from alertd.clock import HOUR, MINUTE
from alertd.promql import Expr, Options, Storage
from alertd.service import pushgroups
from alertd.service.batching import Batches
from alertd.service.pushgroups import InconsistentPush, check_others, families_of, series_of
from alertd.sources.admission import Admission, Admitted, Allowance, SampleLimits
from alertd.sources.base import Answer
from alertd.sources.descriptions import Description
from alertd.sources.exposition.families import Family
from alertd.sources.otlp.messages import Request
from alertd.sources.otlp.translation import Translated, Translator
from alertd.sources.remotewrite.request import UNBOUNDED, WriteRequest
from alertd.sources.remotewrite.version1 import Version1Reader, write_request
from alertd.sources.remotewrite.version2 import Version2Reader
from alertd.sources.samples import SnapshotSource
from alertd.sources.series import Identity, Key, SeriesLimits, SeriesSamples
from alertd.sources.snapshots import Limits, PathMapping, Snapshot, SnapshotRejected, flatten
from alertd.sources.timelines import Said
from alertd.store import descriptions as description_rows
from alertd.store import pushgroups as group_rows
from alertd.store import snapshots as snapshot_rows
from alertd.store.database import Database
from alertd.store.snapshots import Kind, StoredPush

#: The label that names the rule group in the rows that recording rules write.
RECORDED_BY = "alertd_recorded_by"

_BATCH = 200
# So many requests share one commit that it costs each of them little, and none of them waits long.
_TOGETHER = 32
_MOST_FRESH = 256


@dataclass(frozen=True)
class Setup:
    """What a source is told by the configuration; durations are milliseconds, `size` is in bytes."""

    mappings: tuple[PathMapping, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    series_limits: SeriesLimits = SeriesLimits()
    sample_limits: SampleLimits = SampleLimits()
    stale_after: int = 5 * MINUTE
    retention: int = 6 * HOUR
    size: int = 1 << 30
    samples_per_second: int = 0


@dataclass(frozen=True)
class _Row:
    """A row to be written."""

    at: int
    received_at: int
    labels: Mapping[str, str]
    samples: int
    first_at: int
    kind: Kind
    body: bytes


@dataclass(frozen=True)
class _Decoded:
    """A row that was read: what it says is either samples of one instant or series.

    `is_admitted`: its series were judged here, so that their newest samples are known already.
    """

    id: int
    at: int
    labels: Mapping[str, str]
    kind: Kind
    samples: Sequence[Said] = ()
    series: Sequence[SeriesSamples] = ()
    is_admitted: bool = False


class StoredSnapshots:
    """Answers expressions over what was pushed to one source of one organisation, by whichever replica took it."""

    def __init__(
        self, database: Database, organisation: str, name: str, setup: Setup, *, now: Callable[[], int]
    ) -> None:
        self.name = name
        self.organisation = organisation
        self.setup = setup
        self._database = database
        self._now = now
        self._memory = SnapshotSource(setup.stale_after, now)
        self._admission = Admission(setup.sample_limits)
        self._version1 = Version1Reader(setup.series_limits)
        self._version2 = Version2Reader(setup.series_limits)
        self._allowance = Allowance(setup.samples_per_second)
        self._translator = Translator(setup.series_limits)
        self._labelled: dict[Key, Identity] = {}
        self._batches: Batches[_Row, int] = Batches(self._add, most=_TOGETHER)
        self._seen = 0
        self._has_groups = False
        # One follows at a time: of two, each would read what the other has taken.
        self._following = asyncio.Lock()
        # When each description was written here last.
        self._described: dict[Description, int] = {}
        # What was written here need not be read back.
        self._fresh: dict[int, _Decoded] = {}

    @property
    def retention(self) -> int:
        """How long rows are kept, in milliseconds."""
        return self.setup.retention

    @property
    def storage(self) -> Storage:
        """The samples, as far as they were followed."""
        return self._memory.storage

    @property
    def options(self) -> Options:
        """How to evaluate over `storage`."""
        return self._memory.options

    def reading(self, database: Database) -> StoredSnapshots:
        """The same source over the rows of another database."""
        return StoredSnapshots(database, self.organisation, self.name, self.setup, now=self._now)

    async def query(self, expr: Expr, at: int) -> Answer:
        """The value of `expr` at `at` over everything that was stored before. Raises `SourceError`."""
        await self.follow()
        return await self._memory.query(expr, at)

    def read(self, document: object, labels: Mapping[str, str], at: int) -> Snapshot:
        """What a pushed document says. Raises `SnapshotRejected`, which names the path of what was wrong."""
        setup = self.setup
        return flatten(document, setup.mappings, {**setup.labels, **labels}, at, setup.limits)

    async def push(self, snapshot: Snapshot, now: int) -> int:
        """Keep a snapshot; its id.

        Raises `SnapshotRejected` for one of another time than that of the source, and for one series too many.
        """
        await self.follow()
        self._check_snapshot(snapshot, now)
        samples = [(dict(labels), value) for labels, value in snapshot.samples]
        body = snapshot_rows.packed(samples)
        row = _Row(snapshot.at, now, snapshot.labels, len(samples), snapshot.at, Kind.SNAPSHOT, body)
        return await self._batches.add(row)

    def read_write(self, body: bytes, kind: Kind, most: int = UNBOUNDED) -> WriteRequest:
        """What a request of remote write of at most so many samples says. Raises `WireError`."""
        reader = self._version2 if kind is Kind.WRITE_2 else self._version1
        return reader.read(body, most)

    def translate(self, request: Request) -> Translated:
        """The series of a request of OTLP metrics, and what of it can be none."""
        return self._translator.translate(request)

    def wait(self, samples: int, now: int) -> int:
        """For how many milliseconds a request with so many samples must wait; 0 when it may come, and is counted."""
        return self._allowance.ask(samples, now)

    async def write(
        self, series: Sequence[SeriesSamples], now: int, original: tuple[Kind, bytes] | None = None
    ) -> Admitted:
        """Keep the samples that may be stored, and say which may not.

        `original` is the request, compressed, that said exactly this. It is kept as it came where all of it may be.
        """
        await self.follow()
        own = self._with_labels(series)
        admitted = self._admission.admit(own, now, self._memory.of_snapshots() + self._memory.of_groups())
        if admitted.series:
            kind, body = Kind.WRITE_1, b""
            if original is not None and own is series and not admitted.refused:
                kind, body = original
            else:
                body = bytes(cramjam.snappy.compress_raw(write_request(admitted.series)))
                # Version 1.0 does not say since when samples count; all replicas shall know the same.
                admitted.series = [replace(one, start=0) for one in admitted.series]
            reservation = self._admission.reserve(admitted)
            row = _Row(now, now, {}, admitted.samples + admitted.histograms, admitted.first_at, kind, body)
            try:
                row_id = await self._batches.add(row)
            except BaseException:
                self._admission.release(reservation)
                raise
            self._remember(_Decoded(row_id, now, {}, kind, series=admitted.series, is_admitted=True))
        return admitted

    async def describe(self, said: Iterable[Description], now: int) -> None:
        """Keep what is said of metrics; what was said before is written anew when half of its time is over.

        As many descriptions are kept as the source may have series, and of a text as much as of a label's value.
        """
        due: list[Description] = []
        for description in said:
            written = self._described.get(description)
            if written is None and len(self._described) + len(due) >= self.setup.sample_limits.series:
                continue
            if written is None or written <= now - self.setup.retention // 2:
                due.append(description)
        kept = [one.within(self.setup.series_limits.value) for one in due if _can_be_kept(one)]
        if kept:
            await self._database.run(description_rows.put, self.organisation, self.name, kept, now)
        self._described.update(dict.fromkeys(due, now))

    async def descriptions(self, metric: str = "") -> list[Description]:
        """All that pushers said of one metric, or of each, in the order of their names."""
        rows = await self._database.run(description_rows.every, self.organisation, self.name, metric)
        groups = await self._database.run(group_rows.every, self.organisation, self.name)
        said = {Description(*row) for row in rows}
        for group in groups:
            said.update(found for found in pushgroups.descriptions_of(group) if metric in ("", found.metric))
        return sorted(said)

    async def push_group(
        self, labels: Mapping[str, str], families: Sequence[Family], now: int, *, replace_all: bool
    ) -> None:
        """Let a group say something new: instead of all that it said, or of the metrics of the same names.

        Raises `InconsistentPush`; the group says then when that was.
        """
        await self.follow()
        own = {**self.setup.labels, **labels}
        try:
            kept = families_of(families, own, self.setup.series_limits)
            besides = len(self._admission) + self._memory.of_snapshots()
            most = self.setup.sample_limits.series
            check_others(own, series_of(kept), self._memory.groups(), most=most, besides=besides)
            await self._database.run(
                pushgroups.push, self.organisation, self.name, own, kept, now, replace_all=replace_all
            )
        except InconsistentPush:
            await self._database.run(pushgroups.fail, self.organisation, self.name, own, now)
            raise

    async def remove_group(self, labels: Mapping[str, str], now: int) -> bool:
        """Delete a group; whether there was one."""
        own = {**self.setup.labels, **labels}
        return await self._database.run(pushgroups.remove, self.organisation, self.name, own, now)

    def record(self, samples: Sequence[tuple[Mapping[str, str], float]], at: int) -> None:
        """Let later rules of the same evaluation see what a recording rule made, before it is committed."""
        for labels, value in samples:
            self._memory.record(labels, at, value)

    async def follow(self) -> None:
        """Take in the rows that were added since the last time."""
        async with self._following:
            await self._follow()

    async def _follow(self) -> None:
        if not self._has_groups:
            await self._take_groups()
        while True:
            ids = await self._database.run(
                snapshot_rows.ids_after, self.organisation, self.name, self._seen, limit=_BATCH
            )
            fresh = {row_id: self._fresh.pop(row_id) for row_id in ids if row_id in self._fresh}
            missing = [row_id for row_id in ids if row_id not in fresh]
            if missing:
                rows = await self._database.run(self._read, missing)
                fresh.update((row.id, row) for row in rows)
            for row_id in ids:
                if row_id in fresh:
                    self._take(fresh[row_id])
                self._seen = max(self._seen, row_id)
            if len(ids) < _BATCH:
                return

    async def shrink(self, now: int) -> None:
        """Drop from memory what is too old, and what the database has no more."""
        async with self._following:
            oldest = await self._database.run(snapshot_rows.oldest, self.organisation, self.name)
            self.forget(max(now - self.setup.retention, oldest or 0))

    def forget(self, before: int) -> None:
        """Drop what is older than `before` from memory."""
        self._memory.prune(before)
        self._admission.forget(before)
        self._described = {said: at for said, at in self._described.items() if at >= before}

    async def _take_groups(self) -> None:
        """What groups said last is there however long ago that was."""
        groups = await self._database.run(group_rows.every, self.organisation, self.name)
        for group in groups:
            samples = pushgroups.said(pushgroups.samples_of(group))
            self._memory.ingest_group(f"group {group.at}", group.at, group.labels, samples)
        self._has_groups = True

    def _take(self, row: _Decoded) -> None:
        name = str(row.id)
        if row.kind is Kind.SNAPSHOT:
            self._memory.ingest(name, row.at, row.labels, row.samples)
        elif row.kind is Kind.GROUP:
            self._memory.ingest_group(name, row.at, row.labels, row.samples)
        elif self._memory.ingest_series(name, row.at, row.series) and not row.is_admitted:
            self._admission.note(row.series)

    def _read(self, connection: Connection, ids: Sequence[int]) -> list[_Decoded]:
        return [self._decoded(row) for row in snapshot_rows.by_id(connection, ids)]

    def _decoded(self, row: StoredPush) -> _Decoded:
        if row.kind in (Kind.SNAPSHOT, Kind.GROUP):
            return _Decoded(row.id, row.at, row.labels, row.kind, samples=pushgroups.said(row.samples))
        request = self.read_write(bytes(cramjam.snappy.decompress_raw(row.body)), row.kind)
        return _Decoded(row.id, row.at, row.labels, row.kind, series=request.series)

    async def _add(self, rows: Sequence[_Row]) -> Sequence[int]:
        return await self._database.run(self._insert, rows)

    def _insert(self, connection: Connection, rows: Sequence[_Row]) -> list[int]:
        return [
            snapshot_rows.add_body(
                connection,
                self.organisation,
                self.name,
                at=row.at,
                received_at=row.received_at,
                labels=row.labels,
                samples=row.samples,
                first_at=row.first_at,
                kind=row.kind,
                body=row.body,
            )
            for row in rows
        ]

    def _check_snapshot(self, snapshot: Snapshot, now: int) -> None:
        limits = self.setup.sample_limits
        if snapshot.at > now + limits.ahead:
            raise SnapshotRejected("timestamp", f"this is more than {limits.ahead // MINUTE} minutes in the future")
        if snapshot.at < now - limits.behind:
            raise SnapshotRejected("timestamp", "this is older than the source keeps metrics")
        others = len(self._admission) + self._memory.of_groups() + self._memory.of_snapshots(but=snapshot.labels)
        number = others + len(snapshot.samples)
        if number > limits.series:
            raise SnapshotRejected("", f"a source may have {limits.series} series, with these there would be {number}")

    def _remember(self, row: _Decoded) -> None:
        while len(self._fresh) >= _MOST_FRESH:
            self._fresh.pop(next(iter(self._fresh)))
        self._fresh[row.id] = row

    def _with_labels(self, series: Sequence[SeriesSamples]) -> Sequence[SeriesSamples]:
        """The series with the labels of the source, where they do not have them."""
        if not self.setup.labels:
            return series
        return [replace(one, identity=self._identity(one.identity)) for one in series]

    def _identity(self, identity: Identity) -> Identity:
        if identity.problem is not None:
            return identity
        found = self._labelled.get(identity.key)
        if found is None:
            pairs = tuple({**self.setup.labels, **identity.labels}.items())
            found = self._labelled[identity.key] = Identity(pairs, self.setup.series_limits)
        return found


def _can_be_kept(description: Description) -> bool:
    """No database has room for the character U+0000, and a description is one of something."""
    return bool(description.metric) and not any("\0" in text for text in description)
