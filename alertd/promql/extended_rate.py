"""`rate`, `increase` and `delta` of anchored and smoothed ranges."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from alertd.promql.annotations import mixed_schemas, not_a_counter, not_a_gauge
from alertd.promql.ast import Expr
from alertd.promql.elements import Element, RangeVector, Window
from alertd.promql.extended import bounding_samples, end_values, histogram_on_the_line
from alertd.promql.floats import NAN
from alertd.promql.histogram import CounterReset, FloatHistogram
from alertd.promql.histogram_arithmetic import IncompatibleSchemas, divide
from alertd.promql.histogram_rate import HistogramNotes
from alertd.promql.histogram_reset import is_reset
from alertd.promql.matchers import METRIC_NAME

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator


def extended_growth(
    evaluator: Evaluator, argument: Expr, window: Window, vector: RangeVector, *, counter: bool, seconds: float
) -> Element | None:
    """Return the growth between the ends of a range, divided by `seconds`; None when nothing lies in the range."""
    times = window.histogram_times or window.times
    smoothed = vector.extension == "smoothed"
    bounds = bounding_samples(times, vector.start, vector.end, smoothed=smoothed)
    if bounds is None or (smoothed and times[bounds[0]] > vector.end):
        return None
    first, last = bounds
    if not window.histograms:
        growth = _growth(window, vector, first, last, counter=counter)
        return Element(window.labels, growth / seconds, True)
    growing = _Growing(evaluator, argument, window, vector, first, last, counter)
    try:
        grown = growing.growth()
    except IncompatibleSchemas:
        growing.notes.warn(mixed_schemas(growing.notes.name))
        return None
    if grown is None:
        return None
    grown = divide(grown, seconds).hinted(CounterReset.GAUGE).compact()
    return Element(window.labels, NAN, True, grown)


def _growth(window: Window, vector: RangeVector, first: int, last: int, *, counter: bool) -> float:
    smoothed = vector.extension == "smoothed"
    left, right = end_values(window, first, last, vector.start, vector.end, smoothed=smoothed, counter=counter)
    growth = right - left
    if not counter:
        return growth
    inner = slice(first + (window.times[first] <= vector.start), last + (window.times[last] < vector.end))
    for before, after in pairwise((left, *window.values[inner], right)):
        if after < before:
            growth += before
    return growth


class _Growing:
    """The growth of one series of histograms over one range."""

    def __init__(
        self,
        evaluator: Evaluator,
        argument: Expr,
        window: Window,
        vector: RangeVector,
        first: int,
        last: int,
        counter: bool,
    ) -> None:
        self.notes = HistogramNotes(evaluator, argument, window.labels.get(METRIC_NAME, ""))
        self._window = window
        self._vector = vector
        self._first = first
        self._last = last
        self._counter = counter
        self._smoothed = vector.extension == "smoothed"

    def growth(self) -> FloatHistogram | None:
        """Return the growth, None when the ends cannot be known. Raises IncompatibleSchemas."""
        self._validate()
        left, right = self._left(), self._right()
        if left is None or right is None:
            return None
        if not self._counter and not (left.is_gauge and right.is_gauge):
            self.notes.warn(not_a_gauge(self.notes.name))
        grown = self.notes.minus(right, left)
        lost = self._lost(left, right) if self._counter else None
        return grown if lost is None else self.notes.plus(grown, lost)

    def _validate(self) -> None:
        """Warn of gauges up to the first histogram of another kind. Raises IncompatibleSchemas for that."""
        seen = self._window.histograms[self._first : self._last + 1]
        for histogram in seen:
            if histogram.is_custom != seen[0].is_custom:
                raise IncompatibleSchemas
            if self._counter and histogram.is_gauge:
                self.notes.warn(not_a_counter(self.notes.name))

    def _left(self) -> FloatHistogram | None:
        if self._smoothed and self._window.histogram_times[self._first] < self._vector.start:
            return self._between(self._first + 1, self._vector.start)
        return self._window.histograms[self._first]

    def _right(self) -> FloatHistogram | None:
        if self._smoothed and self._last > 0 and self._window.histogram_times[self._last] > self._vector.end:
            return self._between(self._last, self._vector.end)
        return self._window.histograms[self._last]

    def _between(self, place: int, at: int) -> FloatHistogram | None:
        notes = self.notes
        return histogram_on_the_line(notes.evaluator, notes.argument, self._window, place, at, counter=self._counter)

    def _lost(self, left: FloatHistogram, right: FloatHistogram) -> FloatHistogram | None:
        """Return what the counter had reached before each reset in the range; None without a reset."""
        histograms = self._window.histograms
        begin, previous = self._first + 1, left
        between = self._smoothed and self._window.histogram_times[self._first] < self._vector.start
        if between and is_reset(histograms[begin], histograms[self._first]):
            # The value at the start has taken this reset into account.
            previous = histograms[begin]
            begin += 1
        if begin > self._last:
            return None
        lost: FloatHistogram | None = None
        for current in (*histograms[begin : self._last], right):
            if is_reset(current, previous):
                lost = previous if lost is None else self.notes.plus(lost, previous)
            previous = current
        return lost
