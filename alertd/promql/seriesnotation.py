"""The series notation of Prometheus' unit tests: `up{job="a"} 0+1x5 _ stale NaN`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from alertd.promql.errors import ParseError
from alertd.promql.matchers import METRIC_NAME
from alertd.promql.numbers import parse_number
from alertd.promql.parser import parse_matchers
from alertd.promql.quoting import quote
from alertd.promql.storage import STALE_NAN

_UNSIGNED = r"(?:0[xX][0-9a-fA-F_]+|[0-9][0-9_]*\.?[0-9_]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?|inf|nan)"
_ITEM: Final = re.compile(
    rf"(?P<gap>_)(?:x(?P<gaps>[0-9]+))?"
    rf"|(?P<stale>stale)(?:x(?P<stales>[0-9]+))?"
    rf"|(?P<start>[+-]?{_UNSIGNED})(?:(?P<step>[+-]{_UNSIGNED})?x(?P<times>[0-9]+))?",
    re.IGNORECASE,
)
# A name, braces, or both; doubled braces begin a native histogram, which is a value.
_METRIC: Final = re.compile(r"""[^\s{]*(?:\s*\{(?!\{)(?:[^"'`}]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)*\})?""")
_BLANK: Final = " \t\r\n"
# One written item may not fill the memory.
_MOST_VALUES: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class SeriesDescription:
    """A label set (`__name__` included) and its values; None is a gap, `STALE_NAN` a stale marker."""

    labels: dict[str, str]
    values: list[float | None]


def parse_series(text: str) -> SeriesDescription:
    """Parse a series with its values. Raises ParseError."""
    labels, end = split_series(text)
    return SeriesDescription(labels, parse_values(text, end))


def split_series(text: str) -> tuple[dict[str, str], int]:
    """Return the labels that a series starts with, and where its values begin. Raises ParseError."""
    match = _METRIC.match(text)
    end = match.end() if match else 0
    return parse_metric(text[:end]), end


def parse_metric(text: str) -> dict[str, str]:
    """Return the labels of `name{label="value"}`, `{label="value"}` or `{"quoted name"}`. Raises ParseError."""
    labels: dict[str, str] = {}
    name, matchers = parse_matchers(text)
    for matcher in matchers:
        if matcher.op != "=":
            raise ParseError(f'unexpected {quote(matcher.op)} in label set, expected "="', text, 0, len(text))
        if matcher.name in labels:
            raise ParseError(f"label {quote(matcher.name)} is set twice", text, 0, len(text))
        if matcher.value:
            labels[matcher.name] = matcher.value
    if name:
        labels[METRIC_NAME] = name
    return labels


def parse_values(text: str, start: int = 0) -> list[float | None]:
    """Parse the values of a series from `start` on.

    `a`, `axN` (N+1 times), `a+bxN` and `a-bxN` (N+1 values), `_`, `_xN` (N gaps), `stale`. Raises ParseError.
    """
    values: list[float | None] = []
    position = start
    while True:
        while position < len(text) and text[position] in _BLANK:
            position += 1
        if position == len(text):
            return values
        match = _ITEM.match(text, position)
        end = len(text) if match is None else match.end()
        if match is None or (end < len(text) and text[end] not in _BLANK):
            rest = re.split(r"\s", text[position:], maxsplit=1)[0]
            place = position + len(rest)
            if rest.startswith("{{"):
                raise ParseError("native histograms are not supported", text, position, place)
            raise ParseError(
                f"invalid value {quote(rest)} in a series, expected a number, _ or stale", text, position, place
            )
        values.extend(_expand(match, text))
        position = end


def _expand(match: re.Match[str], text: str) -> list[float | None]:
    count = int(match["gaps"] or match["stales"] or match["times"] or 0)
    if count + 1 > _MOST_VALUES:
        raise ParseError(f"more than {_MOST_VALUES} values in one item", text, match.start(), match.end())
    if match["gap"]:
        return [None] * (count if match["gaps"] else 1)
    if match["stale"]:
        return [STALE_NAN] * (count + 1)
    value = _signed(match["start"])
    step = _signed(match["step"]) if match["step"] else 0.0
    values: list[float | None] = []
    for _ in range(count + 1):
        values.append(value)
        value += step
    return values


def _signed(text: str) -> float:
    number = parse_number(text.lstrip("+-"))
    return -number if text.startswith("-") else number
