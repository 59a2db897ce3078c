"""The values made of a file: inheritance along the tree, inhibition rules, time intervals, and warnings."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.clock import from_rfc3339
from alertd.config.loading import Config, load_config, parse_config
from alertd.routing.inhibition import InhibitRule
from alertd.routing.matchers import parse_matchers

TOUR = Path(__file__).parent / "tour.yml"


@pytest.fixture(scope="module")
def tour() -> Config:
    return load_config(TOUR, {"SLACK_TOKEN": "x", "HOOK_PASSWORD": "x", "REGION": "eu"})


def test_root_has_alertmanagers_defaults() -> None:
    """A root that says nothing waits 30 s, 5 min and 4 h, and puts every alert in one group."""
    route = parse_config("route: {receiver: a}\nreceivers: [{name: a}]", "f.yml", Path(), {}).route
    assert (route.group_wait, route.group_interval, route.repeat_interval) == (30_000, 300_000, 14_400_000)
    assert (route.group_by, route.matchers, route.continue_) == ((), (), False)


def test_inheritance(tour: Config) -> None:
    """Given values replace, also empty and zero ones; labels add up; conditions, times and `continue` are not taken."""
    root = tour.route
    page, hook = root.routes
    [database] = page.routes
    assert [root.receiver, page.receiver, database.receiver, hook.receiver] == ["chat", "page", "page", "hook"]
    assert [root.group_by, page.group_by, database.group_by, hook.group_by] == [
        ("alertname",),
        (),
        None,
        ("alertname",),
    ]
    assert [root.group_wait, page.group_wait, database.group_wait, hook.group_wait] == [10_000, 0, 0, 10_000]
    assert [page.repeat_interval, database.repeat_interval] == [14_400_000, 86_400_000]
    assert [page.continue_, database.continue_, hook.continue_] == [True, False, False]
    assert [page.active_time_intervals, database.active_time_intervals] == [("office",), ()]
    assert hook.mute_time_intervals == ("office",)
    assert database.labels == {"team": "{{ .CommonLabels.team }}", "kind": "database"}


def test_matchers_of_all_forms(tour: Config) -> None:
    """`match`, `match_re` and `matchers` become one list; one text may hold several matchers."""
    page, _ = tour.route.routes
    assert page.matchers == parse_matchers('severity="critical",team=~"a|b",env!="dev"')
    assert page.routes[0].matchers == parse_matchers('service="db",instance=~"^(?:db[0-9]+)$"')


def test_inhibit_rules(tour: Config) -> None:
    """Both forms become one rule; an empty entry is none."""
    assert tour.inhibit_rules == (
        InhibitRule(
            source=parse_matchers('severity="critical"'),
            target=parse_matchers('severity="warning"'),
            equal=("alertname", "instance"),
        ),
    )


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        ("2026-01-05T08:00:00Z", True),
        ("2026-01-05T07:59:59Z", False),
        ("2026-01-20T10:00:00Z", False),
        ("2026-03-31T10:00:00Z", True),
        ("2026-02-05T10:00:00Z", False),
        ("2031-01-06T10:00:00Z", False),
    ],
)
def test_time_intervals(tour: Config, at: str, inside: bool) -> None:
    """All keys of a period count, numbers and ranges without quotes included."""
    assert tour.time_intervals["office"].contains(from_rfc3339(at)) is inside


def test_ambiguous_matchers_are_warned_about(tour: Config) -> None:
    """A matcher that the two grammars read differently works, and is pointed at."""
    [warning] = tour.warnings
    assert (warning.line, warning.field) == (30, "route.routes.1.matchers.0")
    assert 'it is read as {foo=""}' in warning.message
