"""The notation of start timestamps in test scripts: `-1m`, `-1mx3`, `0s-1mx3`, `_`, `*`, a place for each sample."""

from __future__ import annotations

import re
from typing import Final

from alertd.promql.durations import parse_duration
from alertd.promql.numbers import parse_count
from alertd.promql.quoting import quote

START_MARK: Final = "@st"

_DURATION: Final = r"(?:[0-9]+(?:ms|[smhdwy]))+|0"
_ITEM: Final = re.compile(
    rf"(?P<unknown>_)(?:x(?P<unknowns>[0-9]+))?"
    rf"|(?:(?P<again>\*)|(?P<start>[+-]?(?:{_DURATION}))(?P<step>[+-](?:{_DURATION})(?=x))?)(?:x(?P<times>[0-9]+))?"
)


def parse_starts(text: str) -> list[int | None]:
    """Return since when each sample of a series counts, in milliseconds from the sample's own time; None for unknown.

    `_` is unknown, `*` the last duration of the items before, 0 when there is none. A count `xN` gives N unknown ones
    and N+1 of all others. Raises ValueError.
    """
    starts: list[int | None] = []
    for item in text.split():
        match = _ITEM.fullmatch(item)
        if match is None:
            raise ValueError(f"unexpected {quote(item)}, expected a duration, _ or *")
        starts += _expand(match, last=next((start for start in reversed(starts) if start is not None), 0))
    return starts


def _expand(match: re.Match[str], last: int) -> list[int | None]:
    """Return what an item stands for; `last` is the last duration before it. Raises ValueError."""
    if match["unknown"]:
        count = parse_count(match["unknowns"] or "1")
        if count == 0:
            raise ValueError('"_x0" stands for nothing, expected a count of at least 1')
        return [None] * count
    count = parse_count(match["times"] or "0") + 1
    if match["again"]:
        return [last] * count
    start, step = _milliseconds(match["start"]), _milliseconds(match["step"] or "0")
    return [start + index * step for index in range(count)]


def _milliseconds(text: str) -> int:
    milliseconds = parse_duration(text.lstrip("+-"))
    return -milliseconds if text.startswith("-") else milliseconds
