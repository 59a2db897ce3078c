"""Prometheus durations (`1d12h`, `500ms`) read and written as `model.Duration` of prometheus/common does."""

from __future__ import annotations

import re

from alertd.promql.quoting import quote

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
YEAR = 365 * DAY

# From the largest unit to the smallest: a duration must name its units in this order, each at most once.
_UNITS = {"y": YEAR, "w": WEEK, "d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": 1}
_ORDER = {unit: place for place, unit in enumerate(_UNITS)}
_PART = re.compile(r"([0-9]+)([^0-9]+)")
_NANOSECONDS_PER_MILLISECOND = 1_000_000
_LARGEST_NANOSECONDS = (1 << 63) - 1
_LARGEST_COUNT = (1 << 64) - 1


def parse_duration(text: str) -> int:
    """Return the milliseconds of a Prometheus duration.

    A bare `0` is the only duration without a unit. Negative and fractional durations do not exist.
    Raises ValueError in Prometheus' wording.
    """
    if text == "0":
        return 0
    if not text:
        raise ValueError("empty duration string")
    total = 0
    position = 0
    last_place = -1
    while position < len(text):
        part = _PART.match(text, position)
        if part is None or int(part[1]) > _LARGEST_COUNT:
            raise ValueError(f"not a valid duration string: {quote(text)}")
        unit = part[2]
        if unit not in _UNITS:
            raise ValueError(f"unknown unit {quote(unit)} in duration {quote(text)}")
        if _ORDER[unit] <= last_place:
            raise ValueError(f"not a valid duration string: {quote(text)}")
        total += int(part[1]) * _UNITS[unit]
        if total * _NANOSECONDS_PER_MILLISECOND > _LARGEST_NANOSECONDS:
            raise ValueError("duration out of range")
        last_place = _ORDER[unit]
        position = part.end()
    return total


def format_duration(milliseconds: int) -> str:
    """Return a duration in Prometheus' canonical form; years and weeks appear only when they divide it exactly."""
    if milliseconds == 0:
        return "0s"
    sign, rest = ("-", -milliseconds) if milliseconds < 0 else ("", milliseconds)
    parts = [sign]
    for unit, size in _UNITS.items():
        if unit in ("y", "w") and rest % size:
            continue
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
