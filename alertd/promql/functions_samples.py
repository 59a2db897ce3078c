"""Functions of range vectors that know numbers and native histograms: `sum_over_time`, `last_over_time`, `changes`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from alertd.promql.annotations import (
    counter_reset_collision,
    mixed_floats_and_histograms,
    mixed_schemas,
    reconciled_bounds,
)
from alertd.promql.ast import Call, Expr
from alertd.promql.elements import Element, Window
from alertd.promql.floats import NAN, kahan_sum, mean
from alertd.promql.functiontypes import FunctionBody, FunctionTable
from alertd.promql.histogram import FloatHistogram, same_data
from alertd.promql.histogram_arithmetic import Combined, IncompatibleSchemas, average_of, sum_of
from alertd.promql.histogram_reset import is_reset
from alertd.promql.matchers import METRIC_NAME
from alertd.promql.starttimes import restarts

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator


def _total(
    of_numbers: Callable[[Sequence[float]], float], of_histograms: Callable[[Sequence[FloatHistogram]], Combined]
) -> FunctionBody:
    """Return the function that makes one number or one histogram of each window; of a mixed window nothing."""

    def body(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
        argument = call.args[0]
        result: list[Element] = []
        for window in evaluator.range_vector(argument, at).windows:
            if not window.histograms:
                result.append(Element(window.labels, of_numbers(window.values), True))
                continue
            histogram = _total_histogram(evaluator, argument, window, of_histograms)
            if histogram is not None:
                result.append(Element(window.labels, NAN, True, histogram))
        return evaluator.settle(result)

    return body


def _total_histogram(
    evaluator: Evaluator,
    argument: Expr,
    window: Window,
    compute: Callable[[Sequence[FloatHistogram]], Combined],
) -> FloatHistogram | None:
    name = window.labels.get(METRIC_NAME, "")
    if window.times:
        evaluator.warn(argument, mixed_floats_and_histograms(name))
        return None
    try:
        combined = compute(window.histograms)
    except IncompatibleSchemas:
        evaluator.warn(argument, mixed_schemas(name))
        return None
    if combined.collision:
        evaluator.warn(argument, counter_reset_collision("aggregation"))
    if combined.reconciled:
        evaluator.inform(argument, reconciled_bounds("aggregation"))
    return combined.histogram


def _over_windows(compute: Callable[[Window], float]) -> FunctionBody:
    def body(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
        return evaluator.settle(
            [
                Element(window.labels, compute(window), True)
                for window in evaluator.range_vector(call.args[0], at).windows
            ]
        )

    return body


def _first(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    result: list[Element] = []
    for window in evaluator.range_vector(call.args[0], at).windows:
        histograms = window.histogram_times
        if histograms and not (window.times and window.times[0] < histograms[0]):
            result.append(Element(window.labels, NAN, window.drop_name, window.histograms[0]))
        else:
            result.append(Element(window.labels, window.values[0], window.drop_name))
    return evaluator.settle(result)


def _last(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    result: list[Element] = []
    for window in evaluator.range_vector(call.args[0], at).windows:
        histograms = window.histogram_times
        if histograms and not (window.times and window.times[-1] > histograms[-1]):
            result.append(Element(window.labels, NAN, window.drop_name, window.histograms[-1]))
        else:
            result.append(Element(window.labels, window.values[-1], window.drop_name))
    return evaluator.settle(result)


@dataclass(slots=True)
class _Sequence:
    """The samples of a window in their order, of both kinds; a number has the histogram None."""

    times: Sequence[int]
    values: Sequence[float]
    histograms: Sequence[FloatHistogram | None]
    starts: Sequence[int]


def _merged(window: Window) -> _Sequence:
    numbers = len(window.times)
    if not window.histograms:
        return _Sequence(window.times, window.values, (None,) * numbers, window.starts)
    unknown = (0,) * (numbers + len(window.histograms))
    starts = [*(window.starts or unknown[:numbers]), *(window.histogram_starts or unknown[numbers:])]
    samples = sorted(
        zip(
            (*window.times, *window.histogram_times),
            (*window.values, *(NAN for _ in window.histograms)),
            (*(None for _ in range(numbers)), *window.histograms),
            starts,
            strict=True,
        ),
        key=lambda sample: sample[0],
    )
    times, values, histograms, ordered_starts = zip(*samples, strict=True)
    return _Sequence(times, values, histograms, ordered_starts if any(ordered_starts) else ())


def _counted(
    of_numbers: Callable[[Sequence[float]], int], differs: Callable[[Evaluator, _Sequence, int], bool]
) -> FunctionBody:
    """Return the function that counts the samples that differ from the one before them, in a certain way.

    `of_numbers` does it for plain numbers, `differs` for anything. An anchored range begins with the last sample at or
    before its start.
    """

    def body(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
        vector = evaluator.range_vector(call.args[0], at)
        result: list[Element] = []
        for window in vector.windows:
            if not vector.extension and not window.histograms and not window.starts:
                result.append(Element(window.labels, float(of_numbers(window.values)), True))
                continue
            samples = _merged(window)
            first = 0
            if vector.extension:
                if samples.times[-1] <= vector.start:
                    continue
                first = max(0, sum(time <= vector.start for time in samples.times) - 1)
            count = sum(differs(evaluator, samples, index) for index in range(first + 1, len(samples.times)))
            result.append(Element(window.labels, float(count), True))
        return evaluator.settle(result)

    return body


def _changes(values: Sequence[float]) -> int:
    count = 0
    previous = values[0]
    for value in values:
        if value != previous and not (value != value and previous != previous):
            count += 1
        previous = value
    return count


def _resets(values: Sequence[float]) -> int:
    count = 0
    previous = values[0]
    for value in values:
        if value < previous:
            count += 1
        previous = value
    return count


def _changed(_evaluator: Evaluator, samples: _Sequence, index: int) -> bool:
    before, now = samples.histograms[index - 1], samples.histograms[index]
    if before is not None and now is not None:
        return not same_data(before, now)
    if before is not None or now is not None:
        return True
    return _changes(samples.values[index - 1 : index + 1]) > 0


def _was_reset(evaluator: Evaluator, samples: _Sequence, index: int) -> bool:
    if evaluator.options.start_timestamps and samples.starts and restarts(samples.times, samples.starts, index):
        return True
    before, now = samples.histograms[index - 1], samples.histograms[index]
    if before is not None and now is not None:
        return is_reset(now, before)
    if before is not None or now is not None:
        return True
    return samples.values[index] < samples.values[index - 1]


TABLE: Final[FunctionTable] = {
    "sum_over_time": _total(kahan_sum, sum_of),
    "avg_over_time": _total(mean, average_of),
    "count_over_time": _over_windows(lambda window: float(len(window.times) + len(window.histograms))),
    "present_over_time": _over_windows(lambda _window: 1.0),
    "first_over_time": _first,
    "last_over_time": _last,
    "ts_of_first_over_time": _over_windows(lambda window: min((*window.times[:1], *window.histogram_times[:1])) / 1000),
    "ts_of_last_over_time": _over_windows(
        lambda window: max((*window.times[-1:], *window.histogram_times[-1:])) / 1000
    ),
    "changes": _counted(_changes, _changed),
    "resets": _counted(_resets, _was_reset),
}
