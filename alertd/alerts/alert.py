"""The alert: one label set of one organisation, and its episode, put together from what its producers report."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from alertd.alerts.labels import Labels
from alertd.alerts.machine import Instance, Transition
from alertd.alerts.severity import worse


@dataclass(frozen=True)
class Policy:
    """What a rule says about telling people, carried by its alerts.

    `receivers` go past the route tree; `cooldown` is in milliseconds; `depends_on` are names of alerts.
    """

    receivers: tuple[str, ...] = ()
    cooldown: int = 0
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """What one producer (a rule, a sender) says of one label set.

    `fingerprint` is the identity; `labels` are the visible labels, which for a rule with levels also hold the
    severity. `expires_at` is when a pushed report ends unless it is renewed; `timed_out` says that the sender gave no
    end and the end is only assumed.
    """

    producer: str
    fingerprint: str
    labels: Labels
    annotations: Labels
    instance: Instance
    updated_at: int
    value: float | None = None
    generator_url: str = ""
    expires_at: int | None = None
    timed_out: bool = False
    policy: Policy = Policy()

    @property
    def starts_at(self) -> int:
        return self.instance.fired_at if self.instance.fired_at is not None else self.instance.active_at


@dataclass(frozen=True)
class ReportChange:
    """One report as it is after a step: `report` None means that its producer has nothing to say of it any more.

    `ended_at` is when it ended, where that is known better than the instant of the step; `last` is what a sender said
    with the end, its times among it; `actor` is who did it, where that is not the rule or the producer.
    """

    producer: str
    fingerprint: str
    report: Report | None
    transitions: tuple[Transition, ...] = ()
    ended_at: int | None = None
    last: Report | None = None
    rule: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    actor: str | None = None


@dataclass(frozen=True)
class Acknowledgement:
    """A person's mark on a firing episode: "I have it". `severity` is the one that was acknowledged."""

    by: str
    at: int
    expires_at: int
    severity: str = ""
    note: str = ""


@dataclass(frozen=True)
class Snooze:
    """A timed pause that nobody answers for."""

    by: str
    until: int
    severity: str = ""


@dataclass(frozen=True)
class Alert:
    """One label set of one organisation. `ends_at` is None while it fires; a resolved alert keeps its last episode."""

    fingerprint: str
    labels: Labels
    annotations: Labels
    severity: str
    starts_at: int
    ends_at: int | None
    episode: str
    updated_at: int
    value: float | None = None
    generator_url: str = ""
    policy: Policy = field(default_factory=Policy)
    acknowledgement: Acknowledgement | None = None
    snooze: Snooze | None = None

    @property
    def fires(self) -> bool:
        return self.ends_at is None


class Change(StrEnum):
    """What became of an alert when its producers reported; the history's words for episodes."""

    OPENED = "episode_opened"
    CLOSED = "episode_closed"
    SEVERITY_RAISED = "episode_severity_raised"
    SEVERITY_LOWERED = "episode_severity_lowered"
    UPDATED = "episode_updated"
    NOTHING = "nothing"


def episode_id(fingerprint: str, opened_at: int) -> str:
    """The name of the life of `fingerprint` that began at `opened_at`."""
    return hashlib.sha256(f"{fingerprint}:{opened_at}".encode()).hexdigest()[:32]


def severity_of(labels: Labels) -> str:
    return labels.get("severity", "")


def combine(
    alert: Alert | None,
    reports: Sequence[Report],
    now: int,
    *,
    ended_at: int | None = None,
    last: Report | None = None,
) -> tuple[Alert | None, Change]:
    """The alert after its producers have reported: it fires while one of `reports` does.

    `ended_at` is when the last report ended, where that is known better than `now`; `last` is what a sender said with
    the end. Returns None for a label set that fires nowhere, never did, and of which no end was sent.
    """
    firing = [report for report in reports if report.instance.state.fires]
    if not firing and last is not None:
        return _over(alert, last, now)
    if not firing:
        if alert is None or not alert.fires:
            return alert, Change.NOTHING
        ends_at = now if ended_at is None else min(now, max(ended_at, alert.starts_at))
        return replace(alert, ends_at=ends_at, updated_at=now), Change.CLOSED
    leader = _leader(firing)
    told = _as_told(alert, leader)
    starts_at = min(report.starts_at for report in firing)
    if alert is None or not alert.fires:
        opened = replace(
            told,
            starts_at=starts_at,
            ends_at=None,
            episode=episode_id(leader.fingerprint, now),
            updated_at=now,
            acknowledgement=alert.acknowledgement if alert else None,
            snooze=alert.snooze if alert else None,
        )
        return opened, Change.OPENED
    told = replace(told, starts_at=min(starts_at, alert.starts_at))
    if replace(told, value=alert.value) == alert:
        return alert, Change.NOTHING
    told = replace(told, updated_at=now)
    if worse(told.severity, alert.severity):
        return told, Change.SEVERITY_RAISED
    if worse(alert.severity, told.severity):
        return told, Change.SEVERITY_LOWERED
    return told, Change.UPDATED


def _over(alert: Alert | None, last: Report, now: int) -> tuple[Alert, Change]:
    """The alert after its end was sent. One that was over already takes the end that was sent now."""
    fired = alert is not None and alert.fires
    starts_at = min(alert.starts_at, last.starts_at) if alert is not None and fired else last.starts_at
    ends_at = now if last.expires_at is None else min(now, max(last.expires_at, starts_at))
    over = replace(_as_told(alert, last), starts_at=starts_at, ends_at=ends_at)
    if over == alert:
        return over, Change.NOTHING
    return replace(over, updated_at=now), Change.CLOSED if fired else Change.UPDATED


def _as_told(alert: Alert | None, report: Report) -> Alert:
    """The alert with everything but its times as `report` tells it."""
    return replace(
        alert or _blank(report),
        labels=report.labels,
        annotations=report.annotations,
        severity=severity_of(report.labels),
        value=report.value,
        generator_url=report.generator_url,
        policy=report.policy,
    )


def _leader(firing: Sequence[Report]) -> Report:
    """The report that speaks for the alert: the worst severity, and of equals the one updated last."""
    leader = firing[0]
    for report in firing[1:]:
        severity, leading = severity_of(report.labels), severity_of(leader.labels)
        if worse(severity, leading) or (not worse(leading, severity) and report.updated_at > leader.updated_at):
            leader = report
    return leader


def _blank(report: Report) -> Alert:
    return Alert(
        fingerprint=report.fingerprint,
        labels=report.labels,
        annotations=report.annotations,
        severity="",
        starts_at=report.starts_at,
        ends_at=None,
        episode="",
        updated_at=report.updated_at,
    )
