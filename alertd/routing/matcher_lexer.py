"""The words of the UTF-8 matcher grammar, and the Go string literals in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

_RESERVED = frozenset("{}!=~,\\\"'`")


class LexError(ValueError):
    """A text cannot be cut into words; the message begins with the column, counted from 0."""


class TokenKind(Enum):
    OPEN = auto()
    CLOSE = auto()
    COMMA = auto()
    OPERATOR = auto()
    QUOTED = auto()
    UNQUOTED = auto()
    END = auto()


@dataclass(frozen=True)
class Token:
    """One word: as written (`text`), as meant (`value`), and where it begins, counted from 0."""

    kind: TokenKind
    text: str
    value: str
    column: int


def is_space(char: str) -> bool:
    """White space as Go has it, which leaves out the four information separators that Python counts."""
    return char.isspace() and not "\x1c" <= char <= "\x1f"


def is_reserved(char: str) -> bool:
    """Whether a name or value with this character must be quoted."""
    return char in _RESERVED or is_space(char)


_PUNCTUATION = {"{": TokenKind.OPEN, "}": TokenKind.CLOSE, ",": TokenKind.COMMA}
_OPERATOR = re.compile(r"=~|=|!=|!~")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def tokens_of(text: str) -> list[Token]:
    """All words of `text`, closed by one of kind `END`. Raises `LexError`."""
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        char = text[position]
        if is_space(char):
            position += 1
            continue
        token = _token_at(text, position, char)
        tokens.append(token)
        position += len(token.text)
    return [*tokens, Token(TokenKind.END, "", "", len(text))]


def _token_at(text: str, position: int, char: str) -> Token:
    if char in _PUNCTUATION:
        return Token(_PUNCTUATION[char], char, char, position)
    if char in "=!":
        operator = _OPERATOR.match(text, position)
        if operator is None:
            raise LexError(f"{position}: expected one of = != =~ !~, found {char!r}")
        return Token(TokenKind.OPERATOR, operator[0], operator[0], position)
    if char == '"':
        quoted = _QUOTED.match(text, position)
        if quoted is None:
            raise LexError(f"{position}: the quote is not closed")
        try:
            return Token(TokenKind.QUOTED, quoted[0], unquote_go(quoted[0]), position)
        except ValueError as error:
            raise LexError(f"{position}: {error}") from error
    if is_reserved(char):
        raise LexError(f"{position}: {char!r} must stand in double quotes")
    end = position
    while end < len(text) and not is_reserved(text[end]):
        end += 1
    return Token(TokenKind.UNQUOTED, text[position:end], text[position:end], position)


_ESCAPE = re.compile(r"\\(?:([abfnrtv\\\"])|([0-3][0-7]{2})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))")
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}
_NAMED = {value: f"\\{name}" for name, value in _SIMPLE.items()}


def unquote_go(literal: str) -> str:
    """The value of a Go string literal in double quotes; its octal and `\\x` escapes are bytes of UTF-8.

    Raises `ValueError` for an unknown escape, a line end, or bytes that are no UTF-8.
    """
    body = literal[1:-1]
    if "\n" in body:
        raise ValueError("a quoted text cannot go over a line end; write \\n")
    value = bytearray()
    position = 0
    while (slash := body.find("\\", position)) >= 0:
        value += body[position:slash].encode()
        escape = _ESCAPE.match(body, slash)
        if escape is None:
            raise ValueError(f"unknown escape {body[slash : slash + 2]} in a quoted text")
        value += _escaped_bytes(escape)
        position = escape.end()
    value += body[position:].encode()
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise ValueError("a quoted text must be valid UTF-8") from error


def _escaped_bytes(escape: re.Match[str]) -> bytes:
    simple, octal, byte, *code_points = escape.groups()
    if simple:
        return _SIMPLE[simple].encode()
    if octal or byte:
        return bytes([int(octal, 8) if octal else int(byte, 16)])
    number = int(code_points[0] or code_points[1], 16)
    if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        raise ValueError(f"{escape[0]} is no character")
    return chr(number).encode()


def quote_go(value: str) -> str:
    """`value` as a Go string literal in double quotes."""
    return '"' + "".join(_quoted_char(char) for char in value) + '"'


def _quoted_char(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    if char.isprintable():
        return char
    if ord(char) < 0x80:
        return f"\\x{ord(char):02x}"
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
