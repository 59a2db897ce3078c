"""The migrations make the tables that the code uses, on both databases, and undo what they did."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from alertd.store import migrate
from alertd.store.database import Database, DatabaseRefused
from alertd.store.tables import metadata


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    """An open database without tables."""
    opened = Database(database_url)
    yield opened
    opened.close()


def described(connection: Connection) -> dict[str, Any]:
    """Everything that an inspector can see of alertd's tables, in a form that compares."""
    inspector = inspect(connection)
    return {
        table: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], column["default"] is None)
                for column in inspector.get_columns(table)
            ],
            "key": inspector.get_pk_constraint(table)["constrained_columns"],
            "indexes": sorted(
                (str(index["name"]), tuple(index["column_names"]), index["unique"])
                for index in inspector.get_indexes(table)
            ),
            "uniques": sorted(
                (str(unique["name"]), tuple(unique["column_names"]))
                for unique in inspector.get_unique_constraints(table)
            ),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_schema_matches_tables(empty: Database) -> None:
    """The migrated schema is the one of alertd/store/tables.py: no table, column, key, index or type differs."""
    empty.transaction(metadata.create_all)
    wanted = empty.transaction(described)
    empty.transaction(metadata.drop_all)
    migrate.upgrade(empty)
    assert empty.transaction(described) == wanted
    assert set(wanted) == set(metadata.tables)


def test_autogenerate_finds_nothing(database: Database) -> None:
    """Alembic sees no difference either, so the next drafted revision holds only what its author changed."""
    found = database.transaction(
        lambda connection: compare_metadata(
            MigrationContext.configure(connection, opts={"compare_type": True}), metadata
        )
    )
    assert found == []


def test_up_down_up(empty: Database) -> None:
    """Every migration can be undone and done again, and `current` follows."""
    assert migrate.current(empty) is None
    migrate.upgrade(empty)
    first, revision = empty.transaction(described), migrate.current(empty)
    assert revision is not None
    migrate.downgrade(empty, "base")
    assert empty.transaction(described) == {}
    assert migrate.current(empty) is None
    migrate.upgrade(empty)
    assert (empty.transaction(described), migrate.current(empty)) == (first, revision)


def test_replicas_that_start_together(database_url: str) -> None:
    """Several replicas may find the same empty database: one migrates it, none fails."""
    replicas = [Database(database_url) for _ in range(4)]
    barrier = threading.Barrier(len(replicas))
    failures: list[BaseException] = []

    def start(replica: Database) -> None:
        barrier.wait()
        try:
            migrate.ensure_current(replica)
        except BaseException as error:  # noqa: BLE001 - the thread's failure is the test's
            failures.append(error)

    threads = [threading.Thread(target=start, args=(replica,)) for replica in replicas]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert set(replicas[0].transaction(described)) == set(metadata.tables)
    for replica in replicas:
        replica.close()


def test_current_database_is_left_alone(database: Database) -> None:
    """A database at the newest revision keeps its rows."""
    database.transaction(
        lambda connection: connection.execute(metadata.tables["counters"].insert(), {"organisation": "a", "value": 7})
    )
    migrate.ensure_current(database)
    assert database.transaction(lambda c: c.execute(text("SELECT value FROM counters")).scalar()) == 7


@pytest.mark.parametrize("action", [migrate.ensure_current, migrate.upgrade, lambda it: migrate.downgrade(it, "base")])
def test_newer_database_is_refused(database: Database, action: Any) -> None:
    """A database that a newer alertd upgraded is refused in words, and nothing in it changes."""
    database.transaction(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(DatabaseRefused, match=r"at revision 9999, which alertd .* does not know: a newer alertd"):
        action(database)
    assert migrate.current(database) == "9999"


def test_foreign_tables_are_refused(empty: Database) -> None:
    """A database in which somebody else has a table of the same name is not touched."""
    empty.transaction(lambda connection: connection.execute(text("CREATE TABLE alerts (id INTEGER)")))
    with pytest.raises(DatabaseRefused, match="did not make: alerts; give alertd a database of its own"):
        migrate.ensure_current(empty)
    assert set(empty.transaction(described)) == {"alerts"}


def test_unknown_revision_is_refused(database: Database) -> None:
    """A revision that does not exist is named, with those that do."""
    with pytest.raises(DatabaseRefused, match="there is no revision 'nowhere'; these exist: 0001"):
        migrate.upgrade(database, "nowhere")
