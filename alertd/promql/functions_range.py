"""Functions of range vectors that look at the values: `avg_over_time` and its kin, `absent_over_time`, `changes`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from alertd.promql.ast import Call, Expr, MatrixSelector, VectorSelector, unwrap
from alertd.promql.elements import Element, Labels, Window
from alertd.promql.errors import EvaluationError
from alertd.promql.floats import kahan_sum, largest, mean, quantile, smallest, variance
from alertd.promql.functiontypes import FunctionBody, FunctionTable
from alertd.promql.matchers import METRIC_NAME
from alertd.promql.printer import format_number

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator


def _over_values(compute: Callable[[Sequence[float]], float], *, keeps_name: bool = False) -> FunctionBody:
    """Return the function that makes one value of each window's values."""
    return _over_windows(lambda window: compute(window.values), keeps_name=keeps_name)


def _over_windows(compute: Callable[[Window], float], *, keeps_name: bool = False) -> FunctionBody:
    def body(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
        return evaluator.settle(
            [
                Element(window.labels, compute(window), window.drop_name or not keeps_name)
                for window in evaluator.range_vector(call.args[0], at).windows
            ]
        )

    return body


def _changes(values: Sequence[float]) -> float:
    count = 0
    previous = values[0]
    for value in values:
        if value != previous and not (value != value and previous != previous):
            count += 1
        previous = value
    return float(count)


def _resets(values: Sequence[float]) -> float:
    count = 0
    previous = values[0]
    for value in values:
        if value < previous:
            count += 1
        previous = value
    return float(count)


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
    if not 0 <= q <= 1:
        evaluator.warn(call.args[0], f"quantile value should be between 0 and 1, got {format_number(q)}")
    windows = evaluator.range_vector(call.args[1], at).windows
    return evaluator.settle([Element(window.labels, quantile(q, window.values), True) for window in windows])


def _smoothing(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    """`double_exponential_smoothing`: Holt's linear method."""
    smoothing, trend = (evaluator.scalar(argument, at) for argument in call.args[1:])
    for name, factor in (("smoothing", smoothing), ("trend", trend)):
        if not 0 < factor < 1:
            short = "sf" if name == "smoothing" else "tf"
            raise EvaluationError(f"invalid {name} factor. Expected: 0 < {short} < 1, got: {factor:f}")
    return evaluator.settle(
        [
            Element(window.labels, _smooth(window.values, smoothing, trend), True)
            for window in evaluator.range_vector(call.args[0], at).windows
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
    "avg_over_time": _over_values(mean),
    "sum_over_time": _over_values(kahan_sum),
    "min_over_time": _over_values(smallest),
    "max_over_time": _over_values(largest),
    "count_over_time": _over_values(lambda values: float(len(values))),
    "present_over_time": _over_values(lambda _values: 1.0),
    "stdvar_over_time": _over_values(variance),
    "stddev_over_time": _over_values(lambda values: math.sqrt(variance(values))),
    "mad_over_time": _over_values(_deviation),
    "first_over_time": _over_values(lambda values: values[0], keeps_name=True),
    "last_over_time": _over_values(lambda values: values[-1], keeps_name=True),
    "changes": _over_values(_changes),
    "resets": _over_values(_resets),
    "ts_of_first_over_time": _over_windows(lambda window: window.times[0] / 1000),
    "ts_of_last_over_time": _over_windows(lambda window: window.times[-1] / 1000),
    "ts_of_max_over_time": _over_windows(_time_of(largest)),
    "ts_of_min_over_time": _over_windows(_time_of(smallest)),
    "quantile_over_time": _quantile_over_time,
    "double_exponential_smoothing": _smoothing,
    "absent": _absent,
    "absent_over_time": _absent_over_time,
}
