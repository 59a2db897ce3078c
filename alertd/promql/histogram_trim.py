"""The operators `</` and `>/`: a native histogram cut off above or below a value.

A bucket that the value cuts through keeps its share; the sum is estimated from the middles of what is left. Of a bucket
that has no end on the side of the cut nothing is known, and it is dropped or kept as a whole.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from alertd.promql.floats import INF, divide
from alertd.promql.histogram import Bucket, FloatHistogram, negative_buckets, positive_buckets, zero_bucket
from alertd.promql.histogram_statistics import logarithmic_share

KEEPS_BELOW: Final = "</"
KEEPS_ABOVE: Final = ">/"


def trim(histogram: FloatHistogram, at: float, operator: str) -> FloatHistogram:
    """Return what lies below (`</`) or above (`>/`) a value; the same histogram when nothing is cut off."""
    cut = _Cut(at, operator == KEEPS_BELOW, histogram.is_custom)
    positive = {bucket.index: cut.keep(bucket, positive=True) for bucket in positive_buckets(histogram)}
    negative = {bucket.index: cut.keep(bucket, positive=False) for bucket in negative_buckets(histogram)}
    zero = cut.keep_zero(histogram) if histogram.zero_count > 0 else histogram.zero_count
    if not cut.changed:
        return histogram
    return replace(
        histogram, count=cut.count, sum=cut.sum, zero_count=zero, positive=positive, negative=negative
    ).compact()


class _Cut:
    """A cut at `at`, and the count and sum of what it has kept so far."""

    def __init__(self, at: float, below: bool, custom: bool) -> None:
        self.at = at
        self.below = below
        self.custom = custom
        self.count = 0.0
        self.sum = 0.0
        self.changed = False

    def keep(self, bucket: Bucket, *, positive: bool) -> float:
        """Return how much of a bucket is kept."""
        if not bucket.count:
            return bucket.count
        inside = bucket.upper <= self.at if self.below else bucket.lower >= self.at
        outside = not (bucket.lower < self.at if self.below else bucket.upper > self.at)
        if inside:
            return self._take(bucket.count, self._middle(bucket.lower, bucket.upper, positive), bucket.count)
        if outside:
            return self._take(0.0, 0.0, bucket.count)
        if math.isinf(bucket.lower) or math.isinf(bucket.upper):
            return self._take(*self._of_endless(bucket), bucket.count)
        share = (
            (self.at - bucket.lower) / (bucket.upper - bucket.lower)
            if self.custom
            else logarithmic_share(self.at, bucket)
        )
        under = bucket.count * share
        if self.below:
            return self._take(under, self._middle(bucket.lower, self.at, positive), bucket.count)
        return self._take(bucket.count - under, self._middle(self.at, bucket.upper, positive), bucket.count)

    def keep_zero(self, histogram: FloatHistogram) -> float:
        """Return how much of the zero bucket is kept; it ends at zero where no observation lies beyond."""
        bucket = zero_bucket(histogram)
        has_positive, has_negative = any(histogram.positive.values()), any(histogram.negative.values())
        lower = 0.0 if has_positive and not has_negative else bucket.lower
        upper = 0.0 if has_negative and not has_positive else bucket.upper
        # NaN cuts through everything and leaves no number.
        if self.at == self.at and not lower < self.at < upper:
            # A bucket without a width that lies at the value itself is above it.
            is_kept = self.below if self.at > lower else not self.below
            return self._take(bucket.count if is_kept else 0.0, (lower + upper) / 2, bucket.count)
        start, end = (lower, self.at) if self.below else (self.at, upper)
        return self._take(bucket.count * divide(end - start, upper - lower), (start + end) / 2, bucket.count)

    def _take(self, kept: float, middle: float, whole: float) -> float:
        self.count += kept
        self.sum += middle * kept
        self.changed |= kept != whole
        return kept

    def _of_endless(self, bucket: Bucket) -> tuple[float, float]:
        """Return the kept count and its middle for a bucket without an end that the value lies in."""
        if bucket.lower == -INF and bucket.upper < INF:
            # As in quantiles, a first bucket with a positive bound is taken to begin at zero.
            if self.below and self.at > 0:
                return bucket.count * self.at / bucket.upper, self.at / 2
            if not self.below and self.at >= 0:
                return bucket.count * (1 - self.at / bucket.upper), (self.at + bucket.upper) / 2
            return (bucket.count, self.at) if self.below and bucket.upper <= 0 else (0.0, bucket.upper)
        if bucket.lower > -INF and not self.below:
            return bucket.count, self.at
        return 0.0, 0.0

    def _middle(self, lower: float, upper: float, positive: bool) -> float:
        if math.isinf(lower):
            if math.isinf(upper):
                return 0.0
            return upper / 2 if upper > 0 else upper
        if math.isinf(upper):
            return lower
        if self.custom:
            return (lower + upper) / 2
        middle = math.sqrt(abs(lower * upper))
        return middle if positive else -middle
