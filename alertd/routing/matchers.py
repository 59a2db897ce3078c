"""Label matchers, `severity=~"warning|critical"`: their meaning, their text and their two grammars.

Meaning and grammars are Alertmanager's. The classic grammar takes ASCII names and unquoted values with nearly any
character; the UTF-8 grammar takes any name and value, quoted as Go string literals. Files and senders exist in both,
so the default reads both and lets the classic reading win where the two differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TypeVar

from alertd.routing.matcher_lexer import LexError, Token, TokenKind, is_reserved, quote_go, tokens_of
from alertd.routing.patterns import LabelPattern, PatternError


class MatcherError(ValueError):
    """A text is not a matcher, or not a list of them."""


class Operator(StrEnum):
    """How a matcher compares a label's value."""

    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"

    @property
    def is_regex(self) -> bool:
        return self in {Operator.REGEX, Operator.NOT_REGEX}

    @property
    def is_positive(self) -> bool:
        return self in {Operator.EQUAL, Operator.REGEX}


class Grammar(Enum):
    """Which text is a matcher; `FALLBACK` reads both grammars and prefers the classic one where they differ."""

    CLASSIC = "classic"
    UTF8 = "utf8"
    FALLBACK = "fallback"


@dataclass(frozen=True)
class Matcher:
    """One condition on one label; a label that is missing has the value "".

    Raises `MatcherError` when the value of a regular expression matcher is none.
    """

    name: str
    op: Operator
    value: str
    _pattern: LabelPattern | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if not self.name:
            raise MatcherError("a matcher needs a label name before its operator")
        if not self.op.is_regex:
            return
        try:
            object.__setattr__(self, "_pattern", LabelPattern(self.value))
        except PatternError as error:
            raise MatcherError(f"invalid regular expression {self.value!r} for {self.name!r}: {error}") from error

    @property
    def pattern(self) -> LabelPattern | None:
        """The compiled expression of `=~` and `!~`, else None."""
        return self._pattern

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the label set fulfils this condition."""
        return self.matches_value(labels.get(self.name, ""))

    def matches_value(self, value: str) -> bool:
        """Whether the label's value, "" for a missing label, fulfils this condition."""
        if self._pattern is not None:
            return self._pattern.matches(value) is (self.op is Operator.REGEX)
        return (value == self.value) is (self.op is Operator.EQUAL)

    def __str__(self) -> str:
        """`name="value"` as Alertmanager prints it; the name is quoted only if it holds reserved characters."""
        if any(is_reserved(char) for char in self.name):
            return f"{quote_go(self.name)}{self.op}{quote_go(self.value)}"
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.name}{self.op}"{escaped}"'


Matchers = tuple[Matcher, ...]
Warn = Callable[[str], None]
T = TypeVar("T")


def matches_all(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether the label set fulfils every matcher; true for none."""
    return all(matcher.matches(labels) for matcher in matchers)


def format_matchers(matchers: Iterable[Matcher]) -> str:
    """`{a="b",c=~"d"}`, in the order given."""
    return "{" + ",".join(map(str, matchers)) + "}"


def parse_matcher(text: str, grammar: Grammar = Grammar.FALLBACK, warn: Warn | None = None) -> Matcher:
    """Read exactly one matcher without braces, as API filters and command lines give it.

    `warn` is told, in a sentence, when the two grammars do not agree about `text`. Raises `MatcherError`.
    """
    if text.startswith("{") or text.endswith("}"):
        raise MatcherError(f"unexpected open or close brace: {text}")
    return _read(text, grammar, warn, _classic_matcher, _utf8_matcher)


def parse_matchers(text: str, grammar: Grammar = Grammar.FALLBACK, warn: Warn | None = None) -> Matchers:
    """Read a list of matchers separated by commas, with or without braces around it; `{}` is the empty list.

    `warn` is told, in a sentence, when the two grammars do not agree about `text`. Raises `MatcherError`.
    """
    return _read(text, grammar, warn, _classic_matchers, _utf8_matchers)


def _read(text: str, grammar: Grammar, warn: Warn | None, classic: Callable[[str], T], utf8: Callable[[str], T]) -> T:
    if grammar is Grammar.CLASSIC:
        return classic(text)
    if grammar is Grammar.UTF8:
        return utf8(text)
    try:
        old = classic(text)
    except MatcherError as error:
        try:
            return utf8(text)
        except MatcherError:
            raise error from None
    try:
        new = utf8(text)
    except MatcherError as error:
        _warn_about(warn, text, old, f"is no matcher in the UTF-8 grammar ({error})")
        return old
    if new != old:
        _warn_about(warn, text, old, "means something else in the UTF-8 grammar")
    return old


def _warn_about(warn: Warn | None, text: str, old: object, what: str) -> None:
    if warn is not None:
        plain = format_matchers(old) if isinstance(old, tuple) else str(old)
        warn(f"{text!r} {what}; it is read as {plain}: write it so, which both grammars understand")


_CLASSIC = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*(.*?)\s*", re.DOTALL | re.ASCII)
_CLASSIC_ESCAPES = {"n": "\n", '"': '"', "\\": "\\"}


def _classic_matcher(text: str) -> Matcher:
    found = _CLASSIC.fullmatch(text)
    if found is None:
        raise MatcherError(f"bad matcher format: {text}")
    name, op, raw = found.groups()
    return Matcher(name, Operator(op), _classic_value(raw))


def _classic_value(raw: str) -> str:
    """The value without its quotes; only `\\\\`, `\\"` and `\\n` are escapes, any other backslash is itself."""
    quoted = raw.startswith('"')
    body = raw[1:] if quoted else raw
    value: list[str] = []
    position = 0
    closed = False
    while position < len(body):
        char = body[position]
        following = body[position + 1 : position + 2]
        if char == "\\" and following:
            value.append(_CLASSIC_ESCAPES.get(following, char + following))
            position += 2
            continue
        if char == '"':
            if not quoted or following:
                break
            closed = True
        else:
            value.append(char)
        position += 1
    if position < len(body) or quoted is not closed:
        raise MatcherError(f"matcher value contains unescaped double quote: {raw}")
    return "".join(value)


def _classic_matchers(text: str) -> Matchers:
    return tuple(_classic_matcher(part) for part in _split_classic(text.removeprefix("{").removesuffix("}")))


def _split_classic(text: str) -> list[str]:
    """Cut at the commas outside quotes; a comma at the end is allowed."""
    parts: list[str] = []
    start = 0
    quoted = escaped = False
    for position, char in enumerate(text):
        if char == "," and not quoted:
            parts.append(text[start:position])
            start = position + 1
        elif char == '"' and not escaped:
            quoted = not quoted
        escaped = char == "\\" and not escaped
    last = text[start:].strip()
    return [*parts, last] if last else parts


def _utf8_matcher(text: str) -> Matcher:
    matchers = _utf8_matchers(text)
    if len(matchers) != 1:
        raise MatcherError(f"expected one matcher, found {len(matchers) or 'none'}: {text}")
    return matchers[0]


def _utf8_matchers(text: str) -> Matchers:
    try:
        return _Utf8Parser(tokens_of(text)).parse()
    except LexError as error:
        raise MatcherError(str(error)) from error


_WORDS = (TokenKind.QUOTED, TokenKind.UNQUOTED)


class _Utf8Parser:
    """`[{] [matcher {, matcher} [,]] [}]`, where the braces come both or not at all."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._position = 0

    def parse(self) -> Matchers:
        braces = self._accept(TokenKind.OPEN)
        matchers: list[Matcher] = []
        while self._next.kind not in {TokenKind.CLOSE, TokenKind.END}:
            matchers.append(self._matcher())
            if not self._accept(TokenKind.COMMA):
                break
        if braces:
            self._expect("a comma or a closing brace", TokenKind.CLOSE)
        elif self._next.kind is TokenKind.CLOSE:
            raise MatcherError(f"{self._next.column}: a closing brace without an opening one")
        self._expect("a comma" if not braces and matchers else "the end", TokenKind.END)
        return tuple(matchers)

    @property
    def _next(self) -> Token:
        return self._tokens[self._position]

    def _accept(self, kind: TokenKind) -> bool:
        if self._next.kind is not kind:
            return False
        self._position += 1
        return True

    def _expect(self, what: str, *kinds: TokenKind) -> Token:
        token = self._next
        if token.kind not in kinds:
            found = "the end" if token.kind is TokenKind.END else repr(token.text)
            raise MatcherError(f"{token.column}: expected {what}, found {found}")
        self._position += token.kind is not TokenKind.END
        return token

    def _matcher(self) -> Matcher:
        name = self._expect("a label name", *_WORDS).value
        op = Operator(self._expect("an operator, one of = != =~ !~", TokenKind.OPERATOR).text)
        return Matcher(name, op, self._expect('a label value ("" for the empty one)', *_WORDS).value)
