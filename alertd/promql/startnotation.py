"""The notation of start timestamps in test scripts: `-1m`, `-1mx3`, `0s-1mx3`, `_`, `*`, a place for each sample."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from alertd.promql.durations import parse_duration
from alertd.promql.numbers import parse_count
from alertd.promql.quoting import quote

START_MARK: Final = "@st"

_DURATION: Final = r"(?:[0-9]+(?:ms|[smhdwy]))+|0"
_ITEM: Final = re.compile(
    rf"(?P<gap>[_*])(?:x(?P<gaps>[0-9]+))?"
    rf"|(?P<start>[+-]?(?:{_DURATION}))(?:(?P<step>[+-](?:{_DURATION}))?x(?P<times>[0-9]+))?"
)


def parse_starts(text: str, default: Sequence[int | None] = ()) -> list[int | None]:
    """Return since when each sample of a series counts, in milliseconds from the sample's own time; None for unknown.

    `_` is unknown, `*` what `default` has at that place (over and over). A count `xN` repeats `_` and `*` N times and
    gives N+1 durations. Raises ValueError.
    """
    starts: list[int | None] = []
    for item in text.split():
        match = _ITEM.fullmatch(item)
        if match is None:
            raise ValueError(f"unexpected {quote(item)}, expected a duration, _ or *")
        if match["gap"]:
            for _ in range(parse_count(match["gaps"] or "1")):
                known = match["gap"] == "*" and len(default) > 0
                starts.append(default[len(starts) % len(default)] if known else None)
            continue
        start, step = _milliseconds(match["start"]), _milliseconds(match["step"] or "0")
        starts += [start + index * step for index in range(parse_count(match["times"] or "0") + 1)]
    return starts


def _milliseconds(text: str) -> int:
    milliseconds = parse_duration(text.lstrip("+-"))
    return -milliseconds if text.startswith("-") else milliseconds
