"""The series notation of Prometheus' unit tests: `up{job="a"} 0+1x5 _ stale NaN {{schema:1 count:2 buckets:[2]}}`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from alertd.promql.errors import ParseError
from alertd.promql.histogram import FloatHistogram
from alertd.promql.histogram_arithmetic import IncompatibleSchemas, add, subtract
from alertd.promql.histogram_notation import names_hint, parse_histogram
from alertd.promql.matchers import METRIC_NAME
from alertd.promql.numbers import parse_count, parse_number
from alertd.promql.parser import parse_matchers
from alertd.promql.quoting import quote
from alertd.promql.storage import STALE_NAN

# No hexadecimal numbers: here `0x10` is a zero and ten more.
_UNSIGNED = r"(?:[0-9][0-9_]*\.?[0-9_]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?|inf|nan)"
_ITEM: Final = re.compile(
    r"(?P<histogram>\{\{[^{}]*\}\})(?:(?:(?P<sign>[+-])(?P<growth>\{\{[^{}]*\}\}))?x(?P<copies>[0-9]+))?"
    rf"|(?P<gap>_)(?:x(?P<gaps>[0-9]+))?"
    rf"|(?P<stale>stale)(?:x(?P<stales>[0-9]+))?"
    rf"|(?P<start>[+-]?{_UNSIGNED})(?:(?P<step>[+-]{_UNSIGNED})?x(?P<times>[0-9]+))?",
    re.IGNORECASE,
)
# A name, braces, or both; doubled braces begin a native histogram, which is a value.
_METRIC: Final = re.compile(r"""[^\s{]*(?:\s*\{(?!\{)(?:[^"'`}]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)*\})?""")
_BLANK: Final = " \t\r\n"


SeriesValue: TypeAlias = float | FloatHistogram | None


@dataclass(frozen=True, slots=True)
class SeriesDescription:
    """A label set (`__name__` included) and its values; None is a gap, `STALE_NAN` a stale marker.

    `hinted` are the indexes of the histograms that say something of counter resets; of an item that grows it is what
    grows it that says so.
    """

    labels: dict[str, str]
    values: list[SeriesValue]
    hinted: frozenset[int] = frozenset()


def parse_series(text: str) -> SeriesDescription:
    """Parse a series with its values. Raises ParseError."""
    labels, end = split_series(text)
    values: list[SeriesValue] = []
    hinted: set[int] = set()
    for match in _items(text, end):
        try:
            expanded = _expand(match)
        except ValueError as error:
            raise ParseError(str(error), text, match.start(), match.end()) from error
        if match["histogram"] and names_hint(match["growth"] or match["histogram"]):
            hinted.update(range(len(values), len(values) + len(expanded)))
        values.extend(expanded)
    return SeriesDescription(labels, values, frozenset(hinted))


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


def _items(text: str, start: int) -> Iterator[re.Match[str]]:
    """Yield the items of a series from `start` on. Raises ParseError.

    `a`, `axN` (N+1 times), `a+bxN` and `a-bxN` (N+1 values), the same with histograms, `_`, `_xN` (N gaps), `stale`.
    """
    position = start
    while True:
        while position < len(text) and text[position] in _BLANK:
            position += 1
        if position == len(text):
            return
        match = _ITEM.match(text, position)
        end = len(text) if match is None else match.end()
        if match is None or (end < len(text) and text[end] not in _BLANK):
            rest = re.split(r"\s", text[position:], maxsplit=1)[0]
            raise ParseError(
                f"invalid value {quote(rest)} in a series, expected a number, a histogram, _ or stale",
                text,
                position,
                position + len(rest),
            )
        yield match
        position = end


def _expand(match: re.Match[str]) -> list[SeriesValue]:
    """Return the values that an item stands for. Raises ValueError."""
    count = parse_count(match["gaps"] or match["stales"] or match["times"] or match["copies"] or "0")
    if match["histogram"]:
        return _histograms(match, count)
    if match["gap"]:
        return [None] * (count if match["gaps"] else 1)
    if match["stale"]:
        return [STALE_NAN] * (count + 1)
    value = _signed(match["start"])
    step = _signed(match["step"]) if match["step"] else 0.0
    values: list[SeriesValue] = []
    for _ in range(count + 1):
        values.append(value)
        value += step
    return values


def _histograms(match: re.Match[str], count: int) -> list[SeriesValue]:
    """Return the histograms of an item. Raises ValueError."""
    histogram = parse_histogram(match["histogram"])
    if not match["growth"]:
        return [histogram] * (count + 1)
    growth = parse_histogram(match["growth"])
    operation = add if match["sign"] == "+" else subtract
    values: list[SeriesValue] = [histogram]
    for _ in range(count):
        if histogram.schema > growth.schema:
            schemas = f"from schema {growth.schema} to {histogram.schema}"
            raise ValueError(f"error combining histograms: cannot merge {schemas}")
        try:
            histogram = operation(histogram, growth).histogram
        except IncompatibleSchemas:
            raise ValueError("error combining histograms: exponential and custom buckets do not mix") from None
        values.append(histogram)
    return values


def _signed(text: str) -> float:
    number = parse_number(text.lstrip("+-"))
    return -number if text.startswith("-") else number
