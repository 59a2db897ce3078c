"""`rate`, `increase`, `delta`, `irate` and `idelta` of native histograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alertd.promql.annotations import (
    mixed_floats_and_histograms,
    mixed_schemas,
    not_a_counter,
    not_a_gauge,
    reconciled_bounds,
)
from alertd.promql.ast import Expr
from alertd.promql.elements import Element, RangeVector, Window
from alertd.promql.extrapolation import extrapolation
from alertd.promql.floats import NAN
from alertd.promql.histogram import CounterReset, FloatHistogram
from alertd.promql.histogram_arithmetic import IncompatibleSchemas, add, reduce_resolution, scale, subtract
from alertd.promql.histogram_reset import is_reset
from alertd.promql.matchers import METRIC_NAME
from alertd.promql.starttimes import first_start, note_overlap, restarts

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator


@dataclass(slots=True)
class HistogramNotes:
    """Where notes about the histograms of one series go."""

    evaluator: Evaluator
    argument: Expr
    name: str

    def warn(self, text: str) -> None:
        self.evaluator.warn(self.argument, text)

    def plus(self, left: FloatHistogram, right: FloatHistogram) -> FloatHistogram:
        """Return the sum; bounds that had to be reconciled are noted. Raises IncompatibleSchemas."""
        combined = add(left, right)
        if combined.reconciled:
            self.evaluator.inform(self.argument, reconciled_bounds("addition"))
        return combined.histogram

    def minus(self, left: FloatHistogram, right: FloatHistogram) -> FloatHistogram:
        """Return the difference; bounds that had to be reconciled are noted. Raises IncompatibleSchemas."""
        combined = subtract(left, right)
        if combined.reconciled:
            self.evaluator.inform(self.argument, reconciled_bounds("subtraction"))
        return combined.histogram


def histogram_growth(
    evaluator: Evaluator, argument: Expr, window: Window, vector: RangeVector, *, counter: bool, seconds: float
) -> Element | None:
    """Return the growth of a series of histograms over a range, divided by `seconds`; None when it has none."""
    notes = HistogramNotes(evaluator, argument, window.labels.get(METRIC_NAME, ""))
    times, histograms = window.histogram_times, window.histograms
    starts = window.histogram_starts if counter and evaluator.options.start_timestamps else ()
    since = first_start(starts, times, vector.start)
    try:
        if len(histograms) > 1:
            grown = _grown(notes, histograms, [restarts(times, starts, i) for i in range(1, len(starts))], counter)
            if since is not None:
                grown = notes.plus(grown, histograms[0])
        elif since is not None:
            grown = histograms[0]
        else:
            return None
    except IncompatibleSchemas:
        notes.warn(mixed_schemas(notes.name))
        return None
    if starts:
        note_overlap(evaluator, argument, window.labels, times, starts)
    zero = histograms[0].count if counter else None
    factor = extrapolation(times, vector.start, vector.end, since, zero, grown.count)
    return Element(window.labels, NAN, True, scale(grown, factor / seconds))


def _grown(
    notes: HistogramNotes, histograms: Sequence[FloatHistogram], started: Sequence[bool], counter: bool
) -> FloatHistogram:
    """Return the difference of the last and the first histogram, with what was lost in resets for a counter."""
    first, last = histograms[0], histograms[-1]
    previous = first
    if counter and _begins_anew(histograms, started, 1):
        # The layout of a histogram that a reset has ended does not matter.
        previous = FloatHistogram(schema=histograms[1].schema, custom_values=histograms[1].custom_values)
    seen = (previous, *histograms[1:]) if counter else (previous, last)
    if len({histogram.is_custom for histogram in seen}) > 1:
        if counter and last.is_custom != previous.is_custom and (first.is_gauge or last.is_gauge):
            notes.warn(not_a_counter(notes.name))
        raise IncompatibleSchemas
    if counter and any(histogram.is_gauge for histogram in histograms):
        notes.warn(not_a_counter(notes.name))
    if not counter and not (first.is_gauge and last.is_gauge):
        notes.warn(not_a_gauge(notes.name))
    if not last.is_custom:
        last = reduce_resolution(last, min(histogram.schema for histogram in seen))
    grown = notes.minus(last, previous)
    if counter:
        for index in range(1, len(histograms)):
            if _resets(histograms[index], previous, started, index):
                grown = notes.plus(grown, previous)
            previous = histograms[index]
    return grown.hinted(CounterReset.GAUGE).compact()


def _begins_anew(histograms: Sequence[FloatHistogram], started: Sequence[bool], index: int) -> bool:
    return _resets(histograms[index], histograms[index - 1], started, index)


def _resets(current: FloatHistogram, previous: FloatHistogram, started: Sequence[bool], index: int) -> bool:
    return bool(started and started[index - 1]) or is_reset(current, previous)


def instant_growth(evaluator: Evaluator, argument: Expr, window: Window, *, rate: bool) -> Element | None:
    """Return the difference of the last two samples of a series that has histograms; None when there is none."""
    notes = HistogramNotes(evaluator, argument, window.labels.get(METRIC_NAME, ""))
    numbers = [(time, None) for time in window.times[-2:]]
    known = [*numbers, *zip(window.histogram_times[-2:], window.histograms[-2:], strict=True)]
    known.sort(key=lambda sample: sample[0])
    if len(known) < 2 or known[-2][0] == known[-1][0]:
        return None
    before, last = known[-2][1], known[-1][1]
    if before is None and last is None:
        first, second = window.values[-2], window.values[-1]
        number_starts = window.starts if rate and evaluator.options.start_timestamps else ()
        begins_anew = second < first or (
            bool(number_starts) and restarts(window.times, number_starts, len(number_starts) - 1)
        )
        return Element(window.labels, second if rate and begins_anew else second - first, True)
    if before is None or last is None:
        notes.warn(mixed_floats_and_histograms(notes.name))
        return None
    if rate and (before.is_gauge or last.is_gauge):
        notes.warn(not_a_counter(notes.name))
    if not rate and not (before.is_gauge and last.is_gauge):
        notes.warn(not_a_gauge(notes.name))
    grown = last
    starts = window.histogram_starts if rate and evaluator.options.start_timestamps else ()
    started = bool(starts) and restarts(window.histogram_times, starts, len(starts) - 1)
    if not rate or not (started or is_reset(last, before)):
        try:
            grown = notes.minus(last, before)
        except IncompatibleSchemas:
            notes.warn(mixed_schemas(notes.name))
            return None
    return Element(window.labels, NAN, True, grown.hinted(CounterReset.GAUGE).compact())
