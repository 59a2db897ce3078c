"""The canonical form: Prometheus' own, and stable under parsing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.promql import (
    Aggregation,
    BinaryExpr,
    Call,
    Expr,
    Matcher,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    Subquery,
    VectorMatching,
    VectorSelector,
    format_labels,
    format_number,
    parse,
)
from alertd.promql.signatures import FUNCTIONS


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("sum(a)by(b)", "sum by (b) (a)"),
        ("sum by() (a)", "sum(a)"),
        ("sum without() (a)", "sum without () (a)"),
        ("TOPK(5,a)", "topk(5, a)"),
        ("a*ignoring()b", "a * b"),
        ("a*on()b", "a * on () b"),
        ("a*on(x)group_left b", "a * on (x) group_left () b"),
        ("a*ignoring(x)group_right(y,z)b", "a * ignoring (x) group_right (y, z) b"),
        ("a>bool 1", "a > bool 1"),
        ("a[300]", "a[5m]"),
        ("a[1h:]", "a[1h:]"),
        ("a[1h:1m]offset -1d@5", "a[1h:1m] @ 5.000 offset -1d"),
        ("a[5m]@start()", "a[5m] @ start()"),
        ("a{c='1',b=\"2\"}", 'a{b="2",c="1"}'),
        ("a{}", "a"),
        ('{"a.b","c.d"="e"}', '{"c.d"="e",__name__="a.b"}'),
        ("1e6", "1000000"),
        ("1e-7", "0.0000001"),
        ("0.1", "0.1"),
        ("-5m", "-5m"),
        ("90m", "1h30m"),
        ("NaN", "NaN"),
        ("inf", "+Inf"),
        ("-(-a)", "-(-a)"),
        ("inf ^ 2 + inf", "Inf ^ 2 + +Inf"),
        ("'it\\'s'", '"it\'s"'),
        ("a[5m+1m]", "a[5m + 1m]"),
        ("a[(5m+1m)*2]", "a[(5m + 1m) * 2]"),
        ("a offset(5m*2)", "a offset (5m * 2)"),
        ("a[step()]", "a[step()]"),
        ("a[max_of(step(),1m):-(-1m)]", "a[max_of(step(), 1m):1m]"),
        ('sum by("x.y",z)(a)', 'sum by ("x.y", z) (a)'),
    ],
)
def test_canonical_form(text: str, printed: str) -> None:
    """The printed form is Prometheus' and parses to the same tree."""
    expr = parse(text)
    assert str(expr) == printed
    assert parse(printed) == expr


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.1, "0.1"), (1e21, "1" + "0" * 21), (1e-9, "0.000000001"), (-0.0, "-0"), (float("-inf"), "-Inf")],
)
def test_numbers_have_no_exponent(value: float, text: str) -> None:
    """Numbers print with their shortest digits, without an exponent."""
    assert format_number(value) == text


def test_labels_in_messages() -> None:
    """A label set prints sorted, names quoted where they must be."""
    assert format_labels({"b": "2", "__name__": "up", "c.d": "x"}) == '{__name__="up", b="2", "c.d"="x"}'


# Trees grown at random, each well-typed by construction.

names = st.sampled_from(["a", "b_total", "ns:c", "sum", "offset"])
labels = st.sampled_from(["job", "by", "x.y", "é"])
milliseconds = st.integers(min_value=1, max_value=10**11)
at_modifiers = st.one_of(st.none(), st.integers(-(10**12), 10**12), st.sampled_from(["start", "end"]))
offsets = st.one_of(st.just(0), st.integers(-(10**10), 10**10))


@st.composite
def vector_selectors(draw: st.DrawFn) -> VectorSelector:
    name = draw(names)
    matchers = draw(st.lists(st.builds(Matcher, labels, st.sampled_from(["=", "!="]), st.text(max_size=4)), max_size=3))
    return VectorSelector(name, (*matchers, Matcher("__name__", "=", name)), draw(offsets), draw(at_modifiers))


@st.composite
def matrix_selectors(draw: st.DrawFn) -> MatrixSelector:
    return MatrixSelector(draw(vector_selectors()), draw(milliseconds))


numbers = st.builds(NumberLiteral, st.floats(min_value=0, allow_infinity=False, allow_subnormal=False))


def _operations(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    label_sets = st.lists(labels, max_size=2, unique=True).map(tuple)
    wrapped = inner.map(ParenExpr)
    return st.one_of(
        st.builds(
            BinaryExpr,
            st.sampled_from(["+", "-", "*", "/", "^", "==", ">=", "and", "or"]),
            wrapped,
            wrapped,
            st.builds(VectorMatching, st.booleans(), label_sets),
        ),
        st.builds(BinaryExpr, st.sampled_from(["+", "<"]), wrapped, numbers),
        st.builds(Aggregation, st.sampled_from(["sum", "group"]), inner, st.none(), label_sets, st.booleans()),
        st.builds(Aggregation, st.just("topk"), inner, numbers, label_sets),
        st.builds(lambda argument: Call(FUNCTIONS["abs"], (argument,)), inner),
        st.builds(
            lambda argument, length, step: Call(FUNCTIONS["rate"], (Subquery(ParenExpr(argument), length, step),)),
            inner,
            milliseconds,
            milliseconds,
        ),
        st.builds(lambda matrix: Call(FUNCTIONS["rate"], (matrix,)), matrix_selectors()),
    )


@given(st.recursive(vector_selectors(), _operations, max_leaves=6))
def test_printed_trees_parse_back(expr: Expr) -> None:
    """Whatever the tree, its text parses to an equal tree and prints to the same text."""
    text = str(expr)
    again = parse(text)
    assert again == expr
    assert str(again) == text
