"""When an alert is sent to another Alertmanager, with which end, and when that is over."""

from __future__ import annotations

import pytest

from alertd.alerts.forward import (
    GIVE_UP_AFTER,
    RESOLVED_FOR,
    Forward,
    due_after_delivery,
    due_after_failure,
    valid_until,
)
from alertd.clock import MINUTE, SECOND


def forward(*, ends_at: int | None = None, sent_at: int | None = None) -> Forward:
    return Forward("url", "rule", "a", "a", {}, {}, "", 0, ends_at, 0, sent_at)


@pytest.mark.parametrize(
    ("interval", "resend_delay", "end"), [(30 * SECOND, MINUTE, 5 * MINUTE), (10 * MINUTE, MINUTE, 41 * MINUTE)]
)
def test_the_end_that_is_sent(interval: int, resend_delay: int, end: int) -> None:
    """Four times the longer of interval and resend from now while it fires; then its own end."""
    assert valid_until(forward(), MINUTE, interval, resend_delay) == end
    assert valid_until(forward(ends_at=7), MINUTE, interval, resend_delay) == 7


def test_what_was_taken_is_sent_again() -> None:
    """A firing alert for ever; an end for fifteen minutes, to the last resend that fits."""
    assert due_after_delivery(forward(), 5, MINUTE) == 5 + MINUTE
    ended = forward(ends_at=0)
    assert due_after_delivery(ended, RESOLVED_FOR - MINUTE, MINUTE) == RESOLVED_FOR
    assert due_after_delivery(ended, RESOLVED_FOR - MINUTE + 1, MINUTE) is None


def test_what_was_not_taken_is_tried_again() -> None:
    """A firing alert for ever; an end that nobody took for an hour, one that was taken before for as long as usual."""
    assert due_after_failure(forward(), 10**12, 0) == 10**12
    untold = forward(ends_at=MINUTE, sent_at=SECOND)
    assert not untold.end_is_told
    assert due_after_failure(untold, MINUTE + GIVE_UP_AFTER, 0) == MINUTE + GIVE_UP_AFTER
    assert due_after_failure(untold, MINUTE + GIVE_UP_AFTER, 1) is None
    told = forward(ends_at=MINUTE, sent_at=MINUTE)
    assert told.end_is_told
    assert due_after_failure(told, MINUTE + RESOLVED_FOR, 1) is None
