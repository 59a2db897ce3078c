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


@dataclass
class _Pusher:
    """What one pusher said, in the order of its instants; `ended` when its silence was noticed already."""

    pushes: list[_Push] = field(default_factory=list)
    ended: bool = False


class SnapshotSource:
    """Answers expressions from the snapshots that were ingested.

    A pusher is known by its labels. A series that its next snapshot no longer has ends at that snapshot's instant;
    all series of a pusher end `stale_after` milliseconds after its last snapshot. Both hold in whatever order the
    snapshots come, so that each replica that reads the same snapshots has the same series.
    """

    def __init__(self, stale_after: int = _LOOKBACK) -> None:
        self._storage = MemoryStorage()
        self._stale_after = stale_after
        # A pusher that is not stale yet must be seen, also when it pushes more rarely than Prometheus looks back.
        self._options = Options(lookback=max(_LOOKBACK, stale_after))
        self._taken: dict[str, int] = {}
        self._pushers: dict[Series, _Pusher] = {}
        # No pusher falls silent before this instant.
        self._next_end = 0

    @property
    def storage(self) -> MemoryStorage:
        """The samples, for those who list series or evaluate by themselves."""
        return self._storage

    def ingest(self, snapshot_id: str, at: int, labels: Mapping[str, str], samples: Iterable[Sample]) -> bool:
        """Take one snapshot of the pusher `labels` at the instant `at`; False when `snapshot_id` was taken already."""
        if snapshot_id in self._taken:
            return False
        self._taken[snapshot_id] = at
        series: set[Series] = set()
        for sample_labels, value in samples:
            self._storage.append(sample_labels, at, value)
            series.add(frozenset(sample_labels.items()))
        pusher = self._pushers.setdefault(frozenset(labels.items()), _Pusher())
        self._place(pusher.pushes, at, frozenset(series))
        pusher.ended = False
        self._next_end = min(self._next_end, pusher.pushes[-1].at + self._stale_after)
        return True

    def record(self, labels: Mapping[str, str], at: int, value: float) -> None:
        """Store one sample that a recording rule computed; it ends by Prometheus' lookback or a stale marker."""
        self._storage.append(labels, at, value)

    def mark_stale(self, labels: Mapping[str, str], at: int) -> None:
        """End a recorded series at `at`."""
        self._storage.mark_stale(labels, at)

    def prune(self, before: int) -> int:
        """Forget all samples older than `before`; returns how many there were."""
        self._taken = {snapshot_id: at for snapshot_id, at in self._taken.items() if at >= before}
        for labels, pusher in list(self._pushers.items()):
            del pusher.pushes[: bisect_left(pusher.pushes, _Push(before))]
            if not pusher.pushes:
                del self._pushers[labels]
        return self._storage.prune(before)

    def expire(self, now: int) -> None:
        """End the series of every pusher that has been silent for `stale_after` at `now`."""
        if now < self._next_end:
            return
        self._next_end = now + self._stale_after
        for pusher in self._pushers.values():
            if pusher.ended:
                continue
            last = pusher.pushes[-1]
            end = last.at + self._stale_after
            if end <= now:
                self._end(last.series, end)
                pusher.ended = True
            else:
                self._next_end = min(self._next_end, end)

    async def query(self, expr: Expr, at: int) -> Answer:
        """The value of `expr` at `at` (milliseconds) over the samples. Raises SourceError."""
        self.expire(at)
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
        """Put one push between the pusher's earlier and later ones, and end the series that each of them ends."""
        index = bisect_left(pushes, _Push(at))
        if index < len(pushes) and pushes[index].at == at:
            series |= pushes.pop(index).series
        earlier = pushes[index - 1] if index else None
        later = pushes[index] if index < len(pushes) else None
        if earlier is not None:
            # Most snapshots of a pusher have the same series: one set serves them all.
            series = earlier.series if earlier.series == series else series
            self._follow(earlier, at, series)
        if later is not None:
            self._follow(_Push(at, series), later.at, later.series)
        pushes.insert(index, _Push(at, series))

    def _follow(self, earlier: _Push, at: int, series: frozenset[Series]) -> None:
        if at - earlier.at > self._stale_after:
            self._end(earlier.series, earlier.at + self._stale_after)
        elif earlier.series is not series:
            self._end(earlier.series - series, at)

    def _end(self, series: Iterable[Series], at: int) -> None:
        for pairs in series:
            self._storage.mark_stale(dict(pairs), at)
