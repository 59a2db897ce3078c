"""Classic histograms: cumulative counts of observations up to the bounds in the label `le`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

from alertd.promql.floats import INF, NAN, almost_equal, divide

_SMALL_DELTA: Final = 1e-12


@dataclass(slots=True)
class ClassicBucket:
    """`count` observations were at most `bound`."""

    bound: float
    count: float


class Repair(NamedTuple):
    """Counts between two upper bounds were lifted, by at most `largest`."""

    lowest: float
    highest: float
    largest: float


def bucket_quantile(q: float, buckets: list[ClassicBucket]) -> tuple[float, Repair | None]:
    """Return the q-quantile of a histogram, and what had to be lifted for it because counts fell.

    NaN when the `+Inf` bucket is missing, there is no other bucket, or nothing was observed.
    """
    if math.isnan(q):
        return NAN, None
    if not 0 <= q <= 1:
        return math.copysign(INF, q), None
    merged = _merged(buckets)
    if not merged or merged[-1].bound != INF:
        return NAN, None
    repaired = _make_monotonic(merged)
    if len(merged) < 2:
        return NAN, repaired
    observations = merged[-1].count
    if observations == 0:
        return NAN, repaired
    rank = q * observations
    index = next((i for i, bucket in enumerate(merged[:-1]) if bucket.count >= rank), len(merged) - 1)
    bucket = merged[index]
    if index == len(merged) - 1:
        return merged[-2].bound, repaired
    if index == 0:
        if bucket.bound <= 0:
            return bucket.bound, repaired
        return bucket.bound * divide(rank, bucket.count), repaired
    below = merged[index - 1]
    share = divide(rank - below.count, bucket.count - below.count)
    return below.bound + (bucket.bound - below.bound) * share, repaired


def bucket_fraction(lower: float, upper: float, buckets: list[ClassicBucket]) -> float:
    """Return the share of observations between two values, linear within a bucket.

    The lowest bucket starts at 0 when its bound is positive, at -Inf otherwise.
    """
    merged = _merged(buckets)
    if not merged or merged[-1].bound != INF:
        return NAN
    count = merged[-1].count
    if count == 0 or math.isnan(lower) or math.isnan(upper):
        return NAN
    if lower >= upper:
        return 0.0
    # Counts that fell may give a rank beyond all observations.
    return (min(_rank(upper, merged), count) - min(_rank(lower, merged), count)) / count


def _rank(value: float, buckets: list[ClassicBucket]) -> float:
    """Return how many observations were below `value`."""
    rank = 0.0
    start = 0.0 if buckets[0].bound > 0 else -INF
    for bucket in buckets:
        if start >= value:
            return rank
        if start < value < bucket.bound:
            if start == -INF:
                return bucket.count
            return min(
                rank + (bucket.count - rank) * (value - start) / (bucket.bound - start),
                buckets[-1].count,
            )
        rank, start = bucket.count, bucket.bound
    return buckets[-1].count


def _merged(buckets: list[ClassicBucket]) -> list[ClassicBucket]:
    """Return the buckets by their bounds, those of one bound (`1` and `1.0`) added up."""
    merged: list[ClassicBucket] = []
    for bucket in sorted(buckets, key=lambda bucket: bucket.bound):
        if merged and merged[-1].bound == bucket.bound:
            merged[-1].count += bucket.count
        else:
            merged.append(ClassicBucket(bucket.bound, bucket.count))
    return merged


def _make_monotonic(buckets: list[ClassicBucket]) -> Repair | None:
    """Lift counts that are below their predecessors; tell where any was so by more than a rounding error."""
    repair: Repair | None = None
    previous = buckets[0].count
    for bucket in buckets[1:]:
        if almost_equal(previous, bucket.count, _SMALL_DELTA):
            bucket.count = previous
        elif bucket.count < previous:
            lifted = previous - bucket.count
            repair = (
                Repair(min(repair.lowest, bucket.bound), max(repair.highest, bucket.bound), max(repair.largest, lifted))
                if repair
                else Repair(bucket.bound, bucket.bound, lifted)
            )
            bucket.count = previous
        else:
            previous = bucket.count
    return repair
