"""Gates: the first that refuses is the answer, in one fixed order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alertd.alerts.alert import Acknowledgement, Alert, Policy, Snooze
from alertd.alerts.labels import Labels, fingerprint
from alertd.clock import HOUR, MINUTE, from_rfc3339
from alertd.routing.dependencies import Dependencies
from alertd.routing.gates import OPEN, Gate, Gatekeeper, Verdict
from alertd.routing.inhibition import Inhibitor, InhibitRule
from alertd.routing.matchers import Matcher, Operator
from alertd.routing.silences import Silence, Silencer
from alertd.routing.time_intervals import Period, TimeInterval, parse_times
from alertd.routing.tree import Node, Route, RouteTree

NOW = from_rfc3339("2026-01-31T12:00:00Z")
LABELS = {"alertname": "Slow", "provider": "a"}
PARENT = {"alertname": "ProviderDown", "provider": "a"}

INTERVALS = {
    "noon": TimeInterval("noon", (Period(times=(parse_times("11:00", "13:00"),)),)),
    "night": TimeInterval("night", (Period(times=(parse_times("00:00", "05:00"),)),)),
}


def alert(labels: Labels = LABELS) -> Alert:
    return Alert(
        fingerprint=fingerprint(labels),
        labels=labels,
        annotations={},
        severity="",
        starts_at=NOW,
        ends_at=None,
        episode="e",
        updated_at=NOW,
        policy=Policy(depends_on=("ProviderDown",)),
    )


def node(mute: tuple[str, ...] = (), active: tuple[str, ...] = ()) -> Node:
    return RouteTree(Route(receiver="r", mute_time_intervals=mute, active_time_intervals=active)).root


def equal(**labels: str) -> tuple[Matcher, ...]:
    return tuple(Matcher(name, Operator.EQUAL, value) for name, value in labels.items())


def keeper(*, inhibits: bool = False, depends: bool = False, silences: tuple[str, ...] = ()) -> Gatekeeper:
    inhibitor = Inhibitor([InhibitRule(equal(alertname="ProviderDown"), equal(alertname="Slow"))])
    dependencies = Dependencies()
    if inhibits:
        inhibitor.add("parent", PARENT)
    if depends:
        dependencies.add("parent", PARENT)
    made = [Silence(key, equal(alertname="Slow"), NOW - 1, NOW + HOUR, "ann", "", NOW) for key in silences]
    return Gatekeeper(inhibitor, dependencies, Silencer(made), INTERVALS)


ACKNOWLEDGED = replace(alert(), acknowledgement=Acknowledgement("ann", NOW, NOW + HOUR))
SNOOZED = replace(alert(), snooze=Snooze("bob", NOW + HOUR))
MARKED = replace(ACKNOWLEDGED, snooze=SNOOZED.snooze)
NIGHT_ONLY = node(active=("night",))
NOON_MUTED = node(mute=("night", "noon"))


@pytest.mark.parametrize(
    ("asked", "route", "gates", "expected"),
    [
        pytest.param(alert(), node(), keeper(), OPEN, id="nothing in the way"),
        pytest.param(
            MARKED,
            NIGHT_ONLY,
            keeper(inhibits=True, depends=True, silences=("1",)),
            Verdict(Gate.INHIBITED, "parent"),
            id="inhibition is asked first",
        ),
        pytest.param(
            MARKED,
            node(mute=("noon",), active=("night",)),
            keeper(depends=True, silences=("1",)),
            Verdict(Gate.INACTIVE_TIME, "night"),
            id="then active times",
        ),
        pytest.param(
            MARKED,
            NOON_MUTED,
            keeper(depends=True, silences=("1",)),
            Verdict(Gate.MUTED, "noon"),
            id="then mute times, by name",
        ),
        pytest.param(
            MARKED,
            node(),
            keeper(depends=True, silences=("2", "1")),
            Verdict(Gate.SILENCED, "1,2"),
            id="then silences, all that match",
        ),
        pytest.param(
            MARKED, node(), keeper(depends=True), Verdict(Gate.DEPENDENCY, "parent"), id="then the rule's dependencies"
        ),
        pytest.param(
            MARKED, node(), keeper(), Verdict(Gate.ACKNOWLEDGED, "ann", NOW + HOUR), id="then the acknowledgement"
        ),
        pytest.param(SNOOZED, node(), keeper(), Verdict(Gate.SNOOZED, "bob", NOW + HOUR), id="then the snooze"),
        pytest.param(alert(), node(active=("night", "noon")), keeper(), OPEN, id="within one of the active times"),
        pytest.param(alert(), node(mute=("night",)), keeper(), OPEN, id="outside of the mute time"),
    ],
)
def test_judge(asked: Alert, route: Node, gates: Gatekeeper, expected: Verdict) -> None:
    """The order is Alertmanager's for the first four; alertd's own follow."""
    assert gates.judge(asked, route, NOW) == expected


def test_marks_end_at_their_instant() -> None:
    """At the instant of its end an acknowledgement or a snooze holds nothing back any more."""
    assert keeper().judge(MARKED, node(), NOW + HOUR - 1).gate is Gate.ACKNOWLEDGED
    assert keeper().judge(MARKED, node(), NOW + HOUR) == OPEN


def test_times_are_looked_at_when_asked() -> None:
    """The same route mutes at noon and not an hour later."""
    assert keeper().judge(alert(), node(mute=("noon",)), NOW + HOUR - MINUTE).gate is Gate.MUTED
    assert keeper().judge(alert(), node(mute=("noon",)), NOW + HOUR) == OPEN
