"""The database: transactions that lose nothing, retries, and URLs that are refused."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from alertd.store.database import Database, DatabaseRefused
from alertd.store.statements import chunks, insert_missing, locked, upsert
from alertd.store.tables import counters, replicas

THREADS, ROUNDS = 4, 50


def count_up(connection: Connection) -> None:
    """Read, then write what was read: where a careless transaction loses updates."""
    query = select(counters.c.value).where(counters.c.organisation == "default")
    value = connection.execute(locked(connection, query)).scalar_one()
    connection.execute(update(counters).where(counters.c.organisation == "default").values(value=value + 1))


def test_no_update_is_lost(database: Database) -> None:
    """Threads that read and write the same row at once all count, and none is told that the database is locked."""
    database.transaction(
        lambda connection: connection.execute(insert(counters).values(organisation="default", value=0))
    )
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(ROUNDS):
                database.transaction(count_up)
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    value = database.transaction(lambda connection: connection.execute(select(counters.c.value)).scalar_one())
    assert value == THREADS * ROUNDS


def test_a_new_file_is_opened_together(tmp_path: Path) -> None:
    """Whoever opens a new SQLite file at the same moment as others does not find it locked."""
    failures: list[BaseException] = []

    def look(database: Database, barrier: threading.Barrier) -> None:
        barrier.wait()
        try:
            database.check()
        except BaseException as error:  # noqa: BLE001 - the thread's failure is the test's
            failures.append(error)

    for attempt in range(40):
        databases = [Database(f"sqlite:///{tmp_path / str(attempt)}.db") for _ in range(THREADS)]
        barrier = threading.Barrier(THREADS)
        threads = [threading.Thread(target=look, args=(database, barrier)) for database in databases]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for database in databases:
            database.close()
    assert failures == []


def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    """What raises leaves nothing behind."""

    def work(connection: Connection) -> None:
        connection.execute(insert(counters).values(organisation="default", value=1))
        raise LookupError

    with pytest.raises(LookupError):
        database.transaction(work)
    assert database.transaction(lambda connection: connection.execute(select(counters)).all()) == []


class Conflict(Exception):
    """What PostgreSQL's driver raises for a transaction that was undone and may be done again."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


def failing(times: int, sqlstate: str) -> tuple[Callable[[Connection], int], list[int]]:
    """Work that fails `times` times; and the list of its calls."""
    calls: list[int] = []

    def work(connection: Connection) -> int:
        calls.append(1)
        if len(calls) <= times:
            raise OperationalError("select 1", {}, Conflict(sqlstate))
        return len(calls)

    return work, calls


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_a_conflict_is_done_again(sqlstate: str) -> None:
    """A serialization failure or a deadlock undid the whole transaction: doing it again is safe."""
    database = Database("sqlite:///:memory:")
    work, calls = failing(4, sqlstate)
    assert database.transaction(work) == 5
    work, calls = failing(5, sqlstate)
    with pytest.raises(OperationalError):
        database.transaction(work)
    assert len(calls) == 5
    database.close()


def test_other_errors_are_not_done_again() -> None:
    """Nobody knows whether doing it again would be safe."""
    database = Database("sqlite:///:memory:")
    work, calls = failing(1, "23505")
    with pytest.raises(OperationalError):
        database.transaction(work)
    assert len(calls) == 1
    database.close()


async def test_run(database: Database) -> None:
    """Async code calls the same functions in a thread, arguments and errors included."""

    def work(connection: Connection, value: int, *, name: str) -> tuple[int, str, str]:
        connection.execute(insert(counters).values(organisation=name, value=value))
        return value, name, threading.current_thread().name

    value, name, thread = await database.run(work, 5, name="default")
    assert (value, name) == (5, "default")
    assert thread != threading.current_thread().name
    with pytest.raises(IntegrityError):
        await database.run(work, 5, name="default")


def test_sqlite_settings(sqlite_url: str) -> None:
    """A SQLite file keeps a write-ahead log, flushes every commit, and waits for its turn."""
    database = Database(sqlite_url)
    with database.engine.connect() as connection:
        settings = [connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")]
        assert settings == ["wal", 2]
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 30_000
    database.close()


def test_sqlite_takes_the_write_lock_first(sqlite_url: str) -> None:
    """A transaction that only reads so far keeps others from writing: what it read stays true."""
    database = Database(sqlite_url)
    with database.engine.begin():
        other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
    database.close()


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("no url", "cannot be read; it looks like"),
        ("mysql://host/name", "'mysql' is not a database of alertd"),
    ],
)
def test_refused(url: str, complaint: str) -> None:
    """What is no database of alertd is refused in a sentence."""
    with pytest.raises(DatabaseRefused, match=complaint):
        Database(url)


def test_check(database: Database, sqlite_url: str) -> None:
    """A database that answers is fine; one that cannot be opened is refused."""
    database.check()
    nowhere = Database(sqlite_url.replace("alertd.db", "no/such/folder.db"))
    with pytest.raises(DatabaseRefused, match="does not answer"):
        nowhere.check()
    nowhere.close()


def row(name: str, version: str, host: str = "h") -> dict[str, object]:
    return {"id": name, "started_at": 1, "heartbeat_at": 1, "host": host, "version": version}


def test_statements(database: Database) -> None:
    """Upsert replaces, insert_missing leaves alone, and named columns are all that changes."""

    def work(connection: Connection) -> list[tuple[str, str, str]]:
        upsert(connection, replicas, [row("1", "a"), row("2", "a")])
        upsert(connection, replicas, [row("1", "b", "other")])
        upsert(connection, replicas, [row("2", "c", "other")], columns=("host",))
        insert_missing(connection, replicas, [row("1", "d"), row("3", "d")])
        upsert(connection, replicas, [])
        insert_missing(connection, replicas, [])
        query = select(replicas.c.id, replicas.c.version, replicas.c.host).order_by(replicas.c.id)
        return [(name, version, host) for name, version, host in connection.execute(query)]

    assert database.transaction(work) == [("1", "b", "other"), ("2", "a", "other"), ("3", "d", "h")]


@pytest.mark.parametrize(("number", "sizes"), [(0, []), (1, [1]), (500, [500]), (501, [500, 1])])
def test_chunks(number: int, sizes: list[int]) -> None:
    """No statement gets more keys than SQLite takes."""
    assert [len(chunk) for chunk in chunks(range(number))] == sizes
