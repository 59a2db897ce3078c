"""Output for HTML: every printed value is escaped for the place in which it stands.

Literal text is followed as a browser would read it, so that a value between tags, in an attribute, in a URL, in a style
or in a script is each escaped in its own way, as Go's html/template does. Comments are left out, as there. A value that
cannot be made safe where it stands becomes `ZgotmplZ`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final
from urllib.parse import quote

from alertd.gotemplate.escape import html_escape, query_escape
from alertd.gotemplate.gofmt import sprint
from alertd.gotemplate.literals import go_bytes
from alertd.gotemplate.output import TextOutput, printed
from alertd.gotemplate.values import SafeHTML, SafeURL

UNSAFE: Final = "ZgotmplZ"

_URL_ATTRIBUTES: Final = frozenset(
    {
        "action",
        "archive",
        "background",
        "cite",
        "classid",
        "codebase",
        "data",
        "formaction",
        "href",
        "icon",
        "longdesc",
        "manifest",
        "poster",
        "profile",
        "src",
        "usemap",
        "xmlns",
    }
)
_SAFE_SCHEMES: Final = frozenset({"http", "https", "mailto"})
_RAW_ELEMENTS: Final = {"script": "script", "style": "style", "textarea": "plain", "title": "plain"}
_TAG_START: Final = re.compile(r"<(?:(!--)|(/?)([a-zA-Z][^\s/>]*))")
_STRAY: Final = re.compile(r"<(?![!?])")
_NAME: Final = re.compile(r"[^\s=>/]+")
_SPACE: Final = re.compile(r"\s*")
_UNQUOTED_END: Final = re.compile(r"[\s>]")
_SAFE_CSS: Final = re.compile(
    r"(?!.*(?:expression|mozbinding))[^\x00\"'()/;@\[\\\]`{}<>]*\Z", re.IGNORECASE | re.DOTALL
)
_SAFE_NAME: Final = re.compile(r"[a-zA-Z0-9]+\Z")
_TAGS: Final = re.compile(r"<[^>]*>")
_ATTRIBUTE: Final = {ord('"'): "&#34;", ord("'"): "&#39;", ord("<"): "&lt;", ord(">"): "&gt;", ord("+"): "&#43;"}
_URL_KEPT: Final = "!#$&*+,/:;=?@[]-_.~"
_ESCAPED_BYTE: Final = re.compile(r"(%[0-9a-fA-F]{2})")
_JS_PIECE: Final = re.compile(r"\\.|[\"'`]", re.DOTALL)
_QUOTES: Final = frozenset("\"'`")
_ENCODED: Final = re.compile(r"%[0-9A-F]{2}")
_JS_UNSAFE: Final = {
    ord("<"): "\\u003c",
    ord(">"): "\\u003e",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


class _State(Enum):
    TEXT = "text"
    RAW = "inside of an element whose content is not HTML"
    COMMENT = "comment"
    TAG = "inside of a tag"
    NAME = "behind an attribute's name"
    VALUE = "inside of an attribute's value"


class HtmlOutput(TextOutput):
    """Writes HTML. Raises TemplateLimit beyond `limit` characters."""

    def __init__(self, name: str, limit: int) -> None:
        super().__init__(name, limit)
        self._state = _State.TEXT
        self._element = ""
        self._closing = False
        self._attribute = ""
        self._delimiter = ""
        self._url = ""
        self._script = ""

    def text(self, text: str) -> None:
        at = 0
        while at < len(text):
            at = self._advance(text, at)

    def value(self, value: object) -> None:
        escaped = self._escaped(value)
        if self._state is _State.NAME:
            self._state, self._delimiter, self._url = _State.VALUE, " ", ""
        if self._state is _State.VALUE:
            self._url += escaped
        elif self._state is _State.RAW:
            self._script += escaped
        super().text(escaped)

    # Literal text

    def _advance(self, text: str, at: int) -> int:
        """Write the text from `at` up to the next change of state; where that is."""
        match self._state:
            case _State.TEXT:
                return self._in_text(text, at)
            case _State.RAW:
                return self._in_raw(text, at)
            case _State.COMMENT:
                close = text.find("-->", at)
                if close >= 0:
                    self._state = _State.TEXT
                return len(text) if close < 0 else close + len("-->")
            case _State.TAG:
                return self._in_tag(text, at)
            case _State.NAME:
                return self._behind_name(text, at)
            case _State.VALUE:
                return self._in_value(text, at)

    def _write(self, text: str, start: int, end: int) -> int:
        super().text(text[start:end])
        return end

    def _in_text(self, text: str, at: int) -> int:
        tag = _TAG_START.search(text, at)
        if not tag:
            super().text(_STRAY.sub("&lt;", text[at:]))
            return len(text)
        super().text(_STRAY.sub("&lt;", text[at : tag.start()]))
        if tag[1]:
            self._state = _State.COMMENT
            return tag.end()
        self._state = _State.TAG
        self._closing = bool(tag[2])
        self._element = tag[3].lower()
        return self._write(text, tag.start(), tag.end())

    def _in_raw(self, text: str, at: int) -> int:
        close = text.lower().find(f"</{self._element}", at)
        if close < 0:
            self._script += text[at:]
            return self._write(text, at, len(text))
        self._state, self._script = _State.TEXT, ""
        return self._write(text, at, close) if close > at else self._in_text(text, at)

    def _in_tag(self, text: str, at: int) -> int:
        if text[at] == ">":
            raw = not self._closing and self._element in _RAW_ELEMENTS
            self._state = _State.RAW if raw else _State.TEXT
            return self._write(text, at, at + 1)
        name = _NAME.match(text, at)
        if not name:
            return self._write(text, at, at + 1)
        self._attribute = name[0].lower()
        self._state = _State.NAME
        self._delimiter = ""
        return self._write(text, at, name.end())

    def _behind_name(self, text: str, at: int) -> int:
        space = _SPACE.match(text, at)
        here = space.end() if space else at
        if here >= len(text):
            return self._write(text, at, len(text))
        if not self._delimiter and text[here] == "=":
            self._delimiter = "="
            return self._write(text, at, here + 1)
        if not self._delimiter or text[here] == ">":
            self._state = _State.TAG
            return self._write(text, at, here) if here > at else self._in_tag(text, at)
        quoted = text[here] in "\"'"
        self._state, self._delimiter, self._url = _State.VALUE, text[here] if quoted else " ", ""
        return self._write(text, at, here + quoted) if here + quoted > at else self._in_value(text, at)

    def _in_value(self, text: str, at: int) -> int:
        if self._delimiter == " ":
            close = _UNQUOTED_END.search(text, at)
            end = close.start() if close else len(text)
            over, behind = close is not None, end
        else:
            end = text.find(self._delimiter, at)
            over = end >= 0
            end, behind = (end, end + 1) if over else (len(text), len(text))
        self._url += text[at:end]
        if over:
            self._state = _State.TAG
        return self._write(text, at, behind) if behind > at else self._in_tag(text, at)

    # Values

    def _escaped(self, value: object) -> str:
        match self._state:
            case _State.TEXT:
                return str(value) if isinstance(value, SafeHTML) else _escape_text(_shown(value))
            case _State.RAW:
                return self._raw_value(value)
            case _State.COMMENT:
                return ""
            case _State.TAG:
                text = _shown(value)
                return text if _SAFE_NAME.match(text) else UNSAFE
            case _State.NAME if not self._delimiter:
                text = _shown(value)
                return text if _SAFE_NAME.match(text) else UNSAFE
            case _:
                return self._attribute_value(value)

    def _raw_value(self, value: object) -> str:
        match _RAW_ELEMENTS[self._element]:
            case "script":
                return self._in_javascript(value)
            case "style":
                return _css(_shown(value))
            case _:
                return _escape_text(_shown(value))

    def _in_javascript(self, value: object) -> str:
        """A value in a script: inside of a string its characters, elsewhere an expression."""
        if _in_string(self._script if self._state is _State.RAW else self._url):
            return "".join(_in_javascript_string(character) for character in _shown(value))
        return _javascript(value)

    def _attribute_value(self, value: object) -> str:
        name = self._attribute.removeprefix("data-").rpartition(":")[2]
        unquoted = self._state is _State.NAME or self._delimiter == " "
        if name == "style":
            text = _css(_shown(value))
        elif name.startswith("on"):
            text = self._in_javascript(value)
        elif name in _URL_ATTRIBUTES or "src" in name or "uri" in name or "url" in name:
            text = self._url_value(value)
        elif isinstance(value, SafeHTML):
            escaped = _TAGS.sub("", value).translate(_ATTRIBUTE)
            return _escape_unquoted(escaped) if unquoted else escaped
        else:
            text = _shown(value)
        escaped = _escape_text(text)
        return _escape_unquoted(escaped) if unquoted else escaped

    def _url_value(self, value: object) -> str:
        """A value in a URL: whole, in its path, or in its query."""
        text = _shown(value)
        before = "" if self._state is _State.NAME else self._url
        if "?" in before or "#" in before:
            return _normalised(text) if isinstance(value, SafeURL) else _encoded(text, "")
        if not before.strip() and not isinstance(value, SafeURL):
            scheme, colon, _ = text.partition(":")
            if colon and "/" not in scheme and scheme.lower() not in _SAFE_SCHEMES:
                return f"#{UNSAFE}"
        return _normalised(text)


def html_functions() -> Mapping[str, Callable[..., object]]:
    """The escapers of the language that mark their result as escaped, so that it is not escaped twice."""
    return {
        "html": lambda *values: SafeHTML(html_escape(sprint(*map(_printable, values)))),
        "urlquery": lambda *values: SafeURL(query_escape(sprint(*map(_printable, values)))),
    }


def _printable(value: object) -> object:
    return "<no value>" if value is None else value


def _shown(value: object) -> str:
    """The text of a value; in HTML, nil shows nothing."""
    return "" if value is None else printed(value)


def _escape_text(text: str) -> str:
    return html_escape(text).replace("+", "&#43;")


def _escape_unquoted(escaped: str) -> str:
    if not escaped:
        return UNSAFE
    return re.sub(r"[\t\n\v\f\r =`]", lambda found: f"&#{ord(found[0])};", escaped)


def _normalised(text: str) -> str:
    """The URL with everything percent-encoded that may not stand in it; what is encoded already stays."""
    parts = _ESCAPED_BYTE.split(text)
    return "".join(part if place % 2 else _encoded(part, _URL_KEPT) for place, part in enumerate(parts))


def _encoded(text: str, kept: str) -> str:
    """Percent-encoded with small letters, as html/template does."""
    return _ENCODED.sub(lambda found: found[0].lower(), quote(go_bytes(text), safe=kept))


def _css(text: str) -> str:
    return text if _SAFE_CSS.match(text) else UNSAFE


def _in_string(script: str) -> bool:
    """Whether a string of JavaScript is open at the end of this text."""
    quote_sign = ""
    for piece in _JS_PIECE.findall(script):
        if not quote_sign:
            quote_sign = piece if piece in _QUOTES else ""
        elif piece == quote_sign:
            quote_sign = ""
    return bool(quote_sign)


def _in_javascript_string(character: str) -> str:
    if character in "\"'`&+<>" or ord(character) < 0x20 or character in "\u2028\u2029":
        return f"\\u{ord(character):04x}"
    return "\\" + character if character in "/\\" else character


def _javascript(value: object) -> str:
    """The value as an expression of JavaScript."""
    if value is None or isinstance(value, bool | int | float):
        plain: object = value
    elif isinstance(value, Mapping | list | tuple) and not isinstance(value, str):
        plain = value
    else:
        plain = printed(value)
    written = json.dumps(plain, ensure_ascii=False, separators=(",", ":"), default=printed)
    return (
        f" {written} ".translate(_JS_UNSAFE) if isinstance(plain, int | float | None) else written.translate(_JS_UNSAFE)
    )
