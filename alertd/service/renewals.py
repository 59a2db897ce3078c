"""Alerts that were merely sent again: their later ends, kept in memory until the stored ones are near.

A sender repeats itself every minute or so, and most of what it says is known. Writing each repetition would cost a
write an alert; forgetting it would end an alert too early when its sender pauses.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from alertd.store.alerts import Renewal

Key = tuple[str, str, str]


class Renewals:
    """The latest renewal of each report, by the end that is stored."""

    def __init__(self) -> None:
        self._latest: dict[Key, Renewal] = {}
        self._ends: list[tuple[int, Key]] = []

    def __len__(self) -> int:
        return len(self._latest)

    def note(self, renewals: Iterable[Renewal]) -> None:
        """Remember later ends; of several for one report, the last one counts."""
        for renewal in renewals:
            before = self._latest.get(renewal.key)
            self._latest[renewal.key] = renewal
            if before is None or before.stored != renewal.stored:
                heapq.heappush(self._ends, (renewal.stored, renewal.key))

    def take(self, until: int | None = None) -> list[Renewal]:
        """Those whose stored end is not after `until`, or all; they are forgotten here."""
        taken = []
        while self._ends and (until is None or self._ends[0][0] <= until):
            stored, key = heapq.heappop(self._ends)
            renewal = self._latest.get(key)
            # One that was noted anew has a place of its own in the order.
            if renewal is not None and renewal.stored == stored:
                del self._latest[key]
                taken.append(renewal)
        return taken
