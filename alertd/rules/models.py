"""Rules as values: what a rule file says once it is read. Durations are milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from alertd.promql import Expr


class OnNoData(StrEnum):
    """What a rule does when its series are gone: the alert ends, stays as it was, or is an alert of its own."""

    OK = "ok"
    KEEP_LAST = "keep_last"
    ALERT = "alert"


class OnError(StrEnum):
    """What a rule does when its source gives no answer: the alerts stay, end, or the failure is an alert."""

    KEEP_LAST = "keep_last"
    OK = "ok"
    ALERT = "alert"


class TemplateLanguage(StrEnum):
    """The language of a rule's labels and annotations."""

    GO = "go"
    JINJA2 = "jinja2"


class SourceKind(StrEnum):
    """What kind of source a name in `source` stands for."""

    PROMETHEUS = "prometheus"
    SNAPSHOTS = "snapshots"


class Place(NamedTuple):
    """Where a value stands in its file: line and column from 1, and its dotted path."""

    line: int
    column: int
    field: str


@dataclass(frozen=True)
class Level:
    """One severity of a rule and when it holds.

    Breached while a sample is above `above` or below `below`; with no bound, while there is a sample. `for_` is how
    long that must last before the alert fires. A firing level with `above` and `clear_below` holds until the value is
    below `clear_below`; one with `below` and `clear_above` until it is above `clear_above`.
    """

    severity: str | None = None
    above: float | None = None
    below: float | None = None
    clear_above: float | None = None
    clear_below: float | None = None
    for_: int = 0


@dataclass(frozen=True)
class AlertRule:
    """A rule that raises alerts. `expr` is the text as written, `parsed` its meaning; `line` is where it stands.

    `levels` is never empty and ordered from the least to the worst severity; a rule of Prometheus' kind has one level
    without severity and bounds. `receivers` are told past the route tree; `depends_on` names alerts that explain it.
    `labels` do not have the group's: `RuleGroup.labels_of` merges them. `places` has the places of the names that lead
    out of the file, by their key as `depends_on.0`. `debug` has every evaluation logged.
    """

    id: str
    name: str
    expr: str
    parsed: Expr
    levels: tuple[Level, ...]
    for_: int = 0
    keep_firing_for: int = 0
    cooldown: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    receivers: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    on_no_data: OnNoData = OnNoData.OK
    on_error: OnError = OnError.KEEP_LAST
    source: str | None = None
    template_language: TemplateLanguage | None = None
    debug: bool = False
    line: int = 0
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class RecordingRule:
    """A rule that stores the value of `expr` as the series `record`, with `labels` set on each sample.

    `debug` has every evaluation logged.
    """

    id: str
    record: str
    expr: str
    parsed: Expr
    labels: Mapping[str, str] = field(default_factory=dict)
    debug: bool = False
    line: int = 0
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        return self.record


Rule = AlertRule | RecordingRule


@dataclass(frozen=True)
class RuleGroup:
    """Rules that are evaluated one after the other at the same instants.

    `interval`, `query_offset` and `source` are None where the configuration's default holds; `limit` 0 is none.
    `concurrency` rules are evaluated at the same time, in no order. `eval_offset` is the place of the evaluations
    within the interval (None: one that follows from the group's name). `aligned` asks as of a multiple of the
    interval. `params` and `headers` go with every query over HTTP; `debug` has every evaluation logged.
    """

    name: str
    file: str
    rules: tuple[Rule, ...]
    interval: int | None = None
    query_offset: int | None = None
    limit: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None
    concurrency: int = 1
    eval_offset: int | None = None
    aligned: bool = False
    params: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    debug: bool = False
    line: int = 0
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    @property
    def key(self) -> str:
        """The group's identity, as Prometheus forms it."""
        return f"{self.file};{self.name}"

    def labels_of(self, rule: Rule) -> dict[str, str]:
        """The rule's labels over the group's."""
        return {**self.labels, **rule.labels}

    def source_of(self, rule: Rule) -> str | None:
        """The source that the rule asks: its own, else the group's; None for the default one."""
        return (rule.source if isinstance(rule, AlertRule) else None) or self.source


@dataclass(frozen=True)
class RuleFile:
    """One file of rules; `path` is the path as the configuration's globs gave it."""

    path: str
    groups: tuple[RuleGroup, ...]

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(rule for group in self.groups for rule in group.rules)
