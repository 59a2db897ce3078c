"""An alert on its way to another Alertmanager: when it is sent, with which end, and when that is over.

The times are Prometheus' (rules.Manager and the notifier): an alert that goes on is sent again every `resend_delay`,
with an end that is four evaluations or resends away, and the end of an alert is repeated for fifteen minutes.
"""

from __future__ import annotations

from dataclasses import dataclass

from alertd.alerts.labels import Labels
from alertd.clock import HOUR, MINUTE

#: For how long the end of an alert is sent again.
RESOLVED_FOR = 15 * MINUTE
#: For how long it is tried to tell an end that nobody has taken yet.
GIVE_UP_AFTER = HOUR


@dataclass(frozen=True)
class Forward:
    """What one Alertmanager, `target`, is to be told of an alert that `producer` found.

    `alert` is the fingerprint of the whole label set, as the Alertmanager sees it; `fingerprint` is the identity, which
    under levels has no severity. `ends_at` is None while it fires. `epoch` goes up with every claim and every change.
    `error` is why it was not taken at the last try, "" if it was.
    """

    target: str
    producer: str
    alert: str
    fingerprint: str
    labels: Labels
    annotations: Labels
    generator_url: str
    starts_at: int
    ends_at: int | None
    due_at: int
    sent_at: int | None = None
    epoch: int = 0
    error: str = ""

    @property
    def end_is_told(self) -> bool:
        """Whether the Alertmanager took its end."""
        return self.ends_at is not None and self.sent_at is not None and self.sent_at >= self.ends_at


def valid_until(forward: Forward, now: int, interval: int, resend_delay: int) -> int:
    """The end that is sent at `now` for an alert whose rule is evaluated every `interval`."""
    return now + 4 * max(interval, resend_delay) if forward.ends_at is None else forward.ends_at


def due_after_delivery(forward: Forward, now: int, resend_delay: int) -> int | None:
    """When the alert is sent again after it was taken at `now`; None when all is said."""
    due = now + resend_delay
    return due if forward.ends_at is None or due <= forward.ends_at + RESOLVED_FOR else None


def due_after_failure(forward: Forward, now: int, delay: int) -> int | None:
    """When the alert is tried again after it was not taken at `now`; None when that is given up."""
    due = now + delay
    if forward.ends_at is None:
        return due
    limit = RESOLVED_FOR if forward.end_is_told else GIVE_UP_AFTER
    return due if due <= forward.ends_at + limit else None
