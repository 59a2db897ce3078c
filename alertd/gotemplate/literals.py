"""Go's literals: quoted strings, character constants and numbers, read from text and written back."""

from __future__ import annotations

import math
import re
from typing import Final

_ESCAPES: Final = {
    "a": 7,
    "b": 8,
    "f": 12,
    "n": 10,
    "r": 13,
    "t": 9,
    "v": 11,
    "\\": 92,
    "'": 39,
    '"': 34,
}
_WRITTEN: Final = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
}
_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL)
_INTEGER: Final = re.compile(r"[+-]?(?:0[xX]_?[0-9a-fA-F]+|0[oO]_?[0-7]+|0[bB]_?[01]+|0[0-7]*|[1-9][0-9]*)\Z")
_FLOAT: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
_HEX_FLOAT: Final = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+\Z")
_UNDERSCORE: Final = re.compile(r"(?<=[0-9a-fA-FxXoObB])_(?=[0-9a-fA-F])")
_MAX_INT: Final = 2**63 - 1
_MIN_INT: Final = -(2**63)
_REPLACEMENT: Final = 0xFFFD
_MAX_RUNE: Final = 0x10FFFF
_LAST_ASCII: Final = 0x7F


def go_bytes(text: str) -> bytes:
    """The bytes of a Go string; bytes that are no UTF-8 live in Python strings as lone surrogates."""
    return text.encode("utf-8", "surrogateescape")


def go_string(data: bytes) -> str:
    """The string of these bytes; the opposite of `go_bytes`."""
    return data.decode("utf-8", "surrogateescape")


def unquote(source: str) -> str:
    """The value of a string literal with its quotes or backquotes. Raises ValueError: `invalid syntax`."""
    if source.startswith("`"):
        return source[1:-1].replace("\r", "")
    return _unescape(source[1:-1], "'")


def unquote_rune(source: str) -> int:
    """The code point of a character constant with its quotes. Raises ValueError."""
    value = _unescape(source[1:-1], '"')
    if len(value) != 1:
        raise ValueError(f"malformed character constant: {source}")
    return go_bytes(value)[0] if 0xDC80 <= ord(value) <= 0xDCFF else ord(value)


def _unescape(body: str, foreign_quote: str) -> str:
    if "\\" not in body:
        return body
    parts: list[bytes] = []
    at = 0
    for found in _ESCAPE.finditer(body):
        parts.append(go_bytes(body[at : found.start()]))
        parts.append(_escaped(found, foreign_quote))
        at = found.end()
    parts.append(go_bytes(body[at:]))
    return go_string(b"".join(parts))


def _escaped(found: re.Match[str], foreign_quote: str) -> bytes:
    hexadecimal, short, long, octal, letter = found.groups()
    if hexadecimal or octal:
        value = int(hexadecimal, 16) if hexadecimal else int(octal, 8)
        if value > 0xFF:
            raise ValueError("invalid syntax")
        return bytes((value,))
    if short or long:
        point = int(short or long, 16)
        if point > _MAX_RUNE or 0xD800 <= point <= 0xDFFF:
            raise ValueError("invalid syntax")
        return chr(point).encode()
    if letter not in _ESCAPES or letter == foreign_quote:
        raise ValueError("invalid syntax")
    return bytes((_ESCAPES[letter],))


def parse_int(source: str) -> int:
    """An integer literal in any of Go's bases. Raises ValueError when it is none or does not fit 64 bits."""
    plain = _UNDERSCORE.sub("", source)
    if not _INTEGER.match(plain):
        raise ValueError(f'illegal number syntax: "{source}"')
    digits = plain.lstrip("+-")
    is_octal = len(digits) > 1 and digits.isdecimal() and digits[0] == "0"
    value = int(digits, 8) if is_octal else int(digits, 0)
    value = -value if plain.startswith("-") else value
    if not _MIN_INT <= value <= _MAX_INT:
        raise ValueError(f'integer overflow: "{source}"')
    return value


def parse_float(source: str) -> float:
    """A decimal or hexadecimal floating-point literal. Raises ValueError when it is none."""
    plain = _UNDERSCORE.sub("", source)
    if _HEX_FLOAT.match(plain):
        return float.fromhex(plain)
    if not _FLOAT.match(plain):
        raise ValueError(f'illegal number syntax: "{source}"')
    value = float(plain)
    if math.isinf(value):
        raise ValueError(f'illegal number syntax: "{source}"')
    return value


def quote(text: str, *, ascii_only: bool = False) -> str:
    """A double-quoted Go literal of this string (`%q`, or `%+q` with `ascii_only`)."""
    return '"' + "".join(_quoted(character, '"', ascii_only) for character in text) + '"'


def quote_rune(point: int, *, ascii_only: bool = False) -> str:
    """A single-quoted Go literal of this code point; what is no code point becomes U+FFFD."""
    valid = 0 <= point <= _MAX_RUNE and not 0xD800 <= point <= 0xDFFF
    return "'" + _quoted(chr(point if valid else _REPLACEMENT), "'", ascii_only) + "'"


def can_backquote(text: str) -> bool:
    """Whether the string can be written between backquotes unchanged."""
    return all(
        character == "\t" or (ord(character) >= 0x20 and character not in "`\x7f\ufeff" and not _is_byte(character))
        for character in text
    )


def is_printable(character: str) -> bool:
    """Whether Go prints the character as itself: letters, marks, numbers, symbols, punctuation, and the ASCII space."""
    return character.isprintable()


def _is_byte(character: str) -> bool:
    return 0xDC80 <= ord(character) <= 0xDCFF


def _quoted(character: str, delimiter: str, ascii_only: bool) -> str:
    if character == delimiter:
        return "\\" + character
    if character in _WRITTEN:
        return _WRITTEN[character]
    point = ord(character)
    if _is_byte(character):
        return f"\\x{go_bytes(character)[0]:02x}"
    if is_printable(character) and not (ascii_only and point > _LAST_ASCII):
        return character
    if point < 0x20 or point == _LAST_ASCII:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"
