"""Label matchers."""

from __future__ import annotations

import pytest

from alertd.promql import Matcher


@pytest.mark.parametrize(
    ("op", "pattern", "value", "expected"),
    [
        ("=", "a", "a", True),
        ("=", "", "", True),
        ("!=", "a", "b", True),
        ("!=", "a", "a", False),
        ("=~", "a|b", "b", True),
        ("=~", "a|b", "ab", False),
        ("=~", "a|", "", True),
        ("=~", "b.*", "abc", False),
        ("=~", "a.c", "a\nc", True),
        ("=~", "(?i)ABC", "abc", True),
        ("=~", "a|b.", "ax", False),
        ("!~", "a.*", "abc", False),
        ("!~", "a.*", "bc", True),
        ("=~", r"\d+", "١", False),
    ],
)
def test_matches(op: str, pattern: str, value: str, expected: bool) -> None:
    """Patterns are RE2, match whole values, and their dot matches a newline."""
    matcher = Matcher("l", op, pattern)
    assert matcher.matches(value) is expected
    assert matcher.matches(value) is expected, "the remembered answer is the same"


@pytest.mark.parametrize("pattern", ["(", "a{1001}", "(?=x)", r"\k<n>"])
def test_refuses_what_re2_refuses(pattern: str) -> None:
    """A bad expression is named in the message."""
    with pytest.raises(ValueError, match="error parsing regexp"):
        Matcher("l", "=~", pattern)


def test_refuses_unknown_operators() -> None:
    """An operator that is none lists those that are."""
    with pytest.raises(ValueError, match='unknown matching operator "==", expected one of =, !=, =~, !~'):
        Matcher("l", "==", "a")


def test_is_a_value() -> None:
    """Equal matchers are equal, and print as PromQL writes them."""
    assert Matcher("a", "=~", "x") == Matcher("a", "=~", "x")
    assert len({Matcher("a", "=", "x"), Matcher("a", "=", "x"), Matcher("a", "!=", "x")}) == 2
    assert str(Matcher("a.b", "!~", 'x"y')) == '"a.b"!~"x\\"y"'


def test_literals_are_the_only_possible_values() -> None:
    """Plain words and alternations are known beforehand, everything else is not."""
    assert Matcher("a", "=~", "x|y").literals == {"x", "y"}
    assert Matcher("a", "=", "x").literals == {"x"}
    assert Matcher("a", "=~", "x.*").literals is None
    assert Matcher("a", "!~", "x|y").literals is None
