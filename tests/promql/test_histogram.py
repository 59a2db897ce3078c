"""Native histograms: bounds, buckets, text, and what they weigh."""

from __future__ import annotations

import math

import pytest

from alertd.promql import CounterReset, FloatHistogram, parse_histogram
from alertd.promql.histogram import all_buckets, exponential_bound, same_data


@pytest.mark.parametrize(
    ("index", "schema", "bound"),
    [
        (0, 0, 1.0),
        (3, 0, 8.0),
        (-1, 0, 0.5),
        (1, 1, 2**0.5),
        (2, 1, 2.0),
        (8, 3, 2.0),
        (1, -1, 4.0),
        (-1, -2, 0.0625),
        (1024, 0, 1.7976931348623157e308),
        (1025, 0, math.inf),
    ],
)
def test_exponential_bounds(index: int, schema: int, bound: float) -> None:
    """Each power of two has 2 ** schema buckets; the last one ends at the largest number, and then comes infinity."""
    assert exponential_bound(index, schema) == pytest.approx(bound, rel=1e-15)


def test_text_is_ascending() -> None:
    """The text goes from the negative buckets over the zero bucket to the positive ones, and leaves out empty ones."""
    histogram = parse_histogram(
        "{{schema:0 count:7 sum:2.5 z_bucket:1 z_bucket_w:0.001 buckets:[1 0 2] n_buckets:[2 1]}}"
    )
    assert str(histogram) == ("{count:7, sum:2.5, [-2,-1):1, [-1,-0.5):2, [-0.001,0.001]:1, (0.5,1]:1, (2,4]:2}")


def test_custom_buckets_have_open_ends() -> None:
    """The first custom bucket reaches down to -Inf, the last one up to +Inf."""
    histogram = parse_histogram("{{schema:-53 count:4 sum:1 custom_values:[5 10] buckets:[1 2 1]}}")
    assert [(bucket.lower, bucket.upper, bucket.count) for bucket in all_buckets(histogram)] == [
        (-math.inf, 5, 1),
        (5, 10, 2),
        (10, math.inf, 1),
    ]


def test_zero_bucket_cuts_into_its_neighbours() -> None:
    """A bucket that reaches into the zero bucket ends there; a zero bucket with a negative count is none."""
    histogram = parse_histogram("{{schema:0 count:3 sum:1 z_bucket:1 z_bucket_w:0.6 buckets:[2] n_buckets:[1]}}")
    assert [(bucket.lower, bucket.upper) for bucket in all_buckets(histogram)] == [(-1, -0.6), (-0.6, 0.6), (0.6, 1)]
    negative = parse_histogram("{{count:3 sum:1 z_bucket:-1 z_bucket_w:0.1 buckets:[2]}}")
    assert [(bucket.lower, bucket.upper) for bucket in all_buckets(negative)] == [(0.5, 1)]


def test_same_data_looks_through_empty_buckets_and_hints() -> None:
    """Hints, empty buckets and NaN make no difference, a count does."""
    first = FloatHistogram(count=1, sum=math.nan, positive={0: 1, 5: 0})
    assert same_data(first, FloatHistogram(count=1, sum=math.nan, positive={0: 1}, counter_reset=CounterReset.GAUGE))
    assert not same_data(first, FloatHistogram(count=1, sum=math.nan, positive={0: 1, 5: 1}))
    assert not same_data(first, FloatHistogram(count=1, sum=1, positive={0: 1}))


def test_size_counts_samples() -> None:
    """A histogram weighs as many samples of 16 bytes as Prometheus says."""
    assert FloatHistogram().size == 11
    assert parse_histogram("{{count:3 buckets:[1 1 1]}}").size == 13
