"""Makes the values that routing works with out of what the file says: routes, inhibition rules, time intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from alertd.clock import HOUR, MINUTE, SECOND
from alertd.config.models import Settings
from alertd.config.routing import ALL_LABELS, InhibitRuleConfig, PeriodConfig, RouteConfig
from alertd.routing.inhibition import InhibitRule
from alertd.routing.matchers import Grammar, Matcher, Operator, parse_matchers
from alertd.routing.time_intervals import (
    Period,
    TimeInterval,
    parse_days_of_month,
    parse_location,
    parse_months,
    parse_times,
    parse_weekdays,
    parse_years,
)
from alertd.routing.tree import Route

_ABOVE_ROOT = Route(receiver="", group_wait=30 * SECOND, group_interval=5 * MINUTE, repeat_interval=4 * HOUR)


def route_of(config: RouteConfig, grammar: Grammar, parent: Route = _ABOVE_ROOT) -> Route:
    """The route with everything filled in that it takes from `parent`; its matchers are read in the `grammar`.

    What is given replaces, also when it is empty or zero; labels are added. Matchers, `continue` and the time
    intervals are the route's own.
    """
    own = Route(
        receiver=config.receiver or parent.receiver,
        matchers=_matchers(grammar, config.matchers, config.match, config.match_re),
        group_by=parent.group_by if config.group_by is None else _group_by(config.group_by),
        group_wait=parent.group_wait if config.group_wait is None else config.group_wait,
        group_interval=parent.group_interval if config.group_interval is None else config.group_interval,
        repeat_interval=parent.repeat_interval if config.repeat_interval is None else config.repeat_interval,
        continue_=config.continue_,
        mute_time_intervals=config.mute_time_intervals,
        active_time_intervals=config.active_time_intervals,
        labels={**parent.labels, **config.labels},
    )
    return replace(own, routes=tuple(route_of(child, grammar, own) for child in config.routes))


def inhibit_rules_of(settings: Settings, grammar: Grammar) -> tuple[InhibitRule, ...]:
    """The rules in the order of the file; an entry without content is a rule that never holds anything back."""
    return tuple(_inhibit_rule(config, grammar) for config in settings.inhibit_rules if config is not None)


def time_intervals_of(settings: Settings) -> Mapping[str, TimeInterval]:
    """The time intervals of both lists by name."""
    return {
        config.name: TimeInterval(config.name, tuple(_period(period) for period in config.time_intervals))
        for config in (*settings.mute_time_intervals, *settings.time_intervals)
    }


def _matchers(
    grammar: Grammar, texts: Iterable[str], match: Mapping[str, str], match_re: Mapping[str, str]
) -> tuple[Matcher, ...]:
    return (
        *(Matcher(name, Operator.EQUAL, value) for name, value in match.items()),
        # Alertmanager prints these patterns with their anchors, also in group keys.
        *(Matcher(name, Operator.REGEX, f"^(?:{value})$") for name, value in match_re.items()),
        *(matcher for text in texts for matcher in parse_matchers(text, grammar)),
    )


def _group_by(names: tuple[str, ...]) -> tuple[str, ...] | None:
    return None if ALL_LABELS in names else names


def _inhibit_rule(config: InhibitRuleConfig, grammar: Grammar) -> InhibitRule:
    return InhibitRule(
        source=_matchers(grammar, config.source_matchers, config.source_match, config.source_match_re),
        target=_matchers(grammar, config.target_matchers, config.target_match, config.target_match_re),
        equal=config.equal,
        name=config.name,
    )


def _period(config: PeriodConfig) -> Period:
    return Period(
        times=None if config.times is None else tuple(parse_times(t.start_time, t.end_time) for t in config.times),
        weekdays=None if config.weekdays is None else tuple(map(parse_weekdays, config.weekdays)),
        days_of_month=None if config.days_of_month is None else tuple(map(parse_days_of_month, config.days_of_month)),
        months=None if config.months is None else tuple(map(parse_months, config.months)),
        years=None if config.years is None else tuple(map(parse_years, config.years)),
        zone=parse_location(config.location),
    )
