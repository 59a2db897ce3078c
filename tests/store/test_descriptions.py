"""Descriptions of metrics: each once, renewed by being said again, gone when nobody says them."""

from __future__ import annotations

from sqlalchemy import Connection

from alertd.store import descriptions
from alertd.store.database import Database

UP = ("up", "gauge", "Whether it answers.", "")
OTHER_UP = ("up", "gauge", "x" * 5000, "")
TOTAL = ("requests_total", "counter", "Requests.", "requests")


def test_descriptions(database: Database) -> None:
    """Several may speak of one metric; a source and an organisation know only their own."""

    def work(connection: Connection) -> None:
        descriptions.put(connection, "default", "app", [UP, TOTAL], 1)
        descriptions.put(connection, "default", "app", [UP, OTHER_UP], 5)
        descriptions.put(connection, "default", "other", [UP], 1)
        assert descriptions.every(connection, "default", "app")[0] == TOTAL
        assert sorted(descriptions.every(connection, "default", "app", "up")) == [UP, OTHER_UP]
        assert descriptions.every(connection, "elsewhere", "app") == []
        assert descriptions.prune(connection, "app", 5) == 1
        assert sorted(descriptions.every(connection, "default", "app")) == [UP, OTHER_UP]
        assert descriptions.every(connection, "default", "other") == [UP]

    database.transaction(work)
