"""The other ways in which an instant evaluation of a test script is done."""

from __future__ import annotations

import pytest

from alertd.promql import parse
from alertd.promql.features import ALL_FEATURES
from alertd.promql.scriptvariants import has_query_context, moments, pinned


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m", "m @ 60.000"),
        ("-sum by (l) (rate(m[5m]) + (n offset 1m))", "-sum by (l) (rate(m[5m] @ 60.000) + (n @ 60.000 offset 1m))"),
        ("m @ 5 + n @ start() + n @ end()", "m @ 5.000 + n @ 60.000 + n @ 60.000"),
        ("max_over_time(m[5m:1m])", "max_over_time(m[5m:1m] @ 60.000)"),
        ("max_over_time((m @ start())[5m:1m] @ 5)", "max_over_time((m @ start())[5m:1m] @ 5.000)"),
        ("m[step() + 1m]", "m[step() + 1m] @ 60.000"),
        ("start_timestamp(m)", "start_timestamp(m @ 60.000)"),
        ("1 + 1", "1 + 1"),
        ("sum_over_time(vector(time())[5m:1m])", "sum_over_time(vector(time())[5m:1m] @ 60.000)"),
    ],
)
def test_pinned(text: str, expected: str) -> None:
    """Selectors and subqueries that have no time get one, `@ start()` and `@ end()` too; not what a subquery holds."""
    assert str(pinned(text, 60_000)) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("time()", "vector(1) + hour(m)", "timestamp(m)", "predict_linear(m[5m], 60)"),
        *("info(m)", "sum_over_time(info(m)[5m:1m])", "vector(start())", "sum_over_time(vector(end())[5m:1m])"),
    ],
)
def test_not_pinned(text: str) -> None:
    """What looks at the time by itself would follow it all the same."""
    assert pinned(text, 60_000) is None


def test_moments() -> None:
    """A pinned expression is evaluated before and after its time, and far from it."""
    assert moments(60_000) == [-600_000, 0, 12_000, 60_000, 600_000]
    assert moments(0) == [-1000, 0, 1000]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("m @ start()", True), ("m[step()]", True), ("m offset range()", True), ("start + end", False), ("m", False)],
)
def test_query_context(text: str, expected: bool) -> None:
    """What speaks of the query may have another value in a range."""
    assert has_query_context(parse(text, features=ALL_FEATURES)) is expected
