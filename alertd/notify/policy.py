"""The delivery policy: when a message is tried again, and when it is given up. One for every receiver.

Pure: the outcome of a try, its number and the clock give the next step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from alertd.notify.receivers.base import DeliveryFailed
from alertd.store.channels import Channel

SECOND = 1_000
FIRST_DELAY = 1 * SECOND
LONGEST_DELAY = 60 * SECOND
# A channel that has failed this long without one success is worth a person's attention.
BROKEN_AFTER = 300 * SECOND
# The kinds that Alertmanager sends to again after 429.
_TOLD_TO_WAIT = frozenset({"pagerduty", "opsgenie", "jira", "incidentio"})


@dataclass(frozen=True)
class DeliverySettings:
    """Times in milliseconds: for one try, for all tries of one message, and for which a claim is held."""

    timeout: int = 10 * SECOND
    max_age: int = 3_600 * SECOND
    lease: int = 15 * SECOND


def delay(tries: int, spread: float) -> int:
    """Milliseconds until the next try after `tries` tries: doubling, capped, and spread over its upper half.

    `spread` is a random number from 0 to 1, so that many messages do not come back at the same instant.
    """
    full = min(LONGEST_DELAY, FIRST_DELAY << min(tries - 1, 16))
    return round(full * (0.5 + spread / 2))


def next_try(
    failure: DeliveryFailed, *, tries: int, created_at: int, now: int, max_age: int, spread: float
) -> int | None:
    """When a message that failed is tried again; None when it is given up.

    What the receiver asks for in Retry-After counts when it is longer than our own delay.
    """
    if failure.permanent or failure.channel_broken:
        return None
    due = now + max(delay(tries, spread), failure.retry_after or 0)
    return due if due <= created_at + max_age else None


def as_alertmanager(failure: DeliveryFailed, kind: str) -> DeliveryFailed:
    """A failure of a receiver of that kind as Alertmanager takes it, who tries again after 5xx and lost connections.

    429 is final for most kinds, 408 for all, and nobody is asked how long to wait.
    """
    final = failure.status_code == 408 or (failure.status_code == 429 and kind not in _TOLD_TO_WAIT)
    return DeliveryFailed(
        failure.reason,
        failure.text,
        permanent=failure.permanent or final,
        channel_broken=failure.channel_broken,
        maybe_sent=failure.maybe_sent,
        status_code=failure.status_code,
    )


def channel_after_success(channel: Channel, now: int) -> Channel:
    return replace(channel, failing_since=None, failures=0, broken=False, last_success_at=now, last_error="")


def channel_after_failure(channel: Channel, failure: DeliveryFailed, now: int) -> Channel:
    """The channel after a failed try: it pauses as long as it asked to, and is broken when it has said so itself or has
    failed for long."""
    since = channel.failing_since if channel.failing_since is not None else now
    refused_one_message = failure.permanent and not failure.channel_broken
    return replace(
        channel,
        free_at=max(channel.free_at, now + (failure.retry_after or 0)),
        failing_since=since,
        failures=channel.failures + 1,
        broken=channel.broken or failure.channel_broken or (not refused_one_message and now - since >= BROKEN_AFTER),
        last_error=f"{failure.reason.value}: {failure.text}"[:500],
    )
