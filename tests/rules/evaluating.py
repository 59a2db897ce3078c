"""Rules for tests, evaluated step by step with the samples that the test gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alertd.alerts.alert import Report
from alertd.alerts.machine import State, Transition
from alertd.clock import MINUTE
from alertd.promql import parse
from alertd.rules.evaluation import CompiledRule, Context, after_failure, evaluate
from alertd.rules.models import AlertRule, Level

Sample = tuple[Mapping[str, str], float]


def make_rule(
    name: str = "Alert",
    *,
    expr: str = "x > 1",
    for_: int = 0,
    levels: tuple[Level, ...] = (),
    **fields: Any,
) -> AlertRule:
    """A rule as it is read from a file."""
    return AlertRule(
        id="rule", name=name, expr=expr, parsed=parse(expr), levels=levels or (Level(for_=for_),), for_=for_, **fields
    )


def series(value: float = 1.0, **labels: str) -> Sample:
    """A sample of the series `x`."""
    return {"__name__": "x", **labels}, value


@dataclass
class Bench:
    """Evaluates one rule and keeps what it reports, as the database would."""

    rule: AlertRule
    labels: Mapping[str, str] = field(default_factory=dict)
    context: Context = Context()
    limit: int = 0
    now: int = 0
    known: dict[str, Report] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.compiled = CompiledRule(self.rule, {**self.labels, **self.rule.labels})

    def evaluate(self, *samples: Sample, at: int | None = None) -> list[Transition]:
        """One evaluation at the minute `at`; the transitions that it made."""
        self.now = self.now if at is None else at * MINUTE
        outcome = evaluate(self.compiled, samples, self.known, self.context, self.now, limit=self.limit)
        self.values = outcome.values
        return self._apply(outcome.changes)

    def fail(self, error: str = "no answer", *, at: int | None = None) -> list[Transition]:
        """One evaluation without an answer."""
        self.now = self.now if at is None else at * MINUTE
        return self._apply(after_failure(self.compiled, self.known, error, self.context, self.now))

    def _apply(self, changes: Sequence[Any]) -> list[Transition]:
        keys = [change.fingerprint for change in changes]
        assert len(keys) == len(set(keys)), "two changes of one report"
        for change in changes:
            if change.report is None:
                self.known.pop(change.fingerprint, None)
            else:
                self.known[change.fingerprint] = change.report
        return [transition for change in changes for transition in change.transitions]

    @property
    def states(self) -> dict[str, State]:
        """The state of each report, by its labels without the name."""
        return {
            ",".join(f"{key}={text}" for key, text in sorted(report.labels.items()) if key != "alertname"): (
                report.instance.state
            )
            for report in self.known.values()
        }

    @property
    def only(self) -> Report:
        """The one report that there is."""
        (report,) = self.known.values()
        return report
