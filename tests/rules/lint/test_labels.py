"""The labels of expressions, and which part of one takes a label away."""

from __future__ import annotations

import pytest

from alertd.promql import ALL_FEATURES, parse
from alertd.rules.lint.labels import labels_of, remover


@pytest.mark.parametrize(
    ("expr", "only"),
    [
        ("a", None),
        ("sum(a)", ""),
        ("sum by (x, y) (a)", "x y"),
        ("sum by (x) (sum by (y) (a))", ""),
        ("sum without (x) (sum by (x, y) (a))", "y"),
        ("topk(1, sum by (x) (a))", "x"),
        ('count_values("v", a)', "v"),
        ('count_values("v", sum by (x) (a)) by (x)', "x v"),
        ("absent(a)", ""),
        ('absent(a{x="1", y=~"1", z=""})', "x"),
        ('absent(a{x="1", x="2"})', ""),
        ("absent(sum(a))", ""),
        ("vector(1)", ""),
        ("histogram_quantile(0.9, sum by (le, x) (a))", "x"),
        ('label_replace(sum(a), "x", "1", "y", "")', "x"),
        ("sum by (x) (a) / b", "x"),
        ("sum by (x, y) (a) / on (x) sum by (x) (b)", "x"),
        ("sum by (x, y) (a) / on (x) group_left (z) b", "x y z"),
        ("a * on (x) group_right sum by (x, y) (b)", "x y"),
        ("sum by (x) (a) or sum by (y) (b)", "x y"),
        ("sum by (x) (a) and on () b", "x"),
        ("sum by (x) (a) > 1", "x"),
        ("1 < sum by (x) (a)", "x"),
        ("info(sum by (x) (a))", None),
        ("max_over_time(sum by (x) (a)[5m:])", "x"),
        ("-sum(a)", ""),
    ],
)
def test_the_only_labels(expr: str, only: str | None) -> None:
    """Aggregations, matches and some functions leave certain labels only."""
    expected = None if only is None else frozenset(only.split())
    assert labels_of(parse(expr, features=ALL_FEATURES)).only == expected


@pytest.mark.parametrize(
    ("expr", "without", "sure"),
    [
        ('a{x="1", y="", z=~"1|2"}', "y", "x z"),
        ('a{x!="", y!="1", z!~".*"}', "", "x z"),
        ('sum without (x) (a{x="1", y="1"})', "x", "y"),
        ('a{x="1"} / a{y="1"}', "", "x y"),
        ('a{x="1"} / ignoring (x) a{y="1"}', "x", "y"),
        ('a{x="1"} or a{x="2", y="1"}', "", "x"),
        ('label_replace(a{x="1"}, "x", "", "y", "")', "", ""),
        ("a - fill (0) b", "", ""),
    ],
)
def test_labels_that_are_there_or_not(expr: str, without: str, sure: str) -> None:
    """What selectors ask of a label, later parts of the expression can rely on."""
    labels = labels_of(parse(expr, features=ALL_FEATURES))
    assert labels.only is None
    assert (labels.without, labels.sure) == (frozenset(without.split()), frozenset(sure.split()))


@pytest.mark.parametrize(
    ("expr", "part"),
    [
        ("sum by (job) (rate(a[5m])) > 1", "sum by (job) (rate(a[5m]))"),
        ("max by (job) (sum(a)) > 1", "sum(a)"),
        ("absent(a)", "absent(a)"),
        ("vector(1)", None),
    ],
)
def test_what_removes_a_label(expr: str, part: str | None) -> None:
    """The innermost part that had the label and has it no more."""
    found = remover(parse(expr), "instance")
    assert (expr[found.start : found.end] if found else None) == part
