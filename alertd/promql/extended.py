"""The modifiers `anchored` and `smoothed`: ranges that know the values at their very ends.

An anchored range begins with the last sample at or before its start. A smoothed one has values at both ends, on the
line between the samples around each. Where a counter restarts between those, it is taken to grow from zero.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from alertd.promql.annotations import Operation, mixed_floats_and_histograms, mixed_schemas, reconciled_bounds
from alertd.promql.ast import Expr, MatrixSelector, Node, VectorSelector, unwrap
from alertd.promql.elements import Element, RangeVector, Window
from alertd.promql.errors import EvaluationError
from alertd.promql.floats import NAN
from alertd.promql.histogram import CounterReset, FloatHistogram
from alertd.promql.histogram_arithmetic import IncompatibleSchemas, interpolate
from alertd.promql.histogram_reset import is_reset
from alertd.promql.matchers import METRIC_NAME

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator

_OPERATIONS: Final[tuple[Operation, ...]] = ("subtraction", "addition")
_ALLOWED: Final = {
    "anchored": ("changes", "delta", "increase", "rate", "resets"),
    "smoothed": ("delta", "increase", "rate"),
}


def check_function(name: str, argument: Expr) -> None:
    """Raise EvaluationError when a function cannot work on samples from beyond the range."""
    inner = unwrap(argument)
    if isinstance(inner, MatrixSelector) and inner.selector.extension:
        extension = inner.selector.extension
        if name not in _ALLOWED[extension]:
            raise EvaluationError(
                f"{extension} modifier can only be used with: {', '.join(_ALLOWED[extension])} - not with {name}"
            )


def on_the_line(before: tuple[int, float], after: tuple[int, float], at: int, *, counter: bool) -> float:
    """Return the value at an instant between two samples."""
    first, second = before[1], after[1]
    if counter and second < first:
        first = 0.0
    return first + (second - first) * (at - before[0]) / (after[0] - before[0])


def bounding_samples(times: Sequence[int], start: int, end: int, *, smoothed: bool) -> tuple[int, int] | None:
    """Return the indexes of the samples that the ends of a range are made from.

    None when all lie before it; those of a smoothed range may all lie behind it.
    """
    last = len(times) - 1
    if last < 0:
        return None
    first = max(0, bisect_right(times, start, 0, last) - 1)
    if smoothed:
        last = bisect_left(times, end, 0, last)
    return None if times[last] <= start else (first, last)


def end_values(
    window: Window, first: int, last: int, start: int, end: int, *, smoothed: bool, counter: bool
) -> tuple[float, float]:
    """Return the values at the start and the end of a range of numbers."""
    times, values = window.times, window.values
    left, right = values[first], values[last]
    if smoothed and times[first] < start:
        before, after = (times[first], values[first]), (times[first + 1], values[first + 1])
        left = on_the_line(before, after, start, counter=counter)
    if smoothed and last > 0 and times[last] > end:
        before, after = (times[last - 1], values[last - 1]), (times[last], values[last])
        right = on_the_line(before, after, end, counter=counter)
    return left, right


def extended_series(vector: RangeVector) -> list[Window]:
    """Return the windows of a bare range with its end values in place of the samples beyond.

    Raises EvaluationError for native histograms.
    """
    return [_extended(window, vector) for window in vector.windows]


def _extended(window: Window, vector: RangeVector) -> Window:
    if window.histograms:
        raise EvaluationError(f"{vector.extension} modifier is not supported with histograms")
    smoothed = vector.extension == "smoothed"
    bounds = bounding_samples(window.times, vector.start, vector.end, smoothed=smoothed)
    if bounds is None:
        return replace(window, times=(), values=())
    first, last = bounds
    left, right = end_values(window, first, last, vector.start, vector.end, smoothed=smoothed, counter=False)
    inner = slice(first + (window.times[first] <= vector.start), max(last + (window.times[last] < vector.end), first))
    return replace(
        window,
        times=[vector.start, *window.times[inner], vector.end],
        values=[left, *window.values[inner], right],
        starts=(),
    )


def smoothed_elements(evaluator: Evaluator, selector: VectorSelector, at: int) -> list[Element]:
    """Return the values at an instant, each on the line between the samples around it; the last one is carried on."""
    moment = evaluator.times.moment(selector.at, selector.offset, at)
    lookback = evaluator.options.lookback
    found: list[Element] = []
    for window in evaluator.selection.windows(selector, moment - lookback, moment + lookback):
        if window.histograms and window.times:
            evaluator.warn(selector, mixed_floats_and_histograms(window.labels.get(METRIC_NAME, "")))
        elif window.histograms:
            histogram = _smoothed_histogram(evaluator, selector, window, moment)
            if histogram is not None:
                found.append(Element(window.labels, NAN, False, histogram))
        else:
            value = _smoothed_value(window, moment)
            if value is not None:
                found.append(Element(window.labels, value))
    return found


def _smoothed_value(window: Window, at: int) -> float | None:
    times, values = window.times, window.values
    place = bisect_left(times, at)
    if place < len(times) and times[place] == at:
        return values[place]
    if not place:
        return None
    if place == len(times):
        return values[place - 1]
    before, after = (times[place - 1], values[place - 1]), (times[place], values[place])
    return on_the_line(before, after, at, counter=False)


def _smoothed_histogram(evaluator: Evaluator, node: Node, window: Window, at: int) -> FloatHistogram | None:
    times, histograms = window.histogram_times, window.histograms
    place = bisect_left(times, at)
    if place < len(times) and times[place] == at:
        return histograms[place]
    if not place:
        return None
    if place == len(times):
        return histograms[place - 1].hinted(CounterReset.UNKNOWN)
    before, after = histograms[place - 1], histograms[place]
    if before.is_custom != after.is_custom:
        evaluator.warn(node, mixed_schemas(window.labels.get(METRIC_NAME, "")))
        return None
    return histogram_on_the_line(
        evaluator,
        node,
        window,
        place,
        at,
        counter=not (before.is_gauge and after.is_gauge),
    )


def histogram_on_the_line(
    evaluator: Evaluator, node: Node, window: Window, place: int, at: int, *, counter: bool
) -> FloatHistogram | None:
    """Return the histogram at an instant between the samples before and at `place`.

    None, with a note, when the two do not go together.
    """
    times = window.histogram_times
    before, after = window.histograms[place - 1], window.histograms[place]
    share = (at - times[place - 1]) / (times[place] - times[place - 1])
    try:
        reached, *reconciled = interpolate(before, after, share, restarts=counter and is_reset(after, before))
    except IncompatibleSchemas:
        evaluator.warn(node, mixed_schemas(window.labels.get(METRIC_NAME, "")))
        return None
    for was_reconciled, operation in zip(reconciled, _OPERATIONS, strict=True):
        if was_reconciled:
            evaluator.inform(node, reconciled_bounds(operation))
    return reached
