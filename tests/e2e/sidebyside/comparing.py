"""Compares what the two sides told: content, order and time, message by message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from tests.e2e.sidebyside.playing import Told
from tests.e2e.sidebyside.table import Scenario

#: Two messages that arrive within this time, in seconds, arrive at the same time.
TOLERANCE = 0.3
#: Keys that Alertmanager's newer versions have, which the one beside us does not.
NEWER_KEYS = frozenset({"notification_reason", "routeLabels"})

_OWN_CLOCK = re.compile(r"\.\d{4,}Z$")
_UNTIMED = "~"


def disagreements(scenario: Scenario, theirs: Sequence[Told], ours: Sequence[Told]) -> list[str]:
    """How the two sides differ in what they told; nothing for two that agree."""
    expected, said = _by_group(theirs), _by_group(ours)
    problems = [f"only {side} told {key}" for side, key in _lonely(expected.keys(), said.keys())]
    for key in expected.keys() & said.keys():
        problems += [f"{key}: {problem}" for problem in _compare(scenario, expected[key], said[key])]
    if not theirs and not ours and not scenario.silent:
        problems.append("neither side told anything")
    return problems


def misses(scenario: Scenario, expected: Iterable[str], told: Sequence[Told]) -> list[str]:
    """How what a side told differs from the lines that the table has for it."""
    wanted = [] if scenario.silent else list(expected)
    lines = summary(scenario, told)
    if len(lines) != len(wanted) or not all(map(_is_line, wanted, lines)):
        return [f"expected {wanted}", f"told     {lines}"]
    return []


def summary(scenario: Scenario, told: Iterable[Told]) -> list[str]:
    """A line for each message: when, where to, and the alerts that it holds."""
    return [_line(scenario, item) for item in sorted(_taken(told), key=lambda item: (item.path, item.at))]


def _compare(scenario: Scenario, theirs: list[Told], ours: list[Told]) -> Iterator[str]:
    if len(theirs) != len(ours):
        yield f"{len(theirs)} messages became {len(ours)}: {summary(scenario, theirs)} {summary(scenario, ours)}"
        return
    for number, (their, our) in enumerate(zip(theirs, ours, strict=True)):
        if abs(their.at - our.at) > TOLERANCE:
            yield f"message {number} comes at {our.at:.2f} instead of {their.at:.2f}"
        if not our.body.keys() >= NEWER_KEYS:
            yield f"message {number} lacks one of {sorted(NEWER_KEYS)}"
        our_body = {key: value for key, value in our.body.items() if key not in NEWER_KEYS}
        yield from (f"message {number}: {problem}" for problem in differing(their.body, our_body))


def differing(theirs: Any, ours: Any, place: str = "body") -> Iterator[str]:
    """The places at which two bodies differ. Instants that a side took from its own clock may be a little apart."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted(theirs.keys() | ours.keys()):
            yield from differing(theirs.get(key), ours.get(key), f"{place}.{key}")
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for index, (their, our) in enumerate(zip(theirs, ours, strict=True)):
            yield from differing(their, our, f"{place}[{index}]")
    elif theirs != ours and not _same_moment(theirs, ours):
        yield f"{place} is {ours!r} instead of {theirs!r}"


def _same_moment(theirs: Any, ours: Any) -> bool:
    """Whether both are the instant at which something arrived; those have more digits than what was said."""
    if not isinstance(theirs, str) or not isinstance(ours, str) or not _OWN_CLOCK.search(theirs):
        return False
    apart = datetime.fromisoformat(theirs) - datetime.fromisoformat(ours)
    return abs(apart.total_seconds()) <= TOLERANCE


def _by_group(told: Iterable[Told]) -> dict[str, list[Told]]:
    groups: dict[str, list[Told]] = {}
    for item in _taken(told):
        groups.setdefault(f"{item.path} {item.body['groupKey']}", []).append(item)
    return groups


def _lonely(theirs: Iterable[str], ours: Iterable[str]) -> Iterator[tuple[str, str]]:
    expected, said = set(theirs), set(ours)
    yield from (("Alertmanager", key) for key in sorted(expected - said))
    yield from (("alertd", key) for key in sorted(said - expected))


def _taken(told: Iterable[Told]) -> list[Told]:
    return [item for item in told if item.taken]


def _line(scenario: Scenario, told: Told) -> str:
    names = [_name(alert) for alert in told.body["alerts"]]
    if scenario.show == "starts":
        starts = [datetime.fromisoformat(alert["startsAt"]).timestamp() - told.began for alert in told.body["alerts"]]
        names = [f"{name} since {start:.1f}" for name, start in zip(names, starts, strict=True)]
    shown = f" {told.body['groupKey']}" if scenario.show == "groupKey" else ""
    return f"{told.at:.1f} {told.path} {told.body['status']}: {', '.join(names)}{shown}"


def _name(alert: Any) -> str:
    values = [alert["labels"]["alertname"]]
    values += [value for name, value in sorted(alert["labels"].items()) if name not in {"alertname", "scenario"}]
    return "/".join(values) + (" resolved" if alert["status"] == "resolved" else "")


def _is_line(wanted: str, line: str) -> bool:
    wanted_at, _, wanted_text = wanted.partition(" ")
    at, _, text = line.partition(" ")
    return wanted_text == text and (wanted_at == _UNTIMED or abs(float(at) - float(wanted_at)) <= TOLERANCE)
