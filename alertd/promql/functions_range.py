"""Functions of range vectors that look at numbers alone: `max_over_time` and its kin; and the two of absence."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from alertd.promql.annotations import ignored_in_mixed_range, invalid_quantile
from alertd.promql.ast import Call, Expr, MatrixSelector, VectorSelector, unwrap
from alertd.promql.elements import Element, Labels, Window
from alertd.promql.errors import EvaluationError
from alertd.promql.floats import largest, quantile, smallest, variance
from alertd.promql.functiontypes import FunctionBody, FunctionTable
from alertd.promql.matchers import METRIC_NAME

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator


def _of_numbers(compute: Callable[[Window], float]) -> FunctionBody:
    """Return the function that makes one value of the numbers of each window that has any."""

    def body(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
        return evaluator.settle(
            [
                Element(window.labels, compute(window), True)
                for window in number_windows(evaluator, call.args[0], at, call.args[0])
            ]
        )

    return body


def _of_values(compute: Callable[[Sequence[float]], float]) -> FunctionBody:
    return _of_numbers(lambda window: compute(window.values))


def number_windows(evaluator: Evaluator, argument: Expr, at: int, place: Expr) -> list[Window]:
    """Return the windows that have numbers; histograms among them are left out, with a note at `place`."""
    windows: list[Window] = []
    for window in evaluator.range_vector(argument, at).windows:
        if window.times:
            if window.histograms:
                evaluator.inform(place, ignored_in_mixed_range(window.labels.get(METRIC_NAME, "")))
            windows.append(window)
    return windows


def _deviation(values: Sequence[float]) -> float:
    """Return the median of the distances from the median."""
    median = quantile(0.5, values)
    return quantile(0.5, [abs(value - median) for value in values])


def _time_of(choose: Callable[[Sequence[float]], float]) -> Callable[[Window], float]:
    """Return the function that gives the time of the last sample with the chosen value, in seconds."""

    def compute(window: Window) -> float:
        chosen = choose(window.values)
        for time, value in zip(reversed(window.times), reversed(window.values), strict=True):
            if value == chosen:
                return time / 1000
        return window.times[-1] / 1000

    return compute


def _quantile_over_time(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    q = evaluator.scalar(call.args[0], at)
    windows = number_windows(evaluator, call.args[1], at, call.args[0])
    if windows and not 0 <= q <= 1:
        evaluator.warn(call.args[0], invalid_quantile(q))
    return evaluator.settle([Element(window.labels, quantile(q, window.values), True) for window in windows])


def _smoothing(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    """`double_exponential_smoothing`: Holt's linear method."""
    smoothing, trend = (evaluator.scalar(argument, at) for argument in call.args[1:])
    if evaluator.range_vector(call.args[0], at).windows:
        for name, factor in (("smoothing", smoothing), ("trend", trend)):
            if factor <= 0 or factor >= 1:
                short = "sf" if name == "smoothing" else "tf"
                raise EvaluationError(f"invalid {name} factor. Expected: 0 < {short} < 1, got: {factor:f}")
    return evaluator.settle(
        [
            Element(window.labels, _smooth(window.values, smoothing, trend), True)
            for window in number_windows(evaluator, call.args[0], at, call.args[0])
            if len(window.values) >= 2
        ]
    )


def _smooth(values: Sequence[float], smoothing: float, trend: float) -> float:
    previous, level = 0.0, values[0]
    slope = values[1] - values[0]
    for index in range(1, len(values)):
        if index > 1:
            slope = trend * (level - previous) + (1 - trend) * slope
        previous, level = level, smoothing * values[index] + (1 - smoothing) * (level + slope)
    return level


def _absent(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    argument = call.args[0]
    if evaluator.vector(argument, at):
        return []
    return [Element(absent_labels(argument), 1.0)]


def _absent_over_time(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    argument = call.args[0]
    if evaluator.range_vector(argument, at).windows:
        return []
    return [Element(absent_labels(argument), 1.0)]


def absent_labels(expr: Expr) -> Labels:
    """Return the labels that a missing series would surely have: those with one equality matcher and no other."""
    inner = unwrap(expr)
    selector = inner.selector if isinstance(inner, MatrixSelector) else inner
    if not isinstance(selector, VectorSelector):
        return {}
    labels: dict[str, str] = {}
    seen: set[str] = set()
    for matcher in selector.matchers:
        if matcher.name == METRIC_NAME:
            continue
        if matcher.op == "=" and matcher.name not in seen:
            seen.add(matcher.name)
            if matcher.value:
                labels[matcher.name] = matcher.value
        else:
            labels.pop(matcher.name, None)
    return labels


TABLE: Final[FunctionTable] = {
    "min_over_time": _of_values(smallest),
    "max_over_time": _of_values(largest),
    "stdvar_over_time": _of_values(variance),
    "stddev_over_time": _of_values(lambda values: math.sqrt(variance(values))),
    "mad_over_time": _of_values(_deviation),
    "ts_of_max_over_time": _of_numbers(_time_of(largest)),
    "ts_of_min_over_time": _of_numbers(_time_of(smallest)),
    "quantile_over_time": _quantile_over_time,
    "double_exponential_smoothing": _smoothing,
    "absent": _absent,
    "absent_over_time": _absent_over_time,
}
