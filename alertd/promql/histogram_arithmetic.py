"""Adding, subtracting and scaling native histograms, and their sums and averages.

Two histograms are first brought to one layout: the coarser schema, the wider zero bucket, the bounds they share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isinf
from typing import Final, TypeAlias

from alertd.promql.floats import divide as divide_floats
from alertd.promql.floats import kahan_add
from alertd.promql.histogram import (
    CounterReset,
    FloatHistogram,
    exponential_bound,
    negative_buckets,
    populated,
    positive_buckets,
)

_Operation: TypeAlias = Callable[[float, float], float]
_KahanParts: TypeAlias = "tuple[dict[int, float], dict[int, float]]"


class IncompatibleSchemas(ValueError):
    """One histogram has custom buckets and the other has not."""


@dataclass(frozen=True, slots=True)
class Combined:
    """A histogram made of several.

    `collision`: one of them said that its counter was reset, another that its was not. `reconciled`: custom bounds
    differed, and only those in common are left.
    """

    histogram: FloatHistogram
    collision: bool = False
    reconciled: bool = False


def add(left: FloatHistogram, right: FloatHistogram) -> Combined:
    """Return the sum. Raises IncompatibleSchemas."""
    return _combine(left, right, lambda first, second: first + second)


def subtract(left: FloatHistogram, right: FloatHistogram) -> Combined:
    """Return the difference; the hint is that of a sum. Raises IncompatibleSchemas."""
    return _combine(left, right, lambda first, second: first - second)


def scale(histogram: FloatHistogram, factor: float) -> FloatHistogram:
    """Return the histogram with all its counts and its sum multiplied; a negative factor makes it a gauge."""
    scaled = _mapped(histogram, lambda value: value * factor)
    return scaled.hinted(CounterReset.GAUGE) if factor < 0 else scaled


def divide(histogram: FloatHistogram, divisor: float) -> FloatHistogram:
    """Return the histogram with all its counts and its sum divided; division by zero leaves no buckets."""
    divided = _mapped(histogram, lambda value: divide_floats(value, divisor))
    if divisor == 0:
        return replace(divided, positive={}, negative={})
    return divided.hinted(CounterReset.GAUGE) if divisor < 0 else divided


def reduce_resolution(histogram: FloatHistogram, schema: int) -> FloatHistogram:
    """Return the histogram with its buckets merged into those of a lower exponential schema."""
    if schema >= histogram.schema:
        return histogram
    shift = histogram.schema - schema
    return replace(
        histogram,
        schema=schema,
        positive=_remapped(histogram.positive, lambda index: ((index - 1) >> shift) + 1),
        negative=_remapped(histogram.negative, lambda index: ((index - 1) >> shift) + 1),
    )


def widen_zero_bucket(histogram: FloatHistogram, threshold: float) -> FloatHistogram:
    """Return the histogram with a zero bucket up to `threshold`, or to the end of the populated bucket it falls in."""
    count, reached = zero_count_up_to(histogram, threshold)
    if reached == histogram.zero_threshold:
        return histogram
    return replace(
        histogram,
        zero_threshold=reached,
        zero_count=count,
        positive={b.index: b.count for b in positive_buckets(histogram) if b.lower >= reached and b.count},
        negative={b.index: b.count for b in negative_buckets(histogram) if b.upper <= -reached and b.count},
    )


def sum_of(histograms: Sequence[FloatHistogram]) -> Combined:
    """Return the sum of at least one histogram, with compensated sums. Raises IncompatibleSchemas."""
    total = _CompensatedSum(histograms[0])
    for histogram in histograms[1:]:
        total.add(histogram)
    return Combined(total.value(), _hints_collide(histograms), total.reconciled)


def average_of(histograms: Sequence[FloatHistogram]) -> Combined:
    """Return the average of at least one histogram, with sums that do not overflow. Raises IncompatibleSchemas."""
    total = _CompensatedSum(histograms[0])
    for index in range(1, len(histograms)):
        before = total.copy()
        total.add(histograms[index])
        if _overflows(total.total):
            total = before
            total.scale(1 / index)
            for later in range(index, len(histograms)):
                count = later + 1
                total.scale(later / count)
                total.add(divide(histograms[later], count))
            return Combined(total.value(), _hints_collide(histograms), total.reconciled)
    mean = divide(total.value(), float(len(histograms)))
    return Combined(mean, _hints_collide(histograms), total.reconciled)


def interpolate(
    before: FloatHistogram, after: FloatHistogram, share: float, *, restarts: bool
) -> tuple[FloatHistogram, bool, bool]:
    """Return the histogram at `share` of the way between two.

    Beside it, whether bounds had to be reconciled for the difference of the two, and for adding a part of that. A
    counter that `restarts` in between has grown from zero to `after`. Raises IncompatibleSchemas.
    """
    if restarts:
        return scale(after, share), False, False
    growth = subtract(after, before)
    reached = add(scale(growth.histogram, share), before)
    return reached.histogram, growth.reconciled, reached.reconciled


class _CompensatedSum:
    """A running sum of histograms; `rest` is what the rounding of `total` has lost so far."""

    __slots__ = ("reconciled", "rest", "total")

    def __init__(self, first: FloatHistogram) -> None:
        self.total = first
        self.rest = _mapped(first, lambda _value: 0.0)
        self.reconciled = False

    def copy(self) -> _CompensatedSum:
        twin = _CompensatedSum(self.total)
        twin.rest, twin.reconciled = self.rest, self.reconciled
        return twin

    def add(self, histogram: FloatHistogram) -> None:
        total, other, reconciled = aligned(self.total, histogram)
        rest = aligned(self.rest, total)[0]
        self.reconciled |= reconciled
        count, count_rest = kahan_add(other.count, total.count, rest.count)
        observed, observed_rest = kahan_add(other.sum, total.sum, rest.sum)
        zero, zero_rest = kahan_add(other.zero_count, total.zero_count, rest.zero_count)
        positive, positive_rest = _kahan_buckets(other.positive, total.positive, rest.positive)
        negative, negative_rest = _kahan_buckets(other.negative, total.negative, rest.negative)
        self.total = replace(
            total,
            count=count,
            sum=observed,
            zero_count=zero,
            positive=positive,
            negative=negative,
            counter_reset=_joint_hint(total, other)[0],
        )
        self.rest = replace(
            total,
            count=count_rest,
            sum=observed_rest,
            zero_count=zero_rest,
            positive=positive_rest,
            negative=negative_rest,
        )

    def scale(self, factor: float) -> None:
        self.total = scale(self.total, factor)
        self.rest = scale(self.rest, factor)

    def value(self) -> FloatHistogram:
        return add(self.total, self.rest.hinted(self.total.counter_reset)).histogram


def _kahan_buckets(
    increments: Mapping[int, float], totals: Mapping[int, float], rests: Mapping[int, float]
) -> _KahanParts:
    total: dict[int, float] = {}
    rest: dict[int, float] = {}
    for index in totals.keys() | increments.keys():
        total[index], rest[index] = kahan_add(increments.get(index, 0.0), totals.get(index, 0.0), rests.get(index, 0.0))
    return total, rest


def _overflows(histogram: FloatHistogram) -> bool:
    numbers = (histogram.count, histogram.sum, histogram.zero_count)
    return any(map(isinf, (*numbers, *histogram.positive.values(), *histogram.negative.values())))


def _hints_collide(histograms: Iterable[FloatHistogram]) -> bool:
    return {CounterReset.RESET, CounterReset.NOT_RESET} <= {histogram.counter_reset for histogram in histograms}


def _mapped(histogram: FloatHistogram, compute: Callable[[float], float]) -> FloatHistogram:
    return replace(
        histogram,
        count=compute(histogram.count),
        sum=compute(histogram.sum),
        zero_count=compute(histogram.zero_count),
        positive={index: compute(count) for index, count in histogram.positive.items()},
        negative={index: compute(count) for index, count in histogram.negative.items()},
    )


def _combine(left: FloatHistogram, right: FloatHistogram, operation: _Operation) -> Combined:
    left, right, reconciled = aligned(left, right)
    hint, collision = _joint_hint(left, right)
    histogram = replace(
        left,
        count=operation(left.count, right.count),
        sum=operation(left.sum, right.sum),
        zero_count=operation(left.zero_count, right.zero_count),
        positive=_combined_buckets(left.positive, right.positive, operation),
        negative=_combined_buckets(left.negative, right.negative, operation),
        counter_reset=hint,
    )
    return Combined(histogram, collision, reconciled)


def _combined_buckets(left: Mapping[int, float], right: Mapping[int, float], operation: _Operation) -> dict[int, float]:
    combined = dict(left)
    for index, count in right.items():
        combined[index] = operation(left.get(index, 0.0), count)
    return combined


# A sum with a gauge is a gauge; else, with something unknown, unknown.
_WEAKER: Final = (CounterReset.GAUGE, CounterReset.UNKNOWN)


def _joint_hint(left: FloatHistogram, right: FloatHistogram) -> tuple[CounterReset, bool]:
    """Return the hint of a sum or difference, and whether the two hints contradict each other."""
    hints = (left.counter_reset, right.counter_reset)
    if hints[0] is hints[1]:
        return hints[0], False
    for weaker in _WEAKER:
        if weaker in hints:
            return weaker, False
    return CounterReset.UNKNOWN, True


def aligned(left: FloatHistogram, right: FloatHistogram) -> tuple[FloatHistogram, FloatHistogram, bool]:
    """Return both in one layout, and whether custom bounds had to be reconciled for it. Raises IncompatibleSchemas."""
    if left.is_custom != right.is_custom:
        raise IncompatibleSchemas
    if left.is_custom:
        if left.custom_values == right.custom_values:
            return left, right, False
        known = set(right.custom_values)
        shared = tuple(bound for bound in left.custom_values if bound in known)
        return _with_bounds(left, shared), _with_bounds(right, shared), True
    left, right = _with_one_zero_bucket(left, right)
    schema = min(left.schema, right.schema)
    # As in Prometheus, what the wider zero bucket has taken in is seen in the right one by its coarser buckets.
    return reduce_resolution(left, schema), outside_zero_bucket(reduce_resolution(right, schema)), False


def outside_zero_bucket(histogram: FloatHistogram) -> FloatHistogram:
    """Return the histogram without the buckets that lie within its zero bucket."""
    threshold = histogram.zero_threshold
    if not threshold or histogram.is_custom:
        return histogram

    def kept(buckets: Mapping[int, float]) -> dict[int, float]:
        return {i: c for i, c in buckets.items() if exponential_bound(i, histogram.schema) > threshold}

    return replace(histogram, positive=kept(histogram.positive), negative=kept(histogram.negative))


def _with_bounds(histogram: FloatHistogram, bounds: tuple[float, ...]) -> FloatHistogram:
    own = histogram.custom_values

    def target(index: int) -> int:
        if index >= len(own):
            return len(bounds)
        return next((place for place, bound in enumerate(bounds) if bound >= own[index]), len(bounds))

    return replace(histogram, custom_values=bounds, positive=populated(_remapped(histogram.positive, target)))


def _remapped(buckets: Mapping[int, float], target: Callable[[int], int]) -> dict[int, float]:
    merged: dict[int, float] = {}
    for index, count in buckets.items():
        place = target(index)
        merged[place] = merged.get(place, 0.0) + count
    return merged


def _with_one_zero_bucket(left: FloatHistogram, right: FloatHistogram) -> tuple[FloatHistogram, FloatHistogram]:
    """Return both with the same zero bucket; what the right one has within it is left where it is."""
    count, threshold = right.zero_count, right.zero_threshold
    while left.zero_threshold != threshold:
        if left.zero_threshold > threshold:
            count, threshold = zero_count_up_to(right, left.zero_threshold)
        if threshold > left.zero_threshold:
            left = widen_zero_bucket(left, threshold)
    return left, replace(right, zero_count=count, zero_threshold=threshold)


def zero_count_up_to(histogram: FloatHistogram, threshold: float) -> tuple[float, float]:
    """Return what a zero bucket up to `threshold` would count, and where it would really end."""
    if threshold == histogram.zero_threshold:
        return histogram.zero_count, threshold
    while True:
        count = histogram.zero_count
        for bucket in positive_buckets(histogram):
            if bucket.lower >= threshold:
                break
            count += bucket.count
            if bucket.upper > threshold:
                threshold = bucket.upper if bucket.count else threshold
                break
        for bucket in negative_buckets(histogram):
            if bucket.upper <= -threshold:
                return count, threshold
            count += bucket.count
            if bucket.lower < -threshold:
                if not bucket.count:
                    return count, threshold
                # The positive side has to be counted anew, up to the larger threshold.
                threshold = -bucket.lower
                break
        else:
            return count, threshold
