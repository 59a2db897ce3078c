"""Replicas and their leases: who is alive, and who evaluates which rule group."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, or_, select, update

from alertd.store.statements import insert_missing, locked, upsert
from alertd.store.tables import leases, replicas


@dataclass(frozen=True)
class Replica:
    """One running service."""

    id: str
    started_at: int
    heartbeat_at: int
    host: str
    version: str


def heartbeat(connection: Connection, replica: Replica) -> None:
    """Say that this replica is alive."""
    upsert(
        connection,
        replicas,
        [
            {
                "id": replica.id,
                "started_at": replica.started_at,
                "heartbeat_at": replica.heartbeat_at,
                "host": replica.host,
                "version": replica.version,
            }
        ],
    )


def living(connection: Connection, since: int) -> list[Replica]:
    """The replicas that have been heard of since `since`."""
    query = select(replicas).where(replicas.c.heartbeat_at >= since).order_by(replicas.c.id)
    return [
        Replica(row.id, row.started_at, row.heartbeat_at, row.host, row.version) for row in connection.execute(query)
    ]


def leave(connection: Connection, replica_id: str) -> None:
    """Take a replica off the list and give back what it had leased."""
    connection.execute(delete(replicas).where(replicas.c.id == replica_id))
    connection.execute(delete(leases).where(leases.c.owner == replica_id))


def forget_dead(connection: Connection, before: int) -> None:
    """Take replicas off the list that have not been heard of since `before`, and free what they had leased."""
    dead = select(replicas.c.id).where(replicas.c.heartbeat_at < before)
    connection.execute(delete(leases).where(leases.c.owner.in_(dead)))
    connection.execute(delete(replicas).where(replicas.c.heartbeat_at < before))


def acquire(connection: Connection, organisation: str, name: str, owner: str, now: int, until: int) -> int | None:
    """Take or renew the lease `name`; its epoch, or None while somebody else has it."""
    insert_missing(
        connection, leases, [{"organisation": organisation, "name": name, "owner": owner, "until": 0, "epoch": 0}]
    )
    taken = (
        update(leases)
        .where(
            leases.c.organisation == organisation,
            leases.c.name == name,
            or_(leases.c.owner == owner, leases.c.until <= now),
        )
        .values(owner=owner, until=until, epoch=leases.c.epoch + 1)
    )
    epoch: int | None = connection.execute(taken.returning(leases.c.epoch)).scalar()
    return epoch


def release(connection: Connection, organisation: str, name: str, owner: str) -> None:
    """Give back the lease `name`, if `owner` has it."""
    connection.execute(
        delete(leases).where(leases.c.organisation == organisation, leases.c.name == name, leases.c.owner == owner)
    )


def holds(connection: Connection, organisation: str, name: str, owner: str, epoch: int) -> bool:
    """Whether `owner` still has the lease `name` that it took under `epoch`."""
    query = select(leases.c.owner).where(
        leases.c.organisation == organisation,
        leases.c.name == name,
        leases.c.owner == owner,
        leases.c.epoch == epoch,
    )
    return connection.execute(locked(connection, query)).first() is not None


def forget_others(connection: Connection, replica_id: str) -> None:
    """Take every other replica off the list, and free what they had leased."""
    connection.execute(delete(leases).where(leases.c.owner != replica_id))
    connection.execute(delete(replicas).where(replicas.c.id != replica_id))
