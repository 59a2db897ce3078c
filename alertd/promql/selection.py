"""What the selectors of an expression find: the storage is asked once per selector, for all that it may need."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from alertd.promql.ast import (
    TRIM_OPERATORS,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    Subquery,
    VectorSelector,
    left_chain,
    selectors,
)
from alertd.promql.elements import Window
from alertd.promql.errors import EvaluationTimeout, TooManySamples
from alertd.promql.histogram import CounterReset, FloatHistogram
from alertd.promql.histogram_reset import is_reset
from alertd.promql.matchers import Matcher
from alertd.promql.querytimes import QueryTimes
from alertd.promql.storage import Series, Storage, is_stale
from alertd.promql.values import Options

# Functions that look at counts and sums alone: histograms below them are read without their buckets.
_STATISTICS: Final = frozenset(("histogram_count", "histogram_sum", "histogram_avg"))
_NEED_BUCKETS: Final = frozenset(("histogram_quantile", "histogram_quantiles", "histogram_fraction"))


class Budget:
    """The samples that an evaluation holds, against how many it may hold, and the time it may take."""

    __slots__ = ("_expired", "_held", "_most", "read")

    def __init__(self, options: Options) -> None:
        self._most = options.max_samples
        self._expired = options.expired
        self._held = 0
        self.read = 0

    def hold(self, samples: int) -> None:
        """Count samples that stay in memory until the end. Raises TooManySamples."""
        self._held += samples
        if self._held > self._most:
            raise TooManySamples

    def glance(self, samples: int) -> None:
        """Count samples that are needed for a moment only. Raises TooManySamples."""
        if self._held + samples > self._most:
            raise TooManySamples

    def check_time(self) -> None:
        """Raise EvaluationTimeout when the time is over."""
        if self._expired is not None and self._expired():
            raise EvaluationTimeout


class Selection:
    """The series that the selectors of one expression need, in one evaluation."""

    def __init__(self, expr: Expr, storage: Storage, times: QueryTimes, options: Options, budget: Budget) -> None:
        self._storage = storage
        self._times = times
        self._options = options
        self._budget = budget
        self._spans: dict[int, tuple[int, int]] = {}
        self._statistics: set[int] = set()
        self._series: dict[int, list[Series]] = {}
        self.has_histograms = False
        self._plan(expr, times.start, times.end, None)

    def latest(self, selector: VectorSelector, at: int) -> list[tuple[Series, int, FloatHistogram | None]]:
        """Return the series that have a value at `at`, with the index of that sample among its kind."""
        moment = self._times.moment(selector.at, selector.offset, at)
        oldest = moment - self._options.lookback
        found: list[tuple[Series, int, FloatHistogram | None]] = []
        for series in self.series(selector):
            index = series.window(oldest, moment)[1] - 1
            known = index >= 0 and series.times[index] > oldest
            if series.histogram_times:
                place = series.histogram_window(oldest, moment)[1] - 1
                newest = series.histogram_times[place] if place >= 0 else oldest
                if newest > oldest and not (known and series.times[index] > newest):
                    found.append((series, place, series.histograms[place]))
                    continue
            if known and not is_stale(series.values[index]):
                found.append((series, index, None))
        return found

    def windows(self, selector: VectorSelector, start: int, end: int) -> list[Window]:
        """Return the samples of each series in `(start, end]`, stale markers left out, and no empty windows."""
        windows: list[Window] = []
        largest = 0
        for series in self.series(selector):
            first, last = series.window(start, end)
            if series.histogram_times:
                low, high = series.histogram_window(start, end)
            elif first < last:
                low = high = 0
            else:
                continue
            window = _window_of(series, first, last)
            size = len(window.times)
            if low < high:
                window.histogram_times = series.histogram_times[low:high]
                window.histograms = series.histograms[low:high]
                window.histogram_starts = series.histogram_starts[low:high]
                size += sum(histogram.size for histogram in window.histograms)
            if size:
                windows.append(window)
                if size > largest:
                    largest = size
        self._budget.glance(largest)
        return windows

    def series(self, selector: VectorSelector) -> list[Series]:
        """Return the series of a selector over its whole span."""
        key = id(selector)
        found = self._series.get(key)
        if found is None:
            found = self.read(selector.matchers, self._spans[key])
            if key in self._statistics:
                found = [_without_buckets(series) for series in found]
            self._series[key] = found
        return found

    def span(self, call: Call) -> tuple[int, int]:
        """Return the open start and the end of the samples that a call of `info` may look at."""
        return self._spans[id(call)]

    def info_series(self, call: Call, matchers: Sequence[Matcher]) -> list[Series]:
        """Return the info series that a call of `info` asks for."""
        key = id(call)
        found = self._series.get(key)
        if found is None:
            found = self._series[key] = self.read(matchers, self._spans[key])
        return found

    def read(self, matchers: Sequence[Matcher], span: tuple[int, int]) -> list[Series]:
        """Return what the storage has in a span. Raises EvaluationTimeout."""
        self._budget.check_time()
        found = list(self._storage.select(matchers, *span))
        self._budget.read += sum(map(len, found))
        self.has_histograms = self.has_histograms or any(series.histogram_times for series in found)
        return found

    def _plan(self, expr: Expr, first: int, last: int, statistics: bool | None) -> None:
        """Note the span of samples that each selector may need for evaluations of `expr` in first … last.

        `statistics` says whether only counts and sums of histograms matter; None leaves it to what is inside.
        """
        if isinstance(expr, BinaryExpr):
            first_operand, links = left_chain(expr)
            if any(link.op in TRIM_OPERATORS for link in links):
                statistics = False
            for operand in (first_operand, *(link.right for link in links)):
                self._plan(operand, first, last, statistics)
        elif isinstance(expr, VectorSelector):
            self._note(expr, self._options.lookback, first, last, statistics)
        elif isinstance(expr, MatrixSelector):
            self._note(expr.selector, self._times.positive(expr.range), first, last, statistics)
        elif isinstance(expr, Subquery):
            first = self._times.moment(expr.at, expr.offset, first)
            last = self._times.moment(expr.at, expr.offset, last)
            self._plan(expr.expr, first - self._times.positive(expr.range), last, False)
        elif isinstance(expr, Call):
            self._plan_call(expr, first, last, statistics)
        else:
            for child in expr.children:
                self._plan(child, first, last, statistics)

    def _plan_call(self, call: Call, first: int, last: int, statistics: bool | None) -> None:
        name = call.function.name
        if name in _NEED_BUCKETS:
            statistics = False
        elif name in _STATISTICS and statistics is None:
            statistics = True
        if name == "info":
            self._spans[id(call)] = self._info_span(call, first, last)
            self._plan(call.args[0], first, last, statistics)
            return
        for argument in call.args:
            self._plan(argument, first, last, statistics)

    def _info_span(self, call: Call, first: int, last: int) -> tuple[int, int]:
        """The times of the first selector in the argument bound what is seen of info series."""
        for selector in selectors(call.args[0])[:1]:
            first = self._times.moment(selector.at, selector.offset, first)
            last = self._times.moment(selector.at, selector.offset, last)
        return first - self._options.lookback, last

    def _note(self, selector: VectorSelector, length: int, first: int, last: int, statistics: bool | None) -> None:
        earliest = self._times.moment(selector.at, selector.offset, first) - length
        latest = self._times.moment(selector.at, selector.offset, last)
        if selector.extension:
            earliest -= self._options.lookback
        if selector.extension == "smoothed":
            latest += self._options.lookback
        self._spans[id(selector)] = (earliest, latest)
        if statistics:
            self._statistics.add(id(selector))


def _window_of(series: Series, first: int, last: int) -> Window:
    times, values = series.times[first:last], series.values[first:last]
    starts = series.starts[first:last] if series.starts else ()
    # Only a NaN among the values makes their sum one: the search for markers is seldom needed.
    if math.isnan(sum(values)):
        kept = [index for index, value in enumerate(values) if not is_stale(value)]
        times, values = [times[index] for index in kept], [values[index] for index in kept]
        starts = [starts[index] for index in kept] if starts else starts
    return Window(series.labels, times, values, False, (), (), starts)


def _without_buckets(series: Series) -> Series:
    return replace(series, histograms=list(_statistics(series.histograms))) if series.histograms else series


def _statistics(histograms: Iterable[FloatHistogram]) -> Iterable[FloatHistogram]:
    """Yield histograms with schema, count and sum alone; the hints tell the resets that cannot be seen any more."""
    before: FloatHistogram | None = None
    for histogram in histograms:
        hint = histogram.counter_reset
        if hint is CounterReset.UNKNOWN and before is not None:
            hint = CounterReset.RESET if is_reset(histogram, before) else CounterReset.NOT_RESET
        before = histogram
        yield FloatHistogram(histogram.schema, histogram.count, histogram.sum, counter_reset=hint)
