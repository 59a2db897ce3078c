"""Acknowledgement and snooze: a person's marks on an alert, and when they end.

An acknowledgement is not a silence: it stops repeats but never a resolve, it always expires, it drops when the severity
worsens, and it survives a brief recovery.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from alertd.alerts.alert import Acknowledgement, Alert, Change, Snooze
from alertd.alerts.severity import worse
from alertd.errors import AlertdError

DAY = 86_400_000


@dataclass(frozen=True)
class AcknowledgementSettings:
    """The team's rules, in milliseconds."""

    expires: int = DAY
    maximum: int = 7 * DAY
    survive_recovery: int = 1_800_000
    sticky_severity: bool = True


class ResponseRejected(AlertdError):
    """An answer to an alert that makes no sense in its state; the text says which state that is."""


class AnswerEnd(StrEnum):
    """Why an acknowledgement or a snooze ended; the history's words."""

    EXPIRED = "expired"
    SEVERITY = "severity_worsened"
    RECOVERED = "recovered_for_long"
    BY_HAND = "by_hand"


def acknowledge(
    alert: Alert, by: str, now: int, settings: AcknowledgementSettings, *, duration: int | None = None, note: str = ""
) -> Alert:
    """The alert acknowledged by `by` for `duration`. Raises `ResponseRejected`.

    An alert that somebody else has acknowledged stays as it is: the second hand is noted, the state does not change.
    """
    if not alert.fires:
        raise ResponseRejected("the alert is resolved; only a firing alert can be acknowledged")
    wanted = settings.expires if duration is None else duration
    if not 0 < wanted <= settings.maximum:
        raise ResponseRejected(
            f"an acknowledgement lasts more than 0 s and at most {settings.maximum // 1000} s, not {wanted // 1000} s"
        )
    current = alert.acknowledgement
    if current is not None and current.by != by and current.expires_at > now:
        return alert
    mark = Acknowledgement(by, now, now + wanted, alert.severity, note)
    return replace(alert, acknowledgement=mark, updated_at=now)


def unacknowledge(alert: Alert, now: int) -> Alert:
    """The alert without its acknowledgement. Raises `ResponseRejected` when it has none."""
    if alert.acknowledgement is None:
        raise ResponseRejected("the alert is not acknowledged")
    return replace(alert, acknowledgement=None, updated_at=now)


def snooze(alert: Alert, by: str, until: int, now: int) -> Alert:
    """The alert put aside until `until`; a later call replaces the former. Raises `ResponseRejected`."""
    if not alert.fires:
        raise ResponseRejected("the alert is resolved; only a firing alert can be snoozed")
    if not now < until <= now + 7 * DAY:
        raise ResponseRejected("a snooze ends in the future and at most 7 days from now")
    return replace(alert, snooze=Snooze(by, until, alert.severity), updated_at=now)


def after_change(
    before: Alert | None, alert: Alert, change: Change, now: int, settings: AcknowledgementSettings
) -> tuple[Alert, tuple[AnswerEnd, ...]]:
    """What a change of the alert leaves of its marks.

    A new episode within `survive_recovery` of the old one keeps them; a worse severity drops them.
    """
    if change is Change.OPENED and before is not None and before.ends_at is not None:
        recovered_for = now - before.ends_at
        if recovered_for > settings.survive_recovery:
            return _drop(alert, AnswerEnd.RECOVERED)
    if change in {Change.OPENED, Change.SEVERITY_RAISED} and settings.sticky_severity:
        marks = [mark for mark in (alert.acknowledgement, alert.snooze) if mark is not None]
        if any(worse(alert.severity, mark.severity) for mark in marks):
            return _drop(alert, AnswerEnd.SEVERITY)
    return alert, ()


def next_end(alert: Alert) -> int | None:
    """When the next mark of the alert ends by itself; None if it has none."""
    ends = []
    if alert.acknowledgement is not None:
        ends.append(alert.acknowledgement.expires_at)
    if alert.snooze is not None:
        ends.append(alert.snooze.until)
    return min(ends, default=None)


def expire(alert: Alert, now: int) -> tuple[Alert, tuple[AnswerEnd, ...]]:
    """The alert without the marks whose time is over."""
    acknowledgement, pause = alert.acknowledgement, alert.snooze
    if acknowledgement is not None and acknowledgement.expires_at <= now:
        acknowledgement = None
    if pause is not None and pause.until <= now:
        pause = None
    if (acknowledgement, pause) == (alert.acknowledgement, alert.snooze):
        return alert, ()
    return replace(alert, acknowledgement=acknowledgement, snooze=pause, updated_at=now), (AnswerEnd.EXPIRED,)


def _drop(alert: Alert, reason: AnswerEnd) -> tuple[Alert, tuple[AnswerEnd, ...]]:
    if alert.acknowledgement is None and alert.snooze is None:
        return alert, ()
    return replace(alert, acknowledgement=None, snooze=None), (reason,)
