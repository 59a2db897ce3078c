"""Where samples come from: the protocol the evaluator asks, and a storage in memory."""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from alertd.promql.histogram import CounterReset, FloatHistogram
from alertd.promql.histogram_reset import is_reset
from alertd.promql.matchers import Matcher

_STALE_BITS: Final = 0x7FF0000000000002
STALE_NAN: Final[float] = struct.unpack("<d", struct.pack("<Q", _STALE_BITS))[0]
_STALE_BYTES: Final = struct.pack("<Q", _STALE_BITS)


def is_stale(value: float) -> bool:
    """Whether `value` is Prometheus' staleness marker; other NaNs are ordinary values."""
    return value != value and struct.pack("<d", value) == _STALE_BYTES


@dataclass(slots=True)
class Series:
    """The samples of one label set (`__name__` included), in ascending milliseconds: numbers and native histograms.

    `starts` and `histogram_starts` say since when each sample counts (0: not known); they are empty when none is known.
    """

    labels: Mapping[str, str]
    times: Sequence[int]
    values: Sequence[float]
    histogram_times: Sequence[int] = ()
    histograms: Sequence[FloatHistogram] = ()
    starts: Sequence[int] = ()
    histogram_starts: Sequence[int] = ()

    def __len__(self) -> int:
        return len(self.times) + len(self.histogram_times)

    @property
    def size(self) -> int:
        """How many samples count against a limit; a histogram counts for several."""
        return len(self.times) + sum(histogram.size for histogram in self.histograms)

    def window(self, start: int, end: int) -> tuple[int, int]:
        """Return the half-open index range of the numbers in `(start, end]`."""
        return _window(self.times, start, end)

    def histogram_window(self, start: int, end: int) -> tuple[int, int]:
        """Return the half-open index range of the histograms in `(start, end]`."""
        return _window(self.histogram_times, start, end)

    def cut(self, start: int, end: int) -> Series | None:
        """Return a copy of what lies in `(start, end]`, None when that is nothing."""
        first, last = _window(self.times, start, end)
        if not self.histogram_times:
            if first >= last:
                return None
            return Series(self.labels, self.times[first:last], self.values[first:last], starts=self.starts[first:last])
        low, high = _window(self.histogram_times, start, end)
        if first >= last and low >= high:
            return None
        return Series(
            self.labels,
            self.times[first:last],
            self.values[first:last],
            self.histogram_times[low:high],
            self.histograms[low:high],
            self.starts[first:last],
            self.histogram_starts[low:high],
        )


def _window(times: Sequence[int], start: int, end: int) -> tuple[int, int]:
    # The newest samples are asked for most: the end often needs no search.
    last = len(times) if not times or times[-1] <= end else bisect_right(times, end)
    return bisect_right(times, start, 0, last), last


class Storage(Protocol):
    """Answers which series match, with their samples in `(start, end]` (milliseconds), stale markers included."""

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterable[Series]:
        """Yield the matching series that have samples in the window, each label set once."""
        ...


class _Stored(Series):
    """A series of the memory storage, open to new samples."""

    times: array[int]
    values: array[float]
    histogram_times: array[int]
    histograms: list[FloatHistogram]
    starts: array[int]
    histogram_starts: array[int]

    def insert(self, at: int, value: float, start: int) -> None:
        times = self.times
        place = len(times)
        if times and at <= times[-1]:
            place = bisect_left(times, at)
            if times[place] == at:
                if not is_stale(value):
                    self.values[place] = value
                return
        times.insert(place, at)
        self.values.insert(place, value)
        _insert_start(self.starts, place, len(times), start)

    def insert_histogram(self, at: int, histogram: FloatHistogram, start: int) -> None:
        times = self.histogram_times
        place = bisect_left(times, at)
        if place < len(times) and times[place] == at:
            self.histograms[place] = histogram
            return
        times.insert(place, at)
        self.histograms.insert(place, self._hinted(histogram, at, place))
        _insert_start(self.histogram_starts, place, len(times), start)

    def _hinted(self, histogram: FloatHistogram, at: int, place: int) -> FloatHistogram:
        """Return the histogram with what its predecessor tells of a counter reset.

        As in Prometheus' blocks, a counter that goes on says so, and anything else leaves it to those who compare.
        """
        if histogram.is_gauge:
            return histogram
        before = self.histograms[place - 1] if place else None
        goes_on = False
        if before is not None and not before.is_gauge and _same_layout(before, histogram):
            first, last = self.window(self.histogram_times[place - 1], at)
            goes_on = first == last and not is_reset(histogram.hinted(_judged(histogram)), before)
        return histogram.hinted(CounterReset.NOT_RESET if goes_on else CounterReset.UNKNOWN)


def _same_layout(first: FloatHistogram, second: FloatHistogram) -> bool:
    return (first.schema, first.zero_threshold, first.custom_values) == (
        second.schema,
        second.zero_threshold,
        second.custom_values,
    )


def _judged(histogram: FloatHistogram) -> CounterReset:
    """Return the hint to judge a new histogram by: only the word of a reset is believed."""
    hint = histogram.counter_reset
    return hint if hint is CounterReset.RESET else CounterReset.UNKNOWN


def _insert_start(starts: array[int], place: int, length: int, start: int) -> None:
    """Keep the starts as long as the times; as long as none is known they are empty."""
    if starts:
        starts.insert(place, start)
    elif start:
        starts.extend([0] * length)
        starts[place] = start


_Key: TypeAlias = frozenset[tuple[str, str]]


class MemoryStorage:
    """Series in memory, found by an index of every label.

    Samples may come in any order. Of two samples of one series at one instant the later call wins, except that a
    stale marker never replaces a value.
    """

    def __init__(self) -> None:
        self._series: dict[_Key, _Stored] = {}
        self._postings: dict[tuple[str, str], dict[_Key, _Stored]] = {}

    def __len__(self) -> int:
        """Return the number of series."""
        return len(self._series)

    def append(self, labels: Mapping[str, str], at: int, value: float, start: int = 0) -> None:
        """Store one number; a label with an empty value is as good as absent.

        `start` is since when it counts (milliseconds), 0 when that is not known.
        """
        series = self._series.get(frozenset(labels.items()))
        if series is None:
            series = self._create(labels)
        times = series.times
        if (not times or at > times[-1]) and not start and not series.starts:
            times.append(at)
            series.values.append(value)
        else:
            series.insert(at, value, start)

    def append_histogram(self, labels: Mapping[str, str], at: int, histogram: FloatHistogram, start: int = 0) -> None:
        """Store one native histogram; its hint is what the samples before it say of counter resets."""
        series = self._series.get(frozenset(labels.items()))
        if series is None:
            series = self._create(labels)
        series.insert_histogram(at, histogram, start)

    def mark_stale(self, labels: Mapping[str, str], at: int) -> None:
        """Say that the series has no value from `at` on, until its next sample."""
        self.append(labels, at, STALE_NAN)

    def prune(self, before: int) -> int:
        """Drop the samples older than `before` and the series that are left empty; return the number dropped."""
        dropped = 0
        for key, series in list(self._series.items()):
            cut = bisect_left(series.times, before)
            del series.times[:cut], series.values[:cut], series.starts[:cut]
            low = bisect_left(series.histogram_times, before)
            del series.histogram_times[:low], series.histograms[:low], series.histogram_starts[:low]
            dropped += cut + low
            if not series:
                self._forget(key)
        return dropped

    def clear(self) -> None:
        """Forget everything."""
        self._series.clear()
        self._postings.clear()

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterator[Series]:
        """Yield copies of the matching series, cut to `(start, end]`, in the order they were first stored."""
        candidates, rest = self._candidates(matchers)
        for series in list(candidates):
            labels = series.labels
            if all(matcher.matches(labels.get(matcher.name, "")) for matcher in rest):
                found = series.cut(start, end)
                if found is not None:
                    yield found

    def series(self) -> Iterator[Series]:
        """Yield every series with all its samples; they must not be changed."""
        yield from self._series.values()

    def _create(self, labels: Mapping[str, str]) -> _Stored:
        clean = {name: value for name, value in labels.items() if value}
        key = frozenset(clean.items())
        known = self._series.get(key)
        if known is not None:
            return known
        series = self._series[key] = _Stored(clean, array("q"), array("d"), array("q"), [], array("q"), array("q"))
        for pair in key:
            self._postings.setdefault(pair, {})[key] = series
        return series

    def _forget(self, key: _Key) -> None:
        del self._series[key]
        for pair in key:
            posting = self._postings[pair]
            del posting[key]
            if not posting:
                del self._postings[pair]

    def _candidates(self, matchers: Sequence[Matcher]) -> tuple[Iterable[_Stored], list[Matcher]]:
        """Return the smallest set of series that some matcher leaves, and the matchers still to be asked."""
        best: list[dict[_Key, _Stored]] | None = None
        best_size = 0
        chosen: Matcher | None = None
        for matcher in matchers:
            literals = matcher.literals
            if literals is None or "" in literals:
                continue
            postings = [
                posting for literal in literals if (posting := self._postings.get((matcher.name, literal))) is not None
            ]
            size = sum(map(len, postings))
            if best is None or size < best_size:
                best, best_size, chosen = postings, size, matcher
        if best is None:
            return self._series.values(), list(matchers)
        found = (series for posting in best for series in posting.values())
        return found, [matcher for matcher in matchers if matcher is not chosen]
