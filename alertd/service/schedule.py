"""When rule groups are evaluated: on a grid of their own, the same after every restart.

The slots are Prometheus': each group has an offset within its interval that follows from its name, so that groups
spread over the interval and every replica, and every restart, sees the same instants.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from apscheduler.triggers.base import BaseTrigger

from alertd.clock import from_datetime, to_datetime


def offset_of(key: str, interval: int) -> int:
    """The group's place within its interval, in milliseconds."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % interval


def slot_at(key: str, interval: int, now: int) -> int:
    """The last slot at or before `now`."""
    return now - (now - offset_of(key, interval)) % interval


def next_slot(key: str, interval: int, now: int) -> int:
    """The first slot after `now`."""
    return slot_at(key, interval, now) + interval


class SlotTrigger(BaseTrigger):  # type: ignore[misc]  # the library has no types
    """Fires at every slot of a group; slots that passed while an evaluation ran are left out, never queued."""

    def __init__(self, key: str, interval: int) -> None:
        self.key = key
        self.interval = interval

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> Any:
        after = max(from_datetime(now), from_datetime(previous_fire_time) if previous_fire_time else 0)
        return to_datetime(next_slot(self.key, self.interval, after))
