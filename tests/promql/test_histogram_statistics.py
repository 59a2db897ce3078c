"""Quantiles and fractions of native histograms agree with each other."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.promql import FloatHistogram, parse_histogram
from alertd.promql.histogram_statistics import native_fraction, native_quantile, native_variance

counts = st.dictionaries(st.integers(-8, 8), st.integers(1, 50).map(float), max_size=5)
exponential = st.builds(
    lambda schema, zero, positive, negative: FloatHistogram(
        schema, zero + sum(positive.values()) + sum(negative.values()), 1.0, 1e-4, zero, positive, negative
    ),
    st.integers(0, 4),
    st.integers(0, 9).map(float),
    counts,
    counts,
).filter(lambda histogram: histogram.count > 0)


@given(exponential, st.floats(0, 1), st.floats(0, 1))
def test_quantiles_ascend(histogram: FloatHistogram, first: float, second: float) -> None:
    """A larger share has no smaller quantile."""
    low, high = (native_quantile(q, histogram)[0] for q in sorted((first, second)))
    assert low <= high or math.isclose(low, high, rel_tol=1e-9)


@given(exponential, st.floats(-1000, 1000), st.floats(-1000, 1000))
def test_fractions_add_up(histogram: FloatHistogram, first: float, second: float) -> None:
    """What lies below, between and above two values is everything."""
    low, high = sorted((first, second))
    bounds = (-math.inf, low, high, math.inf)
    parts = [native_fraction(*pair, histogram)[0] for pair in pairwise(bounds)]
    assert sum(parts) == pytest.approx(1)


def test_nothing_observed() -> None:
    """Without observations there is neither quantile nor fraction nor variance, and no note."""
    empty = FloatHistogram()
    assert math.isnan(native_quantile(0.5, empty)[0])
    assert math.isnan(native_fraction(0, 1, empty)[0])
    assert math.isnan(native_variance(empty))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The zero bucket ends at zero where there is nothing beyond.
        ("{{count:4 z_bucket:4 z_bucket_w:0.5}}", 0.0),
        ("{{count:5 z_bucket:4 z_bucket_w:0.5 buckets:[0 1]}}", 0.3125),
        ("{{count:5 z_bucket:4 z_bucket_w:0.5 n_buckets:[0 1]}}", -0.3125),
    ],
)
def test_zero_bucket(text: str, expected: float) -> None:
    """Observations lie evenly in the zero bucket."""
    assert native_quantile(0.5, parse_histogram(text))[0] == pytest.approx(expected)
