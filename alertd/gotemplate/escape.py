"""The escapers that every template can call: html, js and urlquery."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, quote_plus

from alertd.gotemplate.literals import go_bytes, is_printable

_HTML: Final = {
    0: "\ufffd",
    ord('"'): "&#34;",
    ord("'"): "&#39;",
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
}
_JS: Final = {
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
    "<": "\\u003C",
    ">": "\\u003E",
    "&": "\\u0026",
    "=": "\\u003D",
}


def html_escape(text: str) -> str:
    """The text with `"'&<>` and NUL replaced, fit for HTML between tags and in quoted attributes."""
    return text.translate(_HTML)


def js_escape(text: str) -> str:
    """The text fit for a string literal of JavaScript."""
    return "".join(_JS.get(character) or _js_other(character) for character in text)


def _js_other(character: str) -> str:
    point = ord(character)
    if point < 0x20 or (point > 0x7F and not is_printable(character)):
        return f"\\u{point:04X}"
    return character


def query_escape(text: str) -> str:
    """Go's url.QueryEscape: a space becomes `+`, all but letters, digits and `-_.~` becomes `%XX`."""
    return quote_plus(go_bytes(text), safe="~")


def path_escape(text: str) -> str:
    """Go's url.PathEscape: fit for one segment of a path."""
    return quote(go_bytes(text), safe="$&+:=@")
