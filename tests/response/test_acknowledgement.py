"""Acknowledgement and snooze: who may set them, and what ends them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alertd.alerts.alert import Acknowledgement, Alert, Change, Snooze
from alertd.clock import DAY, HOUR, MINUTE
from alertd.response.acknowledgement import (
    AcknowledgementSettings,
    AnswerEnd,
    ResponseRejected,
    acknowledge,
    after_change,
    expire,
    next_end,
    snooze,
    unacknowledge,
)

NOW = 10 * DAY
SETTINGS = AcknowledgementSettings()
FIRING = Alert("1", {"alertname": "A"}, {}, "warning", NOW - HOUR, None, "one", NOW - HOUR)
RESOLVED = replace(FIRING, ends_at=NOW - MINUTE)
ACKNOWLEDGED = replace(FIRING, acknowledgement=Acknowledgement("ann", NOW - MINUTE, NOW + HOUR, "warning"))
MARKED = replace(ACKNOWLEDGED, snooze=Snooze("bob", NOW + MINUTE, "warning"))


def test_acknowledge() -> None:
    """The mark says who, since when, until when, and of which severity."""
    alert = acknowledge(FIRING, "ann", NOW, SETTINGS, note="looking")
    assert alert.acknowledgement == Acknowledgement("ann", NOW, NOW + DAY, "warning", "looking")
    assert alert.updated_at == NOW


@pytest.mark.parametrize(
    ("alert", "duration", "complaint"),
    [
        (RESOLVED, None, "only a firing alert can be acknowledged"),
        (FIRING, 0, "not 0 s"),
        (FIRING, -1, "more than 0 s"),
        (FIRING, 7 * DAY + 1, "at most 604800 s"),
    ],
)
def test_acknowledge_rejected(alert: Alert, duration: int | None, complaint: str) -> None:
    """A resolved alert needs no answer, and an acknowledgement always expires."""
    with pytest.raises(ResponseRejected, match=complaint):
        acknowledge(alert, "ann", NOW, SETTINGS, duration=duration)


@pytest.mark.parametrize(
    ("by", "now", "duration", "expected"),
    [
        pytest.param("bob", NOW, HOUR, ACKNOWLEDGED.acknowledgement, id="a second hand changes nothing"),
        pytest.param(
            "ann", NOW, 2 * HOUR, Acknowledgement("ann", NOW, NOW + 2 * HOUR, "warning"), id="the same hand extends"
        ),
        pytest.param(
            "bob",
            NOW + HOUR,
            HOUR,
            Acknowledgement("bob", NOW + HOUR, NOW + 2 * HOUR, "warning"),
            id="after it ran out anybody may",
        ),
    ],
)
def test_acknowledge_again(by: str, now: int, duration: int, expected: Acknowledgement) -> None:
    """Whoever has it, has it until it ends."""
    assert acknowledge(ACKNOWLEDGED, by, now, SETTINGS, duration=duration).acknowledgement == expected


def test_unacknowledge() -> None:
    """Taking the mark back leaves the snooze; there must be one to take back."""
    assert unacknowledge(MARKED, NOW) == replace(MARKED, acknowledgement=None, updated_at=NOW)
    with pytest.raises(ResponseRejected, match="not acknowledged"):
        unacknowledge(FIRING, NOW)


def test_snooze() -> None:
    """A later snooze replaces the former."""
    assert snooze(MARKED, "cy", NOW + HOUR, NOW).snooze == Snooze("cy", NOW + HOUR, "warning")


@pytest.mark.parametrize(
    ("alert", "until", "complaint"),
    [
        (RESOLVED, NOW + HOUR, "only a firing alert can be snoozed"),
        (FIRING, NOW, "ends in the future"),
        (FIRING, NOW + 7 * DAY + 1, "at most 7 days"),
    ],
)
def test_snooze_rejected(alert: Alert, until: int, complaint: str) -> None:
    """A snooze always ends."""
    with pytest.raises(ResponseRejected, match=complaint):
        snooze(alert, "bob", until, NOW)


def reopened(ended_at: int, severity: str = "warning") -> tuple[Alert, Alert]:
    before = replace(MARKED, ends_at=ended_at)
    return before, replace(before, ends_at=None, starts_at=NOW, severity=severity, episode="two")


@pytest.mark.parametrize(
    ("ended_at", "severity", "settings", "expected"),
    [
        pytest.param(NOW - 30 * MINUTE, "warning", SETTINGS, (), id="a brief recovery keeps the marks"),
        pytest.param(NOW - 30 * MINUTE - 1, "warning", SETTINGS, (AnswerEnd.RECOVERED,), id="a long one ends them"),
        pytest.param(NOW - MINUTE, "critical", SETTINGS, (AnswerEnd.SEVERITY,), id="back, and worse"),
        pytest.param(
            NOW - MINUTE,
            "critical",
            AcknowledgementSettings(sticky_severity=False),
            (),
            id="back and worse, where that does not count",
        ),
        pytest.param(
            NOW - MINUTE,
            "warning",
            AcknowledgementSettings(survive_recovery=0),
            (AnswerEnd.RECOVERED,),
            id="no recovery survived",
        ),
    ],
)
def test_a_new_episode(
    ended_at: int, severity: str, settings: AcknowledgementSettings, expected: tuple[AnswerEnd, ...]
) -> None:
    """An alert that flaps stays answered for a while."""
    before, after = reopened(ended_at, severity)
    alert, ends = after_change(before, after, Change.OPENED, NOW, settings)
    assert ends == expected
    assert (alert.acknowledgement is None, alert.snooze is None) == (bool(expected), bool(expected))


@pytest.mark.parametrize(
    ("alert", "severity", "change", "expected"),
    [
        pytest.param(ACKNOWLEDGED, "critical", Change.SEVERITY_RAISED, (AnswerEnd.SEVERITY,), id="worse: dropped"),
        pytest.param(MARKED, "critical", Change.SEVERITY_RAISED, (AnswerEnd.SEVERITY,), id="so is a snooze"),
        pytest.param(ACKNOWLEDGED, "info", Change.SEVERITY_LOWERED, (), id="better: kept"),
        pytest.param(ACKNOWLEDGED, "warning", Change.UPDATED, (), id="a new text: kept"),
        pytest.param(FIRING, "critical", Change.SEVERITY_RAISED, (), id="nothing to drop"),
        pytest.param(
            replace(ACKNOWLEDGED, acknowledgement=Acknowledgement("ann", NOW, NOW + HOUR, "critical")),
            "critical",
            Change.SEVERITY_RAISED,
            (),
            id="no worse than what was acknowledged",
        ),
    ],
)
def test_severity(alert: Alert, severity: str, change: Change, expected: tuple[AnswerEnd, ...]) -> None:
    """Who acknowledged a warning did not acknowledge a critical alert."""
    after, ends = after_change(alert, replace(alert, severity=severity), change, NOW, SETTINGS)
    assert ends == expected
    assert (after.acknowledgement is None) == (bool(expected) or alert.acknowledgement is None)


def test_expire() -> None:
    """Each mark ends at its own instant; what has not ended stays."""
    assert next_end(MARKED) == NOW + MINUTE
    assert next_end(FIRING) is None
    assert expire(MARKED, NOW) == (MARKED, ())
    at = NOW + MINUTE
    assert expire(MARKED, at) == (replace(MARKED, snooze=None, updated_at=at), (AnswerEnd.EXPIRED,))
    at = NOW + HOUR
    assert expire(MARKED, at)[0] == replace(MARKED, acknowledgement=None, snooze=None, updated_at=at)
