"""Results in the form of Prometheus' query API."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest

from alertd.api.prometheus.results import number, result_of
from alertd.promql import Evaluation, MemoryStorage, evaluate, evaluate_range, parse, parse_histogram


def shown_of(evaluation: Evaluation, limit: int = 0) -> Any:
    """The result as it arrives."""
    return json.loads(msgspec.json.encode(result_of(evaluation, limit)[0]))["result"]


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
    assert number(value) == text


def storage() -> MemoryStorage:
    stored = MemoryStorage()
    stored.append({"__name__": "up", "job": "a"}, 0, 1.0)
    stored.append({"__name__": "up", "job": "a"}, 60_500, 0.5)
    histogram = "{{count:9 sum:2 z_bucket:1 z_bucket_w:0.5 buckets:[0 5] n_buckets:[0 3]}}"
    stored.append_histogram({"__name__": "h"}, 0, parse_histogram(histogram))
    custom = "{{schema:-53 count:3 sum:2 custom_values:[1 2] buckets:[1 1 1]}}"
    stored.append_histogram({"__name__": "c"}, 0, parse_histogram(custom))
    return stored


def test_series() -> None:
    """Vectors and matrices have the API's shapes; seconds have a fraction where there is one."""
    up = {"__name__": "up", "job": "a"}
    assert shown_of(evaluate(parse("up"), storage(), 0)) == [{"metric": up, "value": [0, "1"]}]
    ranged = evaluate_range(parse("up"), storage(), 0, 60_500, 60_500)
    assert shown_of(ranged) == [{"metric": up, "values": [[0, "1"], [60.5, "0.5"]]}]


def test_histograms() -> None:
    """A histogram shows its count, its sum and its buckets: which bounds belong to it, both bounds, the count."""
    (shown,) = shown_of(evaluate(parse("h"), storage(), 0))
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
    (shown,) = shown_of(evaluate_range(parse("c"), storage(), 0, 0, 1))
    assert [at for at, _ in shown["histograms"]] == [0]
    assert shown["histograms"][0][1]["buckets"] == [
        [3, "-Inf", "1", "1"],
        [0, "1", "2", "1"],
        [0, "2", "+Inf", "1"],
    ]
    assert "values" not in shown
