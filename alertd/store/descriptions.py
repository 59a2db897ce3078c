"""What pushers said of their metrics: each description once, with when it was said last."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sqlalchemy import Connection, delete, select

from alertd.store.statements import upsert
from alertd.store.tables import descriptions

#: A metric's name, type, help and unit.
Said = tuple[str, str, str, str]


def put(connection: Connection, organisation: str, source: str, said: Iterable[Said], now: int) -> None:
    """Keep descriptions, as of now."""
    rows = [
        {
            "organisation": organisation,
            "source": source,
            "key": _key_of((metric, kind, about, unit)),
            "metric": metric,
            "type": kind,
            "help": about,
            "unit": unit,
            "said_at": now,
        }
        for metric, kind, about, unit in said
    ]
    # Two requests that say the same in another order would wait for each other.
    upsert(connection, descriptions, sorted(rows, key=lambda row: str(row["key"])), columns=["said_at"])


def every(connection: Connection, organisation: str, source: str, metric: str = "") -> list[Said]:
    """All that was said of one metric, or of each, by their names."""
    own = (descriptions.c.organisation == organisation) & (descriptions.c.source == source)
    if metric:
        own &= descriptions.c.metric == metric
    columns = (descriptions.c.metric, descriptions.c.type, descriptions.c.help, descriptions.c.unit)
    rows = connection.execute(select(*columns).where(own).order_by(descriptions.c.metric, descriptions.c.key))
    return [(row.metric, row.type, row.help, row.unit) for row in rows]


def prune(connection: Connection, source: str, before: int) -> int:
    """Delete what was not said of a source since an instant; how many."""
    old = (descriptions.c.source == source) & (descriptions.c.said_at < before)
    return connection.execute(delete(descriptions).where(old)).rowcount


def _key_of(said: Said) -> str:
    """What tells descriptions apart, short enough for an index however long the texts are."""
    return hashlib.sha256("\0".join(said).encode()).hexdigest()
