"""How each integration does: its rate, its pauses, its failures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, tuple_

from alertd.store.statements import chunks, insert_missing, locked, update_rows
from alertd.store.tables import channels

Key = tuple[str, str]
"""An organisation, and an integration of it."""


@dataclass(frozen=True)
class Channel:
    """How an integration does. `free_at`: nothing is sent before it (its rate, or a pause that it asked for)."""

    organisation: str
    integration: str
    free_at: int = 0
    failing_since: int | None = None
    failures: int = 0
    broken: bool = False
    last_success_at: int | None = None
    last_error: str = ""

    @property
    def key(self) -> Key:
        return self.organisation, self.integration


def hold(connection: Connection, keys: Iterable[Key]) -> dict[Key, Channel]:
    """These channels, locked until the transaction ends; one that was never used is blank.

    They are locked in one order, so that two replicas that hold some of the same keep out of each other's way.
    """
    wanted = sorted(set(keys))
    found = _read_all(connection, wanted)
    missing = [key for key in wanted if key not in found]
    if missing:
        blank = {"free_at": 0, "failures": 0, "broken": False, "last_error": ""}
        rows = [{"organisation": organisation, "integration": name, **blank} for organisation, name in missing]
        insert_missing(connection, channels, rows)
        found |= _read_all(connection, missing)
    return found


def write(connection: Connection, changed: Iterable[Channel]) -> None:
    """Write channels that are held."""
    update_rows(connection, channels, [_values(channel) for channel in changed])


def every(connection: Connection) -> list[Channel]:
    """All channels that were ever used."""
    return [_read(row) for row in connection.execute(select(channels))]


def _read_all(connection: Connection, keys: Iterable[Key]) -> dict[Key, Channel]:
    found = {}
    for chunk in chunks(keys):
        query = (
            select(channels)
            .where(tuple_(channels.c.organisation, channels.c.integration).in_(chunk))
            .order_by(channels.c.organisation, channels.c.integration)
        )
        for row in connection.execute(locked(connection, query)):
            channel = _read(row)
            found[channel.key] = channel
    return found


def _values(channel: Channel) -> Mapping[str, Any]:
    return {
        "organisation": channel.organisation,
        "integration": channel.integration,
        "free_at": channel.free_at,
        "failing_since": channel.failing_since,
        "failures": channel.failures,
        "broken": channel.broken,
        "last_success_at": channel.last_success_at,
        "last_error": channel.last_error,
    }


def _read(row: Row[Any]) -> Channel:
    return Channel(
        organisation=row.organisation,
        integration=row.integration,
        free_at=row.free_at,
        failing_since=row.failing_since,
        failures=row.failures,
        broken=row.broken,
        last_success_at=row.last_success_at,
        last_error=row.last_error,
    )
