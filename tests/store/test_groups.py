"""Groups and their members in the database."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Connection

from alertd.alerts.alert import Policy
from alertd.clock import MINUTE
from alertd.routing.gates import Gate, Verdict
from alertd.routing.told import Content, Entry, Page
from alertd.store import groups as group_rows
from alertd.store import outbox
from alertd.store.database import Database
from alertd.store.groups import Group, GroupState
from alertd.store.tables import entries, members
from tests.notify.world import ORGANISATION, START, World, key_of

WEBHOOK = "team/webhook/0"


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def state(world: World) -> GroupState:
    (found,) = world.database.transaction(group_rows.group_states, ORGANISATION, world.groups())
    return found


def group(name: str, due: int = START) -> Group:
    return Group(ORGANISATION, name, "{}", f"{{}}:{name}", {"a": name}, "team", START, due, due)


def test_a_group_that_is_there_keeps_its_timers(database: Database) -> None:
    """To hold a group makes it once."""
    database.transaction(group_rows.hold_groups, [group("1"), group("2", START + 5)])
    database.transaction(group_rows.hold_groups, [group("1", START + 99)])
    found = database.transaction(group_rows.groups_by_id, ORGANISATION, ["1", "2", "3"])
    assert found == [group("1"), group("2", START + 5)]
    assert database.transaction(group_rows.next_flush) == START


def test_due_groups(database: Database) -> None:
    """The longest due first, not more than asked for, none that is not due."""
    database.transaction(group_rows.hold_groups, [group("1", START), group("2", START - 5), group("3", START + 1)])
    assert [found.id for found in database.transaction(group_rows.due_groups, START, 10)] == ["2", "1"]
    assert [found.id for found in database.transaction(group_rows.due_groups, START, 1)] == ["2"]


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_due_groups_are_flushed_by_one(dialect: str, database: Database) -> None:
    """What one replica flushes, another one leaves out and does not wait for."""
    database.transaction(group_rows.hold_groups, [group("1"), group("2")])
    with database.engine.begin() as connection:
        assert len(group_rows.due_groups(connection, START, 1)) == 1
        assert [found.id for found in database.transaction(group_rows.due_groups, START, 10)] == ["2"]


def test_schedule_and_hurry(database: Database) -> None:
    """Hurrying never makes a group later."""
    database.transaction(group_rows.hold_groups, [group("1", START + 50)])
    database.transaction(group_rows.hurry, ORGANISATION, ["1"], START + 60)
    assert database.transaction(group_rows.next_flush) == START + 50
    database.transaction(group_rows.hurry, ORGANISATION, ["1"], START + 10)
    assert database.transaction(group_rows.next_flush) == START + 10
    later = group_rows.Schedule("1", START + 90, START + 80, START)
    database.transaction(group_rows.schedule, ORGANISATION, [later])
    (found,) = database.transaction(group_rows.groups_by_id, ORGANISATION, ["1"])
    assert found == replace(group("1"), beat_at=START + 90, next_flush_at=START + 80, flushed_at=START)


def test_state(world: World) -> None:
    """A flush sees members, memory, what is on its way and the last pages, each of this group alone."""
    world.fire(host="a", policy=Policy(cooldown=MINUTE))
    world.fire(host="b")
    world.fire("Other")
    assert {
        len(item.members) for item in world.database.transaction(group_rows.group_states, ORGANISATION, world.groups())
    } == {1, 2}
    world.resolve("Other")
    world.tick(30_000)
    world.fire(host="c")
    world.later(5 * MINUTE)
    world.flush()
    seen = state(world)
    assert sorted(member.alert.labels["host"] for member in seen.members) == ["a", "b", "c"]
    assert seen.entries[WEBHOOK].told == {key_of("Down", {"host": host}) for host in "ab"}
    assert seen.open[WEBHOOK].content.firing.keys() == {key_of("Down", {"host": host}) for host in "abc"}
    assert seen.pages == {(WEBHOOK, key_of("Down", {"host": "a"})): Page(START + 30_000, "")}


def test_verdicts(world: World) -> None:
    """The gate of a member is recorded and taken back."""
    world.fire()
    (held,) = world.groups()
    key = key_of("Down", {})
    closed = {(held.id, key): Verdict(Gate.SILENCED, "s1", START + 5)}
    world.database.transaction(group_rows.write_verdicts, ORGANISATION, closed, START)
    assert [(member.gate, member.gate_detail) for member in state(world).members] == [(Gate.SILENCED, "s1")]
    world.database.transaction(group_rows.write_verdicts, ORGANISATION, {(held.id, key): Verdict()}, START)
    assert [(member.gate, member.gate_detail) for member in state(world).members] == [(None, "")]


def test_settle(world: World) -> None:
    """What was told quietly changes the memory and not its time; who was told nothing has no memory."""
    world.fire()
    (held,) = world.groups()
    key = key_of("Down", {})
    quiet = Content(resolved=frozenset([key]))
    world.database.transaction(group_rows.settle, ORGANISATION, held.id, WEBHOOK, quiet)
    assert world.entry() == Entry()
    before = Entry(Content({key: ""}), frozenset([key]), START, "e", 3, {"ts": "1"})
    world.database.transaction(group_rows.write_entries, ORGANISATION, {(held.id, WEBHOOK): before})
    assert world.entry() == before
    world.database.transaction(group_rows.settle, ORGANISATION, held.id, WEBHOOK, quiet)
    assert world.entry() == replace(before, content=quiet, told=frozenset())


def test_the_last_member_takes_the_group_along(world: World) -> None:
    """A group without members is gone, with its memory."""
    world.fire(host="a")
    world.fire(host="b")
    world.tick(30_000)
    (held,) = world.groups()

    def drop(connection: Connection, host: str) -> int:
        group_rows.drop_members(connection, ORGANISATION, held.id, [key_of("Down", {"host": host})])
        return len(connection.execute(members.select()).all()) + len(connection.execute(entries.select()).all())

    assert world.database.transaction(drop, "a") == 2
    assert world.groups() != []
    assert world.database.transaction(drop, "b") == 0
    assert world.groups() == []


def test_ended_members(world: World) -> None:
    """An alert goes when its end has been told to all, and not when it fires again or somebody believes it to fire."""
    for host in "abcd":
        world.fire(host=host)
    world.tick(30_000)
    for host in "abc":
        world.resolve(host=host)
    world.later(1)
    world.fire(host="b")
    (held,) = world.groups()
    keys = {host: key_of("Down", {"host": host}) for host in "abcd"}
    believed = Entry(told=frozenset([keys["c"], keys["d"]]))
    world.database.transaction(group_rows.write_entries, ORGANISATION, {(held.id, WEBHOOK): believed})
    ended = Content({keys["d"]: ""}, frozenset([keys["a"], keys["b"], keys["c"]]))
    world.database.transaction(group_rows.drop_ended_members, ORGANISATION, held.id, ended, world.now)
    left = {member.alert.labels["host"] for member in state(world).members}
    assert left == {"b", "c", "d"}


def test_pages_are_kept_for_alerts_with_a_cooldown(world: World) -> None:
    """Only they need it."""
    world.fire(host="a", policy=Policy(cooldown=MINUTE))
    world.fire(host="b")
    keys = [key_of("Down", {"host": host}) for host in "ab"]
    assert world.database.transaction(group_rows.with_cooldown, ORGANISATION, keys) == {keys[0]}


def test_open_notifications_are_seen_as_they_are(world: World) -> None:
    """One that is being sent, and one that may have been taken already."""
    world.fire()
    world.later(30_000)
    world.flush()
    assert (state(world).open[WEBHOOK].sending, state(world).open[WEBHOOK].attempts) == (False, 0)
    world.claim()
    assert (state(world).open[WEBHOOK].sending, state(world).open[WEBHOOK].attempts) == (True, 0)
    world.later(world.settings.lease)
    world.database.transaction(outbox.claim, "two", world.now, world.settings.lease, 10)
    assert (state(world).open[WEBHOOK].sending, state(world).open[WEBHOOK].attempts) == (True, 1)
