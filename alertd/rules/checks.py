"""Checks that need more than one file: names of other rules, receivers and sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from difflib import get_close_matches

from alertd.errors import Problem
from alertd.rules.models import AlertRule, Place, RecordingRule, Rule, RuleFile, RuleGroup, SourceKind

_NO_REMOTE_WRITE = (
    "recording over a Prometheus needs a place that takes the series; "
    "give the source a remote_write, or leave the recording rule to that Prometheus"
)


def check_rules(
    files: Iterable[RuleFile],
    receivers: AbstractSet[str],
    sources: Mapping[str, SourceKind],
    default_source: str | None = None,
    written: AbstractSet[str] = frozenset(),
) -> list[Problem]:
    """Everything that is wrong between the rules of all files and the configuration, in the order of the files.

    Unknown receivers, sources and alerts in `depends_on`, circles of dependencies, recording rules over a
    Prometheus that nothing is `written` to, and what goes with queries over HTTP where there are none. Rules and
    groups without a source ask `default_source`.
    """
    loaded = tuple(files)
    recordable = written | {name for name, kind in sources.items() if kind is not SourceKind.PROMETHEUS}
    alerts = {rule.name for file in loaded for rule in file.rules if isinstance(rule, AlertRule)}
    circles = _circles(loaded)
    problems: list[Problem] = []
    for file in loaded:
        for group in file.groups:
            problems.extend(_Group(group, receivers, sources, alerts, circles, default_source, recordable).problems())
    return problems


class _Group:
    """Checks one group."""

    def __init__(
        self,
        group: RuleGroup,
        receivers: AbstractSet[str],
        sources: Mapping[str, SourceKind],
        alerts: AbstractSet[str],
        circles: Mapping[str, tuple[str, ...]],
        default_source: str | None,
        recordable: AbstractSet[str],
    ) -> None:
        self._group = group
        self._receivers = receivers
        self._sources = sources
        self._alerts = alerts
        self._circles = circles
        self._default_source = default_source
        self._recordable = recordable

    def problems(self) -> Iterator[Problem]:
        group = self._group
        if group.source is not None and group.source not in self._sources:
            yield self._problem(group, "source", unknown("source", group.source, self._sources))
        yield from self._over_http(group)
        for rule in group.rules:
            if isinstance(rule, AlertRule):
                yield from self._alert(rule)
            elif (name := group.source or self._default_source or "") in self._sources and name not in self._recordable:
                yield self._problem(rule, "record", _NO_REMOTE_WRITE)

    def _over_http(self, group: RuleGroup) -> Iterator[Problem]:
        """`params` and `headers` of a group that asks nothing over HTTP."""
        kinds = {self._sources.get(group.source_of(rule) or self._default_source or "") for rule in group.rules}
        if SourceKind.PROMETHEUS not in kinds:
            for key in ("params", "headers"):
                if key in group.places:
                    sentence = (
                        f"`{key}` goes with queries over HTTP, and no rule of the group asks a Prometheus; remove it"
                    )
                    yield self._problem(group, key, sentence)

    def _alert(self, rule: AlertRule) -> Iterator[Problem]:
        if rule.source is not None and rule.source not in self._sources:
            yield self._problem(rule, "source", unknown("source", rule.source, self._sources))
        for number, name in enumerate(rule.receivers):
            if name not in self._receivers:
                yield self._problem(rule, f"receivers.{number}", unknown("receiver", name, self._receivers))
        for number, name in enumerate(rule.depends_on):
            if name not in self._alerts:
                yield self._problem(rule, f"depends_on.{number}", unknown("alert", name, self._alerts))
            elif name in (circle := self._circles.get(rule.name, ())):
                way = " → ".join(circle)
                sentence = f"these alerts depend on each other in a circle: {way}; remove one of the dependencies"
                yield self._problem(rule, f"depends_on.{number}", sentence)

    def _problem(self, of: Rule | RuleGroup, key: str, message: str) -> Problem:
        line, column, field = of.places.get(key) or Place(of.line, 1, key)
        return Problem(self._group.file, line, column, field, message)


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """The sentence for a name that nothing has, with the one that was probably meant."""
    names = sorted(known)
    close = get_close_matches(name, names, 1)
    if close:
        return f"there is no {what} {name!r}; did you mean {close[0]!r}?"
    return f"there is no {what} {name!r}; there are {', '.join(names)}" if names else f"there is no {what} {name!r}"


def _circles(files: Iterable[RuleFile]) -> dict[str, tuple[str, ...]]:
    """For each alert that depends on itself by some way: one shortest such way, from its name to its name."""
    edges: dict[str, list[str]] = {}
    for file in files:
        for rule in file.rules:
            if not isinstance(rule, RecordingRule):
                edges.setdefault(rule.name, []).extend(rule.depends_on)
    circles: dict[str, tuple[str, ...]] = {}
    for name in edges:
        way = _way_back(name, edges)
        if way:
            circles[name] = way
    return circles


def _way_back(start: str, edges: Mapping[str, list[str]]) -> tuple[str, ...]:
    reached = {start}
    ways: list[tuple[str, ...]] = [(start,)]
    # The list grows while it is walked: a search in breadth, so that the way found is a shortest one.
    for way in ways:
        for following in edges.get(way[-1], ()):
            if following == start:
                return (*way, start)
            if following not in reached:
                reached.add(following)
                ways.append((*way, following))
    return ()
