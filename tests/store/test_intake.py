"""The intake: one transaction makes alerts, history and groups of what is reported."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from alertd.alerts.alert import Alert, Change, Policy, ReportChange
from alertd.alerts.machine import Instance, State, Transition
from alertd.clock import HOUR, MINUTE, SECOND
from alertd.notify.landing import land
from alertd.response.acknowledgement import ResponseRejected
from alertd.routing.matchers import Matcher, Operator
from alertd.routing.tree import Route
from alertd.store import alerts as alert_rows
from alertd.store import groups as group_rows
from alertd.store import history, intake
from alertd.store.database import Database
from alertd.store.history import Event
from tests.notify.world import ORGANISATION, ROUTE, START, World, key_of, report_of, tried


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def events(world: World, **wanted: Any) -> list[str]:
    """The history, oldest first."""
    return [event.event for event in world.database.transaction(history.read, ORGANISATION, **wanted)][::-1]


def memberships(world: World, name: str = "Down", **labels: str) -> set[str]:
    """The keys of the groups that an alert is in."""
    key = key_of(name, labels)
    found = world.database.transaction(group_rows.memberships, ORGANISATION, [key]).get(key, set())
    return {group.key for group in world.groups() if group.id in found}


def test_an_alert_opens_and_closes(world: World) -> None:
    """Reports become an alert in a group, and each step leaves its name in the history."""
    assert world.fire(severity="warning") is Change.OPENED
    alert = world.alert()
    assert alert.fires
    assert (alert.severity, alert.starts_at) == ("warning", START)
    (group,) = world.groups()
    assert (group.key, group.receiver) == ('{}:{alertname="Down"}', "team")
    assert (group.created_at, group.beat_at, group.next_flush_at) == (START, START + 30_000, START + 30_000)
    world.later(SECOND)
    assert world.fire(severity="critical") is Change.SEVERITY_RAISED
    assert world.resolve() is Change.CLOSED
    assert world.alert().ends_at == world.now
    assert world.resolve() is Change.NOTHING
    assert events(world, fingerprint=alert.fingerprint) == [
        "fired",
        "episode_opened",
        "fired",
        "episode_severity_raised",
        "resolved",
        "episode_closed",
        "resolved",
    ]


def test_nothing_to_do() -> None:
    """No changes touch no database."""
    assert intake.apply_changes(None, ORGANISATION, [], None, START) == {}  # type: ignore[arg-type]  # neither is used


def test_an_end_that_is_sent_goes_to_its_groups(world: World) -> None:
    """Also when nothing fired before, or all of it is told already; what ends without a word goes nowhere."""
    last = replace(report_of("Down", {}, START - 9, START), expires_at=START - 5)
    ended = ReportChange("rule", last.fingerprint, None, last=last)
    assert world.report(ended) is Change.UPDATED
    assert memberships(world) == {'{}:{alertname="Down"}'}
    world.later(30_000)
    world.flush()
    assert world.groups() == []
    assert world.report(replace(ended, last=None)) is Change.NOTHING
    assert world.groups() == []
    assert world.report(ended) is Change.NOTHING
    assert memberships(world) == {'{}:{alertname="Down"}'}
    assert events(world) == []


def test_groups_begin_anew(world: World) -> None:
    """`restart` gives groups the timers that they would have if they were made now."""
    world.fire()
    world.later(10_000)
    firing = world.database.transaction(alert_rows.firing_alerts, ORGANISATION)
    for restart, due in ((False, START + 30_000), (True, START + 40_000)):
        world.database.transaction(intake.place, ORGANISATION, firing, world.tree, world.now, restart=restart)
        assert [(group.beat_at, group.next_flush_at) for group in world.groups()] == [(due, due)]


def test_what_waits_is_no_alert(world: World) -> None:
    """A pending report is kept, and makes neither an alert nor a group."""
    pending = ReportChange(
        "rule",
        key_of("Down", {}),
        report_with(Instance(State.PENDING, active_at=START)),
        (Transition.PENDING_STARTED,),
    )
    assert world.report(pending) is Change.NOTHING
    assert world.groups() == []
    kept = world.database.transaction(alert_rows.reports_of_producers, ORGANISATION, ["rule"])["rule"]
    assert [report.instance.state for report in kept.values()] == [State.PENDING]


def report_with(instance: Instance, producer: str = "rule") -> Any:
    made = report_of("Down", {}, START, START)
    return type(made)(**{**vars(made), "instance": instance, "producer": producer})


def test_two_producers(world: World) -> None:
    """The alert fires while one of them says so."""
    key = key_of("Down", {})
    firing = Instance(State.FIRING, "", START, fired_at=START)
    world.report(*(ReportChange(name, key, report_with(firing, name), (Transition.FIRED,)) for name in ("one", "two")))
    assert world.report(ReportChange("one", key, None, (Transition.RESOLVED,))) is Change.NOTHING
    assert world.report(ReportChange("two", key, None, (Transition.RESOLVED,))) is Change.CLOSED


def test_an_old_alert_is_flushed_at_once(world: World) -> None:
    """Whoever is older than `group_wait` has waited already; the group's first alert decides."""
    world.fire("Old", starts_at=START - 31_000)
    world.fire("Young", starts_at=START - 29_000)
    world.fire("Young", starts_at=START - HOUR, host="b")
    assert {group.key: group.next_flush_at - START for group in world.groups()} == {
        '{}:{alertname="Old"}': 0,
        '{}:{alertname="Young"}': 30_000,
    }


def test_more_alerts_leave_the_timer(world: World) -> None:
    """An alert that joins a group waits for the group's own time."""
    world.fire(host="a")
    world.later(10_000)
    world.fire(host="b")
    (group,) = world.groups()
    assert group.next_flush_at == START + 30_000


def test_severity_raised_hurries_a_group_that_has_told(database: Database) -> None:
    """A worse severity does not wait for the interval, but for the first flush it does."""
    world = World(database)
    world.fire(severity="warning")
    world.fire(severity="critical")
    assert world.groups()[0].next_flush_at == START + 30_000
    world.fire("Other", severity="warning")
    world.tick(30_000)
    world.later(SECOND)
    world.fire(severity="page")
    due = {group.labels["alertname"]: group.next_flush_at for group in world.groups()}
    assert due == {"Down": world.now, "Other": START + 30_000 + 5 * MINUTE}


TEAMS = Route(
    receiver="team",
    group_by=("alertname",),
    routes=(
        Route(receiver="team", matchers=(Matcher("env", Operator.EQUAL, "prod"),), continue_=True, group_by=("env",)),
        Route(receiver="team", matchers=(Matcher("env", Operator.NOT_EQUAL, ""),), group_by=("alertname",)),
    ),
)
PROD, ENV = '{}/{env="prod"}:{env="prod"}', '{}/{env!=""}:{alertname="Down"}'


def test_several_routes(database: Database) -> None:
    """An alert is in a group of every route that it goes to."""
    world = World(database, route=TEAMS)
    world.fire(env="prod")
    world.fire(env="test")
    assert memberships(world, env="prod") == {PROD, ENV}
    assert memberships(world, env="test") == {ENV}


def test_moving(database: Database) -> None:
    """After a new configuration an alert leaves the groups that it does not belong to, and may come back."""
    world = World(database, route=TEAMS)
    world.fire(env="prod")
    world.restart(ROUTE)
    place(world, env="prod")
    assert memberships(world, env="prod") == {'{}:{alertname="Down"}'}
    world.restart(TEAMS)
    place(world, env="prod")
    assert memberships(world, env="prod") == {PROD, ENV}


def place(world: World, *names: str, **labels: str) -> None:
    alerts = [world.alert(name, **labels) for name in names or ("Down",)]
    world.database.transaction(intake.place, ORGANISATION, alerts, world.tree, world.now)


def test_who_comes_back_brings_nobody_along(database: Database) -> None:
    """One alert joins the group that another one has left, which joins a third: each is in its own group alone."""
    world = World(database, route=Route(receiver="team", group_by=("severity",)))
    world.fire("One", severity="warning")
    world.fire("One", severity="critical")
    world.report(
        *(
            ReportChange("rule", key_of(name, {}), report_of(name, {"severity": severity}, world.now, world.now))
            for name, severity in (("One", "page"), ("Two", "warning"))
        )
    )
    assert memberships(world, "One") == {'{}:{severity="page"}'}
    assert memberships(world, "Two") == {'{}:{severity="warning"}'}


def test_the_receivers_of_a_rule(world: World) -> None:
    """A rule that names receivers has groups of its own at each."""
    world.fire(policy=Policy(receivers=("slack", "email")))
    assert memberships(world) == {'receiver/slack:{alertname="Down"}', 'receiver/email:{alertname="Down"}'}


def test_an_answer_hurries(world: World) -> None:
    """An acknowledgement is told at once, and who made it stands in the history."""
    world.fire()
    world.tick(30_000)
    world.later(SECOND)
    world.acknowledge(by="ann")
    assert world.groups()[0].next_flush_at == world.now
    (event,) = world.database.transaction(history.read, ORGANISATION, events=["changed"])
    assert (event.actor, event.fingerprint, event.episode) == ("ann", key_of("Down", {}), world.alert().episode)


def test_a_refused_answer_leaves_nothing(world: World) -> None:
    """What raises is undone whole."""
    world.fire()
    world.resolve()
    before = events(world)
    with pytest.raises(ResponseRejected):
        world.acknowledge()
    assert events(world) == before


def test_an_answer_about_nothing(world: World) -> None:
    """An alert that nobody knows cannot be answered."""
    step: Callable[[Alert], Alert] = lambda alert: alert  # noqa: E731 - a step in one word
    event = Event(START, "changed")
    assert world.database.transaction(intake.change_alert, ORGANISATION, "f" * 16, step, event, START) is None


@pytest.mark.parametrize(
    ("gone_for", "severity", "kept", "reason"),
    [
        pytest.param(30 * MINUTE, "warning", True, None, id="a brief recovery"),
        pytest.param(31 * MINUTE, "warning", False, "recovered_for_long", id="a long one"),
        pytest.param(MINUTE, "critical", False, "severity_worsened", id="back, and worse"),
    ],
)
def test_an_answer_over_a_recovery(world: World, gone_for: int, severity: str, kept: bool, reason: str | None) -> None:
    """An acknowledgement survives a brief recovery, and its end has its reason in the history."""
    world.fire(severity="warning")
    world.acknowledge(duration=2 * HOUR)
    world.resolve()
    world.later(gone_for)
    world.fire(severity=severity)
    assert (world.alert().acknowledgement is not None) is kept
    ended = world.database.transaction(history.read, ORGANISATION, events=["acknowledgement_ended"])
    assert [event.details["reason"] for event in ended] == ([reason] if reason else [])


def test_an_answer_runs_out(world: World) -> None:
    """When its time is over the mark goes, and the group is due."""
    world.fire()
    world.tick(30_000)
    world.acknowledge(duration=MINUTE)
    world.tick()
    assert world.database.transaction(alert_rows.next_expiry) == world.now + MINUTE
    world.later(MINUTE)
    world.expire_answers()
    assert world.alert().acknowledgement is None
    assert world.groups()[0].next_flush_at == world.now
    assert "acknowledgement_ended" in events(world)


def test_changes_are_numbered(world: World) -> None:
    """A cache that asks for what changed since a number misses nothing."""
    world.fire(host="a")
    first, number = world.database.transaction(alert_rows.alerts_changed_since, ORGANISATION, -1)
    world.fire(host="b")
    world.fire(host="a")
    second, later = world.database.transaction(alert_rows.alerts_changed_since, ORGANISATION, number)
    assert [alert.labels["host"] for alert in first] == ["a"]
    assert [alert.labels["host"] for alert in second] == ["b"]
    assert later > number
    assert world.database.transaction(alert_rows.alerts_changed_since, "other", -1) == ([], -1)


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_an_alert_that_comes_back_while_its_group_goes(dialect: str, database: Database) -> None:
    """A flush removes an empty group while an alert joins it: the alert is in a group after."""
    world = World(database)
    world.fire()
    world.tick(30_000)
    world.resolve()
    world.later(5 * MINUTE)
    world.flush()
    (claimed,) = world.claim()
    fired = threading.Thread(target=world.fire)
    with database.engine.begin() as connection:
        land(connection, [tried(claimed)], world.settings, world.now)
        fired.start()
        wait_for_a_lock(database, fired)
    fired.join()
    assert world.alert().fires
    assert memberships(world) == {'{}:{alertname="Down"}'}


def wait_for_a_lock(database: Database, thread: threading.Thread) -> None:
    """Return when the thread's transaction waits for another one, or needed not to."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while thread.is_alive() and not connection.execute(waiting).scalar():
            pass


def test_long_words_of_others_are_taken(world: World) -> None:
    """Severities and producers are as long as whoever named them likes, on both databases."""
    long = "x" * 1000
    report = replace(report_of("Down", {"severity": long}, START, START), producer=long)

    world.report(ReportChange(long, report.fingerprint, report, (Transition.FIRED,), rule=long))

    (kept,) = world.database.transaction(alert_rows.firing_alerts, ORGANISATION)
    assert kept.severity == long
