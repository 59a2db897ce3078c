"""The ranges of values, and comparisons with numbers."""

from __future__ import annotations

from math import inf

import pytest

from alertd.promql import BinaryExpr, parse
from alertd.rules.lint.ranges import Range, range_of, threshold


@pytest.mark.parametrize(
    ("expr", "low", "high"),
    [
        ("a", -inf, inf),
        ("count(a)", 1, inf),
        ("sum(count by (x) (a))", 1, inf),
        ("sum(a)", -inf, inf),
        ("avg(rate(a[5m]))", 0, inf),
        ("hour()", 0, 23),
        ("-hour()", -23, 0),
        ("a >= 2 <= 3", 2, 3),
        ("2 <= a", 2, inf),
        ("a == 1", 1, 1),
        ("a == bool 1", 0, 1),
        ("clamp_min(a, 1)", 1, inf),
        ("clamp_max(rate(a[5m]), 1)", 0, 1),
        ("clamp(a, 0, 2)", 0, 2),
        ("count(a) or vector(0)", 0, inf),
        ("hour() + 1", 1, 24),
        ("hour() * 2", 0, 46),
        ("hour() / 2", 0, 11.5),
        ("count(a) / hour()", 1 / 23, inf),
        ("a - 1", -inf, inf),
        ("vector(3)", 3, 3),
        ("NaN", -inf, inf),
    ],
)
def test_ranges(expr: str, low: float, high: float) -> None:
    """What functions, aggregations and comparisons say of values."""
    assert range_of(parse(expr)) == Range(low, high)


@pytest.mark.parametrize(
    ("op", "bound", "empty"),
    [(">", 23, True), (">=", 23, False), ("<", 0, True), ("<=", 0, False), ("==", 24, True), ("!=", 0, False)],
)
def test_comparisons(op: str, bound: float, empty: bool) -> None:
    """A bound is within a range or beyond it."""
    assert Range(0, 23).that(op, bound).empty is empty


def test_not_equal_to_the_only_value() -> None:
    """`absent(x) != 1` leaves nothing."""
    assert Range(1, 1).that("!=", 1).empty


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("a > 1", ("a", ">", 1)),
        ("1 < a", ("a", ">", 1)),
        ("a > (2)", ("a", ">", 2)),
        ("a > -1", ("a", ">", -1)),
        ("a > b", None),
        ("a + 1", None),
    ],
)
def test_thresholds(expr: str, expected: tuple[str, str, float] | None) -> None:
    """What is compared with a number, on whichever side it stands."""
    node = parse(expr)
    assert isinstance(node, BinaryExpr)
    found = threshold(node)
    assert (found and (str(found[0]), *found[1:])) == expected
