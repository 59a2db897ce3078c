"""One line of an exposition: numbers, and series as `name{label="value"}` with the metric's name inside or outside."""

from __future__ import annotations

import re
from collections.abc import Callable

from alertd.promql.numbers import format_openmetrics_float, parse_go_float
from alertd.sources.exposition.families import ExpositionError

_QUOTED = r'"(?:[^"\\]++|\\.)*+"'
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*+"

#: A sample's line: the name, the labels between their braces, the rest from the value on.
SAMPLE = re.compile(rf'(?P<name>{_NAME})?+[ \t]*+(?:\{{(?P<labels>(?:[^"}}]++|{_QUOTED})*+)\}})?+[ \t]*+(?P<rest>.*)')
_PAIR = re.compile(rf"[ \t]*+(?:({_NAME})|({_QUOTED}))[ \t]*+(?:=[ \t]*+({_QUOTED})[ \t]*+)?+(?:,|\Z)")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# Those whose value is a number are told apart by the number, not by how it was written.
_BOUNDS = ("le", "quantile")

_MOST_LABELS = 1000

Fail = Callable[[int, str], ExpositionError]
"""Makes the error for a place of the line, counted from 0."""


def read_number(text: str) -> float:
    """A number as Go writes and reads it. Raises ValueError."""
    number = parse_go_float(text)
    if number is None:
        raise ValueError(f"expected a number, found {shown(text)}")
    return number


def shown(text: str) -> str:
    """A text as an error shows it: quoted, and not at any length."""
    return repr(text if len(text) <= 60 else text[:57] + "…") if text else "nothing"


def read_series(name: str | None, written: str | None, fail: Fail, start: int) -> dict[str, str]:
    """The labels of a series, with `__name__`.

    `written` is what stands between the braces, which begins at `start` of the line. Raises what `fail` makes.
    """
    labels = {} if name is None else {"__name__": name}
    position, end = 0, len(written or "")
    while written is not None and position < end:
        found = _PAIR.match(written, position)
        if found is None:
            if written[position:].strip(" \t"):
                raise fail(start + position, f'expected label="value", found {shown(written[position:])}')
            break
        plain, quoted, value = found.groups()
        key = plain if plain is not None else unescape(quoted, fail, start + found.start(2))
        if value is None:
            # A quoted text without a value is the metric's name.
            if quoted is None or "__name__" in labels:
                raise fail(start + position, f'expected label="value", found {shown(written[position:])}')
            key, text = "__name__", key
        else:
            text = unescape(value, fail, start + found.start(3))
        if not key or (plain is not None and ":" in plain):
            raise fail(start + position, f"{shown(key)} cannot be a label's name")
        if key in labels:
            raise fail(start + position, f"the label {shown(key)} is there twice")
        labels[key] = text
        if len(labels) > _MOST_LABELS:
            raise fail(start + position, f"a sample may have {_MOST_LABELS} labels, found one too many")
        position = found.end()
    if not labels.get("__name__"):
        raise fail(0, "expected a metric's name")
    return labels


def unescape(quoted: str, fail: Fail, start: int) -> str:
    """What a text between quotation marks means. Raises what `fail` makes."""
    if "\\" not in quoted:
        return quoted[1:-1]

    def meant(escape: re.Match[str]) -> str:
        try:
            return _ESCAPES[escape[1]]
        except KeyError:
            message = f'expected \\\\, \\" or \\n, found {shown(escape[0])}'
            raise fail(start + 1 + escape.start(), message) from None

    return _ESCAPED.sub(meant, quoted[1:-1])


_ESCAPES = {"\\": "\\", '"': '"', "n": "\n"}


def canonical_bounds(labels: dict[str, str]) -> None:
    """Write the bound of a bucket and the rank of a quantile as Prometheus 3 does: `1` as `1.0`. Raises ValueError."""
    for name in _BOUNDS:
        if name in labels:
            labels[name] = format_openmetrics_float(read_number(labels[name]))
