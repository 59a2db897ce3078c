"""Native histograms as scripts and unit tests write them: `{{schema:1 count:3 sum:2.5 buckets:[1 2] offset:-1}}`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from alertd.promql.histogram import CUSTOM_BUCKETS, CounterReset, FloatHistogram
from alertd.promql.numbers import format_go_float, parse_number
from alertd.promql.quoting import quote

_KEYS: Final = (
    *("schema", "sum", "count", "z_bucket", "z_bucket_w", "custom_values", "buckets", "offset"),
    *("n_buckets", "n_offset", "counter_reset_hint"),
)
_ITEM: Final = re.compile(r"\s*([A-Za-z_]+):(\[[^\]]*\]|[^\s\[\]]+)\s*")
_INTEGERS: Final = frozenset(("schema", "offset", "n_offset"))
_LISTS: Final = frozenset(("custom_values", "buckets", "n_buckets"))

_Described: TypeAlias = "dict[str, str]"


def parse_histogram(text: str) -> FloatHistogram:
    """Return the histogram that `{{…}}` describes. Raises ValueError."""
    items = _items(text[2:-2])
    return FloatHistogram(
        schema=_integer(items, "schema"),
        count=_number(items, "count"),
        sum=_number(items, "sum"),
        zero_threshold=_number(items, "z_bucket_w"),
        zero_count=_number(items, "z_bucket"),
        positive=_buckets(items, "buckets", "offset"),
        negative=_buckets(items, "n_buckets", "n_offset"),
        custom_values=tuple(_numbers(items, "custom_values")),
        counter_reset=_hint(items),
    )


def names_hint(text: str) -> bool:
    """Whether a description says something of counter resets."""
    return "counter_reset_hint:" in text.lower()


def _items(text: str) -> _Described:
    items: _Described = {}
    position = 0
    while position < len(text):
        match = _ITEM.match(text, position)
        if match is None:
            if text[position:].strip():
                raise ValueError(f"unexpected {quote(text[position:].strip())} in a histogram, expected key:value")
            break
        key = match[1].lower()
        if key not in _KEYS:
            raise ValueError(f"unknown key {quote(key)} in a histogram, expected one of {', '.join(_KEYS)}")
        if key in items:
            raise ValueError(f"duplicate key {quote(key)} in histogram")
        if match[2].startswith("[") != (key in _LISTS):
            wanted = "numbers in brackets" if key in _LISTS else "a single value"
            raise ValueError(f"key {quote(key)} in a histogram takes {wanted}, found {quote(match[2])}")
        items[key] = match[2]
        position = match.end()
    return items


def _integer(items: _Described, key: str) -> int:
    text = items.get(key, "0")
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{key} of a histogram is {quote(text)}, expected an integer") from None


def _signed(text: str) -> float:
    number = parse_number(text.lstrip("+-"))
    return -number if text.startswith("-") else number


def _number(items: _Described, key: str) -> float:
    return _signed(items.get(key, "0"))


def _numbers(items: _Described, key: str) -> list[float]:
    return [_signed(text) for text in items.get(key, "[]")[1:-1].split()]


def _buckets(items: _Described, key: str, offset_key: str) -> dict[int, float]:
    return dict(enumerate(_numbers(items, key), _integer(items, offset_key)))


def _hint(items: _Described) -> CounterReset:
    text = items.get("counter_reset_hint", CounterReset.UNKNOWN.value)
    try:
        return CounterReset(text.lower())
    except ValueError:
        known = ", ".join(hint.value for hint in CounterReset)
        raise ValueError(f"counter_reset_hint of a histogram is {quote(text)}, expected one of {known}") from None


def format_histogram(histogram: FloatHistogram) -> str:
    """Return the description of a histogram, `{{…}}`, which parses to the same data."""
    parts: list[str] = []
    if histogram.schema:
        parts.append(f"schema:{histogram.schema}")
    for key, value in (
        ("count", histogram.count),
        ("sum", histogram.sum),
        ("z_bucket", histogram.zero_count),
        ("z_bucket_w", histogram.zero_threshold),
    ):
        if value:
            parts.append(f"{key}:{format_go_float(value)}")
    if histogram.schema == CUSTOM_BUCKETS:
        parts.append(f"custom_values:{_list(histogram.custom_values)}")
    if histogram.counter_reset is not CounterReset.UNKNOWN:
        parts.append(f"counter_reset_hint:{histogram.counter_reset.value}")
    parts += _side(histogram.positive, "buckets", "offset")
    parts += _side(histogram.negative, "n_buckets", "n_offset")
    return f"{{{{{' '.join(parts)}}}}}"


def _side(buckets: Mapping[int, float], key: str, offset_key: str) -> list[str]:
    populated = [index for index, count in buckets.items() if count]
    if not populated:
        return []
    first, last = min(populated), max(populated)
    counts = _list([buckets.get(index, 0.0) for index in range(first, last + 1)])
    return [*([f"{offset_key}:{first}"] if first else []), f"{key}:{counts}"]


def _list(values: Sequence[float]) -> str:
    return f"[{' '.join(map(format_go_float, values))}]"
