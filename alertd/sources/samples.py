"""A source that holds pushed samples in memory and evaluates expressions over them itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from alertd.clock import MINUTE
from alertd.promql import (
    EvaluationError,
    Expr,
    Matrix,
    MemoryStorage,
    Options,
    Scalar,
    Storage,
    String,
    evaluate,
    is_stale,
)
from alertd.sources.base import Answer, Failure, SourceError
from alertd.sources.series import SeriesSamples
from alertd.sources.timelines import Said, Series, Timelines
from alertd.sources.views import Layered, Restamped


def _forever() -> int:
    return 1 << 62


def answer(expr: Expr, storage: Storage, at: int, options: Options) -> Answer:
    """The value of `expr` at `at` (milliseconds) over a storage, as a rule takes it. Raises SourceError."""
    try:
        evaluation = evaluate(expr, storage, at, options=options)
    except EvaluationError as error:
        raise SourceError(Failure.BAD_EXPRESSION, str(error)) from error
    value = evaluation.value
    warnings = tuple(evaluation.warnings)
    if isinstance(value, Scalar):
        return Answer([({}, value.value)], warnings)
    if isinstance(value, Matrix | String):
        raise SourceError(Failure.BAD_EXPRESSION, "rule result is not a vector or scalar")
    samples = [(dict(sample.labels), sample.value) for sample in value if sample.histogram is None]
    left_out = len(value) - len(samples)
    if left_out:
        warnings = (*warnings, f"{left_out} native histograms were left out of the result")
    return Answer(samples, warnings)


class SnapshotSource:
    """Answers expressions from the pushes that were ingested.

    There are three kinds. A snapshot ends those series of its pusher that it no longer has, and all of them end
    `stale_after` milliseconds after the last. A group is the same, but what it said last holds until it says something
    else. Series bring samples with instants of their own, and end by stale markers, or after `stale_after`.

    All hold in whatever order they come, so that each replica that reads the same pushes has the same series. `now`
    bounds how far the values of groups hold.
    """

    def __init__(self, stale_after: int = 5 * MINUTE, now: Callable[[], int] = _forever) -> None:
        self._storage = MemoryStorage()
        self._snapshots = Timelines(self._storage)
        self._groups = Timelines(MemoryStorage(), lasting=True)
        self._view = Layered(self._storage, Restamped(self._groups.storage, now))
        # A pusher's silence needs no marker: its last samples are looked back to for just as long as they count.
        self._options = Options(lookback=stale_after)
        self._taken: dict[str, int] = {}

    @property
    def storage(self) -> Storage:
        """The samples, for those who list series or evaluate by themselves."""
        return self._view

    @property
    def options(self) -> Options:
        """How to evaluate over `storage`, so that silent pushers are gone."""
        return self._options

    def ingest(self, snapshot_id: str, at: int, labels: Mapping[str, str], samples: Iterable[Said]) -> bool:
        """Take one snapshot of the pusher `labels` at the instant `at`; False when `snapshot_id` was taken already."""
        if not self._is_new(snapshot_id, at):
            return False
        self._snapshots.take(at, labels, samples)
        return True

    def ingest_group(self, push_id: str, at: int, labels: Mapping[str, str], samples: Iterable[Said]) -> bool:
        """Take what the group `labels` says from the instant `at` on; False when `push_id` was taken already."""
        if not self._is_new(push_id, at):
            return False
        self._groups.take(at, labels, samples)
        return True

    def ingest_series(self, push_id: str, at: int, series: Iterable[SeriesSamples]) -> bool:
        """Take series that came at the instant `at`; False when `push_id` was taken already."""
        if not self._is_new(push_id, at):
            return False
        storage = self._storage
        for one in series:
            labels = one.identity.labels
            for instant, value in one.samples:
                storage.append(labels, instant, value, one.start)
            for instant, histogram in one.histograms:
                if is_stale(histogram.sum):
                    storage.mark_stale(labels, instant)
                else:
                    storage.append_histogram(labels, instant, histogram, one.start)
        return True

    def of_snapshots(self, but: Mapping[str, str] | None = None) -> int:
        """How many series the pushers of snapshots have now, without those of one."""
        return self._snapshots.standing - (0 if but is None else self._snapshots.series_of(but))

    def of_groups(self) -> int:
        """How many series the groups have now."""
        return self._groups.standing

    def groups(self) -> Iterable[tuple[Series, frozenset[Series]]]:
        """Each group that has series, by its labels, with them."""
        return self._groups.current()

    def record(self, labels: Mapping[str, str], at: int, value: float) -> None:
        """Store one sample that a recording rule computed; it ends by a stale marker, or after `stale_after`."""
        self._storage.append(labels, at, value)

    def mark_stale(self, labels: Mapping[str, str], at: int) -> None:
        """End a recorded series at `at`."""
        self._storage.mark_stale(labels, at)

    def prune(self, before: int) -> int:
        """Forget all samples older than `before`; returns how many there were. What groups said last is kept."""
        self._taken = {push_id: at for push_id, at in self._taken.items() if at >= before}
        return self._snapshots.prune(before) + self._groups.prune(before)

    async def query(self, expr: Expr, at: int) -> Answer:
        """The value of `expr` at `at` (milliseconds) over the samples. Raises SourceError."""
        return answer(expr, self._view, at, self._options)

    def _is_new(self, push_id: str, at: int) -> bool:
        if push_id in self._taken:
            return False
        self._taken[push_id] = at
        return True
