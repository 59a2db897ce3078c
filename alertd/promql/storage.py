"""Where samples come from: the protocol the evaluator asks, and a storage in memory."""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from alertd.promql.matchers import Matcher

_STALE_BITS: Final = 0x7FF0000000000002
STALE_NAN: Final[float] = struct.unpack("<d", struct.pack("<Q", _STALE_BITS))[0]
_STALE_BYTES: Final = struct.pack("<Q", _STALE_BITS)


def is_stale(value: float) -> bool:
    """Whether `value` is Prometheus' staleness marker; other NaNs are ordinary values."""
    return value != value and struct.pack("<d", value) == _STALE_BYTES


@dataclass(slots=True)
class Series:
    """The samples of one label set (`__name__` included), `times` in ascending milliseconds."""

    labels: Mapping[str, str]
    times: Sequence[int]
    values: Sequence[float]

    def __len__(self) -> int:
        return len(self.times)

    def window(self, start: int, end: int) -> tuple[int, int]:
        """Return the half-open index range of the samples in `(start, end]`."""
        times = self.times
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

    def append(self, labels: Mapping[str, str], at: int, value: float) -> None:
        """Store one sample; a label with an empty value is as good as absent."""
        series = self._series.get(frozenset(labels.items()))
        if series is None:
            series = self._create(labels)
        times = series.times
        if not times or at > times[-1]:
            times.append(at)
            series.values.append(value)
            return
        place = bisect_left(times, at)
        if times[place] != at:
            times.insert(place, at)
            series.values.insert(place, value)
        elif not is_stale(value):
            series.values[place] = value

    def mark_stale(self, labels: Mapping[str, str], at: int) -> None:
        """Say that the series has no value from `at` on, until its next sample."""
        self.append(labels, at, STALE_NAN)

    def prune(self, before: int) -> int:
        """Drop the samples older than `before` and the series that are left empty; return the number dropped."""
        dropped = 0
        for key, series in list(self._series.items()):
            cut = bisect_left(series.times, before)
            dropped += cut
            del series.times[:cut], series.values[:cut]
            if not series.times:
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
                first, last = series.window(start, end)
                if first < last:
                    yield Series(labels, series.times[first:last], series.values[first:last])

    def series(self) -> Iterator[Series]:
        """Yield every series with all its samples; they must not be changed."""
        yield from self._series.values()

    def _create(self, labels: Mapping[str, str]) -> _Stored:
        clean = {name: value for name, value in labels.items() if value}
        key = frozenset(clean.items())
        known = self._series.get(key)
        if known is not None:
            return known
        series = self._series[key] = _Stored(clean, array("q"), array("d"))
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
