"""The flush: what is due is planned, and what follows is in the outbox in the same transaction."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alertd.alerts.alert import Policy
from alertd.clock import HOUR, MINUTE, SECOND
from alertd.notify.message import Message, Reason
from alertd.notify.plan import Integration
from alertd.routing.inhibition import InhibitRule
from alertd.routing.matchers import Matcher, Operator
from alertd.store import history, outbox
from alertd.store.database import Database
from tests.notify.world import ORGANISATION, PERMANENT, ROUTE, START, World, key_of

WEBHOOK, MAIL, PAGER = "team/webhook/0", "team/email/0", "team/pagerduty/0"


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def hosts(message: Message) -> tuple[str, str]:
    """The hosts of the firing alerts, and those of the resolved ones."""
    return (
        "".join(sorted(alert.labels["host"] for alert in message.firing)),
        "".join(sorted(alert.labels["host"] for alert in message.resolved)),
    )


def said(messages: list[Message]) -> list[tuple[Reason, tuple[str, str]]]:
    return [(message.reason, hosts(message)) for message in messages]


def test_batching(world: World) -> None:
    """All that fires within `group_wait` is one message; what comes later waits for the interval."""
    world.fire(host="a")
    world.later(20_000)
    world.fire(host="b")
    assert world.tick(9_999) == []
    assert said(world.tick(1)) == [(Reason.FIRST, ("ab", ""))]
    world.fire(host="c")
    assert world.tick(5 * MINUTE - 1) == []
    assert said(world.tick(1)) == [(Reason.NEW_ALERTS, ("abc", ""))]
    assert world.tick(5 * MINUTE) == []


def test_ends(world: World) -> None:
    """The end of one is told at the next flush, the end of all empties the group."""
    world.fire(host="a")
    world.fire(host="b")
    world.tick(30_000)
    world.resolve(host="a")
    assert said(world.tick(5 * MINUTE)) == [(Reason.SOME_RESOLVED, ("b", "a"))]
    world.resolve(host="b")
    assert said(world.tick(5 * MINUTE)) == [(Reason.ALL_RESOLVED, ("", "b"))]
    assert world.groups() == []
    assert [message.sequence for message in world.arrived] == [1, 2, 3]
    assert len({message.episode for message in world.arrived}) == 1


def test_a_group_that_was_empty_starts_afresh(world: World) -> None:
    """After the end of all the next alert waits for `group_wait` again, in a new episode."""
    world.fire(host="a")
    world.tick(30_000)
    world.resolve(host="a")
    world.tick(5 * MINUTE)
    world.fire(host="a")
    assert world.tick(29_999) == []
    (message,) = world.tick(1)
    assert (message.reason, message.sequence) == (Reason.FIRST, 1)
    assert message.episode != world.arrived[0].episode


def test_fired_and_over_between_two_flushes(world: World) -> None:
    """What nobody was told of ends without a word, and the group goes."""
    world.fire(host="a")
    world.later(1)
    world.resolve(host="a")
    assert world.tick(30_000) == []
    assert world.groups() == []
    assert world.notifications() == []


def test_fires_again_before_its_end_was_told(world: World) -> None:
    """Over and back within one interval is nothing new."""
    world.fire(host="a")
    world.tick(30_000)
    world.resolve(host="a")
    world.later(MINUTE)
    world.fire(host="a")
    assert world.tick(4 * MINUTE) == []
    assert len(world.groups()) == 1


def test_repeat(database: Database) -> None:
    """A repeat goes out with the first beat after the interval."""
    world = World(database, route=replace(ROUTE, repeat_interval=7 * MINUTE))
    world.fire(host="a")
    world.tick(30_000)
    assert world.tick(5 * MINUTE) == []
    assert said(world.tick(5 * MINUTE)) == [(Reason.REPEAT, ("a", ""))]
    assert world.tick(5 * MINUTE) == []


def test_one_fails_and_the_other_is_not_repeated(database: Database) -> None:
    """Each integration has a memory of its own; an alert stays until all have heard of its end."""
    both = (Integration(WEBHOOK, send_resolved=True), Integration(PAGER, send_resolved=True))
    world = World(database, integrations={"team": both})
    world.fire(host="a")
    world.later(30_000)
    world.flush()
    world.deliver({PAGER: PERMANENT})
    assert [message.integration for message in world.tick(5 * MINUTE)] == [PAGER]
    assert world.tick(5 * MINUTE) == []
    world.resolve(host="a")
    world.later(5 * MINUTE)
    world.flush()
    # The one that fails lands first: the end that the other one hears must not take the alert away.
    claimed = sorted(world.claim(), key=lambda item: item.notification.integration)
    world.land(claimed[0], PERMANENT)
    world.land(claimed[1])
    assert [(message.integration, *hosts(message)) for message in world.tick(5 * MINUTE)] == [(PAGER, "", "a")]
    assert world.groups() == []


def test_who_hears_no_ends(database: Database) -> None:
    """Without send_resolved an end is remembered without a message, and the next life is told."""
    world = World(database, integrations={"team": (Integration(MAIL, send_resolved=False),)})
    world.fire(host="a")
    world.fire(host="b")
    world.tick(30_000)
    world.resolve(host="a")
    assert world.tick(5 * MINUTE) == []
    world.fire(host="a")
    assert said(world.tick(5 * MINUTE)) == [(Reason.NEW_ALERTS, ("ab", ""))]
    world.resolve(host="a")
    world.resolve(host="b")
    assert world.tick(5 * MINUTE) == []
    assert world.groups() == []


def test_silenced_after_it_was_told(world: World) -> None:
    """A silence says nothing, and the end of what it hides is told all the same."""
    world.fire(host="a")
    world.tick(30_000)
    world.silence(host="a")
    assert world.tick(5 * MINUTE) == []
    world.resolve(host="a")
    assert said(world.tick(5 * MINUTE)) == [(Reason.ALL_RESOLVED, ("", "a"))]
    assert world.groups() == []


def test_silenced_as_in_alertmanager(database: Database) -> None:
    """In compatibility the end of a silenced alert is never told."""
    world = World(database, as_alertmanager=True)
    world.fire(host="a")
    world.tick(30_000)
    world.silence(host="a")
    world.resolve(host="a")
    assert world.tick(5 * MINUTE) == []
    assert world.groups() == []


def test_the_end_of_a_silence(world: World) -> None:
    """What was silenced before anybody was told is told when the silence is over; so says the history."""
    silence = world.silence(host="a")
    world.fire(host="a")
    world.fire(host="b")
    assert said(world.tick(30_000)) == [(Reason.FIRST, ("b", ""))]
    world.unsilence(silence)
    assert said(world.tick(5 * MINUTE)) == [(Reason.NEW_ALERTS, ("ab", ""))]
    events = world.database.transaction(history.read, ORGANISATION, fingerprint=key_of("Down", {"host": "a"}))
    gates = [(event.event, event.details["gate"]) for event in reversed(events) if event.event.startswith("gate")]
    assert gates == [("gate_closed", "silenced"), ("gate_opened", "silenced")]


def test_inhibited(database: Database) -> None:
    """A restart does not leak what is inhibited: the firing alerts are read before the first flush."""

    def named(name: str) -> tuple[Matcher, ...]:
        return (Matcher("alertname", Operator.EQUAL, name),)

    world = World(database, inhibit_rules=[InhibitRule(named("DatacenterDown"), named("Down"))])
    world.fire("DatacenterDown", host="dc")
    world.fire(host="a")
    world.restart()
    assert said(world.tick(30_000)) == [(Reason.FIRST, ("dc", ""))]
    world.resolve("DatacenterDown", host="dc")
    assert said(world.tick(5 * MINUTE)) == [(Reason.ALL_RESOLVED, ("", "dc")), (Reason.FIRST, ("a", ""))]


def test_acknowledged(database: Database) -> None:
    """Who wants to know is told at once; nobody is reminded; the end of the answer pages again."""
    both = (
        Integration(WEBHOOK, send_resolved=True),
        Integration(PAGER, send_resolved=True, wants_acknowledged=True),
    )
    world = World(database, route=replace(ROUTE, repeat_interval=MINUTE), integrations={"team": both})
    world.fire(host="a")
    world.tick(30_000)
    world.later(SECOND)
    world.acknowledge(host="a", duration=20 * MINUTE)
    (message,) = world.tick()
    assert (message.integration, message.reason, message.acknowledged) == (PAGER, Reason.ACKNOWLEDGED, True)
    assert message.alerts[0].acknowledged_by == "ann"
    assert world.tick(5 * MINUTE) == world.tick(5 * MINUTE) == []
    world.later(10 * MINUTE)
    world.expire_answers()
    assert [(item.integration, item.reason) for item in sorted(world.tick(), key=lambda item: item.integration)] == [
        (PAGER, Reason.UNACKNOWLEDGED),
        (WEBHOOK, Reason.UNACKNOWLEDGED),
    ]


def test_a_new_alert_in_an_acknowledged_group(world: World) -> None:
    """An acknowledgement is of the alerts that were there: a new one is told."""
    world.fire(host="a")
    world.tick(30_000)
    world.acknowledge(host="a")
    world.tick()
    world.fire(host="b")
    (message,) = world.tick(5 * MINUTE)
    assert said([message]) == [(Reason.NEW_ALERTS, ("ab", ""))]
    assert not message.acknowledged


def test_severity_raised(world: World) -> None:
    """A worse severity is told at once and drops the acknowledgement."""
    world.fire(host="a", severity="warning")
    world.tick(30_000)
    world.acknowledge(host="a")
    world.tick(SECOND)
    world.fire(host="a", severity="critical")
    (message,) = world.tick(SECOND)
    assert (message.reason, message.alerts[0].acknowledged_by) == (Reason.SEVERITY_RAISED, "")
    world.fire(host="a", severity="warning")
    assert world.tick(5 * MINUTE) == []


def test_cooldown(world: World) -> None:
    """An alert that comes back too soon waits, and the group wakes up when it may."""
    policy = Policy(cooldown=7 * MINUTE)
    world.fire(host="a", policy=policy)
    world.tick(30_000)
    paged = world.now
    world.resolve(host="a")
    assert said(world.tick(5 * MINUTE)) == [(Reason.ALL_RESOLVED, ("", "a"))]
    world.fire(host="a", policy=policy)
    assert world.tick(30_000) == []
    assert world.groups()[0].next_flush_at == paged + 7 * MINUTE
    assert said(world.tick(paged + 7 * MINUTE - world.now)) == [(Reason.FIRST, ("a", ""))]


def test_a_hurried_flush_keeps_the_beat(world: World) -> None:
    """What is told between two beats does not move them."""
    world.fire(host="a", severity="warning")
    world.tick(30_000)
    world.later(MINUTE)
    world.fire(host="a", severity="critical")
    world.tick()
    assert world.groups()[0].next_flush_at == START + 30_000 + 5 * MINUTE


def test_late_flushes_are_not_made_up_for(world: World) -> None:
    """After an hour's rest there is one flush, and the next an interval later."""
    world.fire(host="a")
    world.tick(30_000)
    world.later(HOUR)
    assert world.flush() == 1
    assert world.flush() == 0
    assert world.groups()[0].next_flush_at == world.now + 5 * MINUTE


def test_restart(world: World) -> None:
    """Nothing that is told or waits is lost with the memory of the process, and nothing is told twice."""
    world.fire(host="a")
    world.tick(30_000)
    world.fire(host="b")
    world.restart()
    assert world.tick(5 * MINUTE - 1) == []
    assert said(world.tick(1)) == [(Reason.NEW_ALERTS, ("ab", ""))]


def test_a_route_that_is_gone(database: Database) -> None:
    """The groups of a route that the configuration has no more tell the end of what they told, and go."""
    child = replace(ROUTE, matchers=(Matcher("host", Operator.NOT_EQUAL, ""),))
    world = World(database, route=replace(ROUTE, routes=(child,)))
    world.fire(host="a")
    world.tick(30_000)
    world.restart(ROUTE)
    assert said(world.tick(5 * MINUTE)) == [(Reason.ALL_RESOLVED, ("", "a"))]
    assert world.tick(MINUTE) == []
    assert world.groups() == []


def test_what_waits_is_rewritten(world: World) -> None:
    """A message that nobody can have seen says what is true when it goes, under its own id."""
    world.fire(host="a")
    world.later(30_000)
    world.flush()
    (before,) = world.notifications()
    world.fire(host="b")
    world.later(5 * MINUTE)
    world.flush()
    (after,) = world.notifications()
    assert after.id == before.id
    assert len(after.content.firing) == len(after.alerts) == 2


def test_what_has_nothing_to_say_is_withdrawn(world: World) -> None:
    """What was over before it was sent is not sent."""
    world.fire(host="a")
    world.later(30_000)
    world.flush()
    world.resolve(host="a")
    world.later(5 * MINUTE)
    world.flush()
    assert [item.status for item in world.notifications()] == [outbox.WITHDRAWN]
    assert world.groups() == []


def test_many_groups(world: World) -> None:
    """One call takes as many groups as it may."""
    for number in range(5):
        world.fire(f"Down{number}", host="a")
    world.later(30_000)
    assert world.flush() == 5
    assert world.flush() == 0
    assert len(world.deliver()) == 5
