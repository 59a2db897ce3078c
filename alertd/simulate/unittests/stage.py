"""The rules of one test at work: samples come in, and the rules are evaluated at instant after instant.

What an evaluation comes to is decided by the service's own functions (`alertd.rules.evaluation`); here are only the
storage that they read and write, and the reports that the service keeps in its database. What is written, and when a
series ends, is as in Prometheus (rules/group.go).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from alertd.alerts.alert import Report
from alertd.alerts.machine import State
from alertd.errors import AlertdError
from alertd.promql import (
    ALL_FEATURES,
    METRIC_NAME,
    STALE_NAN,
    EvaluationError,
    MemoryStorage,
    Options,
    ParseError,
    Sample,
    Scalar,
    Series,
    Value,
    Vector,
    evaluate,
    format_histogram,
    format_labels,
    format_number,
    is_stale,
    parse,
    parse_metric,
    parse_series,
)
from alertd.promql.histogram import FloatHistogram
from alertd.promql.incremental import IncrementalEvaluation
from alertd.promql.quoting import quote
from alertd.rules import evaluation
from alertd.rules.evaluation import CompiledRule, Context, RuleFailed
from alertd.rules.models import AlertRule, OnNoData, RecordingRule, Rule, RuleGroup
from alertd.simulate.unittests.dependencies import ALERTS, ALERTS_FOR_STATE, Dependencies
from alertd.simulate.unittests.model import InputSeries, RuleTest

Labels = Mapping[str, str]
_Key = frozenset[tuple[str, str]]
_Value = float | FloatHistogram


@dataclass(frozen=True)
class RuleError:
    """A rule that could not be evaluated: which, when (milliseconds after the start) and why."""

    rule: Rule
    group: RuleGroup
    at: int
    reason: str


class BadSeries(AlertdError):
    """Input series that cannot be read, each with the reason."""

    def __init__(self, reasons: Sequence[tuple[InputSeries, str]]) -> None:
        super().__init__("\n".join(reason for _, reason in reasons))
        self.reasons = tuple(reasons)


@dataclass
class _Feed:
    """The values of one input series, and how many of them have come."""

    labels: Labels
    values: Sequence[_Value | None]
    next: int = 0


@dataclass
class _Working:
    """One rule with all that it remembers."""

    rule: Rule
    group: RuleGroup
    labels: Labels
    value: IncrementalEvaluation
    compiled: CompiledRule | None = None
    # The same rule without its annotations, which cost most and matter only when somebody looks.
    silent: CompiledRule | None = None
    known: dict[str, Report] = field(default_factory=dict)
    written: dict[_Key, Labels] = field(default_factory=dict)

    @property
    def offset(self) -> int:
        return self.group.query_offset or 0


class Stage:
    """The storage of one test and the rules that work on it; `needed` are the ids of those that are evaluated.

    They are evaluated as often as a subquery without a step of its own looks, by `options`. Raises BadSeries.
    """

    def __init__(
        self,
        test: RuleTest,
        groups: Sequence[RuleGroup],
        dependencies: Dependencies,
        needed: frozenset[str],
        options: Options,
    ) -> None:
        self.storage = MemoryStorage()
        self.options = options
        self._test = test
        self._feeds = _read_series(test.series)
        self._now = test.start
        self._newest: dict[_Key, tuple[int, _Value]] = {}
        self._context = Context(test.external_url, test.external_labels, query=self._ask, labels_alerts=False)
        self._rules = self._ready(groups, dependencies, needed)

    @property
    def evaluates(self) -> bool:
        """Whether there is a rule to evaluate."""
        return bool(self._rules)

    def feed(self, at: int) -> None:
        """Let every sample up to `at` come in."""
        start, interval = self._test.start, self._test.interval
        most = (at - start) // interval + 1
        for feed in self._feeds:
            last = min(most, len(feed.values))
            if feed.next >= last:
                continue
            key = frozenset(feed.labels.items())
            for index in range(feed.next, last):
                value = feed.values[index]
                if value is not None:
                    self._store(key, feed.labels, start + index * interval, value)
            feed.next = last

    def evaluate(self, at: int, *, watched: bool) -> list[RuleError]:
        """Evaluate the rules at `at`, one after the other, and return what went wrong.

        `watched` when somebody looks at the alerts afterwards.
        """
        self._now = at
        errors = []
        for working in self._rules:
            try:
                self._evaluate(working, at, watched=watched)
            except (EvaluationError, RuleFailed) as error:
                errors.append(RuleError(working.rule, working.group, at - self._test.start, str(error)))
        return errors

    def alerts(self, name: str) -> list[tuple[AlertRule, Report]]:
        """What the rules called `name` report now: alerts that are pending or firing."""
        return [
            (working.rule, report)
            for working in self._rules
            if isinstance(working.rule, AlertRule) and working.rule.name == name
            for report in working.known.values()
            if report.instance.state is not State.OK
        ]

    def query(self, text: str, at: int) -> list[Sample]:
        """The value of an expression as a vector. Raises ParseError and EvaluationError."""
        return _samples(evaluate(parse(text, features=ALL_FEATURES), self.storage, at, options=self.options).value)

    def stored(self) -> list[str]:
        """Every series with its samples, a line each; times count from the start of the test."""
        return [f"{format_labels(dict(series.labels))} {self._samples_of(series)}" for series in self.storage.series()]

    def _samples_of(self, series: Series) -> str:
        numbers = ((at, _number(value)) for at, value in zip(series.times, series.values, strict=True))
        histograms = (
            (at, format_histogram(value)) for at, value in zip(series.histogram_times, series.histograms, strict=True)
        )
        samples = sorted([*numbers, *histograms], key=lambda sample: sample[0])
        return ", ".join(f"{value} at {(at - self._test.start) / 1000:g}s" for at, value in samples)

    def _ready(self, groups: Sequence[RuleGroup], dependencies: Dependencies, needed: frozenset[str]) -> list[_Working]:
        interval = self.options.default_subquery_step
        ordered = [(group, rule) for group in groups for rule in group.rules if rule.id in needed]
        ready = []
        for place, (group, rule) in enumerate(ordered):
            labels = group.labels_of(rule)
            compiled = CompiledRule(rule, labels) if isinstance(rule, AlertRule) else None
            expr = rule.parsed if compiled is None else compiled.question.expr
            reads = dependencies.read_by(rule)
            settled = all(
                (other.query_offset or 0) < (group.query_offset or 0) + (interval if before < place else 0)
                for before, (other, writer) in enumerate(ordered)
                if reads.sees(writer)
            )
            value = IncrementalEvaluation(expr, self.storage, options=self.options, settled=settled)
            working = _Working(rule, group, labels, value, compiled)
            if isinstance(rule, AlertRule) and not rule.keep_firing_for and rule.on_no_data is OnNoData.OK:
                working.silent = CompiledRule(replace(rule, annotations={}), labels)
            ready.append(working)
        return ready

    def _evaluate(self, working: _Working, at: int, *, watched: bool) -> None:
        found = _samples(working.value.at(at - working.offset))
        if isinstance(working.rule, RecordingRule):
            self._record(working, working.rule, found, at)
        elif isinstance(working.rule, AlertRule):
            self._alert(working, working.rule, found, at, watched=watched)

    def _record(self, working: _Working, rule: RecordingRule, found: Sequence[Sample], at: int) -> None:
        values = [(sample.labels, sample.value) for sample in found]
        made = evaluation.recorded(rule, working.labels, values, working.group.limit)
        self._write(
            working,
            [
                (labels, sample.value if sample.histogram is None else sample.histogram)
                for (labels, _), sample in zip(made, found, strict=True)
            ],
            at,
        )

    def _alert(self, working: _Working, rule: AlertRule, found: Sequence[Sample], at: int, *, watched: bool) -> None:
        if not found and not working.known and rule.on_no_data is not OnNoData.ALERT:
            if working.written:
                self._write(working, [], at)
            return
        compiled = working.compiled if watched or working.silent is None else working.silent
        if compiled is None:
            raise TypeError(f"{rule.name} is not compiled")
        samples = [(sample.labels, sample.value) for sample in found]
        outcome = evaluation.evaluate(compiled, samples, working.known, self._context, at, limit=working.group.limit)
        for change in outcome.changes:
            if change.report is None:
                working.known.pop(change.fingerprint, None)
            else:
                working.known[change.fingerprint] = change.report
        self._write(working, _series_of(working.labels, working.known.values()), at)

    def _write(self, working: _Working, made: Iterable[tuple[Labels, _Value]], at: int) -> None:
        """Store what a rule came to, and end the series that it had before and has no more.

        Raises RuleFailed when a series has got another sample for that instant, or a newer one, from somebody else.
        """
        moment = at - working.offset
        written: dict[_Key, Labels] = {}
        refused = ""
        for labels, value in made:
            key = frozenset(labels.items())
            written[key] = labels
            refused = self._store(key, labels, moment, value) or refused
        for key, labels in working.written.items():
            if key not in written:
                self._store(key, labels, moment, STALE_NAN)
        working.written = written
        if refused:
            raise RuleFailed(refused)

    def _store(self, key: _Key, labels: Labels, at: int, value: _Value) -> str:
        """Store a sample; what Prometheus says when it does not take it, "" when it does."""
        newest, known = self._newest.get(key, (at - 1, None))
        if newest > at:
            return "out of order sample"
        if newest == at:
            return "" if _same(known, value) else "duplicate sample for timestamp"
        self._newest[key] = at, value
        if isinstance(value, FloatHistogram):
            self.storage.append_histogram(labels, at, value)
        else:
            self.storage.append(labels, at, value)
        return ""

    def _ask(self, text: str) -> list[tuple[Labels, float]]:
        """What templates ask. Raises ValueError with the reason when there is no answer."""
        try:
            return [(sample.labels, sample.value) for sample in self.query(text, self._now)]
        except (ParseError, EvaluationError) as error:
            raise ValueError(str(error)) from error


def _read_series(series: Iterable[InputSeries]) -> list[_Feed]:
    """The series with their values; one that is written twice counts as written last. Raises BadSeries."""
    feeds: dict[_Key, _Feed] = {}
    bad: list[tuple[InputSeries, str]] = []
    for one in series:
        try:
            labels = parse_metric(one.series.strip())
            values = parse_series(f"{{}} {one.values}").values
        except ParseError as error:
            bad.append((one, f"{error.message} in {quote(error.text.removeprefix('{} '))}"))
        else:
            feeds[frozenset(labels.items())] = _Feed(labels, values)
    if bad:
        raise BadSeries(bad)
    return list(feeds.values())


def _number(value: float) -> str:
    return "stale" if is_stale(value) else format_number(value)


def _same(first: _Value | None, second: _Value) -> bool:
    """Whether two samples are the same, numbers bit for bit: a NaN may be a stale marker."""
    if isinstance(first, float) and isinstance(second, float):
        return struct.pack("<d", first) == struct.pack("<d", second)
    return first == second


def _samples(value: Value) -> list[Sample]:
    if isinstance(value, Scalar):
        return [Sample({}, value.value, value.at)]
    if isinstance(value, Vector):
        return value
    raise EvaluationError("rule result is not a vector or scalar")


def _series_of(labels: Labels, reports: Iterable[Report]) -> Iterable[tuple[Labels, float]]:
    """The series ALERTS and ALERTS_FOR_STATE of the alerts that are pending or firing.

    As in Prometheus they have the rule's own `labels` where the alert has none of that name: a label whose template
    came to nothing stands there as it was written.
    """
    for report in reports:
        state = report.instance.state
        if state is State.OK:
            continue
        alertstate = "firing" if state.fires else "pending"
        yield {**labels, **report.labels, METRIC_NAME: ALERTS, "alertstate": alertstate}, 1.0
        yield {**labels, **report.labels, METRIC_NAME: ALERTS_FOR_STATE}, float(report.instance.active_at // 1000)
