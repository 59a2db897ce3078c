"""Views of samples: values that hold until they are replaced, and several storages as one."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from alertd.clock import SECOND
from alertd.promql import FloatHistogram, Matcher, MemoryStorage, Series, Storage, is_stale

#: How far apart the samples of a value that holds are, in milliseconds.
RESTAMP = 15 * SECOND

_BEGINNING = -(1 << 62)


class Restamped:
    """A storage whose values hold until the next one: each is there again at every multiple of `RESTAMP`.

    It is what Prometheus sees that scrapes a Pushgateway at this interval. The storage behind it has a sample where a
    value changed, and a stale marker where it ended. There is nothing after `now`.
    """

    def __init__(self, changes: MemoryStorage, now: Callable[[], int]) -> None:
        self._changes = changes
        self._now = now

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterator[Series]:
        """Yield the matching series with their samples in `(start, end]`."""
        last = min(end, self._now())
        for series in self._changes.select(matchers, _BEGINNING, end):
            filled = _filled(series, start, end, last)
            if len(filled):
                yield filled


class Layered:
    """Several storages as one. A series that more than one has is theirs together."""

    def __init__(self, *layers: Storage) -> None:
        self._layers = layers

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterable[Series]:
        """Yield the matching series with their samples in `(start, end]`, each label set once."""
        answers = [list(layer.select(matchers, start, end)) for layer in self._layers]
        filled = [answer for answer in answers if answer]
        if len(filled) < 2:
            return filled[0] if filled else ()
        found: dict[frozenset[tuple[str, str]], Series] = {}
        for answer in filled:
            for series in answer:
                key = frozenset(series.labels.items())
                known = found.get(key)
                found[key] = series if known is None else _merged(series.labels, (known, series))
        return found.values()


def _filled(series: Series, start: int, end: int, last: int) -> Series:
    fill = _filled_histograms if series.histogram_times else _filled_numbers
    return fill(series, start, end, last)


def _filled_histograms(series: Series, start: int, end: int, last: int) -> Series:
    """The same of a series that has native histograms, and maybe numbers besides."""
    changes: list[tuple[int, float | FloatHistogram]] = sorted(
        [*zip(series.times, series.values, strict=True), *zip(series.histogram_times, series.histograms, strict=True)],
        key=lambda change: change[0],
    )
    filled = MemoryStorage()
    for index, (at, value) in enumerate(changes):
        after = changes[index + 1][0] if index + 1 < len(changes) else last + 1
        begin = max(at, start)
        repeated = range(begin - begin % RESTAMP + RESTAMP, min(after, last + 1), RESTAMP)
        for instant in (*([at] if start < at <= end else ()), *repeated):
            if isinstance(value, FloatHistogram):
                filled.append_histogram(series.labels, instant, value)
            elif instant == at or not is_stale(value):
                filled.append(series.labels, instant, value)
    return next(filled.series(), Series(series.labels, (), ()))


def _filled_numbers(series: Series, start: int, end: int, last: int) -> Series:
    times, values = array("q"), array("d")
    # Nothing before the value that holds at the start matters.
    first = max(bisect_left(series.times, start) - 1, 0)
    for index in range(first, len(series.times)):
        at, value = series.times[index], series.values[index]
        if start < at <= end:
            times.append(at)
            values.append(value)
        if is_stale(value):
            continue
        after = series.times[index + 1] if index + 1 < len(series.times) else last + 1
        begin = max(at, start)
        repeated = range(begin - begin % RESTAMP + RESTAMP, min(after, last + 1), RESTAMP)
        times.extend(repeated)
        values.extend([value] * len(repeated))
    return Series(series.labels, times, values)


def _merged(labels: Mapping[str, str], parts: Sequence[Series]) -> Series:
    """One series of the samples of several; of two at one instant the later part's wins, unless it is an end."""
    merged = MemoryStorage()
    for part in parts:
        for at, value in zip(part.times, part.values, strict=True):
            merged.append(labels, at, value)
        for at, histogram in zip(part.histogram_times, part.histograms, strict=True):
            merged.append_histogram(labels, at, histogram)
    return next(merged.series())
