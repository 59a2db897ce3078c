"""Silences: stored with Alertmanager's rules for creating, changing and expiring them."""

from __future__ import annotations

import uuid
from dataclasses import replace

from sqlalchemy import Connection, select

from alertd.routing.silences import Silence, can_update, check, expire
from alertd.store.alerts import next_change
from alertd.store.history import Event, record
from alertd.store.rows import read_silence, silence_values
from alertd.store.statements import locked, upsert
from alertd.store.tables import silences


def put(connection: Connection, organisation: str, silence: Silence, now: int, actor: str) -> Silence | None:
    """Create a silence, or change the one whose id it carries; what was stored.

    A change that would alter what is silenced already ends the old silence and makes a new one under a new id. None
    for an id that is not known. Raises `SilenceRejected`.
    """
    change = next_change(connection, organisation)
    if not silence.id:
        stored = replace(check(silence, now), id=str(uuid.uuid4()), updated_at=now)
        _write(connection, organisation, stored, change, Event(now, "silence_created", actor))
        return stored
    old = get(connection, organisation, silence.id)
    if old is None:
        return None
    checked = check(silence, now)
    if can_update(old, silence, now):
        stored = replace(checked, starts_at=silence.starts_at if old.starts_at > now else old.starts_at, updated_at=now)
        _write(connection, organisation, stored, change, Event(now, "silence_updated", actor))
        return stored
    stored = replace(checked, id=str(uuid.uuid4()), updated_at=now)
    ended = expire(old, now)
    if ended != old:
        _write(connection, organisation, ended, change, Event(now, "silence_expired", actor))
    _write(connection, organisation, stored, change, Event(now, "silence_created", actor))
    return stored


def end(connection: Connection, organisation: str, silence_id: str, now: int, actor: str) -> Silence | None:
    """Expire a silence; doing it twice is no mistake. None for an id that is not known."""
    change = next_change(connection, organisation)
    old = get(connection, organisation, silence_id)
    if old is None:
        return None
    ended = expire(old, now)
    if ended != old:
        _write(connection, organisation, ended, change, Event(now, "silence_expired", actor))
    return ended


def take(connection: Connection, organisation: str, silence: Silence, now: int) -> None:
    """Keep a silence as another member of the cluster has it."""
    change = next_change(connection, organisation)
    _write(connection, organisation, silence, change, Event(now, "silence_heard", silence.created_by))


def get(connection: Connection, organisation: str, silence_id: str) -> Silence | None:
    query = select(silences).where(silences.c.organisation == organisation, silences.c.id == silence_id)
    row = connection.execute(locked(connection, query)).first()
    return read_silence(row) if row else None


def listing(connection: Connection, organisation: str) -> list[Silence]:
    """Every silence that is still kept, in no order."""
    query = select(silences).where(silences.c.organisation == organisation)
    return [read_silence(row) for row in connection.execute(query)]


def changed_since(connection: Connection, organisation: str, change: int) -> tuple[list[Silence], int]:
    """The silences that changed after `change`, and the number of the last change."""
    query = select(silences).where(silences.c.organisation == organisation, silences.c.changed > change)
    rows = connection.execute(query).all()
    return [read_silence(row) for row in rows], max((row.changed for row in rows), default=change)


def prune(connection: Connection, before: int) -> int:
    """Delete the silences that ended before `before`."""
    return connection.execute(silences.delete().where(silences.c.ends_at < before)).rowcount


def _write(connection: Connection, organisation: str, silence: Silence, change: int, event: Event) -> None:
    upsert(connection, silences, [silence_values(organisation, silence, change)])
    details = {
        "silence": silence.id,
        "matchers": [str(matcher) for matcher in silence.matchers],
        "starts_at": silence.starts_at,
        "ends_at": silence.ends_at,
        "comment": silence.comment,
        "created_by": silence.created_by,
    }
    record(connection, organisation, [replace(event, details=details)])
