"""The description of native histograms in scripts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.promql import CounterReset, FloatHistogram, format_histogram, parse_histogram
from alertd.promql.histogram_notation import names_hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{sum:1 sum:2}}", 'duplicate key "sum" in histogram'),
        ("{{sum:[1]}}", 'key "sum" in a histogram takes a single value, found "[1]"'),
        ("{{buckets:1}}", 'key "buckets" in a histogram takes numbers in brackets, found "1"'),
        ("{{sum}}", 'unexpected "sum" in a histogram, expected key:value'),
        (
            "{{counter_reset_hint:maybe}}",
            'counter_reset_hint of a histogram is "maybe", expected one of unknown, reset, not_reset, gauge',
        ),
    ],
)
def test_refuses(text: str, message: str) -> None:
    """Faults are named with what would be right."""
    with pytest.raises(ValueError, match="histogram") as caught:
        parse_histogram(text)
    assert str(caught.value) == message


numbers = st.floats(-1e9, 1e9).map(lambda value: value or 0.0)
counts = st.dictionaries(st.integers(-9, 9), st.floats(0.25, 1e9), max_size=5)


@given(
    st.builds(
        FloatHistogram,
        st.integers(-4, 8),
        numbers,
        numbers,
        st.floats(0, 1).map(lambda value: value or 0.0),
        numbers,
        counts,
        counts,
        st.just(()),
        st.sampled_from(CounterReset),
    )
)
def test_round_trip(histogram: FloatHistogram) -> None:
    """What is written is read back the same."""
    text = format_histogram(histogram)
    assert parse_histogram(text).compact() == histogram
    assert names_hint(text) == (histogram.counter_reset is not CounterReset.UNKNOWN)
