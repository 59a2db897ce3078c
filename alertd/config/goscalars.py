"""Scalars as Go's YAML library reads them where alertd's strict YAML leaves text: numbers, and Go's own durations."""

from __future__ import annotations

import math
import re

from alertd.gotemplate.goduration import GoDuration
from alertd.yamlfile import text_of
from alertd.yamlmodel import describe

_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)", re.ASCII)
_NANOSECONDS_PER_MILLISECOND = 1_000_000


def to_whole(value: object) -> int:
    """A whole number: decimal, `0x1f`, `0b11`, octal as `017`, `1_000`, or a float
    without what follows its point. Raises `ValueError`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return int(value)
    if not isinstance(value, str) or not is_whole(value):
        raise ValueError(f"expected a whole number, found {describe(value)}")
    text = value.replace("_", "")
    digits = text.lstrip("+-").lower()
    octal = digits.startswith("0") and digits[1:].isdigit()
    number = int(digits, 8) if octal else int(digits, 0)
    return -number if text.startswith("-") else number


def is_whole(text: str) -> bool:
    """Whether a text is a whole number to Go's YAML library."""
    return _INTEGER.fullmatch(text.replace("_", "")) is not None


def to_go_duration(value: object) -> int:
    """The milliseconds of what Go's `time.ParseDuration` reads, as `1m30s` or `1.5s`. Raises `ValueError`."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"expected a duration as 30s or 1m30s, found {describe(value)}")
    return _milliseconds(_nanoseconds(text_of(value)))


def to_time_out(value: object) -> int:
    """The same for time-outs: a bare number is one of nanoseconds, and one below zero is none, as Go has it."""
    if isinstance(value, int) and not isinstance(value, bool):
        return max(0, _milliseconds(value))
    return max(0, to_go_duration(value))


def _nanoseconds(text: str) -> int:
    try:
        return int(GoDuration.parse(text))
    except ValueError as error:
        raise ValueError(f"{error}; write numbers with units (h m s ms), as in 1m30s or 1.5s") from None


def _milliseconds(nanoseconds: int) -> int:
    """Rounded up, so that a short time is not none."""
    return -(-nanoseconds // _NANOSECONDS_PER_MILLISECOND)
