"""Routes, inhibition rules and time intervals as they are written; `alertd.config.routes` makes values of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from alertd.config.types import (
    Complaint,
    Duration,
    Flag,
    NewLabels,
    NewName,
    Section,
    Text,
    positive,
    required,
    to_text,
)
from alertd.routing.matchers import Grammar, MatcherError, Operator, parse_matchers
from alertd.routing.patterns import LabelPattern, PatternError
from alertd.routing.time_intervals import (
    TimeIntervalError,
    parse_days_of_month,
    parse_location,
    parse_months,
    parse_times,
    parse_weekdays,
    parse_years,
)

ALL_LABELS = "..."
_MIXED = "cannot have wildcard group_by (`...`) and other labels at the same time; keep '...' alone or remove it"


def _check_matchers(text: str, info: ValidationInfo) -> str:
    grammar: Grammar = (info.context or {}).get("grammar", Grammar.FALLBACK)
    try:
        parse_matchers(text, grammar)
    except MatcherError as error:
        example = 'severity="critical"'
        operators = " ".join(Operator)
        raise ValueError(f"{error}; write a label, one of {operators}, and a value, as in {example}") from error
    return text


def _check_pattern(text: str) -> str:
    try:
        LabelPattern(text)
    except PatternError as error:
        raise ValueError(f"error parsing regexp: {error}; mend it, or write it as a plain match") from error
    return text


def _checked_by(parse: Callable[[str], object]) -> AfterValidator:
    def check(text: str) -> str:
        parse(text)
        return text

    return AfterValidator(check)


Matcher = Annotated[Text, AfterValidator(_check_matchers)]
Pattern = Annotated[Text, AfterValidator(_check_pattern)]


class RouteConfig(Section):
    """A node of the tree. What is not given comes from the parent, but for conditions, times and `continue`."""

    receiver: Text | None = Field(
        None, description="The receiver of alerts that no child takes; the root must have one."
    )
    group_by: tuple[NewName, ...] | None = Field(
        None, description="The labels whose values make a group; `['...']` alone is every label, `[]` is one group."
    )
    group_wait: Duration | None = Field(None, description="How long a new group waits for more; root: 30s.")
    group_interval: Annotated[Duration, positive("group_interval")] | None = Field(
        None, description="How often a group tells of changes; root: 5m."
    )
    repeat_interval: Annotated[Duration, positive("repeat_interval")] | None = Field(
        None, description="After how long a group without changes is told again; root: 4h."
    )
    matchers: tuple[Matcher, ...] = Field((), description='Conditions on labels, as `severity=~"warning|critical"`.')
    match: NewLabels = Field({}, description="Labels and their values; the older form of `matchers`.")
    match_re: dict[NewName, Pattern] = Field({}, description="Labels and patterns; the older form of `matchers`.")
    mute_time_intervals: tuple[Text, ...] = Field((), description="The time intervals in which the route is silent.")
    active_time_intervals: tuple[Text, ...] = Field((), description="The only time intervals in which it is not.")
    continue_: Flag = Field(False, alias="continue", description="Whether later siblings are asked as well.")
    labels: NewLabels = Field({}, description="Labels of the route, for templates; added to the parent's. Templates.")
    routes: tuple[RouteConfig, ...] = Field((), description="The children, asked in order.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        names = written.get("group_by")
        if not isinstance(names, list):
            return
        labels = [name for name in map(to_text, names) if isinstance(name, str) and name != ALL_LABELS]
        for name in dict.fromkeys(name for name in labels if labels.count(name) > 1):
            yield "group_by", f'duplicated label "{name}" in group_by; keep one of them'
        if labels and ALL_LABELS in names:
            yield "group_by", _MIXED


class InhibitRuleConfig(Section):
    """Alerts that the targets match are held back while an alert fires that the sources match."""

    name: Text = Field("", description="A name for people.")
    source_matchers: tuple[Matcher, ...] = Field((), description="Conditions on the alert that explains others.")
    source_match: NewLabels = Field({}, description="The older form of `source_matchers`.")
    source_match_re: dict[NewName, Pattern] = Field({}, description="The older form of `source_matchers`.")
    target_matchers: tuple[Matcher, ...] = Field((), description="Conditions on the alerts that are held back.")
    target_match: NewLabels = Field({}, description="The older form of `target_matchers`.")
    target_match_re: dict[NewName, Pattern] = Field({}, description="The older form of `target_matchers`.")
    equal: tuple[NewName, ...] = Field((), description="The labels whose values both must share.")


class TimesConfig(Section):
    """A range of the day; the end is excluded."""

    start_time: Text = required("`HH:MM`.")
    end_time: Text = required("`HH:MM`, up to `24:00`.")

    @classmethod
    def complaints(cls, written: Mapping[str, object]) -> Iterator[Complaint]:
        start, end = to_text(written.get("start_time")), to_text(written.get("end_time"))
        if not start or not end:
            yield "", "both start and end times must be provided; write them as HH:MM"
        elif isinstance(start, str) and isinstance(end, str):
            try:
                parse_times(start, end)
            except TimeIntervalError as error:
                yield "end_time" if f" {end}, invalid" in str(error) else "start_time", str(error)


class PeriodConfig(Section):
    """All keys that are given must hold; of a list one entry must."""

    times: tuple[TimesConfig, ...] | None = Field(None, description="Ranges of the day.")
    weekdays: tuple[Annotated[Text, _checked_by(parse_weekdays)], ...] | None = Field(
        None, description="Days of the week, as `saturday` or `monday:friday`."
    )
    days_of_month: tuple[Annotated[Text, _checked_by(parse_days_of_month)], ...] | None = Field(
        None, description="Days, as `1`, `1:7` or `-1` for the last one."
    )
    months: tuple[Annotated[Text, _checked_by(parse_months)], ...] | None = Field(
        None, description="Months, as `december`, `12` or `1:3`."
    )
    years: tuple[Annotated[Text, _checked_by(parse_years)], ...] | None = Field(
        None, description="Years, as `2026` or `2026:2028`."
    )
    location: Annotated[Text, _checked_by(parse_location)] = Field(
        "UTC", description="The time zone, as `Europe/Berlin`; `Local` is the machine's."
    )


class TimeIntervalConfig(Section):
    """A name for a set of times."""

    name: Text = required("The name that routes use.")
    time_intervals: tuple[PeriodConfig, ...] = Field((), description="The periods; the interval is any of them.")
