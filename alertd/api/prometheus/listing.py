"""The rule groups as Prometheus lists them: which of them are wanted, and what is said of each."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import UNSET
from sqlalchemy import Connection

from alertd.alerts.alert import Report
from alertd.alerts.machine import State
from alertd.api.prometheus.answers import invalid
from alertd.api.prometheus.parameters import MatcherSets, fits_any
from alertd.api.prometheus.shapes import (
    RuleDiscovery,
    ShownAlert,
    ShownAlertingRule,
    ShownGroup,
    ShownRecordingRule,
    ShownRule,
    moment,
    seconds,
)
from alertd.gotemplate.gofloat import format_float
from alertd.rules.models import AlertRule
from alertd.service.runtime import ReadyGroup, ReadyRule
from alertd.store import alerts as alert_rows
from alertd.store import evaluations, queries
from alertd.store.evaluations import GroupEvaluation, RuleHealth

_UNKNOWN = RuleHealth("unknown", 0, 0)
# Prometheus' words for the states of an instance; one that is well is no alert.
_STATES = {State.PENDING: "pending", State.FIRING: "firing", State.RECOVERING: "firing"}


@dataclass(frozen=True)
class Wanted:
    """Which rules are listed; an empty set is any. `kind` is `alert`, `record` or neither."""

    kind: str = ""
    names: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    labels: MatcherSets = ()

    def group(self, group: ReadyGroup) -> bool:
        return (not self.groups or group.group.name in self.groups) and (
            not self.files or group.group.file in self.files
        )

    def rule(self, ready: ReadyRule) -> bool:
        kind = "alert" if isinstance(ready.rule, AlertRule) else "record"
        return (
            self.kind in ("", kind)
            and (not self.names or ready.rule.name in self.names)
            and fits_any(ready.labels, self.labels)
        )


@dataclass(frozen=True)
class Page:
    """Which groups are listed of those that have wanted rules: `limit` of them (0: all), from `token` on."""

    limit: int = 0
    token: str = ""


@dataclass(frozen=True)
class Known:
    """What the database knows: the last evaluations by group, and what each rule reports, or how much of each state."""

    evaluations: Mapping[str, GroupEvaluation]
    reports: Mapping[str, Mapping[str, Report]] = field(default_factory=dict)
    numbers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


Chosen = tuple[ReadyGroup, list[ReadyRule]]


def choose(groups: Iterable[ReadyGroup], wanted: Wanted, page: Page) -> tuple[list[Chosen], str]:
    """The wanted groups of one page, by file and name, each with its wanted rules; and the next page's token.

    Raises `Failed` for a token that is no group's.
    """
    ordered = sorted(groups, key=lambda ready: (ready.group.file, ready.group.name))
    chosen: list[Chosen] = []
    found = not page.token
    for group in ordered:
        found = found or page_token(group) == page.token
        if not found or not wanted.group(group):
            continue
        rules = [rule for rule in group.rules if wanted.rule(rule)]
        if not rules:
            continue
        if page.limit and len(chosen) == page.limit:
            return chosen, page_token(group)
        chosen.append((group, rules))
    if not found:
        reason = f"invalid group_next_token '{page.token}'. were rule groups changed?"
        raise invalid("group_next_token", reason)
    return chosen, ""


def page_token(group: ReadyGroup) -> str:
    """What a page calls the group that it begins with."""
    return hashlib.sha256(group.key.encode()).hexdigest()


def read(connection: Connection, organisation: str, chosen: Sequence[Chosen], *, alerts: bool) -> Known:
    """What is known of the chosen rules; without `alerts` their numbers alone."""
    evaluated = evaluations.read(connection, organisation)
    if not alerts:
        return Known(evaluated, numbers=queries.count_reports(connection, organisation))
    rules = [rule.rule.id for _, rules in chosen for rule in rules if rule.compiled is not None]
    return Known(evaluated, alert_rows.reports_of_producers(connection, organisation, rules))


def discovery(chosen: Sequence[Chosen], token: str, known: Known, *, alerts: bool) -> RuleDiscovery:
    """The groups as they are answered."""
    groups = [_group(group, rules, known, alerts=alerts) for group, rules in chosen]
    return RuleDiscovery(groups, token or UNSET)


def shown_alerts(chosen: Sequence[Chosen], known: Known) -> Iterator[ShownAlert]:
    """The pending and firing alerts of all chosen rules."""
    for group, rules in chosen:
        for ready in rules:
            yield from _alerts(ready, _health(known, group, ready), known)


def _health(known: Known, group: ReadyGroup, ready: ReadyRule) -> RuleHealth:
    evaluation = known.evaluations.get(group.key)
    return evaluation.rules.get(ready.rule.id, _UNKNOWN) if evaluation is not None else _UNKNOWN


def _group(group: ReadyGroup, rules: Sequence[ReadyRule], known: Known, *, alerts: bool) -> ShownGroup:
    evaluation = known.evaluations.get(group.key)
    shown = [_rule(ready, _health(known, group, ready), known, alerts=alerts) for ready in rules]
    return ShownGroup(
        name=group.group.name,
        file=group.group.file,
        rules=shown,
        interval=seconds(group.interval),
        limit=group.group.limit,
        evaluation_time=seconds(evaluation.duration) if evaluation is not None else 0,
        last_evaluation=moment(evaluation.evaluated_at if evaluation is not None else None),
    )


def _rule(ready: ReadyRule, health: RuleHealth, known: Known, *, alerts: bool) -> ShownRule:
    rule = ready.rule
    evaluated_at = health.evaluated_at if health is not _UNKNOWN else None
    if not isinstance(rule, AlertRule):
        return ShownRecordingRule(
            name=rule.name,
            query=str(rule.parsed),
            labels=ready.labels,
            health=health.health,
            last_error=health.error or UNSET,
            evaluation_time=seconds(health.duration),
            last_evaluation=moment(evaluated_at),
        )
    return ShownAlertingRule(
        state="unknown" if evaluated_at is None else _state(_numbers(ready, known)),
        name=rule.name,
        query=str(rule.parsed),
        duration=seconds(rule.for_),
        keep_firing_for=seconds(rule.keep_firing_for),
        labels=ready.labels,
        annotations=rule.annotations,
        alerts=list(_alerts(ready, health, known)) if alerts else None,
        health=health.health,
        last_error=health.error or UNSET,
        evaluation_time=seconds(health.duration),
        last_evaluation=moment(evaluated_at),
    )


def _numbers(ready: ReadyRule, known: Known) -> Mapping[str, int]:
    """How many of the rule's reports are in each state."""
    numbers = dict(known.numbers.get(ready.rule.id, {}))
    for report in known.reports.get(ready.rule.id, {}).values():
        state = report.instance.state.value
        numbers[state] = numbers.get(state, 0) + 1
    return numbers


def _state(numbers: Mapping[str, int]) -> str:
    """The rule's state: the worst of its alerts'."""
    states = {_STATES[State(state)] for state in numbers if State(state) in _STATES}
    return next((state for state in ("firing", "pending") if state in states), "inactive")


def _alerts(ready: ReadyRule, health: RuleHealth, known: Known) -> Iterator[ShownAlert]:
    reports = known.reports.get(ready.rule.id, {})
    for fingerprint, report in sorted(reports.items(), key=lambda item: sorted(item[1].labels.items())):
        instance = report.instance
        if instance.state not in _STATES:
            continue
        recovering = instance.state is State.RECOVERING
        yield ShownAlert(
            labels=report.labels,
            annotations=report.annotations,
            state=_STATES[instance.state],
            active_at=moment(instance.active_at),
            keep_firing_since=moment(instance.keep_since) if recovering else UNSET,
            value=format_float(_value(report, health.values.get(fingerprint)), "e"),
        )


def _value(report: Report, newer: str | None) -> float:
    if newer is not None:
        return float(newer)
    return report.value if report.value is not None else math.nan
