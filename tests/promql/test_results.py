"""Results in the form of Prometheus' query API."""

from __future__ import annotations

import math

import pytest

from alertd.promql import (
    MemoryStorage,
    Scalar,
    Series,
    String,
    evaluate,
    evaluate_range,
    parse,
    parse_histogram,
    result_data,
)
from alertd.promql.results import format_value, timestamp


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (-0.5, "-0.5"),
        (1e6, "1000000"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e-6, "0.0000015"),
        (1.5e-7, "1.5e-07"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
        (-0.0, "-0"),
    ],
)
def test_values_are_texts(value: float, text: str) -> None:
    """Numbers have their shortest digits, and an exponent only where they are very small or large."""
    assert format_value(value) == text


@pytest.mark.parametrize(("at", "shown"), [(0, 0), (1500, 1.5), (60_000, 60), (-1, -0.001)])
def test_timestamps_are_seconds(at: int, shown: float) -> None:
    """Timestamps are seconds, whole ones without a fraction."""
    assert timestamp(at) == shown
    assert isinstance(timestamp(at), int) == (at % 1000 == 0)


def storage() -> MemoryStorage:
    stored = MemoryStorage()
    stored.append({"__name__": "up", "job": "a"}, 0, 1.0)
    stored.append({"__name__": "up", "job": "a"}, 60_000, 0.5)
    histogram = "{{count:9 sum:2 z_bucket:1 z_bucket_w:0.5 buckets:[0 5] n_buckets:[0 3]}}"
    stored.append_histogram({"__name__": "h"}, 0, parse_histogram(histogram))
    custom = "{{schema:-53 count:3 sum:2 custom_values:[1 2] buckets:[1 1 1]}}"
    stored.append_histogram({"__name__": "c"}, 0, parse_histogram(custom))
    return stored


def test_each_type() -> None:
    """Scalars, strings, vectors and matrices have the API's types and shapes."""
    assert result_data(Scalar(2.0, 1500)) == {"resultType": "scalar", "result": [1.5, "2"]}
    assert result_data(String("x", 0)) == {"resultType": "string", "result": [0, "x"]}
    assert result_data(evaluate(parse("up"), storage(), 0).value) == {
        "resultType": "vector",
        "result": [{"metric": {"__name__": "up", "job": "a"}, "value": [0, "1"]}],
    }
    assert result_data(evaluate_range(parse("up"), storage(), 0, 60_000, 60_000).value) == {
        "resultType": "matrix",
        "result": [{"metric": {"__name__": "up", "job": "a"}, "values": [[0, "1"], [60, "0.5"]]}],
    }
    with pytest.raises(TypeError):
        result_data(Series({}, [], []))  # type: ignore[arg-type]  # what is refused


def test_histograms() -> None:
    """A histogram shows its count, its sum and its buckets: which bounds belong to it, both bounds, the count."""
    (shown,) = result_data(evaluate(parse("h"), storage(), 0).value)["result"]
    assert shown == {
        "metric": {"__name__": "h"},
        "histogram": [
            0,
            {
                "count": "9",
                "sum": "2",
                "buckets": [[1, "-2", "-1", "3"], [3, "-0.5", "0.5", "1"], [0, "1", "2", "5"]],
            },
        ],
    }
    ((shown),) = result_data(evaluate_range(parse("c"), storage(), 0, 0, 1).value)["result"]
    assert [at for at, _ in shown["histograms"]] == [0]
    assert shown["histograms"][0][1]["buckets"] == [
        [3, "-Inf", "1", "1"],
        [0, "1", "2", "1"],
        [0, "2", "+Inf", "1"],
    ]
    assert "values" not in shown
