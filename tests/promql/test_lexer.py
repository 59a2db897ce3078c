"""Tokens."""

from __future__ import annotations

import pytest

from alertd.promql.lexer import tokenize


def kinds(text: str) -> list[str]:
    return [token.kind for token in tokenize(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("foo:bar baz", ["metric identifier", "identifier", "end of input"]),
        ("SUM By Inf nAn", ["sum", "by", "number", "number", "end of input"]),
        ("5m 1h30m 0x1F 1_000 .5 1e-3", ["duration", "duration", *["number"] * 4, "end of input"]),
        ("a # note\n+b", ["identifier", "+", "identifier", "end of input"]),
        (
            "{sum=~'x',by!=`y`}",
            ["{", "identifier", "=~", "string", ",", "identifier", "!=", "string", "}", "end of input"],
        ),
        ("[5m:1m]", ["[", "duration", ":", "duration", "]", "end of input"]),
        ("a<=b==c!=d", ["identifier", "<=", "identifier", "==", "identifier", "!=", "identifier", "end of input"]),
    ],
)
def test_tokens_depend_on_their_place(text: str, expected: list[str]) -> None:
    """Keywords are keywords outside braces only, and in any case; numbers and durations differ."""
    assert kinds(text) == expected


@pytest.mark.parametrize(
    ("text", "message", "start"),
    [
        ("(1))", "unexpected right parenthesis ')'", 3),
        ("((1)", "unclosed left parenthesis", 4),
        ("a[5m", "unclosed left bracket", 4),
        ("a{b=", "unexpected end of input inside braces", 4),
        ("a}", "unexpected right brace '}'", 1),
        ("a]", "unexpected right bracket ']'", 1),
        ("a{{", "unexpected left brace '{'", 2),
        ('"abc', "unterminated quoted string", 0),
        ("`abc", "unterminated raw string", 0),
        ("a ? b", "unexpected character: '?'", 2),
        ("a{b+c}", "unexpected character inside braces: '+'", 3),
        ("a !b", "unexpected character after '!': 'b'", 2),
        ("5mm", 'bad number or duration syntax: "5mm"', 0),
        ("5xy", 'bad number or duration syntax: "5x"', 0),
    ],
)
def test_faults_become_the_last_token(text: str, message: str, start: int) -> None:
    """The lexer does not raise: it ends with a token that says what is wrong, and where."""
    last = tokenize(text)[-1]
    assert (last.kind, last.text, last.start) == ("error", message, start)
