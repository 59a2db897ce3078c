"""Pushes as rows: every value comes back as it was."""

from __future__ import annotations

import math
import threading

from sqlalchemy import Connection

from alertd.store import snapshots
from alertd.store.database import Database


def test_every_value_comes_back(database: Database) -> None:
    """Recorded series have values that JSON has no word for; the rows keep them."""
    values = [1.5, -0.0, 1e300, math.inf, -math.inf, math.nan]
    with database.engine.begin() as connection:
        samples = [({"__name__": "x", "n": str(number)}, value) for number, value in enumerate(values)]
        snapshots.add(connection, "default", "app", at=1, received_at=2, labels={"a": "b"}, samples=samples)
        ids = snapshots.ids_after(connection, "default", "app", 0)
        (found,) = snapshots.by_id(connection, ids)
    assert [labels for labels, _ in found.samples] == [labels for labels, _ in samples]
    assert list(map(repr, (value for _, value in found.samples))) == list(map(repr, values))


def test_the_oldest_go_when_there_is_too_much(database: Database) -> None:
    """As many of a source's oldest pushes as it takes, and nothing of other sources'."""

    def work(connection: Connection) -> None:
        for number in range(4):
            for source in ("app", "other"):
                _add(connection, source, number, b"x" * 100)
        assert snapshots.oldest(connection, "default", "app") == 0
        assert snapshots.shrink(connection, "default", "app", 400) == 0
        assert snapshots.shrink(connection, "default", "app", 399) == 1
        assert snapshots.shrink(connection, "default", "app", 150, limit=1) == 1
        assert snapshots.oldest(connection, "default", "app") == 2
        assert snapshots.shrink(connection, "default", "app", 50) == 2
        assert snapshots.oldest(connection, "default", "app") is None
        assert len(snapshots.ids_after(connection, "default", "other", 0)) == 4

    database.transaction(work)


def _add(connection: Connection, source: str, at: int, body: bytes) -> int:
    return snapshots.add_body(
        connection,
        "default",
        source,
        at=at,
        received_at=at,
        labels={},
        samples=1,
        first_at=at,
        kind=snapshots.Kind.WRITE_1,
        body=body,
    )


def test_ids_become_visible_in_their_order(database: Database) -> None:
    """Whoever follows the ids misses none: a later one is not there before an earlier one is."""
    first_in, second_done = threading.Event(), threading.Event()
    seen: list[list[int]] = []

    def first(connection: Connection) -> None:
        _add(connection, "app", 1, b"")
        first_in.set()
        seen.append([1] if second_done.wait(0.3) else [])

    def second(connection: Connection) -> None:
        _add(connection, "app", 2, b"")

    def run_second() -> None:
        first_in.wait(60)
        database.transaction(second)
        second_done.set()

    thread = threading.Thread(target=run_second)
    thread.start()
    database.transaction(first)
    thread.join(60)
    assert seen == [[]]
    rows = database.transaction(
        lambda connection: snapshots.by_id(connection, snapshots.ids_after(connection, "default", "app", 0))
    )
    assert [row.at for row in rows] == [1, 2]
