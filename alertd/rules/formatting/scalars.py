"""How texts are written: as they were, or, where that is in the way, in the plainest form that means the same."""

from __future__ import annotations

import json
import re

from alertd.errors import InvalidInput
from alertd.rules.formatting.tree import Scalar
from alertd.yamlfile import load

_STEP = 2
_FOLDED = re.compile(r"(?:[&!]\S*[ \t]+)*>(?P<signs>[-+0-9]*)")
# YAML takes these for line breaks or refuses them; JSON writes them as they are.
_UNSAFE = {"\u0085": "\\N", "\u2028": "\\L", "\u2029": "\\P", "\ufeff": "\\uFEFF", "\x7f": "\\x7F"}


def kept(scalar: Scalar, indent: int) -> list[str]:
    """The lines of a text in its own style, the further ones at `indent`."""
    if scalar.style in ("|", ">"):
        return _block(scalar, indent)
    first, *others = scalar.source.split("\n")
    if not others:
        return [first]
    # A backslash at the end of a line may protect the blank behind it.
    return [
        first.rstrip(),
        *(_indented(line.strip() if "\\" not in line else line.lstrip(), indent) for line in others),
    ]


def in_one_line(scalar: Scalar) -> str:
    """The text in one line, as a flow needs it."""
    if scalar.style in ("|", ">") or "\n" in scalar.source:
        return scalar.prefix + double_quoted(scalar.value)
    return scalar.source


def expression(text: str, indent: int) -> list[str]:
    """The lines of an expression: plain where YAML takes that for a text, in quotes, or as a block."""
    if "\n" not in text and _is_plain(text):
        return [text]
    if "\n" not in text and "'" not in text:
        return [f"'{text}'"]
    return [f"|{_lead(text)}", *(_indented(line, indent) for line in text.split("\n"))]


def double_quoted(text: str) -> str:
    """The text in double quotes, with escapes."""
    written = json.dumps(text, ensure_ascii=False)
    for character, escape in _UNSAFE.items():
        written = written.replace(character, escape)
    return written


def _is_plain(text: str) -> bool:
    try:
        return load(f"a: {text}\n", "").data == {"a": text}
    except InvalidInput:
        return False


def _block(scalar: Scalar, indent: int) -> list[str]:
    header = _FOLDED.match(scalar.source)
    if header and header["signs"] in ("", "-"):
        lines = scalar.source.rstrip(" \n").split("\n")[1:]
        margin = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)
        if lines:
            mark = f"{scalar.prefix}>{header['signs']}"
            return [mark, *(_indented(line[margin:], indent) for line in lines)]
    text = scalar.value
    body = text.removesuffix("\n")
    if not body or body.endswith("\n") or not _printable(body):
        return [scalar.prefix + double_quoted(text)]
    mark = f"|{_lead(body)}" + ("" if text.endswith("\n") else "-")
    return [scalar.prefix + mark, *(_indented(line, indent) for line in body.split("\n"))]


def _lead(text: str) -> str:
    """What says how deep a block is whose first line is deeper than the others."""
    return str(_STEP) if text.lstrip("\n").startswith(" ") else ""


def _printable(text: str) -> bool:
    return all(character in "\n\t" or (character.isprintable() and character not in _UNSAFE) for character in text)


def _indented(line: str, indent: int) -> str:
    return " " * indent + line if line else ""
