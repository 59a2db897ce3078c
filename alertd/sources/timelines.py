"""What several pushers said one push after another: a series that a pusher's next push lacks ends there."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from alertd.promql import FloatHistogram, MemoryStorage, is_stale

Series = frozenset[tuple[str, str]]
#: Labels with `__name__`, and a number or a native histogram.
Said = tuple[dict[str, str], float | FloatHistogram]


@dataclass(order=True)
class _Push:
    """One push's instant and the series that it had."""

    at: int
    series: frozenset[Series] = field(default=frozenset(), compare=False)


class Timelines:
    """The pushes of all pushers, each known by its labels, as samples in `storage`.

    A series that the next push of its pusher no longer has ends at that push's instant. That holds in whatever order
    the pushes come, so that each replica that reads the same pushes has the same series. With `lasting`, what a pusher
    said last is kept however old it is.
    """

    def __init__(self, storage: MemoryStorage, *, lasting: bool = False) -> None:
        self.storage = storage
        self._lasting = lasting
        self._pushes: dict[Series, list[_Push]] = {}
        #: How many series the pushers have now, all together.
        self.standing = 0

    def series_of(self, labels: Mapping[str, str]) -> int:
        """How many series the pusher `labels` has now."""
        pushes = self._pushes.get(frozenset(labels.items()))
        return len(pushes[-1].series) if pushes else 0

    def take(self, at: int, labels: Mapping[str, str], samples: Iterable[Said]) -> None:
        """Take what the pusher `labels` said at the instant `at`."""
        series: set[Series] = set()
        for sample_labels, value in samples:
            self._append(sample_labels, at, value)
            series.add(frozenset(sample_labels.items()))
        self.standing -= self.series_of(labels)
        self._place(self._pushes.setdefault(frozenset(labels.items()), []), at, frozenset(series))
        self.standing += self.series_of(labels)

    def current(self) -> Iterator[tuple[Series, frozenset[Series]]]:
        """Each pusher that has series now, with them."""
        for labels, pushes in self._pushes.items():
            if pushes[-1].series:
                yield labels, pushes[-1].series

    def prune(self, before: int) -> int:
        """Forget the samples older than `before`; returns how many there were."""
        for labels, pushes in list(self._pushes.items()):
            first = bisect_left(pushes, _Push(before))
            if self._lasting and first == len(pushes) and pushes[-1].series:
                first -= 1
            if first == len(pushes):
                self.standing -= len(pushes[-1].series)
                del self._pushes[labels]
            else:
                del pushes[:first]
        carried = list(self._carried(before)) if self._lasting else []
        dropped = self.storage.prune(before)
        for series, at, value in carried:
            self._append(series, at, value)
        return dropped - len(carried)

    def _append(self, labels: Mapping[str, str], at: int, value: float | FloatHistogram) -> None:
        if isinstance(value, FloatHistogram):
            self.storage.append_histogram(labels, at, value)
        else:
            self.storage.append(labels, at, value)

    def _carried(self, before: int) -> Iterator[tuple[Mapping[str, str], int, float | FloatHistogram]]:
        """The last value before an instant of every series that has one there."""
        for series in self.storage.series():
            older = bisect_left(series.times, before)
            at = series.times[older - 1] if older else None
            place = bisect_left(series.histogram_times, before)
            if place and (at is None or series.histogram_times[place - 1] > at):
                yield series.labels, series.histogram_times[place - 1], series.histograms[place - 1]
            elif at is not None and not is_stale(series.values[older - 1]):
                yield series.labels, at, series.values[older - 1]

    def _place(self, pushes: list[_Push], at: int, series: frozenset[Series]) -> None:
        """Put one push between the pusher's earlier and later ones, and end the series that are not in the next."""
        index = bisect_left(pushes, _Push(at))
        if index < len(pushes) and pushes[index].at == at:
            series |= pushes.pop(index).series
        if index:
            earlier = pushes[index - 1].series
            # Most pushes of a pusher have the same series: one set serves them all.
            series = earlier if earlier == series else series
            self._end(earlier - series, at)
        if index < len(pushes):
            later = pushes[index]
            self._end(series - later.series, later.at)
        pushes.insert(index, _Push(at, series))

    def _end(self, series: Iterable[Series], at: int) -> None:
        for pairs in series:
            self.storage.mark_stale(dict(pairs), at)
