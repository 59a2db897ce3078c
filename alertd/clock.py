"""Time as alertd counts it: whole milliseconds since 1970-01-01 UTC, read from a clock that is passed in.

Every instant (`..._at`) and every duration in alertd is an `int` of milliseconds. Only this module reads the
machine's clock; the pure packages are handed `now`.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    """Tells the current instant in milliseconds."""

    def now(self) -> int: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000


class VirtualClock:
    """A clock that stands still until it is moved; simulations and tests move it."""

    def __init__(self, start: int = 0) -> None:
        self._now = start

    def now(self) -> int:
        return self._now

    def advance_to(self, instant: int) -> None:
        """Move to `instant`; a clock never goes back."""
        self._now = max(self._now, instant)

    def advance(self, duration: int) -> None:
        self._now += duration


def to_datetime(instant: int) -> datetime:
    """The aware UTC datetime of an instant."""
    return datetime.fromtimestamp(instant / 1000, tz=UTC)


def from_datetime(moment: datetime) -> int:
    """The instant of an aware datetime.

    Raises `ValueError` for a naive one, whose zone nobody knows.
    """
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone, as in 2026-01-31T12:00:00Z")
    return round(moment.timestamp() * 1000)


def to_rfc3339(instant: int) -> str:
    """`2026-01-31T12:00:00.000Z`, the form in which every API of alertd prints an instant."""
    return to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant % 1000:03d}Z"


def from_rfc3339(text: str) -> int:
    """The instant of an RFC 3339 time; raises `ValueError` for anything else."""
    return from_datetime(datetime.fromisoformat(text))


def monotonic() -> int:
    """Milliseconds of a clock that only measures durations and is never set."""
    return time.monotonic_ns() // 1_000_000
