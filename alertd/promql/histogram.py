"""Native histograms: their buckets, their text and what they weigh.

A histogram counts observations in buckets whose bounds follow from its schema. Exponential schemas (-4 … 8) divide each
power of two into `2 ** schema` buckets, with a zero bucket around zero; schema -53 has explicit bounds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from typing import Final

from alertd.promql.floats import INF
from alertd.promql.numbers import format_go_float

CUSTOM_BUCKETS: Final = -53
LOWEST_SCHEMA: Final = -4
HIGHEST_SCHEMA: Final = 8
_LARGEST_EXPONENT: Final = 1024
_LARGEST_FLOAT: Final = math.ldexp(1 - 2**-53, _LARGEST_EXPONENT)
# What a histogram weighs in samples when it is counted against a limit: 8 bytes a number, 16 bytes a sample.
_BASE_BYTES: Final = 184
_NUMBER_BYTES: Final = 8
_SAMPLE_BYTES: Final = 16


class CounterReset(Enum):
    """What is known of a counter reset between a histogram and the one before it; gauges have none."""

    UNKNOWN = "unknown"
    RESET = "reset"
    NOT_RESET = "not_reset"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket with its bounds; `index` is its place in the schema (0 for the zero bucket)."""

    lower: float
    upper: float
    count: float
    lower_inclusive: bool
    upper_inclusive: bool
    index: int = 0

    def __str__(self) -> str:
        opening, closing = "[" if self.lower_inclusive else "(", "]" if self.upper_inclusive else ")"
        lower, upper = format_go_float(self.lower), format_go_float(self.upper)
        return f"{opening}{lower},{upper}{closing}:{format_go_float(self.count)}"


@dataclass(frozen=True, slots=True)
class FloatHistogram:
    """A native histogram; it is never changed, operations make a new one.

    `positive` and `negative` map the index of a bucket to its count; a bucket may be there with a count of zero.
    `custom_values` are the finite upper bounds of a histogram with custom buckets, whose buckets are all in `positive`
    and which has no zero bucket.
    """

    schema: int = 0
    count: float = 0.0
    sum: float = 0.0
    zero_threshold: float = 0.0
    zero_count: float = 0.0
    positive: Mapping[int, float] = field(default_factory=dict)
    negative: Mapping[int, float] = field(default_factory=dict)
    custom_values: tuple[float, ...] = ()
    counter_reset: CounterReset = CounterReset.UNKNOWN

    @property
    def is_custom(self) -> bool:
        return self.schema == CUSTOM_BUCKETS

    @property
    def is_gauge(self) -> bool:
        return self.counter_reset is CounterReset.GAUGE

    @property
    def size(self) -> int:
        """How many float samples take the same memory, as Prometheus counts them."""
        numbers = len(self.positive) + len(self.negative) + len(self.custom_values)
        numbers += bool(self.positive) + bool(self.negative)
        return (_BASE_BYTES + _NUMBER_BYTES * numbers) // _SAMPLE_BYTES

    def hinted(self, counter_reset: CounterReset) -> FloatHistogram:
        """Return the same data with another hint."""
        return self if self.counter_reset is counter_reset else replace(self, counter_reset=counter_reset)

    def compact(self) -> FloatHistogram:
        """Return the histogram without its empty buckets."""
        if all(self.positive.values()) and all(self.negative.values()):
            return self
        return replace(self, positive=populated(self.positive), negative=populated(self.negative))

    def __str__(self) -> str:
        """Return Prometheus' form: `{count:3, sum:2.5, (0.5,1]:3}`."""
        parts = [f"count:{format_go_float(self.count)}", f"sum:{format_go_float(self.sum)}"]
        parts += [str(bucket) for bucket in _ascending(self) if bucket.count]
        return f"{{{', '.join(parts)}}}"


def populated(buckets: Mapping[int, float]) -> dict[int, float]:
    """Return the buckets that have a count."""
    return {index: count for index, count in buckets.items() if count}


@lru_cache(maxsize=8192)
def exponential_bound(index: int, schema: int) -> float:
    """Return the upper bound of a positive bucket of an exponential schema."""
    if schema <= 0:
        exponent = index << -schema
        return _LARGEST_FLOAT if exponent == _LARGEST_EXPONENT else _power_of_two(1.0, exponent)
    octave, fraction = divmod(index, 1 << schema)
    if fraction == 0 and octave == _LARGEST_EXPONENT:
        return _LARGEST_FLOAT
    return _power_of_two(2.0 ** (fraction / (1 << schema)), octave)


def _power_of_two(mantissa: float, exponent: int) -> float:
    try:
        return math.ldexp(mantissa, exponent)
    except OverflowError:
        return INF


def upper_bound(histogram: FloatHistogram, index: int) -> float:
    """Return the upper bound of the bucket `index` on the positive side; infinite outside of custom bounds."""
    if not histogram.is_custom:
        return exponential_bound(index, histogram.schema)
    bounds = histogram.custom_values
    if index < 0:
        return -INF
    return bounds[index] if index < len(bounds) else INF


def positive_buckets(histogram: FloatHistogram) -> Iterator[Bucket]:
    """Yield the buckets of the positive side in ascending order."""
    for index in sorted(histogram.positive):
        lower, upper = upper_bound(histogram, index - 1), upper_bound(histogram, index)
        lower_inclusive = index == 0 if histogram.is_custom else lower < 0
        yield Bucket(lower, upper, histogram.positive[index], lower_inclusive, True, index)


def negative_buckets(histogram: FloatHistogram) -> Iterator[Bucket]:
    """Yield the buckets of the negative side, from zero downwards."""
    for index in sorted(histogram.negative):
        lower, upper = -upper_bound(histogram, index), -upper_bound(histogram, index - 1)
        yield Bucket(lower, upper, histogram.negative[index], True, False, index)


def zero_bucket(histogram: FloatHistogram) -> Bucket:
    threshold = histogram.zero_threshold
    return Bucket(-threshold, threshold, histogram.zero_count, True, True)


def _ascending(histogram: FloatHistogram) -> Iterator[Bucket]:
    """Yield all buckets in ascending order, the zero bucket if its count is not zero."""
    yield from reversed(list(negative_buckets(histogram)))
    if histogram.zero_count:
        yield zero_bucket(histogram)
    yield from positive_buckets(histogram)


def all_buckets(histogram: FloatHistogram) -> list[Bucket]:
    """Return all buckets in ascending order; those that reach into the zero bucket end at its bound."""
    threshold = histogram.zero_threshold
    found: list[Bucket] = []
    # A zero bucket that counts less than nothing is none.
    for bucket in _ascending(replace(histogram, zero_count=max(histogram.zero_count, 0.0))):
        if -threshold < bucket.upper < 0:
            bucket = replace(bucket, upper=-threshold)
        elif 0 < bucket.lower < threshold:
            bucket = replace(bucket, lower=threshold)
        found.append(bucket)
    return found


def same_data(left: FloatHistogram, right: FloatHistogram) -> bool:
    """Whether two histograms hold the same observations; hints and empty buckets say nothing, NaN equals NaN."""
    return (
        left.schema == right.schema
        and left.custom_values == right.custom_values
        and left.zero_threshold == right.zero_threshold
        and _same_numbers(
            (left.count, left.sum, left.zero_count),
            (right.count, right.sum, right.zero_count),
        )
        and _same_counts(left.positive, right.positive)
        and _same_counts(left.negative, right.negative)
    )


def _same_numbers(left: Iterable[float], right: Iterable[float]) -> bool:
    return all(
        first == second or (first != first and second != second) for first, second in zip(left, right, strict=True)
    )


def _same_counts(left: Mapping[int, float], right: Mapping[int, float]) -> bool:
    indexes = left.keys() | right.keys()
    return _same_numbers(
        (left.get(index, 0.0) for index in indexes),
        (right.get(index, 0.0) for index in indexes),
    )
