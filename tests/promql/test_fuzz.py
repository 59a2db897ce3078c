"""No text and no data bring the parser or the evaluator down."""

from __future__ import annotations

import contextlib
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.promql import STALE_NAN, EvaluationError, MemoryStorage, Options, ParseError, evaluate, parse
from alertd.promql.signatures import FUNCTIONS

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
values = st.one_of(st.floats(), st.sampled_from([0.0, 1.0, math.nan, math.inf, -math.inf, STALE_NAN]))


@given(st.one_of(st.text(max_size=30), st.lists(st.sampled_from(FRAGMENTS), max_size=14).map(" ".join)))
def test_any_text_parses_or_is_refused(text: str) -> None:
    """Whatever the text, the parser gives a tree that prints and parses again, or a ParseError inside the text."""
    refused: ParseError | None = None
    try:
        expr = parse(text)
    except ParseError as error:
        refused = error
    if refused is None:
        assert str(parse(str(expr))) == str(expr)
    else:
        assert 0 <= refused.start <= len(text)
        assert refused.caret()


def call(name: str) -> str:
    """Return a call of the function with arguments of the right types."""
    arguments = {"vector": "m", "matrix": "m[5m]", "scalar": "0.5", "string": '"l"'}
    return f"{name}({', '.join(arguments[kind] for kind in FUNCTIONS[name].args)})"


EXPRESSIONS = (
    *(call(name) for name in FUNCTIONS),
    *(
        f"m {operator} on (i) m"
        for operator in ("+", "-", "*", "/", "%", "^", "atan2", "==", "< bool", "and", "or", "unless")
    ),
    *(f"{operator}(m)" for operator in ("sum", "avg", "count", "min", "max", "group", "stddev", "stdvar")),
    *(f"{operator}(1, m)" for operator in ("topk", "bottomk", "limitk", "limit_ratio", "quantile")),
    *("m ^ -m", "2 % m", "count_values('l', m)", "max_over_time(rate(m[2m])[5m:30s])"),
)


@settings(max_examples=200)
@given(
    st.sampled_from(EXPRESSIONS),
    st.lists(st.tuples(st.sampled_from("xy"), st.integers(0, 300_000), values), max_size=12),
    st.booleans(),
)
def test_any_data_gives_a_value_or_an_evaluation_error(
    expr: str, samples: list[tuple[str, int, float]], delayed: bool
) -> None:
    """Whatever the samples, evaluation gives a value or an EvaluationError, the same one each time."""
    storage = MemoryStorage()
    for series, at, value in samples:
        storage.append({"__name__": "m", "i": series, "le": "1" if series == "x" else "+Inf"}, at, value)
    with contextlib.suppress(EvaluationError):
        first = evaluate(parse(expr), storage, 240_000, options=Options(delayed_name_removal=delayed))
        second = evaluate(parse(expr), storage, 240_000, options=Options(delayed_name_removal=delayed))
        assert repr(first) == repr(second)
