"""Matchers: their meaning, both grammars, how the grammars are reconciled, and the printed form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.routing.matchers import (
    Grammar,
    Matcher,
    MatcherError,
    Operator,
    format_matchers,
    matches_all,
    parse_matcher,
    parse_matchers,
)

LABELS = {"alertname": "Down", "severity": "critical"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('severity="critical"', True),
        ('severity="warning"', False),
        ('severity!="warning"', True),
        ('severity!="critical"', False),
        ('severity=~"crit.*"', True),
        ('severity=~"crit"', False),
        ('severity!~"warning|info"', True),
        ('severity!~"warning|critical"', False),
        ('team=""', True),
        ('team!=""', False),
        ('team!="x"', True),
        ('team=~".*"', True),
        ('team=~".+"', False),
        ('team!~".+"', True),
    ],
)
def test_matches(text: str, expected: bool) -> None:
    """The four operators, and a missing label that counts as the empty value."""
    assert parse_matcher(text).matches(LABELS) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("{}", ()),
        ("foo=bar", (("foo", "=", "bar"),)),
        ("{foo=bar}", (("foo", "=", "bar"),)),
        ('{foo="bar",}', (("foo", "=", "bar"),)),
        ('foo="bar", baz!~"a|b"', (("foo", "=", "bar"), ("baz", "!~", "a|b"))),
        (" { foo = bar , baz != qux } ", (("foo", "=", "bar"), ("baz", "!=", "qux"))),
        ('foo="a,b"', (("foo", "=", "a,b"),)),
        (r'foo="a\"b\\c\nd"', (("foo", "=", 'a"b\\c\nd'),)),
        ("Σ=c", (("Σ", "=", "c"),)),
        ("00=b", (("00", "=", "b"),)),
        (r'"\xf0\x9f\x99\x82"=dΘ', (("🙂", "=", "dΘ"),)),
        (r'"a b"=~"c\u00e9"', (("a b", "=~", "cé"),)),
        (r'"\101"="\t"', (("A", "=", "\t"),)),
    ],
)
def test_utf8_grammar(text: str, expected: tuple[tuple[str, str, str], ...]) -> None:
    """Names and values of any characters, quoted as Go string literals, with optional braces and a last comma."""
    assert [(m.name, m.op.value, m.value) for m in parse_matchers(text, Grammar.UTF8)] == list(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("foo=", "4: expected a label value"),
        ("=bar", "0: expected a label name"),
        ("foo", "3: expected an operator"),
        ("foo!bar", "3: expected one of = != =~ !~"),
        ("foo=bar}", "7: a closing brace without an opening one"),
        ("{foo=bar", "8: expected a comma or a closing brace, found the end"),
        ("foo=bar baz=qux", "8: expected a comma, found 'baz'"),
        ("{foo=bar}}", "9: expected the end, found '}'"),
        (",", "0: expected a label name"),
        ("foo=bar,,", "8: expected a label name"),
        ('foo="bar', "4: the quote is not closed"),
        (r'foo="\q"', r"4: unknown escape \\q"),
        (r'foo="\xff"', "4: a quoted text must be valid UTF-8"),
        (r'foo="\ud800"', r"is no character"),
        ("foo='bar'", "must stand in double quotes"),
        ("foo=a~b", "must stand in double quotes"),
        ('foo="a\nb"', "line end"),
        ('""=a', "label name"),
        ('foo=~"a("', "invalid regular expression 'a\\('"),
    ],
)
def test_utf8_errors(text: str, message: str) -> None:
    """An error of the UTF-8 grammar gives the column and what was expected there."""
    with pytest.raises(MatcherError, match=message):
        parse_matchers(text, Grammar.UTF8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("foo=", (("foo", "=", ""),)),
        ('foo=""', (("foo", "=", ""),)),
        ("{foo=bar,}", (("foo", "=", "bar"),)),
        ("foo=a b", (("foo", "=", "a b"),)),
        ("foo=~[a-z]+|x", (("foo", "=~", "[a-z]+|x"),)),
        ("foo==bar", (("foo", "=", "=bar"),)),
        ("ns:foo!~ x ", (("ns:foo", "!~", "x"),)),
        ('foo="a,b",bar=c', (("foo", "=", "a,b"), ("bar", "=", "c"))),
        (r'foo="a\"b\n\d\\"', (("foo", "=", 'a"b\n\\d\\'),)),
        (r"foo=a\d" + "\\", (("foo", "=", "a\\d\\"),)),
    ],
)
def test_classic_grammar(text: str, expected: tuple[tuple[str, str, str], ...]) -> None:
    """Unquoted values with nearly any character; only three escapes exist, every other backslash is itself."""
    assert [(m.name, m.op.value, m.value) for m in parse_matchers(text, Grammar.CLASSIC)] == list(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("foo", "bad matcher format: foo"),
        ("Σ=c", "bad matcher format: Σ=c"),
        ("a=b,,c=d", "bad matcher format: "),
        ('foo="bar', "unescaped double quote"),
        ('foo=b"ar', "unescaped double quote"),
        ('foo="b"ar"', "unescaped double quote"),
        (r'foo="bar\"', "unescaped double quote"),
    ],
)
def test_classic_errors(text: str, message: str) -> None:
    """The classic grammar refuses with the words that its users know."""
    with pytest.raises(MatcherError, match=message):
        parse_matchers(text, Grammar.CLASSIC)


@pytest.mark.parametrize(
    ("text", "expected", "warned"),
    [
        ('foo="bar"', 'foo="bar"', ""),
        ("foo=bar🙂", 'foo="bar🙂"', ""),
        ("foo🙂=bar", 'foo🙂="bar"', ""),
        ("foo=", 'foo=""', "is no matcher in the UTF-8 grammar"),
        ("foo=~a|{b}c", 'foo=~"a|{b}c"', "is no matcher in the UTF-8 grammar"),
        (r'foo="\x41"', r'foo="\\x41"', "means something else"),
    ],
)
def test_fallback(text: str, expected: str, warned: str) -> None:
    """Both grammars are read; the classic one wins, and a difference is told."""
    warnings: list[str] = []
    assert str(parse_matcher(text, warn=warnings.append)) == expected
    assert [warned in warning for warning in warnings] == ([True] if warned else [])


@pytest.mark.parametrize("text", ["{foo=bar}", "foo=bar}", "{foo=bar"])
def test_one_matcher_has_no_braces(text: str) -> None:
    """Where one matcher is asked for, braces are refused in Alertmanager's words."""
    with pytest.raises(MatcherError) as refused:
        parse_matcher(text)
    assert str(refused.value) == f"unexpected open or close brace: {text}"


@pytest.mark.parametrize(
    ("text", "grammar", "message"),
    [
        ("a=b,c=d", Grammar.UTF8, "expected one matcher, found 2"),
        ("", Grammar.UTF8, "expected one matcher, found none"),
        ("foo", Grammar.FALLBACK, "bad matcher format: foo"),
    ],
)
def test_not_one_matcher(text: str, grammar: Grammar, message: str) -> None:
    """None and several are refused; when both grammars refuse, the classic words are used."""
    with pytest.raises(MatcherError, match=message):
        parse_matcher(text, grammar)


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        (Matcher("a", Operator.EQUAL, 'x"y\\z\n'), r'a="x\"y\\z\n"'),
        (Matcher("a", Operator.NOT_REGEX, "b|c"), 'a!~"b|c"'),
        (Matcher("a b", Operator.EQUAL, "\x01é\u200b"), '"a b"="\\x01é\\u200b"'),
        (Matcher("Σ", Operator.NOT_EQUAL, ""), 'Σ!=""'),
    ],
)
def test_print_form(matcher: Matcher, expected: str) -> None:
    """The name is quoted only when it must be, the value always."""
    assert str(matcher) == expected


def test_list_and_identity() -> None:
    """Equal matchers are one key whatever their compiled pattern; a list prints as Alertmanager prints it."""
    matchers = parse_matchers('a=~"x.*",b!="y"')
    assert {*matchers} == {Matcher("a", Operator.REGEX, "x.*"), Matcher("b", Operator.NOT_EQUAL, "y")}
    assert format_matchers(matchers) == '{a=~"x.*",b!="y"}'
    assert matches_all(matchers, {"a": "xx"})
    assert not matches_all(matchers, {"a": "xx", "b": "y"})
    assert matches_all((), {})


@given(st.text(min_size=1), st.text())
def test_printed_matchers_read_back(name: str, value: str) -> None:
    """Whatever is printed reads back as the same matcher in the UTF-8 grammar."""
    matcher = Matcher(name, Operator.EQUAL, value)
    assert parse_matchers(format_matchers([matcher]), Grammar.UTF8) == (matcher,)
