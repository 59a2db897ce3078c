"""What members of a cluster know of each other's doings: entries and silences, of which the newest counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, exists, select

from alertd.routing.silences import Silence
from alertd.routing.told import Entry
from alertd.store import groups as group_rows
from alertd.store import silences as silence_rows
from alertd.store.rows import read_entry, read_silence
from alertd.store.tables import entries, groups, silences


def everything(
    connection: Connection, since: int
) -> tuple[dict[tuple[str, str, str], Entry], list[tuple[str, Silence]]]:
    """All entries of messages since then, by organisation, group and integration, and all silences not over by then."""
    told = {
        (row.organisation, row.group_id, row.integration): read_entry(row)
        for row in connection.execute(select(entries).where(entries.c.sent_at >= since))
    }
    known = connection.execute(select(silences).where(silences.c.ends_at >= since))
    return told, [(row.organisation, read_silence(row)) for row in known]


def take_entries(connection: Connection, organisation: str, heard: Mapping[tuple[str, str], Entry]) -> int:
    """Keep what others were told, (group id, integration) → entry, where it is newer than what is known; how many.

    A group need not be known here yet: its alerts may still be on their way.
    """
    known = group_rows.read_entries(connection, organisation, {group_id for group_id, _ in heard})
    newer = {key: entry for key, entry in heard.items() if _is_newer(entry, known.get(key))}
    group_rows.write_entries(connection, organisation, newer)
    return len(newer)


def take_silences(connection: Connection, organisation: str, heard: Iterable[Silence], now: int) -> Sequence[Silence]:
    """Keep silences of others where they are newer than what is known; those that were."""
    known = {silence.id: silence for silence in silence_rows.listing(connection, organisation)}
    newer = [item for item in heard if item.id not in known or item.updated_at > known[item.id].updated_at]
    for silence in newer:
        silence_rows.take(connection, organisation, silence, now)
    return newer


def prune_entries(connection: Connection, before: int) -> int:
    """Delete what was told before then of groups that are not there; how many."""
    there = exists().where(groups.c.organisation == entries.c.organisation, groups.c.id == entries.c.group_id)
    return connection.execute(delete(entries).where(entries.c.sent_at < before, ~there)).rowcount


def _is_newer(heard: Entry, known: Entry | None) -> bool:
    return known is None or (heard.sent_at or 0) > (known.sent_at or 0)
