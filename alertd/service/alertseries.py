"""ALERTS and ALERTS_FOR_STATE, as Prometheus writes them, made of the spans in the database when somebody asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from alertd.alerts.alert import ReportChange
from alertd.alerts.spans import Span, follow
from alertd.promql import METRIC_NAME, STALE_NAN, Expr, Matcher, Series, selectors
from alertd.service.runtime import ReadyGroup, Runtime
from alertd.service.schedule import Slots
from alertd.store import evaluations, spans
from alertd.store.database import Database

ALERTS: Final = "ALERTS"
ALERTS_FOR_STATE: Final = "ALERTS_FOR_STATE"
STATE_LABEL: Final = "alertstate"

Spans = Callable[[int, int], Sequence[Span]]
_Samples = dict[frozenset[tuple[str, str]], dict[int, float]]


class AlertSeries:
    """A storage of the two series: a sample at each evaluation of a span, and a stale marker where it ends.

    `read` gives the spans of a time; `groups` are the rule groups by the ids of their rules, and `evaluated` says when
    each was evaluated last, by its key.
    """

    def __init__(self, read: Spans, groups: Mapping[str, ReadyGroup], evaluated: Mapping[str, int]) -> None:
        self._read = read
        self._groups = groups
        self._evaluated = evaluated

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterable[Series]:
        """The matching series with their samples in `(start, end]`."""
        names = names_of(matchers)
        found: _Samples = {}
        for span in self._read(start, end) if names else ():
            times = self._times(span, start, end)
            for name in names:
                labels, value = _series(span, name)
                if all(matcher.matches(labels.get(matcher.name, "")) for matcher in matchers):
                    _add(found.setdefault(frozenset(labels.items()), {}), times, value, span.ended_at, end)
        for key, samples in found.items():
            times = sorted(samples)
            if times:
                yield Series(dict(key), times, [samples[time] for time in times])

    def label_sets(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterable[Mapping[str, str]]:
        """The labels of the series that `select` would give, without their samples."""
        names = names_of(matchers)
        for span in self._read(start, end) if names else ():
            for name in names:
                labels, _ = _series(span, name)
                if all(matcher.matches(labels.get(matcher.name, "")) for matcher in matchers):
                    yield labels

    def _times(self, span: Span, start: int, end: int) -> list[int]:
        """The evaluations of a span in `(start, end]`; its start is one, whatever the group's grid is now."""
        group = self._groups.get(span.producer)
        last = span.started_at if group is None else self._evaluated.get(group.key, span.started_at)
        last = min(end, last if span.ended_at is None else span.ended_at - 1)
        slots = group.slots if group is not None else _EVERY_MINUTE
        first = slots.after(max(span.started_at, start))
        times = list(range(first, last + 1, slots.interval))
        return [span.started_at, *times] if start < span.started_at <= end else times


_EVERY_MINUTE = Slots(60_000, 0)


def names_of(matchers: Iterable[Matcher]) -> list[str]:
    """Which of the two names the matchers allow."""
    wanted = [matcher for matcher in matchers if matcher.name == METRIC_NAME]
    return [name for name in (ALERTS, ALERTS_FOR_STATE) if all(matcher.matches(name) for matcher in wanted)]


def asks_for_alerts(expr: Expr) -> bool:
    """Whether an expression can see the two series."""
    return any(names_of(selector.matchers) for selector in selectors(expr))


@dataclass(frozen=True)
class Uncommitted:
    """What the evaluation of the group `key` at `at` has found so far, before it is in the database."""

    key: str
    at: int
    changes: Sequence[ReportChange]


async def alert_series(database: Database, runtime: Runtime, uncommitted: Uncommitted | None = None) -> AlertSeries:
    """The series as the database has them, to be asked from another thread than the event loop's."""
    organisation = runtime.organisation
    evaluated = await database.run(evaluations.last, organisation)
    groups = {ready.rule.id: group for group in runtime.groups for ready in group.rules}
    if uncommitted is not None:
        evaluated[uncommitted.key] = uncommitted.at
    loop = asyncio.get_running_loop()

    def read(start: int, end: int) -> Sequence[Span]:
        known = asyncio.run_coroutine_threadsafe(database.run(spans.read, organisation, start, end), loop).result()
        return known if uncommitted is None else with_changes(known, uncommitted)

    return AlertSeries(read, groups, evaluated)


def with_changes(known: Sequence[Span], uncommitted: Uncommitted) -> list[Span]:
    """The spans as they are when the evaluation is in the database."""
    lasting = [span for span in known if span.ended_at is None]
    ended, begun = follow(lasting, uncommitted.changes, uncommitted.at)
    over = {(span.producer, span.fingerprint) for span in ended}
    kept = [span for span in known if span.ended_at is not None or (span.producer, span.fingerprint) not in over]
    return [*kept, *ended, *begun]


def _series(span: Span, name: str) -> tuple[dict[str, str], float]:
    if name == ALERTS:
        return {**span.labels, METRIC_NAME: name, STATE_LABEL: span.state}, 1.0
    return {**span.labels, METRIC_NAME: name}, float(span.active_at // 1000)


def _add(samples: dict[int, float], times: Iterable[int], value: float, ended_at: int | None, end: int) -> None:
    """Add a span's samples; where one span ends another may begin, and a value goes before a stale marker."""
    samples.update(dict.fromkeys(times, value))
    if ended_at is not None and ended_at <= end:
        samples.setdefault(ended_at, STALE_NAN)
