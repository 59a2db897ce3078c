"""No text and no data bring the parser or the evaluator down."""

from __future__ import annotations

import contextlib
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.promql import (
    ALL_FEATURES,
    STALE_NAN,
    EvaluationError,
    FloatHistogram,
    MemoryStorage,
    Options,
    evaluate,
    parse,
    parse_histogram,
)
from alertd.promql.signatures import FUNCTIONS
from tests.fuzz.targets import parse_or_refuse

FRAGMENTS = (
    *("a", "b_total", "sum", "topk", "by", "without", "on", "ignoring", "group_left", "bool", "offset", "and", "or"),
    *("(", ")", "{", "}", "[", "]", ",", ":", "=", "==", "!=", "=~", "+", "-", "*", "/", "%", "^", "<", "@", "atan2"),
    *(
        "1",
        "5m",
        "0x1f",
        ".5",
        "Inf",
        '"x"',
        "'(x)'",
        "`y`",
        "start()",
        "end()",
        "step()",
        "#c\n",
        " ",
        "\n",
        "é",
        "\\",
    ),
    *("rate(", "abs(", "label_replace(", "a[5m]", "a{b='c'}", "count_values("),
)
HISTOGRAMS = tuple(
    map(
        parse_histogram,
        (
            "{{schema:0 count:3 sum:2.5 z_bucket:1 z_bucket_w:0.001 buckets:[1 1]}}",
            "{{schema:2 count:9 sum:-8 buckets:[4 1] n_buckets:[3 1] counter_reset_hint:gauge}}",
            "{{schema:-53 count:4 sum:7 custom_values:[1 2] buckets:[1 2 1]}}",
            "{{schema:-53 count:4 sum:NaN custom_values:[2 5] buckets:[1 2 1] counter_reset_hint:reset}}",
            "{{count:0 sum:0}}",
        ),
    )
)
values = st.one_of(
    st.floats(), st.sampled_from([0.0, 1.0, math.nan, math.inf, -math.inf, STALE_NAN]), st.sampled_from(HISTOGRAMS)
)


@given(st.one_of(st.text(max_size=30), st.lists(st.sampled_from(FRAGMENTS), max_size=14).map(" ".join)))
def test_any_text_parses_or_is_refused(text: str) -> None:
    """Whatever the text, the parser gives a tree that prints and parses again, or a ParseError inside the text."""
    parse_or_refuse(text)


def call(name: str) -> str:
    """Return a call of the function with arguments of the right types."""
    if name == "info":
        return "info(m, {b=~'.*'})"
    arguments = {"vector": "m", "matrix": "m[5m]", "scalar": "0.5", "string": '"l"'}
    return f"{name}({', '.join(arguments[kind] for kind in FUNCTIONS[name].args)})"


EXPRESSIONS = (
    *(call(name) for name in FUNCTIONS),
    *(
        f"m {operator} on (i) m"
        for operator in ("+", "-", "*", "/", "%", "^", "atan2", "==", "< bool", "and", "or", "unless", "</", ">/")
    ),
    *(f"{operator}(m)" for operator in ("sum", "avg", "count", "min", "max", "group", "stddev", "stdvar")),
    *(f"{operator}(1, m)" for operator in ("topk", "bottomk", "limitk", "limit_ratio", "quantile")),
    *("m + on (i) fill (1) m", "m - on (i) m @ 60", "rate(m[2m] anchored)", "increase(m[2m] smoothed)", "m smoothed"),
    *("changes(m[2m] anchored)", "m </ 2", "m >/ -1", "2 * m", "m / 0", "avg(m) by (le)"),
    *("m ^ -m", "2 % m", "count_values('l', m)", "max_over_time(rate(m[2m])[5m:30s])"),
)


@settings(max_examples=200)
@given(
    st.sampled_from(EXPRESSIONS),
    st.lists(st.tuples(st.sampled_from("xy"), st.integers(0, 300_000), values), max_size=12),
    st.booleans(),
)
def test_any_data_gives_a_value_or_an_evaluation_error(
    expr: str, samples: list[tuple[str, int, float | FloatHistogram]], delayed: bool
) -> None:
    """Whatever the samples, evaluation gives a value or an EvaluationError, the same one each time."""
    storage = MemoryStorage()
    for series, at, value in samples:
        labels = {"__name__": "m", "i": series, "le": "1" if series == "x" else "+Inf"}
        if isinstance(value, FloatHistogram):
            storage.append_histogram(labels, at, value)
        else:
            storage.append(labels, at, value)
    options = Options(delayed_name_removal=delayed)
    parsed = parse(expr, features=ALL_FEATURES)
    with contextlib.suppress(EvaluationError):
        first = evaluate(parsed, storage, 240_000, options=options)
        assert repr(first) == repr(evaluate(parsed, storage, 240_000, options=options))
