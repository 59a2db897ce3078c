"""Answers kept for requests with an idempotency key, so that a client may repeat a request whose answer it lost.

A row is made before the request is done and holds a claim until the answer is known: of two equal requests at the same
time only one is carried out.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from alertd.clock import DAY, MINUTE
from alertd.errors import AlertdError
from alertd.store.statements import insert_missing, locked
from alertd.store.tables import requests

#: How long an answer is kept.
KEPT_FOR = DAY
# After this time whoever claimed the key is taken for dead.
_CLAIM_ENDS = MINUTE
_RUNNING = 0


class KeyReused(AlertdError):
    """The key was used for another request."""


class KeyBusy(AlertdError):
    """The first request with this key is still being carried out."""


@dataclass(frozen=True)
class KeptAnswer:
    """What the first request with the key was answered."""

    status_code: int
    body: str


def begin(connection: Connection, organisation: str, key: str, digest: str, now: int) -> KeptAnswer | str:
    """The answer that was kept for `key`, or a claim to carry the request out and then `finish` or `release` it.

    `digest` stands for the whole request. Raises `KeyReused` and `KeyBusy`.
    """
    claim = uuid.uuid4().hex
    fresh = {"digest": digest, "status_code": _RUNNING, "body": claim, "created_at": now}
    insert_missing(connection, requests, [{"organisation": organisation, "key": key, **fresh}])
    query = select(requests).where(requests.c.organisation == organisation, requests.c.key == key)
    row = connection.execute(locked(connection, query)).one()
    if row.body == claim:
        return claim
    if row.created_at <= now - (_CLAIM_ENDS if row.status_code == _RUNNING else KEPT_FOR):
        connection.execute(
            update(requests).where(requests.c.organisation == organisation, requests.c.key == key).values(**fresh)
        )
        return claim
    if row.digest != digest:
        raise KeyReused("this Idempotency-Key was used for another request; take a new key for each request")
    if row.status_code == _RUNNING:
        raise KeyBusy("the first request with this Idempotency-Key is still running; ask again in a moment")
    return KeptAnswer(row.status_code, row.body)


def finish(connection: Connection, organisation: str, key: str, claim: str, answer: KeptAnswer) -> None:
    """Keep the answer of a request that was carried out under `claim`."""
    connection.execute(
        update(requests)
        .where(requests.c.organisation == organisation, requests.c.key == key, requests.c.body == claim)
        .values(status_code=answer.status_code, body=answer.body)
    )


def release(connection: Connection, organisation: str, key: str, claim: str) -> None:
    """Give the key back: the request was refused and may be sent again."""
    connection.execute(
        delete(requests).where(requests.c.organisation == organisation, requests.c.key == key, requests.c.body == claim)
    )


def prune(connection: Connection, before: int) -> int:
    """Delete the answers to requests that came before `before`; the number deleted."""
    return connection.execute(delete(requests).where(requests.c.created_at < before)).rowcount
