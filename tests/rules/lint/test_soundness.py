"""What is told of an expression's labels and values holds for every answer that the evaluator gives."""

from __future__ import annotations

import re
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.promql import ALL_FEATURES, EvaluationError, Matcher, MemoryStorage, evaluate, parse, selectors
from alertd.promql.ast import Expr
from alertd.rules.lint.labels import labels_of
from alertd.rules.lint.ranges import range_of
from tests.rules.lint.linted import file_of, found_in, found_in_alert

NOW: Final = 600_000
SELECTORS: Final = (
    *("a", "b", 'a{x="1"}', 'b{x="1"}', 'a{y=""}', 'b{y!=""}', 'a{x=~"1|2"}', 'b{z=~".+"}', "c"),
    *('{__name__=~"a|b", x="2"}',),
)
LABELS: Final = ("x", "y", "z")


def storage() -> MemoryStorage:
    """A few series with some of the labels each, which go up, with restarts."""
    held = MemoryStorage()
    series = [
        {"__name__": "a", "x": "1", "y": "1"},
        {"__name__": "a", "x": "2", "z": "1"},
        {"__name__": "a", "x": "1"},
        {"__name__": "b", "x": "1", "y": "1"},
        {"__name__": "b", "x": "2", "y": "2", "z": "1"},
        {"__name__": "b", "z": "2"},
        {"__name__": "c"},
    ]
    for place, labels in enumerate(series):
        for step in range(11):
            held.append(labels, step * 60_000, float((step * (place + 1)) % 7))
    return held


HELD: Final = storage()
names = st.lists(st.sampled_from(LABELS), unique=True, max_size=2).map(", ".join)
numbers = st.sampled_from(("0", "1", "2", "0.5", "-1", "100"))
matchings = st.one_of(
    st.just(""),
    names.map("on ({}) ".format),
    names.map("ignoring ({}) ".format),
    st.tuples(names, st.sampled_from(LABELS)).map(lambda pair: f"on ({pair[0]}) group_left ({pair[1]}) "),
    st.tuples(names, st.sampled_from(LABELS)).map(lambda pair: f"ignoring ({pair[0]}) group_right ({pair[1]}) "),
)
aggregations = st.sampled_from(("sum", "min", "max", "avg", "count", "group", "stddev"))
choosing = st.sampled_from(("topk", "bottomk", "limitk"))
functions = st.sampled_from(("abs", "absent", "sgn", "ceil", "hour", "timestamp", "sort", "sqrt", "exp"))
ranged = st.sampled_from(("rate", "increase", "changes", "resets", "count_over_time", "absent_over_time"))
ranged_too = st.sampled_from(("min_over_time", "avg_over_time", "present_over_time", "irate", "stddev_over_time"))


def deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        inner.map("({})".format),
        st.tuples(aggregations, st.sampled_from(("by", "without")), names, inner).map(
            "{0[0]} {0[1]} ({0[2]}) ({0[3]})".format
        ),
        st.tuples(aggregations, inner).map("{0[0]}({0[1]})".format),
        st.tuples(choosing, inner).map("{0[0]}(1, {0[1]})".format),
        st.tuples(functions, inner).map("{0[0]}({0[1]})".format),
        st.tuples(ranged, st.sampled_from(SELECTORS)).map("{0[0]}({0[1]}[5m])".format),
        st.tuples(ranged_too, st.sampled_from(SELECTORS)).map("{0[0]}({0[1]}[5m])".format),
        st.tuples(inner, st.sampled_from((">", "<", ">=", "==", "!=", "> bool", "+", "*", "/")), numbers).map(
            "({0[0]}) {0[1]} {0[2]}".format
        ),
        st.tuples(numbers, st.sampled_from((">", "<=", "==", "+", "*")), inner).map("{0[0]} {0[1]} ({0[2]})".format),
        st.tuples(inner, st.sampled_from(("+", "*", "/", ">", "== bool")), matchings, inner).map(
            "({0[0]}) {0[1]} {0[2]}({0[3]})".format
        ),
        st.tuples(inner, st.sampled_from(("and", "or", "unless")), inner).map("({0[0]}) {0[1]} ({0[2]})".format),
        st.tuples(inner, st.sampled_from(LABELS)).map('label_replace({0[0]}, "{0[1]}", "$1", "x", "(.*)")'.format),
        inner.map("clamp_min({}, 1)".format),
        inner.map("clamp({}, 0, 2)".format),
        inner.map('count_values("y", {})'.format),
        inner.map("vector(scalar({}))".format),
    )


expressions = st.recursive(st.sampled_from(SELECTORS), deeper, max_leaves=6)


def parsed(text: str) -> Expr | None:
    """The expression, None for one that the language refuses, as a label that is both matched on and included."""
    try:
        return parse(text, features=ALL_FEATURES)
    except ValueError:
        return None


@settings(max_examples=100)
@given(expressions)
def test_every_finding_has_a_place(text: str) -> None:
    """Whatever the expression, the checks end well, and what they find stands in the expression's line or at a key."""
    if parsed(text) is None:
        return
    rule = f"- alert: A\n  expr: |\n    {text}\n  annotations:\n    summary: '{{{{ $labels.x }}}} {{{{ $value }}}}'\n"
    lines = file_of(rule).text.split("\n")
    for finding in found_in(rule):
        line, column = finding.problem.line, finding.problem.column
        assert 4 <= line <= 8
        assert 1 <= column <= len(lines[line - 1])


@settings(max_examples=500)
@given(
    st.lists(st.sampled_from(("a", "b", "^", "$", "|", "(", ")", ".", "*", "\\", "[", "]", "?:")), max_size=8).map(
        "".join
    )
)
def test_better_matchers(pattern: str) -> None:
    """What a finding would write in place of a pattern matches the same values."""
    try:
        matcher = Matcher("x", "=~", pattern)
    except ValueError:
        return
    for finding in found_in_alert(f"z{{{matcher}}} > 1").values():
        better = re.search(r"write `(x=.*)`$", finding)
        if better:
            (selector,) = selectors(parse(f"z{{{better[1]}}}"))
            values = ("", "a", "b", "ab", "ba", "aa", "^", "$", "a$", "^a", "|", "a|b", "(", ".", "\\", "*")
            assert [selector.matchers[0].matches(value) for value in values] == list(map(matcher.matches, values))


@settings(max_examples=300)
@given(expressions)
def test_labels_and_values(text: str) -> None:
    """No sample has a label or a value that was said to be impossible, or is without one that was said to be sure."""
    expr = parsed(text)
    if expr is None:
        return
    labels, values = labels_of(expr), range_of(expr)
    try:
        samples = evaluate(expr, HELD, NOW).value
    except EvaluationError:
        return
    assert isinstance(samples, list)
    for sample in samples:
        own = {name for name, value in sample.labels.items() if value} - {"__name__"}
        assert all(labels.can_have(name) for name in own), (labels, sample)
        assert labels.sure <= own, (labels, sample)
        assert sample.value != sample.value or values.has(sample.value), (values, sample)
