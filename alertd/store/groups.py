"""Groups and their members: who is in which, when each is flushed, and what its integrations were told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, select, tuple_, update

from alertd.alerts.alert import Alert
from alertd.routing.gates import Gate, Verdict
from alertd.routing.told import Content, Entry, OpenNotification, Page
from alertd.store.rows import content_values, entry_values, read_alert, read_entry, read_open
from alertd.store.statements import chunks, insert_missing, locked, update_rows, upsert
from alertd.store.tables import alerts, entries, groups, members, notifications, pages


@dataclass(frozen=True)
class Group:
    """A group's row. `beat_at` is the next tick of its interval, `next_flush_at` that or an earlier wake-up."""

    organisation: str
    id: str
    route_id: str
    key: str
    labels: Mapping[str, str]
    receiver: str
    created_at: int
    beat_at: int
    next_flush_at: int
    flushed_at: int | None = None


@dataclass(frozen=True)
class GroupMember:
    """An alert in a group; `moved`: it is routed elsewhere now. `gate` is the gate that was recorded last."""

    alert: Alert
    moved: bool
    gate: Gate | None
    gate_detail: str


@dataclass(frozen=True)
class GroupState:
    """Everything that a flush looks at."""

    group: Group
    members: tuple[GroupMember, ...]
    entries: Mapping[str, Entry]
    open: Mapping[str, OpenNotification]
    pages: Mapping[tuple[str, str], Page]


def hold_groups(connection: Connection, wanted: Iterable[Group]) -> None:
    """Make sure that these groups are there, and that nobody removes one before the transaction ends.

    One that is there keeps its timers.
    """
    rows = [
        {
            "organisation": group.organisation,
            "id": group.id,
            "route_id": group.route_id,
            "key": group.key,
            "labels": dict(group.labels),
            "receiver": group.receiver,
            "created_at": group.created_at,
            "beat_at": group.beat_at,
            "next_flush_at": group.next_flush_at,
            "flushed_at": None,
        }
        for group in sorted(wanted, key=lambda group: group.id)
    ]
    upsert(connection, groups, rows, columns=("receiver",))


def join(connection: Connection, organisation: str, joins: Iterable[tuple[str, str]], now: int) -> None:
    """Put alerts into groups: (group id, fingerprint) each; one that had moved away is back."""
    rows: list[dict[str, Any]] = [
        {
            "organisation": organisation,
            "group_id": group_id,
            "fingerprint": fingerprint,
            "joined_at": now,
            "moved_at": None,
            "gate": None,
            "gate_detail": "",
            "gate_until": None,
            "gate_since": None,
        }
        for group_id, fingerprint in sorted(joins)
    ]
    insert_missing(connection, members, rows)
    for chunk in chunks((row["group_id"], row["fingerprint"]) for row in rows):
        connection.execute(
            update(members)
            .where(
                members.c.organisation == organisation,
                tuple_(members.c.group_id, members.c.fingerprint).in_(chunk),
                members.c.moved_at.is_not(None),
            )
            .values(moved_at=None)
        )


def memberships(connection: Connection, organisation: str, fingerprints: Iterable[str]) -> dict[str, set[str]]:
    """The groups that each alert is in and has not moved away from: fingerprint → group ids."""
    found: dict[str, set[str]] = {}
    for chunk in chunks(fingerprints):
        query = select(members.c.fingerprint, members.c.group_id).where(
            members.c.organisation == organisation,
            members.c.fingerprint.in_(chunk),
            members.c.moved_at.is_(None),
        )
        for fingerprint, group_id in connection.execute(query):
            found.setdefault(fingerprint, set()).add(group_id)
    return found


def move_away(connection: Connection, organisation: str, moves: Iterable[tuple[str, str]], now: int) -> None:
    """Note that alerts are routed elsewhere now: (group id, fingerprint) each."""
    for chunk in chunks(moves):
        connection.execute(
            update(members)
            .where(
                members.c.organisation == organisation,
                tuple_(members.c.group_id, members.c.fingerprint).in_(chunk),
            )
            .values(moved_at=now)
        )


def hurry(connection: Connection, organisation: str, group_ids: Iterable[str], now: int) -> None:
    """Flush these groups now, between their beats."""
    for chunk in chunks(sorted(group_ids)):
        connection.execute(
            update(groups)
            .where(groups.c.organisation == organisation, groups.c.id.in_(chunk), groups.c.next_flush_at > now)
            .values(next_flush_at=now)
        )


def postpone(connection: Connection, until: int) -> None:
    """Let groups that were due before `until` be due then, and take their beat from there."""
    connection.execute(update(groups).where(groups.c.next_flush_at < until).values(next_flush_at=until, beat_at=until))


def hurry_told(connection: Connection, organisation: str, fingerprints: Iterable[str], now: int) -> None:
    """Flush the groups of these alerts now, as far as they have been flushed once: a group that still waits for its
    first flush keeps its `group_wait`."""
    for chunk in chunks(sorted(fingerprints)):
        theirs = select(members.c.group_id).where(
            members.c.organisation == organisation, members.c.fingerprint.in_(chunk)
        )
        connection.execute(
            update(groups)
            .where(
                groups.c.organisation == organisation,
                groups.c.id.in_(theirs),
                groups.c.flushed_at.is_not(None),
                groups.c.next_flush_at > now,
            )
            .values(next_flush_at=now)
        )


def restart(connection: Connection, wanted: Iterable[Group]) -> None:
    """Give groups that are there the timers that these have."""
    statement = (
        update(groups)
        .where(groups.c.organisation == bindparam("of"), groups.c.id == bindparam("group"))
        .values(beat_at=bindparam("beat"), next_flush_at=bindparam("flush"))
    )
    rows = [
        {"of": group.organisation, "group": group.id, "beat": group.beat_at, "flush": group.next_flush_at}
        for group in wanted
    ]
    if rows:
        connection.execute(statement, rows)


def due_groups(connection: Connection, now: int, limit: int) -> list[Group]:
    """Groups to flush at `now`, locked, the longest due first."""
    query = select(groups).where(groups.c.next_flush_at <= now).order_by(groups.c.next_flush_at).limit(limit)
    return [_read_group(row) for row in connection.execute(locked(connection, query, skip=True))]


def groups_by_id(connection: Connection, organisation: str, ids: Iterable[str], *, lock: bool = False) -> list[Group]:
    """These groups, as far as they are there."""
    found = []
    for chunk in chunks(sorted(set(ids))):
        query = (
            select(groups).where(groups.c.organisation == organisation, groups.c.id.in_(chunk)).order_by(groups.c.id)
        )
        found += [_read_group(row) for row in connection.execute(locked(connection, query) if lock else query)]
    return found


def next_flush(connection: Connection) -> int | None:
    """When the next group is due."""
    instant: int | None = connection.execute(select(func.min(groups.c.next_flush_at))).scalar()
    return instant


def group_states(connection: Connection, organisation: str, found: Sequence[Group]) -> list[GroupState]:
    """All that there is to know about these groups of one organisation, in a handful of queries."""
    ids = [group.id for group in found]
    alerts_of: dict[str, list[GroupMember]] = {}
    entries_of: dict[str, dict[str, Entry]] = {}
    open_of: dict[str, dict[str, OpenNotification]] = {}
    for chunk in chunks(ids):
        waiting = select(notifications).where(
            notifications.c.organisation == organisation,
            notifications.c.group_id.in_(chunk),
            notifications.c.status.in_(("pending", "sending")),
        )
        if connection.dialect.name == "postgresql":
            # Whoever claims one of them may put another in its place; the second reading sees which.
            connection.execute(locked(connection, waiting))
        for row in connection.execute(waiting):
            open_of.setdefault(row.group_id, {})[row.integration] = read_open(row)
        rows = connection.execute(
            select(members.c.group_id, members.c.moved_at, members.c.gate, members.c.gate_detail, *alerts.c)
            .join(
                alerts,
                (alerts.c.organisation == members.c.organisation) & (alerts.c.fingerprint == members.c.fingerprint),
            )
            .where(members.c.organisation == organisation, members.c.group_id.in_(chunk))
        )
        for row in rows:
            member = GroupMember(
                alert=read_alert(row),
                moved=row.moved_at is not None,
                gate=Gate(row.gate) if row.gate else None,
                gate_detail=row.gate_detail,
            )
            alerts_of.setdefault(row.group_id, []).append(member)
    for (group_id, integration), entry in read_entries(connection, organisation, ids).items():
        entries_of.setdefault(group_id, {})[integration] = entry
    pages_of = _pages(connection, organisation, alerts_of.values())
    return [
        GroupState(
            group=group,
            members=tuple(alerts_of.get(group.id, ())),
            entries=entries_of.get(group.id, {}),
            open=open_of.get(group.id, {}),
            pages=pages_of,
        )
        for group in found
    ]


def _pages(
    connection: Connection, organisation: str, group_members: Iterable[Sequence[GroupMember]]
) -> dict[tuple[str, str], Page]:
    cooling = {
        member.alert.fingerprint for group in group_members for member in group if member.alert.policy.cooldown > 0
    }
    found = {}
    for chunk in chunks(sorted(cooling)):
        query = select(pages).where(pages.c.organisation == organisation, pages.c.fingerprint.in_(chunk))
        for row in connection.execute(query):
            found[row.integration, row.fingerprint] = Page(row.at, row.severity)
    return found


def with_cooldown(connection: Connection, organisation: str, fingerprints: Iterable[str]) -> set[str]:
    """Those of the alerts whose rule has a cooldown."""
    found = set()
    for chunk in chunks(sorted(set(fingerprints))):
        query = select(alerts.c.fingerprint, alerts.c.policy).where(
            alerts.c.organisation == organisation, alerts.c.fingerprint.in_(chunk)
        )
        found |= {row.fingerprint for row in connection.execute(query) if row.policy["cooldown"] > 0}
    return found


def write_pages(connection: Connection, organisation: str, severities: Mapping[tuple[str, str], str], now: int) -> None:
    """Remember that integrations were paged about alerts: (integration, fingerprint) → severity."""
    rows = [
        {
            "organisation": organisation,
            "integration": integration,
            "fingerprint": fingerprint,
            "at": now,
            "severity": severity,
        }
        for (integration, fingerprint), severity in severities.items()
    ]
    upsert(connection, pages, rows)


def write_verdicts(
    connection: Connection, organisation: str, verdicts: Mapping[tuple[str, str], Verdict], now: int
) -> None:
    """Record the gate of each of these members: (group id, fingerprint) → verdict."""
    rows = [
        {
            "organisation": organisation,
            "group_id": group_id,
            "fingerprint": fingerprint,
            "gate": verdict.gate.value if verdict.gate else None,
            "gate_detail": verdict.detail,
            "gate_until": verdict.until,
            "gate_since": now if verdict.gate else None,
        }
        for (group_id, fingerprint), verdict in verdicts.items()
    ]
    update_rows(connection, members, rows)


def settle(connection: Connection, organisation: str, group_id: str, integration: str, content: Content) -> None:
    """Count `content` as told without a message."""
    key = (
        entries.c.organisation == organisation,
        entries.c.group_id == group_id,
        entries.c.integration == integration,
    )
    row = connection.execute(select(entries).where(*key)).first()
    entry = read_entry(row) if row else Entry()
    values = {"content": content_values(content), "told": sorted(entry.after(content))}
    if row:
        connection.execute(update(entries).where(*key).values(**values))


def read_entries(connection: Connection, organisation: str, group_ids: Iterable[str]) -> dict[tuple[str, str], Entry]:
    """What was told of these groups: (group id, integration) → entry."""
    found = {}
    for chunk in chunks(sorted(set(group_ids))):
        query = select(entries).where(entries.c.organisation == organisation, entries.c.group_id.in_(chunk))
        for row in connection.execute(query):
            found[row.group_id, row.integration] = read_entry(row)
    return found


def write_entries(connection: Connection, organisation: str, written: Mapping[tuple[str, str], Entry]) -> None:
    """Write what integrations were told: (group id, integration) → entry."""
    rows = [entry_values(organisation, group_id, name, entry) for (group_id, name), entry in written.items()]
    upsert(connection, entries, rows)


@dataclass(frozen=True)
class Schedule:
    """When a group is looked at next; the fields are those of `Group`."""

    group_id: str
    beat_at: int
    next_flush_at: int
    flushed_at: int


def schedule(connection: Connection, organisation: str, schedules: Iterable[Schedule]) -> None:
    """Write when groups are flushed next."""
    rows = [
        {
            "organisation": organisation,
            "id": item.group_id,
            "beat_at": item.beat_at,
            "next_flush_at": item.next_flush_at,
            "flushed_at": item.flushed_at,
        }
        for item in schedules
    ]
    update_rows(connection, groups, rows)


def drop_members(connection: Connection, organisation: str, group_id: str, fingerprints: Iterable[str]) -> None:
    """Take alerts out of a group, and remove the group when nobody is left in it."""
    for chunk in chunks(sorted(fingerprints)):
        connection.execute(
            delete(members).where(
                members.c.organisation == organisation,
                members.c.group_id == group_id,
                members.c.fingerprint.in_(chunk),
            )
        )
    left = select(members.c.fingerprint).where(members.c.organisation == organisation, members.c.group_id == group_id)
    if connection.execute(left.limit(1)).first() is None:
        for table in (groups, entries):
            key = table.c.id if table is groups else table.c.group_id
            connection.execute(delete(table).where(table.c.organisation == organisation, key == group_id))


def drop_ended_members(connection: Connection, organisation: str, group_id: str, told: Content, now: int) -> None:
    """After all of a group's messages have arrived: take out the alerts whose end every integration has been told."""
    if not told.resolved:
        return
    entry_query = select(entries.c.told).where(entries.c.organisation == organisation, entries.c.group_id == group_id)
    still_told = {fingerprint for row in connection.execute(entry_query) for fingerprint in row.told}
    query = (
        select(members.c.fingerprint)
        .join(
            alerts,
            (alerts.c.organisation == members.c.organisation) & (alerts.c.fingerprint == members.c.fingerprint),
        )
        .where(
            members.c.organisation == organisation,
            members.c.group_id == group_id,
            members.c.fingerprint.in_(sorted(told.resolved - still_told)),
            (alerts.c.ends_at <= now) | members.c.moved_at.is_not(None),
        )
    )
    drop_members(connection, organisation, group_id, connection.execute(query).scalars().all())


def all_group_ids(connection: Connection, organisation: str) -> list[str]:
    return list(connection.execute(select(groups.c.id).where(groups.c.organisation == organisation)).scalars())


def _read_group(row: Row[Any]) -> Group:
    return Group(
        organisation=row.organisation,
        id=row.id,
        route_id=row.route_id,
        key=row.key,
        labels=row.labels,
        receiver=row.receiver,
        created_at=row.created_at,
        beat_at=row.beat_at,
        next_flush_at=row.next_flush_at,
        flushed_at=row.flushed_at,
    )
