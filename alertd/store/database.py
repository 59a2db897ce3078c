"""The database: how it is opened, and the one way in which everything reads and writes it.

Every use of it is one short transaction: a plain function over a `Connection`. Async callers go through `run`, which
calls the function in a thread from a bounded pool, so that a transaction can never be held across an `await`.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import StaticPool

from alertd.errors import AlertdError

T = TypeVar("T")

# Serialization failure, deadlock: the transaction was undone whole and is safe to do again.
_RETRIED = frozenset({"40001", "40P01"})
_TRIES = 5
_WAL_TRIES = 200
_THREADS = 8


class DatabaseRefused(AlertdError):
    """The database cannot be used; the text says why and what would help."""


class Database:
    """One SQLite file (or memory), or one PostgreSQL database."""

    def __init__(self, url: str) -> None:
        self.engine = _open(url)
        self._limiter: anyio.CapacityLimiter | None = None

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    def transaction(self, work: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """Call `work(connection, …)` in one transaction: committed when it returns, undone when it raises."""
        for last in (*[False] * (_TRIES - 1), True):
            try:
                with self.engine.begin() as connection:
                    return work(connection, *arguments, **options)
            except DBAPIError as error:
                if last or getattr(error.orig, "sqlstate", None) not in _RETRIED:
                    raise
                time.sleep(random.uniform(0.005, 0.05))  # noqa: S311 - spreads retries, guards nothing
        raise AssertionError("the last try returns or raises")

    async def run(self, work: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """`transaction`, from async code. Who is cancelled meanwhile still waits for its end: it cannot be stopped."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(1 if self.dialect == "sqlite" else _THREADS)
        begun = asyncio.ensure_future(
            anyio.to_thread.run_sync(lambda: self.transaction(work, *arguments, **options), limiter=self._limiter)
        )
        try:
            return await asyncio.shield(begun)
        except asyncio.CancelledError:
            await asyncio.wait([begun])
            raise

    def check(self) -> None:
        """Raises `DatabaseRefused` unless the database answers."""
        try:
            self.transaction(lambda connection: connection.execute(text("SELECT 1")))
        except DBAPIError as error:
            raise DatabaseRefused(f"the database does not answer: {error.orig}") from error

    def close(self) -> None:
        self.engine.dispose()


def _open(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseRefused(
            "the database URL cannot be read; it looks like sqlite:///alertd.db or postgresql://user@host/name"
        ) from error
    match parsed.get_backend_name():
        case "sqlite":
            return _open_sqlite(url, in_memory=parsed.database in {None, "", ":memory:"})
        case "postgresql":
            return create_engine(
                parsed.set(drivername="postgresql+psycopg"), pool_size=_THREADS, max_overflow=4, pool_pre_ping=True
            )
        case other:
            raise DatabaseRefused(f"{other!r} is not a database of alertd; use sqlite:///… or postgresql://…")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log, which the first to open a new file does.

    Two that do so together: SQLite refuses one of them at once, whatever its time-out.
    """
    for last in (*[False] * (_WAL_TRIES - 1), True):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if last:
                raise
            time.sleep(random.uniform(0.005, 0.05))  # noqa: S311 - spreads retries, guards nothing
        else:
            return


def _open_sqlite(url: str, *, in_memory: bool) -> Engine:
    options: dict[str, Any] = {"poolclass": StaticPool} if in_memory else {}
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 30}, **options)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA busy_timeout=30000")
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that reads before it writes loses updates or fails as "locked".
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
