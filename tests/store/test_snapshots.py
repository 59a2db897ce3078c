"""Pushes as rows: every value comes back as it was."""

from __future__ import annotations

import math

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
