"""PromQL's tokens.

The lexer never raises: a fault becomes a last token of kind `ERROR`, so that the parser complains about whichever
mistake comes first in the text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from alertd.promql.quoting import quote

IDENTIFIER = "identifier"
METRIC_IDENTIFIER = "metric identifier"
STRING = "string"
NUMBER = "number"
DURATION = "duration"
EOF = "end of input"
ERROR = "error"

AGGREGATORS = frozenset(
    (
        *("avg", "count", "group", "max", "min", "stddev", "stdvar", "sum"),
        *("bottomk", "count_values", "limit_ratio", "limitk", "quantile", "topk"),
    )
)
WORD_OPERATORS = frozenset(("and", "atan2", "or", "unless"))
# Words with a meaning of their own in some place; all but `RESERVED` may also name a metric.
KEYWORDS = frozenset(
    (
        *("by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset"),
        *("start", "end", "step", "range", "anchored", "smoothed", "fill", "fill_left", "fill_right"),
    )
)
RESERVED = frozenset(("atan2", "bool", "group_left", "group_right", "ignoring", "on"))
SYMBOL_OPERATORS = frozenset(("+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<=", "=~", "!~", "</", ">/"))

_NUMBER_WORDS = ("inf", "nan")
_SPECIAL_WORDS = AGGREGATORS | WORD_OPERATORS | KEYWORDS
_BLANK = r"(?P<blank>[ \t\r\n]+|\#[^\n\r]*)"
_STRING = r"""(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)"""
# The alternatives are atomic: what follows a number is judged, never given back to make a shorter one fit.
_NUMBER = r"""(?P<number>(?>
    0[xX][0-9a-fA-F_]+
  | (?P<duration>(?:[0-9]+(?:ms|[smhdwy]))+(?![0-9]))
  | (?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?
))"""
_OPERATOR = r"(?P<operator>[=!<>]=|[<>]/|[=!]~|[-+*/%^<>=@(){}\[\],:])"

_OUTSIDE = re.compile(rf"(?P<word>[a-zA-Z_:][a-zA-Z0-9_:]*)|{_BLANK}|{_OPERATOR}|{_NUMBER}|{_STRING}", re.VERBOSE)
_IN_BRACKETS = re.compile(rf"(?P<word>[a-zA-Z_][a-zA-Z0-9_]*)|{_BLANK}|{_OPERATOR}|{_NUMBER}", re.VERBOSE)
_IN_BRACES = re.compile(
    rf"(?P<word>[a-zA-Z_][a-zA-Z0-9_]*)|{_BLANK}|(?P<operator>!=|[=!]~|[={{}},])|{_STRING}", re.VERBOSE
)


class Token(NamedTuple):
    """A piece of the text: for keywords and symbols `kind` is the lower-case text itself."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def describe(self) -> str:
        """Return the token as Prometheus' messages name it."""
        if self.kind in (IDENTIFIER, METRIC_IDENTIFIER, STRING, NUMBER, DURATION):
            shown = self.text
            if len(shown) > 10 and self.kind in (STRING, NUMBER, DURATION):
                return f"{self.kind} {quote(shown[:10])}..."
            return f"{self.kind} {quote(shown)}"
        if self.kind == EOF:
            return EOF
        if self.kind in AGGREGATORS:
            return f"<aggr:{self.text}>"
        if self.kind in SYMBOL_OPERATORS or self.kind in WORD_OPERATORS:
            return f"<op:{self.text}>"
        if self.kind in KEYWORDS:
            return f"<{self.text}>"
        return quote(self.text)


class _Fault(Exception):
    """A place in the text that is no token; args are the message and the offset."""


def tokenize(text: str) -> list[Token]:
    """Return the tokens of `text` without blanks and comments; the last one is `EOF` or `ERROR`.

    The text of an `ERROR` token is the complaint, not a piece of the source.
    """
    tokens: list[Token] = []
    try:
        _scan(text, tokens)
    except _Fault as fault:
        message, start = fault.args
        tokens.append(Token(ERROR, message, start))
    return tokens


def _scan(text: str, tokens: list[Token]) -> None:
    length = len(text)
    position = 0
    parentheses = 0
    pattern = _OUTSIDE
    append = tokens.append
    while position < length:
        match = pattern.match(text, position)
        if match is None:
            raise _unreadable(text, position, pattern)
        group = match.lastgroup
        end = match.end()
        if group == "word":
            append(_word(match[0], position, keywords=pattern is not _IN_BRACES))
        elif group == "operator":
            symbol = match[0]
            append(Token(symbol, symbol, position))
            if symbol in "(){}[]:":
                if symbol == "(":
                    parentheses += 1
                elif symbol == ")":
                    parentheses -= 1
                    if parentheses < 0:
                        tokens.pop()
                        raise _Fault("unexpected right parenthesis ')'", position)
                else:
                    pattern = _next_pattern(symbol, pattern, position, tokens)
        elif group == "string":
            append(Token(STRING, match[0], position))
        elif group == "number":
            kind = DURATION if match["duration"] else NUMBER
            if end < length and (text[end].isalnum() or text[end] == "_"):
                raise _Fault(f"bad number or duration syntax: {quote(text[position : end + 1])}", position)
            append(Token(kind, match[0], position))
        position = end
    if pattern is _IN_BRACES:
        raise _Fault("unexpected end of input inside braces", length)
    if pattern is _IN_BRACKETS:
        raise _Fault("unclosed left bracket", length)
    if parentheses:
        raise _Fault("unclosed left parenthesis", length)
    append(Token(EOF, "", length))


def _word(text: str, start: int, *, keywords: bool) -> Token:
    if keywords:
        lowered = text.lower()
        if lowered in _SPECIAL_WORDS:
            return Token(lowered, text, start)
        if lowered in _NUMBER_WORDS:
            return Token(NUMBER, text, start)
        if ":" in text:
            return Token(METRIC_IDENTIFIER, text, start)
    return Token(IDENTIFIER, text, start)


def _next_pattern(symbol: str, pattern: re.Pattern[str], position: int, tokens: list[Token]) -> re.Pattern[str]:
    """Return the pattern to go on with behind a brace, bracket or colon; a misplaced one is a fault."""
    if symbol == "{" and pattern is _OUTSIDE:
        return _IN_BRACES
    if symbol == "}" and pattern is _IN_BRACES:
        return _OUTSIDE
    if symbol == "[" and pattern is _OUTSIDE:
        return _IN_BRACKETS
    if symbol == "]" and pattern is _IN_BRACKETS:
        return _OUTSIDE
    if symbol == ":" and pattern is _IN_BRACKETS:
        return pattern
    tokens.pop()
    names = {"{": "left brace", "}": "right brace", "[": "left bracket", "]": "right bracket", ":": "colon"}
    raise _Fault(f"unexpected {names[symbol]} '{symbol}'", position)


def _unreadable(text: str, position: int, pattern: re.Pattern[str]) -> _Fault:
    """Explain why no token starts at `position`."""
    character = text[position]
    if character == "`":
        return _Fault("unterminated raw string", position)
    if character in "\"'" and pattern is not _IN_BRACKETS:
        return _Fault("unterminated quoted string", position)
    if character == "!" and position + 1 < len(text):
        return _Fault(f"unexpected character after '!': '{text[position + 1]}'", position)
    where = " inside braces" if pattern is _IN_BRACES else ""
    return _Fault(f"unexpected character{where}: '{character}'", position)
