"""A member of a cluster leaves those before it their head start, and says nothing that they have said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alertd.clock import MINUTE, SECOND
from alertd.routing.told import Content, Entry
from alertd.store import news, outbox
from alertd.store.database import Database
from tests.notify.world import ORGANISATION, World, key_of

WEBHOOK = "team/webhook/0"
HEAD_START = 15 * SECOND


@pytest.fixture
def world(database: Database) -> World:
    """The second member of a cluster, with an alert whose group is flushed."""
    made = World(database)
    made.routing = replace(made.routing, head_start=HEAD_START)
    made.fire()
    assert made.tick(30 * SECOND) == []
    return made


def told_by_another(world: World, content: Content) -> Entry:
    """The first member tells the receiver, and this one hears of it."""
    key = (world.groups()[0].id, WEBHOOK)
    entry = Entry(content, frozenset(content.firing), world.now, "episode", 1)
    assert world.database.transaction(news.take_entries, ORGANISATION, {key: entry}) == 1
    return entry


def test_nobody_else_told_it(world: World) -> None:
    """When the head start is over, the message goes."""
    assert world.tick(HEAD_START - 1) == []
    (message,) = world.tick(1)
    assert [alert.labels["alertname"] for alert in message.firing] == ["Down"]


def test_another_told_it(world: World) -> None:
    """A message that another member has sent is withdrawn, and its end is this member's to tell as anybody's."""
    told_by_another(world, Content({key_of("Down", {}): ""}))
    assert world.tick(HEAD_START) == []
    assert [item.status for item in world.notifications()] == [outbox.WITHDRAWN]
    world.resolve()
    assert world.tick(5 * MINUTE) == []
    (message,) = world.tick(HEAD_START)
    assert [alert.labels["alertname"] for alert in message.alerts] == ["Down"]
    assert message.firing == ()


def test_an_older_word_changes_nothing(world: World) -> None:
    """What another member was told before the last word that is known is no news."""
    entry = told_by_another(world, Content({key_of("Down", {}): ""}))
    key = (world.groups()[0].id, WEBHOOK)
    older = replace(entry, sent_at=world.now - 1)
    assert world.database.transaction(news.take_entries, ORGANISATION, {key: older}) == 0
    assert world.entry() == entry


def test_a_message_that_changes_has_its_head_start_anew(database: Database) -> None:
    """Others get to say what is new, too; but a message that never stands still goes after three head starts."""
    route = replace(World.route, group_interval=10 * SECOND)
    world = World(database, route=route)
    world.routing = replace(world.routing, head_start=HEAD_START)
    world.fire(host="0")
    assert world.tick(30 * SECOND) == []
    waited, sent = 0, []
    while not sent:
        world.fire(host=str(waited + 1))
        sent = world.tick(10 * SECOND)
        waited += 10 * SECOND
    assert waited == 5 * 10 * SECOND
    assert len(sent[0].firing) == 6


def test_what_was_told_of_unknown_groups_is_kept_for_a_while(world: World) -> None:
    """Its alerts may still be on their way here; long after, it goes."""
    key = ("0" * 32, WEBHOOK)
    entry = Entry(Content({"f": ""}), frozenset("f"), world.now)
    assert world.database.transaction(news.take_entries, ORGANISATION, {key: entry}) == 1
    told_by_another(world, Content({key_of("Down", {}): ""}))
    assert world.database.transaction(news.prune_entries, world.now) == 0
    assert world.database.transaction(news.prune_entries, world.now + 1) == 1
    assert world.entry().content.firing


def test_repeats_that_come_more_often_than_turns(database: Database) -> None:
    """What another member tells again and again within a head start is no reason to tell it, too."""
    world = World(database, route=replace(World.route, group_interval=SECOND, repeat_interval=1))
    world.routing = replace(world.routing, head_start=HEAD_START)
    world.fire()
    assert world.tick(30 * SECOND) == []
    for _ in range(40):
        told_by_another(world, Content({key_of("Down", {}): ""}))
        assert world.tick(SECOND) == []
