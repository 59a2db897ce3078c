"""The evaluator beside Prometheus' own, through `promtool test rules`.

The samples lie on whole minutes and no range begins or ends on one, because releases 2 and 3 differ in just that.
"""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from alertd.promql import (
    EvaluationError,
    MemoryStorage,
    Vector,
    evaluate,
    parse,
    parse_duration,
    parse_metric,
    parse_series,
)

PROMTOOL = shutil.which("promtool")

SERIES = {
    'c_total{i="a"}': "0+7x20 3+5x20",
    'c_total{i="b"}': "5 9 2 8 _ 20 30 _ 50 60 70 1 2 3 4 5 6 7 8 9 10x20",
    'g{i="a",j="x1"}': "1 -2 3.5 -4 5 NaN 7 8 -9 10 11 12 13 14 15 16 17 18 19 20 3x20",
    'g{i="b",j="x10"}': "-1+0.25x40",
    'g{i="c",j="x2"}': "Inf -Inf 3 4 5 6 7 8 1 1 2 2 0 0 0 1x30",
    'k{i="a"}': "4x50",
    't{i="a"}': "1e9+86399x50",
    't{i="b"}': "-1e8-3600x50",
    'h_bucket{le="0.1",j="p"}': "0+1x50",
    'h_bucket{le="0.5",j="p"}': "0+3x50",
    'h_bucket{le="+Inf",j="p"}': "0+5x50",
    'h_bucket{le="-1",j="q"}': "0+1x50",
    'h_bucket{le="1e0",j="q"}': "0+4x50",
    'h_bucket{le="Inf",j="q"}': "0+4x50",
    'h_bucket{le="1",j="r"}': "0+4x50",
    'h_bucket{le="2",j="r"}': "0+3x50",
    'h_bucket{le="+Inf",j="r"}': "0+6x50",
    's{host="node-1.example.com:90",dc="eu"}': "1x50",
    's{host="db2"}': "2x50",
}
RANGE_FUNCTIONS = (
    *("rate", "increase", "delta", "irate", "idelta", "deriv", "changes", "resets", "avg_over_time", "sum_over_time"),
    *("min_over_time", "max_over_time", "count_over_time", "last_over_time", "absent_over_time"),
)
MATH_FUNCTIONS = (
    *("abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "sgn", "deg", "rad", "sin", "cos", "tan", "asin"),
    *("acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
)
DATE_FUNCTIONS = ("minute", "hour", "day_of_month", "day_of_week", "day_of_year", "days_in_month", "month", "year")
EXPRESSIONS = (
    *(
        f"{name}({metric}[{length}]{offset})"
        for name in RANGE_FUNCTIONS
        for metric in ("c_total", 'g{i="b"}', "k", 'nope{a="b"}')
        for length in ("4m30s", "12m30s", "30s")
        for offset in ("", " offset 2m15s")
    ),
    *(f"{name}(c_total[10m40s:90s])" for name in RANGE_FUNCTIONS),
    *(f"{name}({argument})" for name in MATH_FUNCTIONS for argument in ("g", "g / 10", "-g", "g * 0")),
    *(f"{name}({argument})" for name in DATE_FUNCTIONS for argument in ("t", "")),
    *(f"histogram_quantile({q}, h_bucket)" for q in (0, 0.1, 0.5, 0.9, 1, 2, -1)),
    *(f"g {operator} on (i) group_left k" for operator in ("+", "-", "*", "/", "%", "^", ">", "!= bool")),
    *(f"c_total {operator} on (i) k" for operator in ("and", "or", "unless")),
    *(f"{operator}(c_total)" for operator in ("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar")),
    *("round(g / 3, 0.1)", "clamp(g, -3, 6)", "timestamp(g offset 1m)", "absent(nope{a='b',a='c',d='e'})"),
    *(
        "predict_linear(c_total[9m30s], 3600)",
        "quantile_over_time(0.3, c_total[9m30s])",
        "topk(2, g)",
        "quantile(0.4, g)",
    ),
    *("label_replace(s, 'x', '$1-${2}', 'host', '([a-z]+)-?([0-9]+).*')", "label_join(s, 'x', ',', 'host', 'dc')"),
    *("c_total @ 600", "count_values('v', k)", "max_over_time((sum(c_total) > 20)[15m30s:2m])", 'g{j=~"x1.*"}'),
)


def ask_promtool(folder: Path, series: Mapping[str, str], expressions: Iterable[str], at: str) -> dict[str, str]:
    """Return what promtool says each expression gives, by failing a test for it; `error` for one that it refuses."""
    wrong = [{"labels": '{no="such"}', "value": 1}]
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": expr, "eval_time": at, "exp_samples": wrong} for expr in expressions],
    }
    path = folder / "peer.yml"
    path.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [test]}))
    assert PROMTOOL
    output = subprocess.run([PROMTOOL, "test", "rules", path], capture_output=True, text=True, check=False).stderr
    answers = dict(re.findall(r'expr: "(.*)", time: .*,\s*\n\s*exp:.*\n\s*got:(.*)', output))
    answers |= dict.fromkeys(re.findall(r'expr: "(.*)", time: .*, err: ', output), "error")
    return {expr.replace('\\"', '"'): got.strip() for expr, got in answers.items()}


def read_answer(text: str) -> dict[frozenset[tuple[str, str]], float]:
    if text == "nil":
        return {}
    found = re.findall(r'(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\}) ([-+\w.]+)', text)
    return {frozenset(parse_metric(metric).items()): float(value) for metric, value in found}


def same(left: float, right: float) -> bool:
    return (
        left == right
        or (math.isnan(left) and math.isnan(right))
        or math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)
    )


@pytest.mark.peer
@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
@pytest.mark.parametrize("at", ["20m", "33m"])
def test_agrees_with_promtool(tmp_path: Path, at: str) -> None:
    """Every expression gives the same labels and values as in Prometheus."""
    answers = ask_promtool(tmp_path, SERIES, EXPRESSIONS, at)
    assert set(EXPRESSIONS) <= answers.keys()
    storage = storage_of(SERIES)
    assert [expr for expr in EXPRESSIONS if not agrees(answers[expr], expr, storage, at)] == []


def storage_of(series: Mapping[str, str]) -> MemoryStorage:
    storage = MemoryStorage()
    for name, values in series.items():
        described = parse_series(f"{name} {values}")
        for index, value in enumerate(described.values):
            if isinstance(value, float):
                storage.append(described.labels, index * 60_000, value)
    return storage


def agrees(answer: str, expr: str, storage: MemoryStorage, at: str) -> bool:
    """Whether an expression gives the labels and values of the answer, or is refused as it was."""
    try:
        value = evaluate(parse(expr), storage, parse_duration(at)).value
    except EvaluationError:
        return answer == "error"
    assert isinstance(value, Vector)
    if answer == "error":
        return False
    expected = read_answer(answer)
    found = {frozenset(sample.labels.items()): sample.value for sample in value}
    return expected.keys() == found.keys() and all(same(expected[key], found[key]) for key in expected)


# Generated queries. Samples lie on whole minutes; instants, ranges and offsets are such that nothing else does,
# counters have no gaps, and vectors are compared with `bool`: releases 2 and 3 differ in what lies on a boundary, in
# how far a gap is bridged to zero, and in whether an element that a comparison drops can be a second match. Release 2
# forgets the times of a pinned `predict_linear` in a subquery.
AT = ("20m10s", "31m40s")
SPANS = st.integers(3, 24).map(lambda halves: f"{halves * 30}s")
WHERE = st.sampled_from(("", '{i="a"}', '{i!="a"}', '{i=~"a|b"}', '{j=""}', '{j!~"x|"}'))
LABELS = st.sampled_from(("", " by (i)", " by (j)", " by (i, j)", " without (i)", " by ()"))
NUMBERS = st.sampled_from(("1", "0.5", "-2", "7", "100"))
COUNTER_FUNCTIONS = ("rate", "increase", "irate", "resets", "changes")
GAUGE_FUNCTIONS = (
    *("delta", "idelta", "deriv", "changes", "resets", "avg_over_time", "sum_over_time", "min_over_time"),
    *("max_over_time", "count_over_time", "last_over_time", "present_over_time", "stddev_over_time"),
    *("stdvar_over_time", "absent_over_time"),
)
SUBQUERY_FUNCTIONS = ("avg_over_time", "max_over_time", "sum_over_time", "count_over_time", "last_over_time", "changes")
PLAIN_FUNCTIONS = ("abs", "ceil", "floor", "sgn", "-", "deg", "absent", "sort", "round")
MATCHING = st.sampled_from(
    ("", " on (i)", " ignoring (j)", " on (i) group_left ()", " on (i) group_right ()", " on (i, j)")
)


@st.composite
def offsets(draw: st.DrawFn, inner: bool) -> str:
    """Modifiers of a selector; inside a subquery, whose instants are whole minutes, they lead away from these."""
    seconds = draw(st.integers(0, 20)) * 30 + (5 if inner else 0)
    pinned = draw(st.sampled_from(("", "", "", " @ 625")))
    return f"{pinned} offset {seconds}s" if seconds else pinned


@st.composite
def ranges(draw: st.DrawFn, inner: bool) -> str:
    metric = draw(st.sampled_from(("c_total", "g")))
    functions = COUNTER_FUNCTIONS if metric == "c_total" else GAUGE_FUNCTIONS
    selector = f"{metric}{draw(WHERE)}[{draw(SPANS)}]{draw(offsets(inner))}"
    return draw(
        st.sampled_from(
            (
                *(f"{name}({selector})" for name in functions),
                f"quantile_over_time(0.3, {selector})",
                f"predict_linear({selector.replace(' @ 625', '')}, 90)",
            )
        )
    )


@st.composite
def vectors(draw: st.DrawFn, depth: int = 2, inner: bool = False) -> str:
    """An expression of an instant vector."""
    kinds = ["selector", "range"]
    if depth:
        kinds += ["aggregation", "aggregation", "function", "scalar", "vector", "label"]
        kinds += [] if inner else ["subquery"]
    kind = draw(st.sampled_from(kinds))
    if kind == "selector":
        return f"{draw(st.sampled_from(('c_total', 'g', 'k')))}{draw(WHERE)}{draw(offsets(inner))}"
    if kind == "range":
        return draw(ranges(inner))
    argument = draw(vectors(depth - 1, inner or kind == "subquery"))
    if kind == "subquery":
        step = draw(st.sampled_from(("30s", "1m", "90s", "2m")))
        return f"{draw(st.sampled_from(SUBQUERY_FUNCTIONS))}(({argument})[{draw(SPANS)}:{step}])"
    if kind == "aggregation":
        name = draw(st.sampled_from(("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "quantile")))
        return f"{name}{draw(LABELS)} ({'0.4, ' if name == 'quantile' else ''}{argument})"
    if kind == "function":
        name = draw(st.sampled_from((*PLAIN_FUNCTIONS, "clamp", "sqrt", "ln")))
        if name == "clamp":
            return f"clamp({argument}, -3, 6)"
        return f"{name}(abs({argument}) + 1)" if name in ("sqrt", "ln") else f"{name}({argument})"
    if kind == "scalar":
        operator = draw(st.sampled_from(("+", "-", "*", "/", "%", ">", "<=", "== bool", "!=", "< bool")))
        number = draw(NUMBERS)
        return f"({argument}) {operator} {number}" if draw(st.booleans()) else f"({argument}) * {number} - {number}"
    if kind == "label":
        return draw(
            st.sampled_from(
                (
                    f'label_replace({argument}, "z", "$1-y", "i", "(.)")',
                    f'label_join({argument}, "j", "-", "i", "j")',
                )
            )
        )
    other = draw(vectors(depth - 1, inner))
    operator = draw(st.sampled_from(("+", "-", "*", "> bool", "< bool", "== bool", "and", "or", "unless")))
    matching = draw(MATCHING)
    if operator in ("and", "or", "unless"):
        matching = matching.replace(" group_left ()", "").replace(" group_right ()", "")
    return f"({argument}) {operator}{matching} ({other})"


@st.composite
def data(draw: st.DrawFn) -> dict[str, str]:
    """Counters without gaps that may be reset, and gauges with gaps and stale markers; sums of quarters are exact."""
    series = {}
    for name in ('c_total{i="a"}', 'c_total{i="b",j="x"}', 'c_total{i="c",j="x"}'):
        steps = draw(st.lists(st.integers(-1, 40), min_size=40, max_size=40))
        value, values = 1000, []
        for step in steps:
            value = 0 if step < 0 else value + step
            values.append(str(value))
        series[name] = " ".join(values)
    items = st.one_of(st.integers(-80, 80).map(lambda number: str(number / 4)), st.sampled_from(("_x2", "_", "stale")))
    for name in ('g{i="a",j="x"}', 'g{i="b",j="y"}', 'g{i="b",j="x"}'):
        series[name] = " ".join(draw(st.lists(items, min_size=40, max_size=40)))
    for name in ('k{i="a"}', 'k{i="b"}'):
        series[name] = f"{draw(st.integers(1, 9))}x40"
    return series


@pytest.mark.peer
@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
@settings(
    max_examples=20,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(data(), st.lists(vectors(), min_size=100, max_size=100, unique=True), st.sampled_from(AT))
def test_generated_queries_agree_with_promtool(
    tmp_path_factory: pytest.TempPathFactory, series: dict[str, str], queries: list[str], at: str
) -> None:
    """Two thousand generated queries over generated series give the labels and values of Prometheus."""
    answers = ask_promtool(tmp_path_factory.mktemp("peer"), series, queries, at)
    storage = storage_of(series)
    assert [query for query in queries if not agrees(answers[query], query, storage, at)] == []
