"""The delivery policy: when a message is tried again, when it is given up, and how its channel does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.clock import HOUR, MINUTE, SECOND
from alertd.notify.policy import (
    BROKEN_AFTER,
    as_alertmanager,
    channel_after_failure,
    channel_after_success,
    delay,
    next_try,
)
from alertd.notify.receivers.base import DeliveryFailed, FailureReason
from alertd.store.channels import Channel

NOW = 10 * HOUR


def failed(**how: bool | int) -> DeliveryFailed:
    return DeliveryFailed(FailureReason.SERVER_ERROR, "503", **how)  # type: ignore[arg-type]  # the table has them mixed


@pytest.mark.parametrize(
    ("tries", "shortest", "longest"),
    [(1, 500, 1_000), (2, 1_000, 2_000), (5, 8_000, 16_000), (7, 30_000, 60_000), (99, 30_000, 60_000)],
)
def test_delay(tries: int, shortest: int, longest: int) -> None:
    """Doubling from a second to a minute, spread over the upper half."""
    assert (delay(tries, 0.0), delay(tries, 1.0)) == (shortest, longest)


@given(st.integers(1, 50), st.floats(0, 1))
def test_delay_is_bounded(tries: int, spread: float) -> None:
    """No try comes at once, none waits for more than a minute."""
    assert 500 <= delay(tries, spread) <= 60_000


@pytest.mark.parametrize(
    ("failure", "created_at", "expected"),
    [
        pytest.param(failed(), NOW, NOW + 1_000, id="temporary: our own delay"),
        pytest.param(failed(maybe_sent=True), NOW, NOW + 1_000, id="maybe sent: tried again"),
        pytest.param(failed(retry_after=30_000), NOW, NOW + 30_000, id="the receiver asks for longer"),
        pytest.param(failed(retry_after=10), NOW, NOW + 1_000, id="the receiver asks for less"),
        pytest.param(failed(permanent=True), NOW, None, id="permanent"),
        pytest.param(failed(channel_broken=True), NOW, None, id="nothing gets through"),
        pytest.param(failed(), NOW + 1_000 - HOUR, NOW + 1_000, id="just young enough"),
        pytest.param(failed(), NOW + 999 - HOUR, None, id="too old"),
        pytest.param(failed(retry_after=2 * HOUR), NOW, None, id="it would be too old when it may be tried"),
    ],
)
def test_next_try(failure: DeliveryFailed, created_at: int, expected: int | None) -> None:
    """When the next try is; None gives the message up."""
    assert next_try(failure, tries=1, created_at=created_at, now=NOW, max_age=HOUR, spread=1.0) == expected


CHANNEL = Channel("default", "team/slack/0")


@pytest.mark.parametrize(
    ("failure", "kind", "expected"),
    [
        pytest.param(failed(status_code=429, retry_after=30_000), "webhook", None, id="too many requests"),
        pytest.param(failed(status_code=408), "pagerduty", None, id="408"),
        pytest.param(failed(status_code=429, retry_after=30_000), "pagerduty", NOW + 1_000, id="429 of PagerDuty"),
        pytest.param(failed(status_code=503, retry_after=30_000), "webhook", NOW + 1_000, id="the server's own fault"),
        pytest.param(failed(), "webhook", NOW + 1_000, id="no answer"),
        pytest.param(failed(status_code=400, permanent=True), "webhook", None, id="refused for good"),
    ],
)
def test_as_alertmanager(failure: DeliveryFailed, kind: str, expected: int | None) -> None:
    """Alertmanager's view: 429 is final but for a few kinds, and no Retry-After is heeded."""
    seen = as_alertmanager(failure, kind)
    assert next_try(seen, tries=1, created_at=NOW, now=NOW, max_age=HOUR, spread=1.0) == expected
    assert (seen.reason, seen.text, seen.status_code) == (failure.reason, failure.text, failure.status_code)


def test_channel_pauses_as_it_asked() -> None:
    """Retry-After holds for the whole channel and is never shortened."""
    paused = channel_after_failure(CHANNEL, failed(retry_after=30 * SECOND), NOW)
    assert (paused.free_at, paused.failures, paused.failing_since, paused.broken) == (NOW + 30_000, 1, NOW, False)
    assert channel_after_failure(paused, failed(), NOW + 1).free_at == NOW + 30_000


@pytest.mark.parametrize(
    ("failure", "after", "broken"),
    [
        pytest.param(failed(channel_broken=True), 0, True, id="it says so itself"),
        pytest.param(failed(), BROKEN_AFTER - 1, False, id="failing for a while"),
        pytest.param(failed(), BROKEN_AFTER, True, id="failing for long"),
        pytest.param(failed(permanent=True), BROKEN_AFTER, False, id="one message refused says nothing of the channel"),
    ],
)
def test_channel_breaks(failure: DeliveryFailed, after: int, broken: bool) -> None:
    """A broken channel is worth a person's attention; one message refused is not."""
    failing = channel_after_failure(CHANNEL, failed(), NOW)
    assert channel_after_failure(failing, failure, NOW + after).broken is broken


def test_channel_recovers() -> None:
    """One success makes up for all failures; a pause that was asked for stays."""
    broken = channel_after_failure(CHANNEL, failed(channel_broken=True, retry_after=MINUTE), NOW)
    well = channel_after_success(broken, NOW + 5)
    assert (well.broken, well.failures, well.failing_since, well.last_error) == (False, 0, None, "")
    assert (well.last_success_at, well.free_at) == (NOW + 5, NOW + MINUTE)
