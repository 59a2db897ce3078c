"""The few statements whose words differ between SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table, and_, bindparam, text, update
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")

# SQLite refuses statements with more than 32 766 variables; a chunk of keys stays far below.
CHUNK = 500


def upsert(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, columns: Sequence[str] = ()
) -> None:
    """Insert `rows`, or replace `columns` (all, if none are named) of those whose primary key is there already.

    Either way the rows are locked until the transaction ends.
    """
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
    replaced = columns or [column.name for column in table.columns if column.name not in keys]
    values = {name: insert.excluded[name] for name in replaced}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=values), list(rows))


def insert_missing(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows`; one whose primary key is there already is left as it is."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
    connection.execute(insert.on_conflict_do_nothing(index_elements=keys), list(rows))


def update_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the values of each of `rows`, which all name the same columns, into the row with its primary key."""
    if not rows:
        return
    keys = {column.name: f"key_{column.name}" for column in table.primary_key}
    found = and_(*(table.c[name] == bindparam(parameter) for name, parameter in keys.items()))
    changed = [name for name in rows[0] if name not in keys]
    statement = update(table).where(found).values({name: bindparam(name) for name in changed})
    connection.execute(statement, [{keys.get(name, name): value for name, value in row.items()} for row in rows])


def locked(connection: Connection, select: Select[Any], *, skip: bool = False) -> Select[Any]:
    """`select` with its rows locked until the transaction ends; `skip` leaves out those that others have locked.

    SQLite's write transactions exclude each other whole, so it needs no row locks.
    """
    return select.with_for_update(skip_locked=skip) if connection.dialect.name == "postgresql" else select


def in_turn(connection: Connection, name: str) -> None:
    """Wait until no other transaction is in its turn under this name; ours ends with the transaction.

    Rows that are inserted in turn become visible in the order of their numbers. SQLite's write transactions exclude
    each other whole.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """The values in lists short enough for one statement."""
    chunk: list[T] = []
    for value in values:
        chunk.append(value)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
