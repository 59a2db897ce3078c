"""One evaluation of one rule: the samples that its source answered become changes of its reports.

Pure. The steps are Prometheus' (prometheus/rules, AlertingRule.Eval): labels and annotations are made from the sample's
labels, equal label sets are an error that leaves the state untouched, too many alerts clear it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from alertd.alerts.alert import Policy, Report, ReportChange
from alertd.alerts.labels import fingerprint, without_empty
from alertd.alerts.machine import Instance, LevelReading, State, Step, Transition, close, keep, observe
from alertd.errors import AlertdError
from alertd.promql import METRIC_NAME
from alertd.rules.asking import Unanswered
from alertd.rules.models import AlertRule, OnError, OnNoData, RecordingRule
from alertd.rules.question import Question, question_of, quiet_readings, readings, worst_readings
from alertd.rules.templates import Field, Query, compile_field

Sample = tuple[Mapping[str, str], float]
Samples = Sequence[Sample]
Known = Mapping[str, Report]

#: The label that tells an alert about missing data or a failing query from the rule's own.
REASON_LABEL = "alertd_reason"


class RuleFailed(AlertdError):
    """An evaluation that gave no result; `clear` says that the rule's state is to be given up, too."""

    def __init__(self, message: str, *, clear: bool = False) -> None:
        super().__init__(message)
        self.clear = clear


@dataclass(frozen=True)
class Context:
    """What every rule of a configuration shares: where people reach alertd, and the labels that alerts get on top.

    `query` answers what templates ask; an evaluation in which it raised `Unanswered` is to be done again. Without
    `labels_alerts` only templates see the external labels, as in Prometheus before it sends.
    """

    external_url: str = ""
    external_labels: Mapping[str, str] = field(default_factory=dict)
    generator_url: str = ""
    query: Query | None = None
    labels_alerts: bool = True


@dataclass(frozen=True)
class Outcome:
    """What one evaluation of an alerting rule came to.

    `values` are the values, by fingerprint, of alerts whose report does not have them: it goes on as it was, or the
    value is no finite number.
    """

    changes: list[ReportChange]
    values: Mapping[str, float] = field(default_factory=dict)


class CompiledRule:
    """An alerting rule with its question and its templates made ready, once."""

    def __init__(self, rule: AlertRule, labels: Mapping[str, str]) -> None:
        language = rule.template_language.value if rule.template_language else None
        self.rule = rule
        self.question: Question = question_of(rule)
        self.labels: dict[str, Field] = {key: compile_field(text, language, rule.name) for key, text in labels.items()}
        self.annotations: dict[str, Field] = {
            key: compile_field(text, language, rule.name) for key, text in rule.annotations.items()
        }
        self.policy = Policy(rule.receivers, rule.cooldown, rule.depends_on)
        self.has_levels = any(level.severity is not None for level in rule.levels)


def evaluate(
    compiled: CompiledRule, samples: Samples, known: Known, context: Context, now: int, *, limit: int = 0
) -> Outcome:
    """The changes that the samples of one evaluation make. Raises `RuleFailed`."""
    seen, changes, values = _read_samples(compiled, samples, known, context, now)
    if compiled.rule.on_no_data is OnNoData.ALERT and not samples and not _real(known):
        blind = _blind(compiled, known, "no_data", context, now)
        seen.add(blind.fingerprint)
        changes.append(blind)
    for fingerprint_, report in known.items():
        if fingerprint_ not in seen:
            changes.append(_missing(compiled, report, context, now))
    _check_limit(changes, known, limit)
    written = [change for change in changes if _matters(change, known.get(change.fingerprint))]
    told = {change.fingerprint: change.report for change in written}
    return Outcome(written, {key: value for key, value in values.items() if not _tells(told, known, key, value)})


def after_failure(compiled: CompiledRule, known: Known, error: str, context: Context, now: int) -> list[ReportChange]:
    """The changes that a query without an answer makes, by the rule's `on_error`."""
    match compiled.rule.on_error:
        case OnError.KEEP_LAST:
            return []
        case OnError.OK:
            quiet = quiet_readings(compiled.rule)
            changes = [
                _step(compiled, report, _observe(compiled, report.instance, quiet, now)) for report in known.values()
            ]
        case OnError.ALERT:
            changes = [_blind(compiled, known, "error", context, now, error)]
    return [change for change in changes if _matters(change, known.get(change.fingerprint))]


def clear(known: Known, reason: Transition, rule: str) -> list[ReportChange]:
    """Give up everything that a rule reports."""
    return [
        ReportChange(report.producer, key, None, close(report.instance, reason).transitions, rule=rule)
        for key, report in known.items()
    ]


def recorded(rule: RecordingRule, labels: Mapping[str, str], samples: Samples, limit: int = 0) -> list[Sample]:
    """The series that a recording rule makes of its samples. Raises `RuleFailed`."""
    made: list[Sample] = []
    seen = set()
    for sample_labels, value in samples:
        series = without_empty({**sample_labels, **labels, METRIC_NAME: rule.record})
        key = tuple(series.items())
        if key in seen:
            raise RuleFailed("vector contains metrics with the same labelset after applying rule labels")
        seen.add(key)
        made.append((series, value))
    if limit and len(made) > limit:
        raise RuleFailed(f"exceeded limit of {limit} with {len(made)} series")
    return made


def _read_samples(
    compiled: CompiledRule, samples: Samples, known: Known, context: Context, now: int
) -> tuple[set[str], list[ReportChange], dict[str, float]]:
    rule, question = compiled.rule, compiled.question
    remembers = rule.on_no_data is OnNoData.ALERT
    seen: set[str] = set()
    changes: list[ReportChange] = []
    values: dict[str, float] = {}
    for sample_labels, value in samples:
        fresh = readings(rule, question, value, None)
        if not known and not remembers and not any(reading.breached for reading in fresh):
            continue
        identity = _identity(compiled, sample_labels, value, context, now)
        key = fingerprint(identity)
        if key in seen:
            raise RuleFailed("vector contains metrics with the same labelset after applying alert labels")
        seen.add(key)
        report = known.get(key)
        instance = report.instance if report is not None else None
        taken = readings(rule, question, value, instance) if instance is not None else fresh
        step = _observe(compiled, instance, taken, now)
        if step.instance is None:
            if report is not None:
                changes.append(_step(compiled, report, step))
            continue
        if report is not None and step.instance.state is State.RECOVERING:
            changes.append(_step(compiled, report, step))
            continue
        made = _report(compiled, key, identity, step.instance, value, context, now, source_labels=sample_labels)
        changes.append(ReportChange(rule.id, key, made, step.transitions, rule=rule.id))
        if step.instance.state is not State.OK:
            values[key] = value
    return seen, changes, values


def _identity(
    compiled: CompiledRule, sample_labels: Mapping[str, str], value: float, context: Context, now: int
) -> dict[str, str]:
    """The alert's labels: the sample's without its name, the rule's on top, and the alert's name last.

    Under levels the severity is no part of the identity: it changes while the alert stays the same.
    """
    labels = {name: text for name, text in sample_labels.items() if name != METRIC_NAME}
    for name, template in compiled.labels.items():
        labels[name] = _render(compiled, template, sample_labels, value, context, now, now)
    for name, text in context.external_labels.items() if context.labels_alerts else ():
        labels[name] = labels.get(name) or text
    labels["alertname"] = compiled.rule.name
    if compiled.has_levels:
        labels.pop("severity", None)
    return without_empty(labels)


def _report(
    compiled: CompiledRule,
    key: str,
    identity: Mapping[str, str],
    instance: Instance,
    value: float,
    context: Context,
    now: int,
    *,
    source_labels: Mapping[str, str],
) -> Report:
    labels = {**identity, "severity": instance.severity} if instance.severity else dict(identity)
    annotations = {}
    if instance.state is not State.OK:
        annotations = {
            name: _render(
                compiled, template, source_labels, value, context, now, instance.active_at, labels.get("severity", "")
            )
            for name, template in compiled.annotations.items()
        }
    return Report(
        producer=compiled.rule.id,
        fingerprint=key,
        labels=labels,
        annotations=annotations,
        instance=instance,
        updated_at=now,
        value=value if math.isfinite(value) else None,
        generator_url=context.generator_url,
        policy=compiled.policy,
    )


def _render(
    compiled: CompiledRule,
    template: Field,
    labels: Mapping[str, str],
    value: float,
    context: Context,
    now: int,
    active_at: int,
    severity: str = "",
) -> str:
    try:
        return template.render(
            labels,
            value,
            now=now,
            expr=compiled.rule.expr,
            for_=compiled.rule.for_,
            active_at=active_at,
            alertname=compiled.rule.name,
            severity=severity,
            query=context.query,
            external_labels=context.external_labels,
            external_url=context.external_url,
        )
    except Unanswered:
        # What this evaluation comes to is thrown away; the other texts may ask more.
        return ""


def _missing(compiled: CompiledRule, report: Report, context: Context, now: int) -> ReportChange:
    """What becomes of a report whose series the answer does not have."""
    rule, instance = compiled.rule, report.instance
    if REASON_LABEL in report.labels:
        # An alert about not seeing has no series that could be missing: it ends as soon as the rule sees again.
        quiet = observe(instance, quiet_readings(rule), now, keep_firing_for=rule.keep_firing_for)
        return _step(compiled, report, quiet)
    if not compiled.question.sees_ok:
        return _step(compiled, report, _observe(compiled, instance, quiet_readings(rule), now))
    match rule.on_no_data:
        case OnNoData.OK:
            step = _observe(compiled, instance, quiet_readings(rule), now, missing=True)
        case OnNoData.KEEP_LAST:
            step = keep(instance, now)
        case OnNoData.ALERT:
            step = _observe(compiled, instance, worst_readings(rule), now, missing=True)
            if instance.state is State.OK and step.instance is not None:
                # A series that was well has no texts yet.
                made = _report(
                    compiled,
                    report.fingerprint,
                    report.labels,
                    step.instance,
                    math.nan,
                    context,
                    now,
                    source_labels=report.labels,
                )
                return ReportChange(rule.id, report.fingerprint, made, step.transitions, rule=rule.id)
    return _step(compiled, report, step)


def _blind(
    compiled: CompiledRule, known: Known, reason: str, context: Context, now: int, error: str = ""
) -> ReportChange:
    """The report that a rule makes of itself when it cannot see: no data at all, or no answer."""
    identity = {**_identity(compiled, {}, math.nan, context, now), REASON_LABEL: reason}
    key = fingerprint(identity)
    report = known.get(key)
    step = _observe(compiled, report.instance if report else None, worst_readings(compiled.rule), now, missing=True)
    if step.instance is None:
        return ReportChange(compiled.rule.id, key, None, step.transitions, rule=compiled.rule.id)
    made = _report(compiled, key, identity, step.instance, math.nan, context, now, source_labels=identity)
    if error:
        made = replace(made, annotations={**made.annotations, "error": error})
    return ReportChange(compiled.rule.id, key, made, step.transitions, rule=compiled.rule.id)


def _observe(
    compiled: CompiledRule,
    instance: Instance | None,
    taken: Sequence[LevelReading],
    now: int,
    *,
    missing: bool = False,
) -> Step:
    return observe(
        instance,
        taken,
        now,
        keep_firing_for=compiled.rule.keep_firing_for,
        remember_ok=compiled.rule.on_no_data is OnNoData.ALERT,
        missing=missing,
    )


def _step(compiled: CompiledRule, report: Report, step: Step) -> ReportChange:
    """A report that goes on with the labels, annotations and value that it had, but for the severity of its level."""
    after = None
    if step.instance is not None:
        severity = {"severity": step.instance.severity} if step.instance.severity else {}
        after = replace(report, instance=step.instance, labels={**report.labels, **severity})
    return ReportChange(report.producer, report.fingerprint, after, step.transitions, rule=compiled.rule.id)


def _tells(told: Mapping[str, Report | None], known: Known, key: str, value: float) -> bool:
    """Whether the report of `key`, as it is written or stays, has the value."""
    report = told[key] if key in told else known.get(key)
    return report is not None and report.value == value


def _real(known: Known) -> bool:
    return any(REASON_LABEL not in report.labels for report in known.values())


def _check_limit(changes: Iterable[ReportChange], known: Known, limit: int) -> None:
    if not limit:
        return
    states = {key: report.instance.state for key, report in known.items()}
    for change in changes:
        states[change.fingerprint] = change.report.instance.state if change.report else State.OK
    active = sum(state is not State.OK for state in states.values())
    if active > limit:
        raise RuleFailed(f"exceeded limit of {limit} with {active} alerts", clear=True)


def _matters(change: ReportChange, before: Report | None) -> bool:
    """Whether there is anything to write: an alert that goes on as it was costs nothing."""
    if change.transitions:
        return True
    if change.report is None or before is None:
        return change.report is not before
    return replace(change.report, updated_at=before.updated_at, value=before.value) != before
