"""Label patterns: what they match, what is refused, and that the short cuts agree with RE2."""

from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from alertd.routing.patterns import LabelPattern, PatternError, literals_of


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("a|b", "a", True),
        ("a|b", "ab", False),
        ("a|b", "xa", False),
        ("a|b", "bx", False),
        ("", "", True),
        ("", "a", False),
        (".*", "", True),
        (".*", "two\nlines", True),
        (".+", "", False),
        ("a.c", "a\nc", True),
        ("^(foo1|foo2|baz)$", "baz", True),
        ("^(foo1|foo2|baz)$", "bazz", False),
        (r"a\.b", "a.b", True),
        (r"a\.b", "axb", False),
        (r"\d+", "12", True),
        (r"\d+", "١٢", False),
        (r"\pL+", "Σ", True),
        ("(?i)abc", "ABC", True),
        ("(a+)+b", "a" * 40, False),
        ("prod-.*", "prod-eu", True),
        ("prod-.*", "my-prod-eu", False),
        ("warning|", "", True),
    ],
)
def test_whole_value_matches(pattern: str, value: str, expected: bool) -> None:
    """A pattern is anchored at both ends, also around an alternation, and the dot takes a line end."""
    compiled = LabelPattern(pattern)
    assert [compiled.matches(value), compiled.matches(value)] == [expected, expected]


@pytest.mark.parametrize("pattern", ["a(b", "(?=x)", "a{1001}", "a)(b", r"\k<n>", "[", "*"])
def test_refused(pattern: str) -> None:
    """What RE2 does not know is an error with its reason, not a pattern that never matches."""
    with pytest.raises(PatternError) as refused:
        LabelPattern(pattern)
    assert str(refused.value)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a", {"a"}),
        ("a|b|c", {"a", "b", "c"}),
        ("^(?:a|b)$", {"a", "b"}),
        (r"(node\.a|node\.b)", {"node.a", "node.b"}),
        (r"a\|b", {"a|b"}),
        ("", {""}),
        ("a|", {"a", ""}),
        ("(a)|(b)", None),
        ("a.b", None),
        (r"a\d", None),
        (r"a\\|b", None),
        ("(?i)a", None),
    ],
)
def test_literals(pattern: str, expected: set[str] | None) -> None:
    """Only an alternation of plain values is offered as a set."""
    found = literals_of(pattern)
    assert (None if found is None else set(found)) == expected


_PIECES = st.sampled_from(["a", "b", "|", "(", ")", "(?:", "^", "$", r"\.", ".", "\\\\", "-"])


@given(st.lists(_PIECES, max_size=8).map("".join), st.lists(st.sampled_from("ab.|\\^$-"), max_size=4).map("".join))
def test_short_cut_agrees_with_re2(pattern: str, value: str) -> None:
    """The set of literals answers exactly what RE2 would."""
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = LabelPattern(pattern)
    except PatternError:
        return
    assert compiled.matches(value) == (re2.compile(f"^(?:{pattern})$", options).search(value) is not None)


def test_memo_stays_bounded() -> None:
    """Endless new values do not grow the memo for ever, and answers stay right after it was emptied."""
    pattern = LabelPattern("v[0-9]*5")
    values = [f"v{number}" for number in range(10_050)]
    assert [pattern.matches(value) for value in values] == [value.endswith("5") for value in values]
    assert len(pattern._memo) <= 10_000
