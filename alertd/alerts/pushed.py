"""Alerts that others send: what a sent alert means, and how it joins what the sender said before.

Semantics of Alertmanager's POST /api/v2/alerts: missing times are filled in, an alert without an end is taken to end
`resolve_timeout` from now unless it is sent again, and within one occurrence the earliest start is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from alertd.alerts.alert import Alert, Policy, Report
from alertd.alerts.labels import Labels, fingerprint, without_empty
from alertd.alerts.machine import Instance, State
from alertd.clock import MINUTE
from alertd.errors import AlertdError

#: What the names of producers that send alerts begin with; any other producer is a rule or alertd itself.
PUSHED = "push/"
# An end that comes sooner than this is always kept exactly.
_NEAR = MINUTE


class PushedAlertRejected(AlertdError):
    """A sent alert that cannot be taken; the text says what is wrong with it."""


@dataclass(frozen=True)
class PushedAlert:
    """One alert as it was sent; instants are milliseconds, None where the sender gave none."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str] = field(default_factory=dict)
    starts_at: int | None = None
    ends_at: int | None = None
    generator_url: str = ""
    policy: Policy = Policy()


def report_of(pushed: PushedAlert, producer: str, resolve_timeout: int, now: int) -> Report:
    """The report that a sent alert makes, its times filled in. Raises `PushedAlertRejected`."""
    labels = without_empty(pushed.labels)
    if not labels:
        raise PushedAlertRejected("at least one label pair required")
    starts_at = pushed.starts_at if pushed.starts_at is not None else pushed.ends_at
    starts_at = now if starts_at is None else starts_at
    if pushed.ends_at is not None and pushed.ends_at < starts_at:
        raise PushedAlertRejected("start time must be before end time")
    ends_at = now + resolve_timeout if pushed.ends_at is None else pushed.ends_at
    return Report(
        producer=producer,
        fingerprint=fingerprint(labels),
        labels=labels,
        annotations=dict(pushed.annotations),
        instance=_instance(labels, starts_at),
        updated_at=now,
        generator_url=pushed.generator_url,
        expires_at=ends_at,
        timed_out=pushed.ends_at is None,
        policy=pushed.policy,
    )


def former(alert: Alert | None, producer: str) -> Report | None:
    """What `producer` counts as having said of an alert that is over; None for one that fires or is not known."""
    if alert is None or alert.ends_at is None:
        return None
    return Report(
        producer=producer,
        fingerprint=alert.fingerprint,
        labels=alert.labels,
        annotations=alert.annotations,
        instance=_instance(alert.labels, alert.starts_at),
        updated_at=alert.updated_at,
        generator_url=alert.generator_url,
        expires_at=alert.ends_at,
        policy=alert.policy,
    )


def merge(old: Report | None, new: Report) -> Report:
    """`new` as it joins what the same sender said before of the same labels.

    Where the two overlap in time it is one occurrence: the earliest start stays, and an assumed end never outlives an
    explicit one. Otherwise `new` replaces `old` outright.
    """
    if old is None or old.expires_at is None or new.expires_at is None or not _overlap(old, new):
        return new
    resolved_now = new.expires_at <= new.updated_at
    ends_at, timed_out = new.expires_at, new.timed_out
    if resolved_now and old.expires_at <= new.updated_at:
        ends_at = max(new.expires_at, old.expires_at)
    elif not resolved_now and old.expires_at > new.expires_at and not old.timed_out:
        ends_at, timed_out = old.expires_at, False
    starts_at = min(old.starts_at, new.starts_at)
    return replace(new, instance=_instance(new.labels, starts_at), expires_at=ends_at, timed_out=timed_out)


def worth_writing(old: Report | None, new: Report, now: int) -> bool:
    """Whether `new` says something that `old` does not; a mere renewal only counts when half of its time is gone.

    An end that comes earlier than was said before is no renewal, and one that is near is put off at once.
    """
    if old is None or old.expires_at is None or new.expires_at is None or new.expires_at <= now:
        return True
    same = replace(new, updated_at=old.updated_at, expires_at=old.expires_at, timed_out=old.timed_out) == old
    if not same or new.expires_at < old.expires_at:
        return True
    return new.expires_at > old.expires_at and old.expires_at - now < max(_NEAR, (new.expires_at - now) / 2)


def _overlap(old: Report, new: Report) -> bool:
    old_end, new_end = old.expires_at or 0, new.expires_at or 0
    return (old.starts_at < new_end < old_end) or (old.starts_at < new.starts_at < old_end)


def _instance(labels: Labels, starts_at: int) -> Instance:
    return Instance(State.FIRING, labels.get("severity", ""), starts_at, fired_at=starts_at)
