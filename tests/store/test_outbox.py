"""The outbox: what is due is claimed once, and only whoever holds the claim may write."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, text

from alertd.routing.told import Content
from alertd.store import outbox
from alertd.store.database import Database
from alertd.store.outbox import Ending, Notification

NOW = 1_000_000
LEASE = 15_000
BLANK = Notification(
    organisation="default",
    id="1",
    group_id="g",
    group_key="{}:{}",
    group_labels={"team": "a"},
    receiver="team",
    integration="team/webhook/0",
    episode="e",
    sequence=1,
    reason="first notification",
    status=outbox.PENDING,
    content=Content({"a": "warning"}, frozenset("b"), frozenset("a"), frozenset("a")),
    alerts=[{"fingerprint": "0123456789abcdef", "status": "firing"}],
    created_at=NOW,
    due_at=NOW,
)


def add(database: Database, *added: Notification) -> None:
    database.transaction(outbox.add, added)


def claim(database: Database, now: int = NOW, owner: str = "one", count: int = 10) -> list[Notification]:
    return database.transaction(outbox.claim, owner, now, LEASE, count)


def get(database: Database, key: str = "1") -> Notification:
    found = database.transaction(outbox.get, "default", key)
    assert found is not None
    return found


def finish(database: Database, claimed: Notification, status: str = outbox.SENT, **how: Any) -> bool | None:
    """Write the end of a try if the lease is still ours; whether the group moved on, None for a lost lease."""

    def work(connection: Connection) -> bool | None:
        ours = outbox.standing(connection, [claimed])
        if ours:
            ending = Ending(claimed, claimed.tries, "delivered", status, **how)
            outbox.finish(connection, [ending], NOW + 5)
        return ours.get((claimed.organisation, claimed.id))

    return database.transaction(work)


def begin(database: Database, claimed: Notification, now: int) -> Notification:
    (begun,) = database.transaction(outbox.begin_attempts, [claimed], now)
    return begun


def test_a_notification_is_kept_whole(database: Database) -> None:
    """What goes in comes out."""
    add(database, BLANK)
    assert get(database) == BLANK
    assert database.transaction(outbox.get, "other", "1") is None


def test_claim_takes_what_is_due(database: Database) -> None:
    """The longest due first, no more than asked for, nothing that is not due or is claimed."""
    add(
        database,
        replace(BLANK, id="late", due_at=NOW - 5),
        replace(BLANK, id="later", due_at=NOW - 3),
        BLANK,
        replace(BLANK, id="future", due_at=NOW + 1),
        replace(BLANK, id="sent", status=outbox.SENT),
    )
    assert [item.id for item in claim(database, count=2)] == ["late", "later"]
    assert [item.id for item in claim(database)] == ["1"]
    assert claim(database) == []
    claimed = get(database, "late")
    assert (claimed.status, claimed.epoch, claimed.lease_until) == (outbox.SENDING, 1, NOW + LEASE)


def test_a_lease_that_ran_out_is_claimed_again(database: Database) -> None:
    """Its owner may have sent it before it died, so the try counts as uncertain, and the owner can write no more."""
    add(database, BLANK)
    (first,) = claim(database)
    assert claim(database, NOW + LEASE - 1, "two") == []
    (second,) = claim(database, NOW + LEASE, "two")
    assert (second.epoch, second.uncertain) == (2, 1)
    assert finish(database, first) is None
    assert get(database).status == outbox.SENDING
    assert finish(database, second) is False
    assert get(database).status == outbox.SENT


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_lease_that_is_lost_at_this_instant(dialect: str, database: Database) -> None:
    """An owner that writes while another one claims waits for the claim, and then writes nothing."""
    add(database, BLANK)
    (first,) = claim(database)
    outcomes: list[bool | None] = []
    slow = threading.Thread(target=lambda: outcomes.append(finish(database, first)))
    with database.engine.begin() as connection:
        assert len(outbox.claim(connection, "two", NOW + LEASE, LEASE, 1)) == 1
        slow.start()
        waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
            while slow.is_alive() and not other.execute(waiting).scalar():
                pass
    slow.join()
    assert outcomes == [None]
    assert get(database).status == outbox.SENDING


def test_release_dead(database: Database) -> None:
    """What a dead replica had in the air is due at once; the living keep theirs."""
    add(database, BLANK, replace(BLANK, id="2"))
    claim(database, owner="dead", count=1)
    claim(database, owner="alive", count=1)
    assert database.transaction(outbox.release_dead, ["alive"], NOW + 1) == 1
    assert [item.uncertain for item in claim(database, NOW + 1, "alive")] == [1]


def test_put_back(database: Database) -> None:
    """A notification that was not tried waits for its channel; a lost claim puts nothing back."""
    add(database, BLANK)
    (claimed,) = claim(database)
    database.transaction(outbox.put_back, "default", "1", claimed.epoch - 1, NOW + 7)
    assert get(database).status == outbox.SENDING
    database.transaction(outbox.put_back, "default", "1", claimed.epoch, NOW + 7)
    waiting = get(database)
    assert (waiting.status, waiting.due_at, waiting.uncertain, waiting.tries) == (outbox.PENDING, NOW + 7, 0, 0)
    assert claim(database, NOW + 6) == []


def test_attempts(database: Database) -> None:
    """A try is written down before anything is sent, and again when it has ended."""
    add(database, BLANK)
    (claimed,) = claim(database)
    assert begin(database, claimed, NOW).tries == 1
    (begun,) = database.transaction(outbox.attempts_of, "default", "1")
    assert (begun["number"], begun["outcome"], begun["finished_at"]) == (1, "unknown", None)
    ending = Ending(claimed, 1, "temporary", outbox.PENDING, reason="timeout", answer="x" * 5000)
    database.transaction(outbox.end_attempts, [ending], NOW + 5)
    assert finish(database, claimed, outbox.PENDING, due_at=NOW + 9, uncertain=True) is False
    (ended,) = database.transaction(outbox.attempts_of, "default", "1")
    assert (ended["outcome"], ended["reason"], len(ended["answer"])) == ("temporary", "timeout", 2000)
    waiting = get(database)
    assert (waiting.status, waiting.due_at, waiting.uncertain, waiting.tries) == (outbox.PENDING, NOW + 9, 1, 1)
    (again,) = claim(database, NOW + 9)
    assert begin(database, again, NOW + 9).tries == 2


def test_outdated(database: Database) -> None:
    """A note on what is in the air is answered when it lands; what is not in the air takes none."""
    add(database, BLANK)
    database.transaction(outbox.mark_outdated, "default", "1")
    (claimed,) = claim(database)
    assert claimed.error == ""
    database.transaction(outbox.mark_outdated, "default", "1")
    assert finish(database, claimed) is True


def test_close_leaves_what_is_finished(database: Database) -> None:
    """What was sent cannot be withdrawn any more."""
    add(database, BLANK, replace(BLANK, id="2", status=outbox.SENT))
    for key in ("1", "2"):
        database.transaction(outbox.close, "default", key, outbox.WITHDRAWN, "nothing to say", NOW)
    assert [get(database, key).status for key in ("1", "2")] == [outbox.WITHDRAWN, outbox.SENT]


def test_take_over(database: Database) -> None:
    """The claim goes over to the notification that takes the place of another."""
    add(database, BLANK)
    (claimed,) = claim(database)
    fresh = replace(BLANK, id="2")
    add(database, fresh)
    database.transaction(outbox.take_over, claimed, fresh)
    taken = get(database, "2")
    assert (taken.status, taken.epoch, taken.lease_until) == (outbox.SENDING, 1, claimed.lease_until)
    assert finish(database, replace(fresh, epoch=1)) is False


def test_next_due(database: Database) -> None:
    """The next message, or the end of the next lease."""
    assert database.transaction(outbox.next_due) is None
    add(database, BLANK, replace(BLANK, id="2", due_at=NOW + LEASE + 5))
    assert database.transaction(outbox.next_due) == NOW
    claim(database)
    assert database.transaction(outbox.next_due) == NOW + LEASE


def test_listing(database: Database) -> None:
    """The newest first, page by page, and filtered."""
    add(database, *(replace(BLANK, id=str(number), created_at=NOW + number // 2) for number in range(4)))
    add(database, replace(BLANK, id="sent", status=outbox.SENT, receiver="other", created_at=NOW - 1, alerts=[]))
    listed = database.transaction(outbox.listing, "default", limit=3)
    assert [item.id for item in listed] == ["3", "2", "1"]
    rest = database.transaction(outbox.listing, "default", before=(listed[-1].created_at, listed[-1].id))
    assert [item.id for item in rest] == ["0", "sent"]
    assert [item.id for item in database.transaction(outbox.listing, "default", statuses=[outbox.SENT])] == ["sent"]
    assert [item.id for item in database.transaction(outbox.listing, "default", receiver="other")] == ["sent"]
    found = database.transaction(outbox.listing, "default", fingerprint="0123456789abcdef")
    assert [item.id for item in found] == ["3", "2", "1", "0"]
    assert database.transaction(outbox.listing, "other") == []
    assert database.transaction(outbox.counts) == {
        ("team/webhook/0", outbox.PENDING): 4,
        ("team/webhook/0", outbox.SENT): 1,
    }


def test_prune(database: Database) -> None:
    """Only what ended long ago goes, with its attempts."""
    add(database, BLANK, replace(BLANK, id="2"))
    for claimed in claim(database):
        begin(database, claimed, NOW)
    finish(database, get(database))
    assert database.transaction(outbox.prune, NOW + 5) == 0
    assert database.transaction(outbox.prune, NOW + 6) == 1
    assert database.transaction(outbox.get, "default", "1") is None
    assert database.transaction(outbox.attempts_of, "default", "1") == []
    assert len(database.transaction(outbox.attempts_of, "default", "2")) == 1


CLAIMER = """
import sys
from alertd.store import outbox
from alertd.store.database import Database

database = Database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
while claimed := database.transaction(outbox.claim, sys.argv[2], 1_000_000, 15_000, 20):
    for item in claimed:
        print(item.id)
"""


def test_nothing_is_claimed_twice(database: Database, migrated_url: str) -> None:
    """Four processes that claim at the same time get every notification exactly once between them."""
    number = 600
    add(database, *(replace(BLANK, id=str(index)) for index in range(number)))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIMER, migrated_url, str(owner)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for owner in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    claimed = Counter[str]()
    for process in processes:
        output, _ = process.communicate()
        assert process.returncode == 0
        claimed.update(output.split())
    assert len(claimed) == number
    assert set(claimed.values()) == {1}


def test_rewrite(database: Database) -> None:
    """What nobody can have seen says something else under the same id."""
    add(database, BLANK)

    def work(connection: Connection) -> None:
        outbox.rewrite(connection, "default", "1", reason="new alerts added", content=Content({"c": ""}), alerts=[])

    database.transaction(work)
    assert get(database) == replace(BLANK, reason="new alerts added", content=Content({"c": ""}), alerts=[])
