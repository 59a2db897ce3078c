"""The delivery: claimed, looked at once more, sent, written down, whatever happens in between."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from alertd.alerts.alert import Policy
from alertd.clock import HOUR, MINUTE, SECOND
from alertd.notify.deliver import claim_due
from alertd.notify.landing import land
from alertd.notify.message import Reason, Status
from alertd.notify.plan import Integration
from alertd.notify.receivers.base import Delivered, DeliveryFailed, FailureReason
from alertd.store import channels, history, outbox
from alertd.store import groups as group_rows
from alertd.store.channels import Channel
from alertd.store.database import Database
from tests.notify.world import ORGANISATION, PERMANENT, REFUSED, UNCERTAIN, World, key_of, open_statuses, tried

WEBHOOK, MAIL = "team/webhook/0", "team/email/0"


@pytest.fixture
def world(database: Database) -> World:
    """One alert whose message waits in the outbox."""
    made = World(database)
    made.fire(host="a")
    made.later(30_000)
    made.flush()
    return made


def channel(world: World, integration: str = WEBHOOK) -> Channel:
    return world.database.transaction(channels.hold, [(ORGANISATION, integration)])[ORGANISATION, integration]


def statuses(world: World) -> list[str]:
    return [item.status for item in world.notifications()]


def hosts(names: str) -> set[str]:
    return {key_of("Down", {"host": name}) for name in names}


def test_delivered(world: World) -> None:
    """What arrived is remembered: what was said, when, and what the receiver left behind."""
    (claimed,) = world.claim()
    world.later(SECOND)
    world.land(claimed, Delivered("ok", 200, {"ts": "1.5"}))
    assert statuses(world) == [outbox.SENT]
    entry = world.entry()
    assert entry.told == entry.content.firing.keys() == hosts("a")
    assert (entry.sent_at, entry.sequence, entry.thread) == (world.now, 1, {"ts": "1.5"})
    (attempt,) = world.database.transaction(outbox.attempts_of, ORGANISATION, claimed.notification.id)
    assert (attempt["outcome"], attempt["status_code"], attempt["answer"]) == ("delivered", 200, "ok")
    (event,) = world.database.transaction(history.read, ORGANISATION, events=["notification_sent"])
    assert event.details == {
        "receiver": "team",
        "integration": WEBHOOK,
        "tries": 1,
        "reason": "first notification",
        "status": "firing",
    }
    assert channel(world).last_success_at == world.now


def test_the_thread_goes_along_within_an_episode(world: World) -> None:
    """Later messages of the episode get what the earlier left; those of the next do not."""
    world.land(world.claim()[0], Delivered(thread={"ts": "1"}))
    world.fire(host="b")
    world.later(5 * MINUTE)
    world.flush()
    (second,) = world.claim()
    assert second.message.thread == {"ts": "1"}
    world.land(second, Delivered(thread={"more": "2"}))
    assert world.entry().thread == {"ts": "1", "more": "2"}
    world.resolve(host="a")
    world.resolve(host="b")
    assert world.tick(5 * MINUTE)[0].thread == {"ts": "1", "more": "2"}
    world.fire(host="a")
    assert world.tick(30_000)[0].thread == {}


def test_the_message(world: World) -> None:
    """A message carries its alerts, its group and its handle."""
    (claimed,) = world.claim()
    message = claimed.message
    assert message.id == claimed.notification.id
    assert (message.receiver, message.integration, message.reason) == ("team", WEBHOOK, Reason.FIRST)
    assert (message.group_key, message.group_labels) == ('{}:{alertname="Down"}', {"alertname": "Down"})
    assert (message.status, message.sequence, message.external_url) == (Status.FIRING, 1, "http://alertd")
    (alert,) = message.alerts
    assert (alert.labels, alert.annotations, alert.ends_at) == (
        {"alertname": "Down", "host": "a"},
        {"summary": "Down fires"},
        None,
    )


def test_no_ends_in_a_message_to_who_hears_none(database: Database) -> None:
    """Without send_resolved a message has the firing alerts alone."""
    world = World(database, integrations={"team": (Integration(MAIL, send_resolved=False),)})
    world.fire(host="a")
    world.tick(30_000)
    world.resolve(host="a")
    world.fire(host="b")
    (message,) = world.tick(5 * MINUTE)
    assert [alert.labels["host"] for alert in message.alerts] == ["b"]


def test_refused_is_tried_again(world: World) -> None:
    """A temporary failure waits and tries the same again under the same handle."""
    (first,) = world.claim()
    world.land(first, REFUSED)
    assert world.claim() == []
    assert world.notifications()[0].due_at == world.now + 750
    world.later(750)
    (second,) = world.claim()
    assert (second.message, second.number) == (first.message, 2)
    world.land(second)
    assert channel(world).failures == 0


def test_given_up(world: World) -> None:
    """After a permanent failure the message is over, and the next flush says what is true then."""
    world.land(world.claim()[0], PERMANENT)
    assert statuses(world) == [outbox.FAILED]
    (event,) = world.database.transaction(history.read, ORGANISATION, events=["notification_failed"])
    assert event.details["error"] == "bad request"
    assert not channel(world).broken
    assert [message.reason for message in world.tick(5 * MINUTE)] == [Reason.FIRST]


def test_too_old(world: World) -> None:
    """A message that could not be delivered for an hour is given up."""
    world.later(world.settings.max_age)
    world.land(world.claim()[0], REFUSED)
    assert statuses(world) == [outbox.FAILED]


def test_changed_while_it_waited(world: World) -> None:
    """After a failure that nobody can have seen, the same handle says what is true now."""
    (first,) = world.claim()
    world.land(first, REFUSED)
    world.fire(host="b")
    world.later(SECOND)
    (second,) = world.claim()
    assert second.message.id == first.message.id
    assert [alert.labels["host"] for alert in second.message.alerts] == ["a", "b"]


def test_changed_after_somebody_may_have_seen_it(world: World) -> None:
    """One handle never carries two contents: another message takes the place of the uncertain one."""
    (first,) = world.claim()
    world.land(first, UNCERTAIN)
    world.fire(host="b")
    world.later(SECOND)
    (second,) = world.claim()
    assert second.message.id != first.message.id
    assert (second.message.episode, second.message.sequence) == (first.message.episode, 2)
    assert statuses(world) == [outbox.SUPERSEDED, outbox.SENDING]
    world.land(second)
    assert world.entry().told == hosts("ab")


def test_superseded_by_a_flush(world: World) -> None:
    """So it is when a flush comes before the next try; the episode stays."""
    (first,) = world.claim()
    world.land(first, UNCERTAIN)
    world.fire(host="b")
    world.later(5 * MINUTE)
    world.flush()
    (second,) = world.claim()
    assert second.message.id != first.message.id
    assert (second.message.episode, second.message.sequence) == (first.message.episode, 2)
    assert open_statuses(world) == [(second.notification.group_id, WEBHOOK)]


@pytest.mark.parametrize("again", [True, False])
def test_over_after_somebody_may_have_seen_it(world: World, again: bool) -> None:
    """The end of what may have been seen is announced, whatever became of the messages meanwhile."""
    world.land(world.claim()[0], UNCERTAIN)
    if again:
        # Its successor is certainly not delivered; the first message may have been all the same.
        world.fire(host="b")
        world.later(SECOND)
        world.land(world.claim()[0], PERMANENT)
        world.resolve(host="b")
    world.resolve(host="a")
    world.later(5 * MINUTE)
    world.flush()
    (last,) = world.deliver()
    assert last.reason is Reason.ALL_RESOLVED
    assert key_of("Down", {"host": "a"}) in {alert.fingerprint for alert in last.resolved}
    assert world.groups() == []


def test_silenced_after_somebody_may_have_seen_it(world: World) -> None:
    """Its message is withdrawn, and the end of the alert is announced all the same."""
    world.land(world.claim()[0], UNCERTAIN)
    world.silence(host="a")
    world.later(SECOND)
    assert world.claim() == []
    assert statuses(world) == [outbox.WITHDRAWN]
    world.resolve(host="a")
    assert [message.reason for message in world.tick(5 * MINUTE)] == [Reason.ALL_RESOLVED]


def test_silenced_after_a_crash_in_the_air(world: World) -> None:
    """So it is when the sender died: its message may have arrived."""
    world.claim("dead")
    world.silence(host="a")
    world.later(world.settings.lease)
    assert world.claim("two") == []
    world.resolve(host="a")
    assert [message.reason for message in world.tick(5 * MINUTE)] == [Reason.ALL_RESOLVED]


def test_over_again_after_its_new_beginning_may_have_been_seen(world: World) -> None:
    """An end that was told before is told again when somebody may have heard of a new beginning since."""
    world.fire(host="b")
    world.deliver()
    world.resolve(host="b")
    world.tick(5 * MINUTE)
    world.fire(host="b")
    world.later(5 * MINUTE)
    world.flush()
    world.land(world.claim()[0], UNCERTAIN)
    world.resolve(host="b")
    world.later(SECOND)
    (claimed,) = world.claim()
    assert (claimed.message.reason, {alert.fingerprint for alert in claimed.message.resolved}) == (
        Reason.SOME_RESOLVED,
        hosts("b"),
    )


def test_fires_again_after_its_end_may_have_been_seen(world: World) -> None:
    """Nobody knows whether the end was heard, so the new beginning is told."""
    world.deliver()
    world.resolve(host="a")
    world.later(5 * MINUTE)
    world.flush()
    world.land(world.claim()[0], UNCERTAIN)
    world.fire(host="a")
    world.later(SECOND)
    (claimed,) = world.claim()
    assert [alert.status for alert in claimed.message.alerts] == [Status.FIRING]


def test_a_mark_that_may_have_been_seen_is_taken_back(database: Database) -> None:
    """An acknowledgement that ends before its message arrived for certain pages again."""
    pager = Integration("team/pagerduty/0", send_resolved=True, wants_acknowledged=True)
    world = World(database, integrations={"team": (pager,)})
    world.fire(host="a")
    world.tick(30_000)
    world.acknowledge(host="a")
    world.flush()
    world.land(world.claim()[0], UNCERTAIN)
    world.unacknowledge(host="a")
    world.later(SECOND)
    (claimed,) = world.claim()
    assert (claimed.message.reason, claimed.message.acknowledged) == (Reason.UNACKNOWLEDGED, False)


def test_a_crash_in_the_air(world: World) -> None:
    """Whoever died may have sent it: another one sends the same under the same handle when the lease is over."""
    (first,) = world.claim("dead")
    world.restart()
    world.later(world.settings.lease - 1)
    assert world.claim("two") == []
    world.later(1)
    (second,) = world.claim("two")
    assert (second.message, second.number) == (first.message, 2)
    # The first one was only slow: its outcome counts no more.
    landed = world.land(first, PERMANENT)
    assert not landed.group_due
    assert statuses(world) == [outbox.SENDING]
    world.land(second)
    assert statuses(world) == [outbox.SENT]
    assert [
        row["outcome"] for row in world.database.transaction(outbox.attempts_of, ORGANISATION, first.message.id)
    ] == [
        "permanent",
        "delivered",
    ]


def test_a_crash_in_the_air_and_a_change(world: World) -> None:
    """What changed meanwhile goes out under a handle of its own."""
    (first,) = world.claim("dead")
    world.resolve(host="a")
    world.later(world.settings.lease)
    (second,) = world.claim("two")
    assert second.message.id != first.message.id
    assert second.message.status is Status.RESOLVED


def test_overtaken_in_the_air(world: World) -> None:
    """A flush sends nothing beside what is in the air, and comes again when it has landed."""
    (claimed,) = world.claim()
    world.resolve(host="a")
    world.later(5 * MINUTE)
    world.flush()
    assert open_statuses(world) == [(claimed.notification.group_id, WEBHOOK)]
    landed = world.land(claimed)
    assert landed.group_due
    assert world.groups()[0].next_flush_at == world.now
    world.flush()
    assert [message.status for message in world.deliver()] == [Status.RESOLVED]
    assert world.groups() == []


def test_over_before_it_was_sent(world: World) -> None:
    """A last look before it is sent: what is over is not told."""
    world.resolve(host="a")
    assert world.claim() == []
    assert statuses(world) == [outbox.WITHDRAWN]


def test_silenced_before_it_was_sent(world: World) -> None:
    """Nor is what somebody has silenced meanwhile."""
    world.silence(host="a")
    assert world.claim() == []
    assert statuses(world) == [outbox.WITHDRAWN]


def test_the_rate_of_a_receiver(world: World) -> None:
    """Two messages to one integration keep its interval between them."""
    world.targets[WEBHOOK].interval = SECOND
    world.fire("Other", host="a")
    world.later(30_000)
    world.flush()
    (first,) = world.claim()
    assert [item.due_at - world.now for item in world.notifications(outbox.PENDING)] == [SECOND]
    world.land(first)
    assert world.claim() == []
    world.later(SECOND)
    assert len(world.claim()) == 1


def test_a_pause_that_was_asked_for(world: World) -> None:
    """Retry-After holds back every message to the integration."""
    world.fire("Other", host="a")
    asked = DeliveryFailed(FailureReason.RATE_LIMITED, "slow down", retry_after=MINUTE)
    (first,) = world.claim()
    world.land(first, asked)
    world.later(30_000)
    world.flush()
    assert world.claim() == []
    assert {item.due_at for item in world.notifications(outbox.PENDING)} == {world.now + 30_000}
    world.later(30_000)
    assert len(world.claim()) == 2


def test_a_broken_channel(world: World) -> None:
    """A channel that says so is broken at once, and whole again after one success."""
    broken = DeliveryFailed(FailureReason.AUTH_ERROR, "token revoked", channel_broken=True)
    landed = world.land(world.claim()[0], broken)
    assert (landed.before.broken, landed.after.broken) == (False, True)
    assert statuses(world) == [outbox.FAILED]
    world.later(5 * MINUTE)
    world.flush()
    landed = world.land(world.claim()[0])
    assert (landed.before.broken, landed.after.broken) == (True, False)


def test_an_integration_that_is_gone(world: World) -> None:
    """What is on its way to nobody is given up."""
    world.targets.clear()
    assert world.claim() == []
    assert [item.error for item in world.notifications()] == ["the integration is gone from the configuration"]


def test_pages(world: World) -> None:
    """The cooldown of an alert counts from the delivery."""
    world.deliver()
    world.fire("Hot", host="a", policy=Policy(cooldown=HOUR))
    world.later(30_000)
    world.flush()
    world.later(SECOND)
    world.deliver()
    delivered = world.now
    world.resolve("Hot", host="a")
    world.tick(5 * MINUTE)
    world.fire("Hot", host="a", policy=Policy(cooldown=HOUR))
    world.tick(30_000)
    assert delivered + HOUR not in {group.next_flush_at for group in world.groups()}
    for _ in range(10):
        assert world.tick(5 * MINUTE) == []
    assert delivered + HOUR in {group.next_flush_at for group in world.groups()}


postgresql = pytest.mark.parametrize("dialect", ["postgresql"])


def wait_for_a_lock(database: Database, thread: threading.Thread) -> None:
    """Return when the thread's transaction waits for another one, or needed not to."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while thread.is_alive() and not connection.execute(waiting).scalar():
            pass


@postgresql
def test_a_flush_while_a_message_lands(dialect: str, world: World) -> None:
    """A flush at the same instant sees the landing whole or not at all: nothing is told twice."""
    (claimed,) = world.claim()
    world.later(5 * MINUTE)
    flush = threading.Thread(target=world.flush)
    with world.database.engine.begin() as connection:
        land(connection, [tried(claimed)], world.settings, world.now)
        flush.start()
        wait_for_a_lock(world.database, flush)
    flush.join()
    world.flush()
    assert statuses(world) == [outbox.SENT]


@postgresql
def test_a_landing_locks_the_group_first(dialect: str, world: World) -> None:
    """As a flush does: two that lock in different orders would wait for each other."""
    (claimed,) = world.claim()
    world.later(5 * MINUTE)
    landing = threading.Thread(target=world.land, args=(claimed,))
    with world.database.engine.begin() as connection:
        (group,) = group_rows.due_groups(connection, world.now, 10)
        landing.start()
        wait_for_a_lock(world.database, landing)
        free = text("SELECT id FROM notifications FOR UPDATE SKIP LOCKED")
        assert connection.execute(free).scalars().all() == [claimed.notification.id]
    landing.join()
    assert statuses(world) == [outbox.SENT]
    assert group.id == claimed.notification.group_id


@postgresql
def test_a_flush_while_a_message_is_replaced(dialect: str, world: World) -> None:
    """A claim puts another message in the place of an uncertain one; a flush meanwhile adds no second."""
    world.land(world.claim()[0], UNCERTAIN)
    world.fire(host="b")
    world.later(5 * MINUTE)
    flush = threading.Thread(target=world.flush)
    with world.database.engine.begin() as connection:
        (claimed,) = claim_due(connection, world.desk, owner="one", now=world.now, count=10)
        # The flush waits for rows, never for the gates, which the claim is done with.
        flush.start()
        wait_for_a_lock(world.database, flush)
    flush.join()
    assert open_statuses(world) == [(claimed.notification.group_id, WEBHOOK)]
    assert statuses(world) == [outbox.SUPERSEDED, outbox.SENDING]
