"""Histograms cut off at a value."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.promql import FloatHistogram, parse_histogram
from alertd.promql.histogram import all_buckets
from alertd.promql.histogram_trim import KEEPS_ABOVE, KEEPS_BELOW, trim

counts = st.dictionaries(st.integers(-8, 8), st.integers(1, 50).map(float), max_size=5)
histograms = st.builds(
    lambda zero, positive, negative: FloatHistogram(
        0, zero + sum(positive.values()) + sum(negative.values()), 1.0, 1e-4, zero, positive, negative
    ),
    st.integers(0, 9).map(float),
    counts,
    counts,
)


@given(histograms, st.floats(-600, 600).filter(lambda value: value == 0 or abs(value) > 0.01))
def test_both_parts_make_the_whole(histogram: FloatHistogram, at: float) -> None:
    """What lies below and what lies above a value are all observations, and neither reaches beyond its side."""
    below, above = trim(histogram, at, KEEPS_BELOW), trim(histogram, at, KEEPS_ABOVE)
    assert below.count + above.count == pytest.approx(histogram.count)
    assert all(bucket.lower < at or bucket.upper <= max(at, 1e-4) for bucket in all_buckets(below))
    assert all(bucket.upper > at or bucket.lower >= min(at, -1e-4) for bucket in all_buckets(above))


def test_nothing_cut() -> None:
    """A value beyond all buckets leaves the very same histogram, or nothing of it."""
    histogram = parse_histogram("{{count:3 sum:2 buckets:[1 2]}}")
    assert trim(histogram, math.inf, KEEPS_BELOW) is histogram
    assert trim(histogram, 0, KEEPS_ABOVE) is histogram
    assert trim(histogram, math.inf, KEEPS_ABOVE).count == 0
