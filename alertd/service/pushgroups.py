"""Pushes to groups of metrics, as a Pushgateway takes them: each replaces what its group said, or a part of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from alertd.errors import AlertdError
from alertd.promql import METRIC_NAME, format_histogram, parse_histogram
from alertd.sources.descriptions import TYPES, Description
from alertd.sources.exposition.families import Exposed, Family
from alertd.sources.remotewrite.histograms import problem_of
from alertd.sources.series import SeriesLimits, labels_problem, shown
from alertd.sources.timelines import Said, Series
from alertd.store import pushgroups
from alertd.store import snapshots as snapshot_rows
from alertd.store.pushgroups import PushGroup, StoredFamily
from alertd.store.snapshots import Kind, Sample
from alertd.store.statements import in_turn

PUSH_TIME = "push_time_seconds"
FAILURE_TIME = "push_failure_time_seconds"

# Every group says these two of itself.
_TIMES = (PUSH_TIME, FAILURE_TIME)
_INCONSISTENT = "pushed metrics are invalid or inconsistent with existing metrics: "


class InconsistentPush(AlertdError):
    """Metrics that contradict themselves or others; nothing of them was taken."""

    def __init__(self, reason: str) -> None:
        super().__init__(_INCONSISTENT + reason)


def families_of(
    families: Iterable[Family], group: Mapping[str, str], limits: SeriesLimits = SeriesLimits()
) -> dict[str, StoredFamily]:
    """Pushed metrics as they are kept: each sample with the labels of its group, which go before its own.

    Raises `InconsistentPush` for samples with a time of their own, labels beyond the limits, series that are there
    twice, and histograms that cannot be.
    """
    kept: dict[str, StoredFamily] = {}
    seen: set[Series] = set()
    for family in families:
        if family.name in _TIMES:
            continue
        values: list[tuple[dict[str, str], str]] = []
        for sample in family.samples:
            if sample.at is not None:
                raise InconsistentPush(f"pushed metrics must not have timestamps, found one at {shown(sample.labels)}")
            labels = {name: value for name, value in {**sample.labels, **group}.items() if value}
            problem = labels_problem(labels, limits)
            if problem is not None:
                raise InconsistentPush(problem)
            key = frozenset(labels.items())
            if key in seen:
                raise InconsistentPush(f"the series {shown(labels)} is there twice")
            seen.add(key)
            values.append((labels, _written(sample)))
        kept[family.name] = StoredFamily(family.type, family.help, family.unit, values)
    return kept


def _written(sample: Exposed) -> str:
    if sample.histogram is None:
        return repr(sample.value)
    problem = problem_of(sample.histogram)
    if problem is not None:
        raise InconsistentPush(f"{problem}, at {shown(sample.labels)}")
    return format_histogram(sample.histogram)


def said(samples: Iterable[tuple[dict[str, str], float | str]]) -> list[Said]:
    """Samples as they are kept, as the source takes them."""
    return [(labels, parse_histogram(value) if isinstance(value, str) else value) for labels, value in samples]


def series_of(families: Mapping[str, StoredFamily]) -> frozenset[Series]:
    """Which series the metrics have."""
    return frozenset(frozenset(labels.items()) for family in families.values() for labels, _ in family.values)


def check_others(
    group: Mapping[str, str],
    own: frozenset[Series],
    others: Iterable[tuple[Series, frozenset[Series]]],
    *,
    most: int,
    besides: int,
) -> None:
    """Raises `InconsistentPush` where another group has a series of this one, or there are more than `most` series.

    The source has `besides` series that are no group's.
    """
    key = frozenset(group.items())
    number = len(own) + len(_TIMES) + besides
    for labels, series in others:
        if labels == key:
            continue
        number += len(series)
        # Two groups share a series only where their labels agree.
        if all(group.get(name, value) == value for name, value in labels) and series & own:
            twice = dict(min(series & own, key=sorted))
            raise InconsistentPush(f"the series {shown(twice)} is in the group {shown(dict(labels))} already")
    if number > most:
        raise InconsistentPush(f"a source may have {most} series, with these there would be {number}")


def push(
    connection: Connection,
    organisation: str,
    source: str,
    labels: Mapping[str, str],
    families: Mapping[str, StoredFamily],
    now: int,
    *,
    replace_all: bool,
) -> int:
    """Let a group say something new: instead of all that it said, or of the metrics of the same names; the push's id.

    Raises `InconsistentPush` where another group has a metric with another type.
    """
    in_turn(connection, f"snapshots {organisation} {source}")
    elsewhere = pushgroups.types_elsewhere(connection, organisation, source, labels)
    for name, family in families.items():
        other = elsewhere.get(name, family.type)
        if other != family.type:
            raise InconsistentPush(f"the metric {name!r} is a {family.type} here and a {other} in another group")
    known = pushgroups.get(connection, organisation, source, labels)
    before = {} if known is None or replace_all else known.families
    group = PushGroup(
        labels=labels,
        at=_instant(known, now),
        pushed_at=now,
        failed_at=None if known is None else known.failed_at,
        families={**before, **families},
    )
    return _write(connection, organisation, source, group, now)


def fail(connection: Connection, organisation: str, source: str, labels: Mapping[str, str], now: int) -> int:
    """Note that a push to a group was refused; the id of what is written."""
    in_turn(connection, f"snapshots {organisation} {source}")
    known = pushgroups.get(connection, organisation, source, labels)
    group = replace(known or PushGroup(labels, now), at=_instant(known, now), failed_at=now)
    return _write(connection, organisation, source, group, now)


def remove(connection: Connection, organisation: str, source: str, labels: Mapping[str, str], now: int) -> bool:
    """Delete a group; whether there was one."""
    in_turn(connection, f"snapshots {organisation} {source}")
    known = pushgroups.get(connection, organisation, source, labels)
    if known is None:
        return False
    pushgroups.remove(connection, organisation, source, labels)
    at = _instant(known, now)
    snapshot_rows.add(
        connection, organisation, source, at=at, received_at=now, labels=labels, samples=(), kind=Kind.GROUP
    )
    return True


def samples_of(group: PushGroup) -> list[Sample]:
    """All that a group says, with when it was pushed to."""
    labels = {name: value for name, value in group.labels.items() if value}
    return [*_pushed(group.families), *_pushed_at(group, labels)]


def descriptions_of(group: PushGroup) -> Iterator[Description]:
    """What a group says of its metrics, the two of its own included."""
    for name, family in group.families.items():
        kind = family.type if family.type in TYPES else TYPES[0]
        yield Description(name, kind, family.help, family.unit)
    yield Description(PUSH_TIME, "gauge", "When a push to the group succeeded last, in seconds since 1970.")
    yield Description(FAILURE_TIME, "gauge", "When a push to the group was refused last, in seconds since 1970.")


def _pushed(families: Mapping[str, StoredFamily]) -> Iterator[Sample]:
    for family in families.values():
        yield from family.samples


def _pushed_at(group: PushGroup, labels: Mapping[str, str]) -> Sequence[Sample]:
    """Seconds since 1970, 0 for what never happened."""
    return [
        ({METRIC_NAME: PUSH_TIME, **labels}, (group.pushed_at or 0) / 1000),
        ({METRIC_NAME: FAILURE_TIME, **labels}, (group.failed_at or 0) / 1000),
    ]


def _instant(known: PushGroup | None, now: int) -> int:
    """Later than what the group said before: of two pushes within a millisecond the second counts."""
    return now if known is None else max(now, known.at + 1)


def _write(connection: Connection, organisation: str, source: str, group: PushGroup, now: int) -> int:
    pushgroups.put(connection, organisation, source, group)
    return snapshot_rows.add(
        connection,
        organisation,
        source,
        at=group.at,
        received_at=now,
        labels=group.labels,
        samples=samples_of(group),
        kind=Kind.GROUP,
    )
