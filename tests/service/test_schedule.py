"""Slots: every group on its own grid, the same after every restart."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from alertd.clock import from_datetime, to_datetime
from alertd.service.schedule import Slots, SlotTrigger, offset_of

NOW = 1_700_000_000_000


@given(st.text(min_size=1), st.integers(1, 10**7), st.integers(0, 2 * 10**12))
def test_slots_lie_on_one_grid(key: str, interval: int, now: int) -> None:
    """The slot at an instant is not after it, the next one is, and both keep the group's offset."""
    slots = Slots(interval, offset_of(key, interval))
    slot, following = slots.at(now), slots.after(now)

    assert slot <= now < following
    assert following - slot == interval
    assert slot % interval == offset_of(key, interval)


def test_groups_spread_over_the_interval() -> None:
    """A thousand groups do not all evaluate at the same instant."""
    offsets = [offset_of(f"rules.yml;group{number}", 60_000) for number in range(1000)]

    assert len({offset // 6_000 for offset in offsets}) == 10


def test_missed_slots_are_left_out() -> None:
    """After a long evaluation the next one is at the next slot to come, not at every one that passed."""
    trigger = SlotTrigger(Slots(10_000, 1_234))
    first = trigger.get_next_fire_time(None, to_datetime(NOW))

    late = first + timedelta(seconds=35)
    following = from_datetime(trigger.get_next_fire_time(first, late))

    assert following - from_datetime(first) == 40_000
