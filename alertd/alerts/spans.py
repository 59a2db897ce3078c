"""How long each alert of a rule was pending or firing: what the series ALERTS and ALERTS_FOR_STATE are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from alertd.alerts.alert import Report, ReportChange
from alertd.alerts.labels import Labels
from alertd.alerts.machine import State
from alertd.alerts.pushed import PUSHED

PENDING, FIRING = "pending", "firing"


@dataclass(frozen=True)
class Span:
    """One stretch of time in which an alert of `producer` was in one state with one label set.

    `fingerprint` is the alert's identity, which under levels has no severity; `ended_at` is None while it lasts, and
    `active_at` is since when its condition held.
    """

    producer: str
    fingerprint: str
    labels: Labels
    state: str
    active_at: int
    started_at: int
    ended_at: int | None = None


def state_of(report: Report | None) -> str | None:
    """The word of Prometheus for what a producer reports; None for nothing worth a series."""
    if report is None or report.instance.state is State.OK:
        return None
    return FIRING if report.instance.state.fires else PENDING


def concerned(changes: Iterable[ReportChange]) -> list[ReportChange]:
    """Those of the changes that may begin or end a span: something happened to what a rule says."""
    return [change for change in changes if change.transitions and not change.producer.startswith(PUSHED)]


def follow(lasting: Sequence[Span], changes: Iterable[ReportChange], now: int) -> tuple[list[Span], list[Span]]:
    """The spans that end with `changes`, with their end, and those that begin; `lasting` are those before."""
    ended: list[Span] = []
    begun: list[Span] = []
    by_alert = {(span.producer, span.fingerprint): span for span in lasting}
    for change in concerned(changes):
        before = by_alert.get((change.producer, change.fingerprint))
        state = state_of(change.report)
        labels = change.report.labels if change.report is not None else {}
        if before is not None and (before.state, before.labels) == (state, labels):
            continue
        if before is not None:
            ended.append(replace(before, ended_at=now))
        if state is not None and change.report is not None and change.rule is not None:
            begun.append(begin(change.report, state, now))
    return ended, begun


def begin(report: Report, state: str, now: int) -> Span:
    """The span that a report begins at `now`."""
    active_at = report.instance.active_at
    return Span(report.producer, report.fingerprint, dict(report.labels), state, active_at, now)
