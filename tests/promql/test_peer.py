"""The evaluator beside Prometheus' own, through `promtool test rules`.

The samples lie on whole minutes and no range begins or ends on one, because releases 2 and 3 differ in just that.
"""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from alertd.promql import MemoryStorage, Vector, evaluate, parse, parse_duration, parse_metric, parse_series

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


def ask_promtool(folder: Path, at: str) -> dict[str, str]:
    """Return what promtool says each expression gives, by failing a test for it."""
    wrong = [{"labels": '{no="such"}', "value": 1}]
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in SERIES.items()],
        "promql_expr_test": [{"expr": expr, "eval_time": at, "exp_samples": wrong} for expr in EXPRESSIONS],
    }
    path = folder / "peer.yml"
    path.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [test]}))
    assert PROMTOOL
    output = subprocess.run([PROMTOOL, "test", "rules", path], capture_output=True, text=True, check=False).stderr
    answers = re.findall(r'expr: "(.*)", time: .*,\s*\n\s*exp:.*\n\s*got:(.*)', output)
    return {expr.replace('\\"', '"'): got.strip() for expr, got in answers}


def read_answer(text: str) -> dict[frozenset[tuple[str, str]], float]:
    if text == "nil":
        return {}
    found = re.findall(r'(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\}) ([-+\w.]+)', text)
    return {frozenset(parse_metric(metric).items()): float(value) for metric, value in found}


def same(left: float, right: float) -> bool:
    return left == right or (math.isnan(left) and math.isnan(right)) or math.isclose(left, right, rel_tol=1e-9)


@pytest.mark.peer
@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
@pytest.mark.parametrize("at", ["20m", "33m"])
def test_agrees_with_promtool(tmp_path: Path, at: str) -> None:
    """Every expression gives the same labels and values as in Prometheus."""
    storage = MemoryStorage()
    for name, values in SERIES.items():
        described = parse_series(f"{name} {values}")
        for index, value in enumerate(described.values):
            if value is not None:
                storage.append(described.labels, index * 60_000, value)
    answers = ask_promtool(tmp_path, at)
    assert set(EXPRESSIONS) <= answers.keys()
    different = []
    for expr in EXPRESSIONS:
        expected = read_answer(answers[expr])
        value = evaluate(parse(expr), storage, parse_duration(at)).value
        assert isinstance(value, Vector)
        found = {frozenset(sample.labels.items()): sample.value for sample in value}
        if expected.keys() != found.keys() or not all(same(expected[key], found[key]) for key in expected):
            different.append((expr, expected, found))
    assert different == []
