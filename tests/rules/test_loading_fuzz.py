from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alertd.errors import InvalidInput, Problem
from alertd.rules.loading import load_rules

WORDS = st.sampled_from(
    [
        *("groups", "alerting", "rules", "name", "alert", "record", "expr", "condition", "for", "labels", "levels"),
        *("annotations", "above", "clear_below", "warning", "critical", "receivers", "channels", "source", "limit"),
        *("severity", "description", "cooldown_minutes", "interval", "enabled", "on_no_data", "template_language"),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["5m", "up == 0", "up >", "a == 'b'", "{{ $value }}", "{{ value }}", "{{ x", "{% for", "", "go"]),
    WORDS,
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=5)),
    max_leaves=15,
)


def check(document: Any) -> None:
    text = json.dumps(document, indent=1)
    lines = text.count("\n") + 1
    problems: tuple[Problem, ...] | None = None
    try:
        load_rules(text, "x.yml")
    except InvalidInput as invalid:
        problems = invalid.problems
    assert problems != ()
    assert all(1 <= problem.line <= lines and problem.message for problem in problems or ())


@given(DOCUMENTS)
def test_any_document_loads_or_is_refused(document: Any) -> None:
    """No shape of a file brings the loader down."""
    check(document)


@given(st.dictionaries(WORDS, DOCUMENTS, max_size=8), st.booleans())
def test_any_rule_loads_or_is_refused(rule: dict[str, Any], short: bool) -> None:
    """No shape of a rule brings the loader down, in either form of a file."""
    check({"alerting": {"rules": [rule]}} if short else {"groups": [{"name": "a", "rules": [rule]}]})
