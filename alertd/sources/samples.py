"""A source that holds pushed samples in memory and evaluates expressions over them itself."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from alertd.clock import MINUTE
from alertd.promql import (
    EvaluationError,
    Expr,
    Matrix,
    MemoryStorage,
    Options,
    Scalar,
    String,
    evaluate,
)
from alertd.sources.base import Answer, Failure, SourceError
from alertd.sources.snapshots import Sample

Series = frozenset[tuple[str, str]]

_LOOKBACK = 5 * MINUTE


@dataclass(order=True)
class _Push:
    """One snapshot's instant and the series that it had."""

    at: int
    series: frozenset[Series] = field(default=frozenset(), compare=False)


class SnapshotSource:
    """Answers expressions from the snapshots that were ingested.

    A pusher is known by its labels. A series that its next snapshot no longer has ends at that snapshot's instant;
    all series of a pusher end `stale_after` milliseconds after its last snapshot. Both hold in whatever order the
    snapshots come, so that each replica that reads the same snapshots has the same series.
    """

    def __init__(self, stale_after: int = 5 * MINUTE) -> None:
        self._storage = MemoryStorage()
        # A pusher's silence needs no marker: its last samples are looked back to for just as long as they count.
        self._options = Options(lookback=stale_after)
        self._taken: dict[str, int] = {}
        self._pushes: dict[Series, list[_Push]] = {}

    @property
    def storage(self) -> MemoryStorage:
        """The samples, for those who list series or evaluate by themselves."""
        return self._storage

    @property
    def options(self) -> Options:
        """How to evaluate over `storage`, so that silent pushers are gone."""
        return self._options

    def ingest(self, snapshot_id: str, at: int, labels: Mapping[str, str], samples: Iterable[Sample]) -> bool:
        """Take one snapshot of the pusher `labels` at the instant `at`; False when `snapshot_id` was taken already."""
        if snapshot_id in self._taken:
            return False
        self._taken[snapshot_id] = at
        series: set[Series] = set()
        for sample_labels, value in samples:
            self._storage.append(sample_labels, at, value)
            series.add(frozenset(sample_labels.items()))
        self._place(self._pushes.setdefault(frozenset(labels.items()), []), at, frozenset(series))
        return True

    def record(self, labels: Mapping[str, str], at: int, value: float) -> None:
        """Store one sample that a recording rule computed; it ends by a stale marker, or after `stale_after`."""
        self._storage.append(labels, at, value)

    def mark_stale(self, labels: Mapping[str, str], at: int) -> None:
        """End a recorded series at `at`."""
        self._storage.mark_stale(labels, at)

    def prune(self, before: int) -> int:
        """Forget all samples older than `before`; returns how many there were."""
        self._taken = {snapshot_id: at for snapshot_id, at in self._taken.items() if at >= before}
        for labels, pushes in list(self._pushes.items()):
            del pushes[: bisect_left(pushes, _Push(before))]
            if not pushes:
                del self._pushes[labels]
        return self._storage.prune(before)

    async def query(self, expr: Expr, at: int) -> Answer:
        """The value of `expr` at `at` (milliseconds) over the samples. Raises SourceError."""
        try:
            evaluation = evaluate(expr, self._storage, at, options=self._options)
        except EvaluationError as error:
            raise SourceError(Failure.BAD_EXPRESSION, str(error)) from error
        value = evaluation.value
        warnings = tuple(evaluation.warnings)
        if isinstance(value, Scalar):
            return Answer([({}, value.value)], warnings)
        if isinstance(value, Matrix | String):
            raise SourceError(Failure.BAD_EXPRESSION, "rule result is not a vector or scalar")
        return Answer([(dict(sample.labels), sample.value) for sample in value], warnings)

    def _place(self, pushes: list[_Push], at: int, series: frozenset[Series]) -> None:
        """Put one push between the pusher's earlier and later ones, and end the series that are not in the next."""
        index = bisect_left(pushes, _Push(at))
        if index < len(pushes) and pushes[index].at == at:
            series |= pushes.pop(index).series
        if index:
            earlier = pushes[index - 1].series
            # Most snapshots of a pusher have the same series: one set serves them all.
            series = earlier if earlier == series else series
            self._end(earlier - series, at)
        if index < len(pushes):
            later = pushes[index]
            self._end(series - later.series, later.at)
        pushes.insert(index, _Push(at, series))

    def _end(self, series: Iterable[Series], at: int) -> None:
        for pairs in series:
            self._storage.mark_stale(dict(pairs), at)
