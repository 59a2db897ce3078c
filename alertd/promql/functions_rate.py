"""Functions of range vectors that look at the slope: `rate`, `increase`, `delta`, `deriv`, `predict_linear`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from alertd.promql.ast import Call
from alertd.promql.elements import Element, Window
from alertd.promql.floats import NAN, kahan_add
from alertd.promql.functiontypes import FunctionTable
from alertd.promql.matchers import METRIC_NAME
from alertd.promql.quoting import quote

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator

_COUNTER_SUFFIXES = ("_total", "_sum", "_count", "_bucket")


def _extrapolated(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    """`rate`, `increase` and `delta`: the growth over the whole range, guessed from the samples in it."""
    counter = call.function.name != "delta"
    argument = call.args[0]
    vector = evaluator.range_vector(argument, at)
    seconds = (vector.end - vector.start) / 1000
    result: list[Element] = []
    for window in vector.windows:
        name = window.labels.get(METRIC_NAME, "")
        if counter and name and not name.endswith(_COUNTER_SUFFIXES):
            evaluator.inform(
                argument,
                "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: " + quote(name),
            )
        if len(window.values) >= 2:
            growth = extrapolate(window, vector.start, vector.end, counter=counter)
            if call.function.name == "rate":
                growth /= seconds
            result.append(Element(window.labels, growth, True))
    return evaluator.settle(result)


def extrapolate(window: Window, start: int, end: int, *, counter: bool) -> float:
    """Return the growth between `start` and `end` (milliseconds) of at least two samples.

    The samples are extended to a boundary that is nearer than 1.1 average gaps, by half a gap otherwise, and a
    counter is never extended below zero.
    """
    times, values = window.times, window.values
    growth = values[-1] - values[0]
    if counter:
        previous = values[0]
        for value in values:
            if value < previous:
                growth += previous
            previous = value
    to_start = (times[0] - start) / 1000
    to_end = (end - times[-1]) / 1000
    sampled = (times[-1] - times[0]) / 1000
    gap = sampled / (len(times) - 1)
    threshold = gap * 1.1
    if to_start >= threshold:
        to_start = gap / 2
    if counter and growth > 0 and values[0] >= 0:
        to_start = min(to_start, sampled * (values[0] / growth))
    if to_end >= threshold:
        to_end = gap / 2
    return growth * ((sampled + to_start + to_end) / sampled)


def _instant(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    """`irate` and `idelta`: the last two samples alone."""
    rate = call.function.name == "irate"
    result: list[Element] = []
    for window in evaluator.range_vector(call.args[0], at).windows:
        if len(window.values) < 2:
            continue
        before, last = window.values[-2], window.values[-1]
        # After a counter's reset it has grown from zero.
        growth = last if rate and last < before else last - before
        if rate:
            growth /= (window.times[-1] - window.times[-2]) / 1000
        result.append(Element(window.labels, growth, True))
    return evaluator.settle(result)


def _deriv(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    return evaluator.settle(
        [
            Element(window.labels, linear_regression(window.times, window.values, window.times[0])[0], True)
            for window in evaluator.range_vector(call.args[0], at).windows
            if len(window.values) >= 2
        ]
    )


def _predict_linear(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    ahead = evaluator.scalar(call.args[1], at)
    result: list[Element] = []
    for window in evaluator.range_vector(call.args[0], at).windows:
        if len(window.values) >= 2:
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
    slope = (sum_xy - sum_x * sum_y / count) / (sum_xx - sum_x * sum_x / count)
    return slope, sum_y / count - slope * sum_x / count


TABLE: Final[FunctionTable] = {
    "rate": _extrapolated,
    "increase": _extrapolated,
    "delta": _extrapolated,
    "irate": _instant,
    "idelta": _instant,
    "deriv": _deriv,
    "predict_linear": _predict_linear,
}
