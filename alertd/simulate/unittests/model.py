"""A unit test of rules as its file says it: what is fed in, and what must come of it. Durations are milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from alertd.routing.patterns import LabelPattern


@dataclass(frozen=True)
class Wanted:
    """What the text of a label or an annotation must be: `text` itself, contain it, or match it as a whole."""

    text: str
    how: Literal["is", "contains", "matches"] = "is"
    pattern: LabelPattern | None = None

    def accepts(self, found: str | None) -> bool:
        """Whether `found` is right; None is a name that is not there."""
        if found is None:
            return False
        if self.pattern is not None:
            return self.pattern.matches(found)
        return self.text in found if self.how == "contains" else self.text == found


Texts = Mapping[str, Wanted]


@dataclass(frozen=True)
class ExpectedAlert:
    """One alert that must be there. The name of the alert is among the labels."""

    labels: Texts
    annotations: Texts
    line: int = 0


@dataclass(frozen=True)
class AlertTest:
    """An item of `alert_rule_test`: the alerts called `alertname` at `at` after the start.

    `pending` None leaves the pending ones unasked. `partial`: only what is named of an alert is compared.
    """

    alertname: str
    at: int
    firing: tuple[ExpectedAlert, ...]
    pending: tuple[ExpectedAlert, ...] | None
    partial: bool
    line: int


@dataclass(frozen=True)
class ExpectedSample:
    """One element that an expression must have; `labels` and `histogram` are texts in the notation of series."""

    labels: str
    value: float
    histogram: str
    line: int


@dataclass(frozen=True)
class ExprTest:
    """An item of `promql_expr_test`: what `expr` gives at `at` after the start."""

    expr: str
    at: int
    samples: tuple[ExpectedSample, ...]
    line: int


@dataclass(frozen=True)
class InputSeries:
    """One series to feed in: its name and labels, and its values, as texts."""

    series: str
    values: str
    line: int


@dataclass(frozen=True)
class RuleTest:
    """One element of `tests`. `number` counts from 0; `interval` lies between the values of a series."""

    name: str
    number: int
    interval: int
    start: int
    series: tuple[InputSeries, ...]
    alert_tests: tuple[AlertTest, ...]
    expr_tests: tuple[ExprTest, ...]
    external_labels: Mapping[str, str] = field(default_factory=dict)
    external_url: str = ""
    line: int = 0

    @property
    def duration(self) -> int:
        """How long after the start the last question is asked."""
        alerts = (asked.at for asked in self.alert_tests)
        return max((*alerts, *(asked.at for asked in self.expr_tests)), default=0)

    @property
    def title(self) -> str:
        """The name, or the place among the tests of the file for one without."""
        return self.name or f"unnamed#{self.number}"


@dataclass(frozen=True)
class RuleTestFile:
    """One file of unit tests. `rule_files` are patterns of paths, seen from the file's folder."""

    path: str
    rule_files: tuple[str, ...]
    interval: int
    group_order: tuple[str, ...]
    fuzzy: bool
    tests: tuple[RuleTest, ...]
