"""Functions of range vectors that look at the slope: `rate`, `increase`, `delta`, `deriv`, `predict_linear`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from alertd.promql.annotations import mixed_floats_and_histograms, possible_non_counter
from alertd.promql.ast import Call, Expr
from alertd.promql.elements import TYPE_LABEL, Element, RangeVector, Window
from alertd.promql.extended_rate import extended_growth
from alertd.promql.extrapolation import extrapolation
from alertd.promql.floats import NAN, kahan_add
from alertd.promql.floats import divide as divide_floats
from alertd.promql.functions_range import number_windows
from alertd.promql.functiontypes import FunctionTable
from alertd.promql.histogram_arithmetic import divide
from alertd.promql.histogram_rate import histogram_growth, instant_growth
from alertd.promql.matchers import METRIC_NAME
from alertd.promql.starttimes import first_start, note_overlap, restarts

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator


def _rate(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    """`rate`, `increase` and `delta`: the growth over the whole range, guessed from the samples in it."""
    counter = call.function.name != "delta"
    argument = call.args[0]
    vector = evaluator.range_vector(argument, at)
    seconds = (vector.end - vector.start) / 1000 if call.function.name == "rate" else 1.0
    typed = evaluator.options.type_and_unit_labels
    # Series without a name are not doubted, and a name only once.
    doubted = {""}
    result: list[Element] = []
    for window in vector.windows:
        name = window.labels.get(METRIC_NAME, "")
        if window.histograms and window.times:
            evaluator.warn(argument, mixed_floats_and_histograms(name))
            continue
        if vector.extension:
            grown = extended_growth(evaluator, argument, window, vector, counter=counter, seconds=seconds)
        elif window.histograms:
            grown = histogram_growth(evaluator, argument, window, vector, counter=counter, seconds=seconds)
        else:
            grown = _growth(evaluator, argument, window, vector, counter=counter, seconds=seconds)
        if grown is not None:
            result.append(grown)
            if counter and name not in doubted and grown.histogram is None:
                if not typed:
                    doubted.add(name)
                _doubt_counter(evaluator, argument, window, name)
    return evaluator.settle(result)


def _doubt_counter(evaluator: Evaluator, argument: Expr, window: Window, name: str) -> None:
    kind = window.labels.get(TYPE_LABEL, "") if evaluator.options.type_and_unit_labels else None
    text = possible_non_counter(name, kind)
    if text:
        evaluator.inform(argument, text)


def _growth(
    evaluator: Evaluator, argument: Expr, window: Window, vector: RangeVector, *, counter: bool, seconds: float
) -> Element | None:
    since = None
    starts = window.starts if counter and evaluator.options.start_timestamps else ()
    if starts:
        note_overlap(evaluator, argument, window.labels, window.times, starts)
        since = first_start(starts, window.times, vector.start)
    if len(window.times) < 2 and since is None:
        return None
    growth = extrapolate(window, vector.start, vector.end, counter=counter, starts=starts, since=since, seconds=seconds)
    return Element(window.labels, growth, True)


def extrapolate(
    window: Window,
    start: int,
    end: int,
    *,
    counter: bool,
    starts: Sequence[int] = (),
    since: int | None = None,
    seconds: float = 1.0,
) -> float:
    """Return the growth between `start` and `end` (milliseconds) of at least two samples, divided by `seconds`.

    The samples are extended to a boundary that is nearer than 1.1 average gaps, by half a gap otherwise, and a
    counter is never extended below zero. A counter that is known to have begun at zero at `since`, within the range,
    is not extended to the left, and then one sample is enough.
    """
    times, values = window.times, window.values
    growth = values[-1] - values[0]
    if starts:
        growth += _lost_in_restarts(times, values, starts)
    elif counter:
        lost, previous = 0.0, values[0]
        for value in values:
            if value < previous:
                lost += previous
            previous = value
        growth += lost
    if since is not None:
        growth += values[0]
    factor = extrapolation(times, start, end, since, values[0] if counter else None, growth)
    # Prometheus divides the factor, not the product: the last bit depends on it.
    return growth * (factor / seconds)


def _lost_in_restarts(times: Sequence[int], values: Sequence[float], starts: Sequence[int]) -> float:
    lost = 0.0
    for index in range(1, len(values)):
        if values[index] < values[index - 1] or restarts(times, starts, index):
            lost += values[index - 1]
    return lost


def _instant(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    """`irate` and `idelta`: the last two samples alone."""
    rate = call.function.name == "irate"
    argument = call.args[0]
    result: list[Element] = []
    for window in evaluator.range_vector(argument, at).windows:
        if window.histograms:
            grown = instant_growth(evaluator, argument, window, rate=rate)
        elif len(window.values) < 2:
            continue
        else:
            grown = Element(window.labels, _last_growth(evaluator, window, rate=rate), True)
        if grown is not None:
            if rate:
                _per_second(grown, window)
            result.append(grown)
    return evaluator.settle(result)


def _last_growth(evaluator: Evaluator, window: Window, *, rate: bool) -> float:
    before, last = window.values[-2], window.values[-1]
    starts = window.starts if evaluator.options.start_timestamps else ()
    # After a counter's reset it has grown from zero.
    if rate and (last < before or (starts and restarts(window.times, starts, len(starts) - 1))):
        return last
    return last - before


def _per_second(grown: Element, window: Window) -> None:
    times = sorted((*window.times[-2:], *window.histogram_times[-2:]))
    seconds = (times[-1] - times[-2]) / 1000
    if grown.histogram is None:
        grown.value /= seconds
    else:
        grown.histogram = divide(grown.histogram, seconds)


def _deriv(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    return evaluator.settle(
        [
            Element(window.labels, linear_regression(window.times, window.values, window.times[0])[0], True)
            for window in number_windows(evaluator, call.args[0], at, call.args[0])
            if len(window.times) >= 2
        ]
    )


def _predict_linear(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    ahead = evaluator.scalar(call.args[1], at)
    result: list[Element] = []
    for window in number_windows(evaluator, call.args[0], at, call.args[0]):
        if len(window.times) < 2:
            continue
        slope, intercept = linear_regression(window.times, window.values, at)
        result.append(Element(window.labels, slope * ahead + intercept, True))
    return evaluator.settle(result)


def linear_regression(times: Sequence[int], values: Sequence[float], origin: int) -> tuple[float, float]:
    """Return slope per second and value at `origin` of the least-squares line; times in milliseconds."""
    first = values[0]
    if all(value == first for value in values):
        return (NAN, NAN) if math.isinf(first) else (0.0, first)
    sum_x = sum_y = sum_xy = sum_xx = 0.0
    rest_x = rest_y = rest_xy = rest_xx = 0.0
    for time, value in zip(times, values, strict=True):
        x = (time - origin) / 1000
        sum_x, rest_x = kahan_add(x, sum_x, rest_x)
        sum_y, rest_y = kahan_add(value, sum_y, rest_y)
        sum_xy, rest_xy = kahan_add(x * value, sum_xy, rest_xy)
        sum_xx, rest_xx = kahan_add(x * x, sum_xx, rest_xx)
    sum_x += rest_x
    sum_y += rest_y
    sum_xy += rest_xy
    sum_xx += rest_xx
    count = len(values)
    slope = divide_floats(sum_xy - sum_x * sum_y / count, sum_xx - sum_x * sum_x / count)
    return slope, sum_y / count - slope * sum_x / count


TABLE: Final[FunctionTable] = {
    "rate": _rate,
    "increase": _rate,
    "delta": _rate,
    "irate": _instant,
    "idelta": _instant,
    "deriv": _deriv,
    "predict_linear": _predict_linear,
}
