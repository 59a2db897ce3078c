"""Go string literals: writing them as `strconv.Quote` does and reading the three forms PromQL knows.

PromQL takes its string literals from Go: `"…"` and `'…'` with escapes, and raw strings in backticks. Error texts of
Prometheus quote their operands the same way, so this module serves both the lexer and the messages.
"""

from __future__ import annotations

_SHORT_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}
_SIMPLE = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92}
_HEX_WIDTHS = {"x": 2, "u": 4, "U": 8}
_LARGEST_RUNE = 0x10FFFF
_LARGEST_OCTAL = 0xFF


def quote(text: str) -> str:
    """Return `text` as a double-quoted Go string literal; unprintable characters become escapes.

    Bytes that were not UTF-8 are held as lone surrogates (`surrogateescape`) and are written as `\\xNN`.
    """
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(_escape(character) for character in text) + '"'


def _escape(character: str) -> str:
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unquote(literal: str) -> str:
    """Return the text that a Go string literal (with its quotes) stands for.

    Escaped bytes that do not form UTF-8 come back as lone surrogates (`surrogateescape`); a caller that needs clean
    text checks for them. Raises ValueError with a message that names the faulty escape.
    """
    mark, body = literal[0], literal[1:-1]
    if mark == "`" or "\\" not in body:
        return body
    parts: list[bytes] = []
    position = 0
    while (backslash := body.find("\\", position)) >= 0:
        parts.append(body[position:backslash].encode())
        piece, position = _read_escape(body, backslash, mark)
        parts.append(piece)
    parts.append(body[position:].encode())
    return b"".join(parts).decode(errors="surrogateescape")


def _read_escape(body: str, start: int, mark: str) -> tuple[bytes, int]:
    """Read the escape at `start`: its bytes and the position behind it."""
    kind = body[start + 1 : start + 2]
    if not kind:
        raise ValueError("escape sequence not terminated")
    if kind == mark:
        return kind.encode(), start + 2
    if kind in _SIMPLE:
        return bytes([_SIMPLE[kind]]), start + 2
    if kind in _HEX_WIDTHS:
        end = start + 2 + _HEX_WIDTHS[kind]
        code = _read_number(body[start + 2 : end], 16, _HEX_WIDTHS[kind])
        if kind == "x":
            return bytes([code]), end
        if code > _LARGEST_RUNE or 0xD800 <= code < 0xE000:
            raise ValueError("escape sequence is an invalid Unicode code point")
        return chr(code).encode(), end
    if kind in "01234567":
        code = _read_number(body[start + 1 : start + 4], 8, 3)
        if code > _LARGEST_OCTAL:
            raise ValueError(f"octal escape value {code} > 255")
        return bytes([code]), start + 4
    raise ValueError(f"unknown escape sequence {quote(kind)}")


def _read_number(digits: str, base: int, width: int) -> int:
    allowed = "0123456789abcdef"[:base]
    for digit in digits.lower():
        if digit not in allowed:
            raise ValueError(f"illegal character {quote(digit)} in escape sequence")
    if len(digits) != width:
        raise ValueError("escape sequence not terminated")
    return int(digits, base)
