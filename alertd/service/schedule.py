"""When rule groups are evaluated: on a grid of their own, the same after every restart.

The slots are Prometheus': each group has an offset within its interval that follows from its name, so that groups
spread over the interval and every replica, and every restart, sees the same instants.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apscheduler.triggers.base import BaseTrigger

from alertd.clock import from_datetime, to_datetime


def offset_of(key: str, interval: int) -> int:
    """The group's place within its interval, in milliseconds."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % interval


@dataclass(frozen=True)
class Slots:
    """A group's grid: every `interval` milliseconds, `offset` after the multiples of it."""

    interval: int
    offset: int

    def at(self, now: int) -> int:
        """The last slot at or before `now`."""
        return now - (now - self.offset) % self.interval

    def after(self, now: int) -> int:
        """The first slot after `now`."""
        return self.at(now) + self.interval


class SlotTrigger(BaseTrigger):  # type: ignore[misc]  # the library has no types
    """Fires at every slot of a group; slots that passed while an evaluation ran are left out, never queued."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> Any:
        after = max(from_datetime(now), from_datetime(previous_fire_time) if previous_fire_time else 0)
        return to_datetime(self.slots.after(after))
