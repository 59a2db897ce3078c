"""Quantiles, fractions and the variance of native histograms.

Within a bucket observations are taken to lie evenly: on a logarithmic scale in exponential buckets, on a linear one in
custom buckets and in the zero bucket.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from alertd.promql.floats import INF, NAN, divide, kahan_sum, power
from alertd.promql.histogram import Bucket, FloatHistogram, all_buckets

QUANTILE_IS_NAN = "input to histogram_quantile has NaN observations, result is NaN"
QUANTILE_IS_SKEWED = "input to histogram_quantile has NaN observations, result is skewed higher"
FRACTION_LEAVES_OUT_NAN = "input to histogram_fraction has NaN observations, which are excluded from all fractions"


def native_quantile(q: float, histogram: FloatHistogram) -> tuple[float, str]:
    """Return the q-quantile, and what is to be noted of it ("" for nothing).

    An infinity of its side for a `q` outside 0 … 1, else NaN without observations.
    """
    if q < 0 or q > 1:
        return math.copysign(INF, q), ""
    if not histogram.count or q != q:
        return NAN, ""
    # NaN observations are counted but in no bucket: only upwards is their share of the rank right.
    upwards = histogram.sum != histogram.sum or q < 0.5
    buckets = all_buckets(histogram)
    if not upwards:
        buckets.reverse()
    rank = (q if upwards else 1 - q) * histogram.count
    count, place = _walk(buckets, rank)
    # Observations that are in no bucket lie behind the last one, which ends at zero then.
    bucket = buckets[place] if place >= 0 else Bucket(0.0, 0.0, 0.0, False, False)
    if histogram.is_custom:
        if bucket.lower == -INF:
            if bucket.upper <= 0:
                return bucket.upper, ""
            bucket = replace(bucket, lower=0.0)
        elif bucket.upper == INF:
            return bucket.lower, ""
    elif bucket.lower < 0 < bucket.upper:
        bucket = _one_sided(bucket, histogram)
    count = min(count, histogram.count)
    if count < rank:
        return (NAN, QUANTILE_IS_NAN) if histogram.sum != histogram.sum else (bucket.upper, "")
    rank = rank - (count - bucket.count) if upwards else count - rank
    note = ""
    if histogram.sum != histogram.sum:
        later = buckets[place + 1 :]
        note = QUANTILE_IS_SKEWED if count + sum(one.count for one in later) < histogram.count else ""
        # As in Prometheus, which goes on to the last bucket to count them all and looks at that one then.
        bucket = later[-1] if later else bucket
    return _inside(bucket, divide(rank, bucket.count), linear=histogram.is_custom), note


def _walk(buckets: Sequence[Bucket], rank: float) -> tuple[float, int]:
    """Return the count up to the populated bucket that reaches `rank`, and its place; the last one if none does."""
    count = 0.0
    place = len(buckets) - 1
    for index, bucket in enumerate(buckets):
        if bucket.count:
            count += bucket.count
            if count >= rank:
                return count, index
    return count, place


def _one_sided(bucket: Bucket, histogram: FloatHistogram) -> Bucket:
    """Return the zero bucket, ending at zero where the histogram has no bucket beyond."""
    if histogram.positive and not histogram.negative:
        return replace(bucket, lower=0.0)
    if histogram.negative and not histogram.positive:
        return replace(bucket, upper=0.0)
    return bucket


def _inside(bucket: Bucket, share: float, *, linear: bool) -> float:
    if linear or bucket.lower <= 0 <= bucket.upper:
        return bucket.lower + (bucket.upper - bucket.lower) * share
    low, high = math.log2(abs(bucket.lower)), math.log2(abs(bucket.upper))
    if bucket.lower > 0:
        return power(2.0, low + (high - low) * share)
    return -power(2.0, high + (low - high) * (1 - share))


def native_fraction(lower: float, upper: float, histogram: FloatHistogram) -> tuple[float, str]:
    """Return the share of observations between two values, and what is to be noted of it."""
    if not histogram.count or lower != lower or upper != upper:
        return NAN, ""
    if lower >= upper:
        return 0.0, ""
    buckets = all_buckets(histogram)
    counted = histogram.count
    note = ""
    if histogram.sum != histogram.sum:
        counted = sum(bucket.count for bucket in buckets)
        note = FRACTION_LEAVES_OUT_NAN if counted < histogram.count else ""
    ranks = [min(_rank(value, buckets, histogram, counted), counted) for value in (lower, upper)]
    return (ranks[1] - ranks[0]) / histogram.count, note


def _rank(value: float, buckets: Sequence[Bucket], histogram: FloatHistogram, counted: float) -> float:
    """Return how many observations lie below `value`."""
    rank = 0.0
    for bucket in buckets:
        straddles_zero = bucket.lower <= 0 <= bucket.upper
        if straddles_zero:
            bucket = _one_sided(bucket, histogram)
        if bucket.lower >= value:
            return rank
        if value < bucket.upper:
            if bucket.lower == -INF:
                return bucket.count
            return rank + bucket.count * _share_below(value, bucket, linear=histogram.is_custom or straddles_zero)
        rank += bucket.count
    return counted


def _share_below(value: float, bucket: Bucket, *, linear: bool) -> float:
    if linear:
        return (value - bucket.lower) / (bucket.upper - bucket.lower)
    return logarithmic_share(value, bucket)


def logarithmic_share(value: float, bucket: Bucket) -> float:
    """Return which share of an exponential bucket lies below a value in it."""
    low, high = math.log2(abs(bucket.lower)), math.log2(abs(bucket.upper))
    at = math.log2(abs(value))
    return (at - low) / (high - low) if value > 0 else 1 - (at - high) / (low - high)


def native_variance(histogram: FloatHistogram) -> float:
    """Return the estimated variance: each observation is taken to lie in the middle of its bucket."""
    mean = divide(histogram.sum, histogram.count)
    squares: list[float] = []
    for bucket in all_buckets(histogram):
        if bucket.count:
            distance = _middle(bucket, histogram) - mean
            squares.append(bucket.count * distance * distance)
    return divide(kahan_sum(squares), histogram.count)


def _middle(bucket: Bucket, histogram: FloatHistogram) -> float:
    if histogram.is_custom:
        return (bucket.upper + bucket.lower) / 2
    if bucket.lower <= 0 <= bucket.upper:
        return 0.0
    return math.copysign(math.sqrt(bucket.upper * bucket.lower), bucket.upper)
