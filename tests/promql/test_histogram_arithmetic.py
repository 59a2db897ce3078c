"""Sums, differences, averages and scaling of native histograms."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.promql import CounterReset, FloatHistogram, format_histogram, parse_histogram
from alertd.promql.histogram import same_data
from alertd.promql.histogram_arithmetic import (
    IncompatibleSchemas,
    add,
    average_of,
    divide,
    interpolate,
    reduce_resolution,
    scale,
    subtract,
    sum_of,
    widen_zero_bucket,
)


def shown(histogram: FloatHistogram) -> str:
    return format_histogram(histogram.compact())


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (
            "{{schema:0 count:2 sum:1 buckets:[2]}}",
            "{{schema:0 count:3 sum:5 offset:1 buckets:[3]}}",
            "{{count:5 sum:6 buckets:[2 3]}}",
        ),
        # The coarser schema counts.
        (
            "{{schema:1 count:4 sum:1 buckets:[1 1 1 1]}}",
            "{{schema:0 count:1 sum:1 offset:1 buckets:[1]}}",
            "{{count:5 sum:2 buckets:[1 3 1]}}",
        ),
        # The wider zero bucket takes what it covers, and all of a bucket that it cuts through.
        (
            "{{schema:0 count:2 sum:1 z_bucket:1 z_bucket_w:0.75 buckets:[0 1]}}",
            "{{schema:0 count:3 sum:1 z_bucket:1 z_bucket_w:0.001 offset:-1 buckets:[1 1]}}",
            "{{count:5 sum:2 z_bucket:4 z_bucket_w:1 offset:1 buckets:[1]}}",
        ),
        # Of custom bounds those in common are left.
        (
            "{{schema:-53 count:4 sum:1 custom_values:[1 2 5] buckets:[1 1 1 1]}}",
            "{{schema:-53 count:3 sum:1 custom_values:[2 3] buckets:[1 1 1]}}",
            "{{schema:-53 count:7 sum:2 custom_values:[2] buckets:[3 4]}}",
        ),
    ],
)
def test_add_brings_both_to_one_layout(left: str, right: str, expected: str) -> None:
    """Two layouts meet in one that both can be brought to, in either order."""
    assert shown(add(parse_histogram(left), parse_histogram(right)).histogram) == expected
    assert shown(add(parse_histogram(right), parse_histogram(left)).histogram) == expected


def test_add_says_what_it_met() -> None:
    """Reconciled bounds and contradicting hints are told; exponential and custom buckets do not mix."""
    first = parse_histogram("{{schema:-53 count:1 custom_values:[1] buckets:[1] counter_reset_hint:reset}}")
    second = parse_histogram("{{schema:-53 count:1 custom_values:[2] buckets:[1] counter_reset_hint:not_reset}}")
    combined = add(first, second)
    assert combined.reconciled
    assert combined.collision
    assert combined.histogram.counter_reset is CounterReset.UNKNOWN
    assert not add(first, first).reconciled
    with pytest.raises(IncompatibleSchemas):
        add(first, FloatHistogram())


def test_scaling() -> None:
    """Counts, sum and zero bucket are scaled; a negative factor makes a gauge; by zero nothing of buckets is left."""
    histogram = parse_histogram("{{count:4 sum:2 z_bucket:2 z_bucket_w:0.1 buckets:[2]}}")
    assert shown(scale(histogram, 0.5)) == "{{count:2 sum:1 z_bucket:1 z_bucket_w:0.1 buckets:[1]}}"
    assert scale(histogram, -1).counter_reset is CounterReset.GAUGE
    assert shown(divide(histogram, 0)) == "{{count:+Inf sum:+Inf z_bucket:+Inf z_bucket_w:0.1}}"


counts = st.dictionaries(st.integers(-20, 20), st.integers(1, 1000).map(float), max_size=6)
histograms = st.builds(
    lambda schema, positive, negative, total: FloatHistogram(
        schema, sum(positive.values()) + sum(negative.values()), total, 0.0, 0.0, positive, negative
    ),
    st.integers(-4, 8),
    counts,
    counts,
    st.integers(-1000, 1000).map(float),
)


@given(histograms, histograms)
def test_a_difference_undoes_a_sum(left: FloatHistogram, right: FloatHistogram) -> None:
    """What is added can be taken away, at the resolution of the coarser one."""
    back = subtract(add(left, right).histogram, right).histogram.compact()
    assert same_data(back, reduce_resolution(left, back.schema))


@given(st.lists(histograms, min_size=1, max_size=5))
def test_sums_do_not_depend_on_order(given_histograms: list[FloatHistogram]) -> None:
    """The sum of all is that of the reversed list, and the average is its share; whole counts are exact."""
    total = sum_of(given_histograms).histogram.compact()
    assert same_data(total, sum_of(given_histograms[::-1]).histogram.compact())
    assert total.count == sum(histogram.count for histogram in given_histograms)
    assert average_of(given_histograms).histogram.count == total.count / len(given_histograms)


def test_average_does_not_overflow() -> None:
    """Sums beyond the largest number are avoided."""
    large = FloatHistogram(count=1.5e308, sum=-1.5e308, positive={0: 1.5e308})
    mean = average_of([large, large, large]).histogram
    assert mean.count == pytest.approx(1.5e308)
    assert mean.sum == pytest.approx(-1.5e308)
    assert math.isinf(sum_of([large, large]).histogram.count)


def test_widened_zero_bucket() -> None:
    """A zero bucket that ends within a populated bucket is widened to the end of it, on both sides."""
    histogram = parse_histogram("{{schema:0 count:6 sum:1 buckets:[1 1 1] n_buckets:[1 1 1]}}")
    assert shown(widen_zero_bucket(histogram, 1.5)) == (
        "{{count:6 sum:1 z_bucket:4 z_bucket_w:2 offset:2 buckets:[1] n_offset:2 n_buckets:[1]}}"
    )
    assert widen_zero_bucket(histogram, 0.0) is histogram


def test_interpolation() -> None:
    """Between two histograms counts lie on a line; after a restart they grow from zero."""
    before, after = parse_histogram("{{count:2 sum:2 buckets:[2]}}"), parse_histogram("{{count:6 sum:4 buckets:[6]}}")
    assert shown(interpolate(before, after, 0.25, restarts=False)[0]) == "{{count:3 sum:2.5 buckets:[3]}}"
    assert shown(interpolate(after, before, 0.5, restarts=True)[0]) == "{{count:1 sum:1 buckets:[1]}}"
