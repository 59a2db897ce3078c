"""Checks of what alertd adds to rules: levels, cooldowns, missing data."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from alertd.promql import format_duration, selectors
from alertd.rules.lint.ranges import Range, range_of
from alertd.rules.lint.subject import Finding, Subject
from alertd.rules.models import AlertRule, Level, OnNoData


def check_levels(subject: Subject, longest_repeat: int | None) -> Iterator[Finding]:
    """`longest_repeat` is the longest `repeat_interval` of the routes, None where it is not known."""
    alert = subject.alert
    if alert is None:
        return
    possible = range_of(alert.parsed)
    for level in alert.levels:
        if level.severity is not None:
            yield from _bounds(subject, alert, level, level.severity, possible)
    yield from _shadowed(subject, alert)
    if longest_repeat is not None and alert.cooldown > longest_repeat:
        key = "cooldown" if subject.has("cooldown") else "cooldown_minutes"
        message = (
            f"`cooldown` is longer than every `repeat_interval` (at most {format_duration(longest_repeat)}), and so"
        )
        yield subject.at("cooldown-over-repeat", (key,), f"{message} decides alone how often the alert is repeated")
    if alert.on_no_data is not OnNoData.OK:
        yield from _states(subject, alert)


def _bounds(subject: Subject, alert: AlertRule, level: Level, severity: str, possible: Range) -> Iterator[Finding]:
    what = f"`{subject.part(alert.parsed)}`"
    keys = ("levels", severity)
    above, below = level.above, level.below
    reached = above is not None and not possible.that(">", above).empty
    reached = reached or (below is not None and not possible.that("<", below).empty)
    if not reached and (above is not None or below is not None):
        bound = f"above {above:g}" if above is not None else f"below {below:g}"
        yield subject.at("level-never-fires", keys, f"{what} is never {bound}")
    if level.clear_below is not None and possible.low > -inf and possible.that("<", level.clear_below).empty:
        message = f"{what} is never below {level.clear_below:g}, so that the level ends with its series only"
        yield subject.at("level-never-clears", (*keys, "clear_below"), message)
    if level.clear_above is not None and possible.high < inf and possible.that(">", level.clear_above).empty:
        message = f"{what} is never above {level.clear_above:g}, so that the level ends with its series only"
        yield subject.at("level-never-clears", (*keys, "clear_above"), message)


def _shadowed(subject: Subject, alert: AlertRule) -> Iterator[Finding]:
    """Levels that never are the worst that fires: a worse one is breached by the same values, and as early."""
    for place, level in enumerate(alert.levels):
        for worse in alert.levels[place + 1 :]:
            if worse.for_ <= level.for_ and _covers(worse, level) and level.severity is not None:
                message = f"whatever breaches this level breaches `{worse.severity}` as early, so that it never shows"
                yield subject.at("level-shadowed", ("levels", level.severity), message)
                break


def _covers(worse: Level, level: Level) -> bool:
    """Whether every value that breaches `level` breaches `worse`."""
    if worse.above is None and worse.below is None:
        return True
    if level.above is None and level.below is None:
        return False
    above = level.above is None or (worse.above is not None and worse.above <= level.above)
    below = level.below is None or (worse.below is not None and worse.below >= level.below)
    return above and below


def _states(subject: Subject, alert: AlertRule) -> Iterator[Finding]:
    for selector in selectors(alert.parsed):
        if any(matcher.name == "state" and matcher.op == "=" for matcher in selector.matchers):
            message = (
                f"a state that changes ends its series, which `on_no_data: {alert.on_no_data}` takes for missing data,"
                " so that the alert never resolves; leave `on_no_data` out"
            )
            yield subject.at("no-data-of-state", ("on_no_data",), message)
            return
