"""Access tokens: made once and shown once; only their hash is kept, and every use of one is looked up by it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from alertd.clock import MINUTE
from alertd.errors import AlertdError
from alertd.store.history import Event, record
from alertd.store.tables import tokens

PREFIX = "alertd_"
_SHOWN = len(PREFIX) + 5
_LONGEST_NAME = 200
#: Names under which the history writes what nobody's token did.
ANONYMOUS, OWN = "anonymous", "alertd"


class TokenRejected(AlertdError):
    """A token that may not be made; the text says what to change."""


class Role(StrEnum):
    """What a token may do. All but the sender's contain the ones before it."""

    SENDER = "sender"
    VIEWER = "viewer"
    RESPONDER = "responder"
    EDITOR = "editor"
    ADMIN = "admin"

    def allows(self, needed: Role) -> bool:
        """Whether this role may do what `needed` is needed for.

        A sender may send alerts and snapshots and nothing else; of the others, an editor may send too.
        """
        if Role.SENDER in {self, needed}:
            return self in {needed, Role.EDITOR, Role.ADMIN}
        return _LADDER.index(self) >= _LADDER.index(needed)


_LADDER = (Role.VIEWER, Role.RESPONDER, Role.EDITOR, Role.ADMIN)


@dataclass(frozen=True)
class Token:
    """A token without its secret; `prefix` is the beginning of it, by which a person recognises it."""

    organisation: str
    id: str
    name: str
    role: Role
    prefix: str
    created_at: int
    created_by: str
    expires_at: int | None = None
    revoked_at: int | None = None
    last_used_at: int | None = None

    def is_valid(self, now: int) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def create(
    connection: Connection,
    organisation: str,
    *,
    name: str,
    role: Role,
    now: int,
    actor: str,
    expires_at: int | None = None,
) -> tuple[Token, str]:
    """A new token and its secret, which nobody can read again. Raises `TokenRejected`."""
    if not name.strip() or len(name) > _LONGEST_NAME:
        raise TokenRejected(f"a token needs a name of 1 to {_LONGEST_NAME} characters; it stands in the history")
    if name in {ANONYMOUS, OWN}:
        raise TokenRejected(f"the history means another by {name!r}; choose another name")
    if expires_at is not None and expires_at <= now:
        raise TokenRejected("a token must expire in the future")
    if any(token.name == name and token.is_valid(now) for token in listing(connection, organisation)):
        raise TokenRejected(f"there is a token named {name!r} already; choose another name or revoke that one")
    secret = PREFIX + secrets.token_urlsafe(32)
    token = Token(organisation, uuid.uuid4().hex, name, role, secret[:_SHOWN], now, actor, expires_at)
    connection.execute(
        insert(tokens).values(
            organisation=organisation,
            id=token.id,
            name=name,
            role=role.value,
            hash=_hash(secret),
            prefix=token.prefix,
            created_at=now,
            created_by=actor,
            expires_at=expires_at,
        )
    )
    record(connection, organisation, [_event("token_created", token, now, actor)])
    return token, secret


def authenticate(connection: Connection, secret: str, now: int) -> Token | None:
    """The valid token with this secret; that it was used is written down at most once a minute."""
    wanted = _hash(secret)
    row = connection.execute(select(tokens).where(tokens.c.hash == wanted)).first()
    if row is None or not hmac.compare_digest(row.hash, wanted):
        return None
    token = _read(row)
    if not token.is_valid(now):
        return None
    if token.last_used_at is None or now - token.last_used_at >= MINUTE:
        connection.execute(update(tokens).where(tokens.c.hash == wanted).values(last_used_at=now))
    return token


def listing(connection: Connection, organisation: str) -> list[Token]:
    """Every token, also those that are no longer valid, the oldest first."""
    query = select(tokens).where(tokens.c.organisation == organisation).order_by(tokens.c.created_at, tokens.c.id)
    return [_read(row) for row in connection.execute(query)]


def revoke(connection: Connection, organisation: str, token_id: str, now: int, actor: str) -> Token | None:
    """Make a token worthless at once; doing it twice is no mistake. None for an id that is not known."""
    query = select(tokens).where(tokens.c.organisation == organisation, tokens.c.id == token_id)
    row = connection.execute(query).first()
    if row is None:
        return None
    if row.revoked_at is None:
        connection.execute(
            update(tokens).where(tokens.c.organisation == organisation, tokens.c.id == token_id).values(revoked_at=now)
        )
        record(connection, organisation, [_event("token_revoked", _read(row), now, actor)])
    return _read(connection.execute(query).one())


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _event(name: str, token: Token, now: int, actor: str) -> Event:
    details = {"token": token.id, "name": token.name, "role": token.role.value, "prefix": token.prefix}
    return Event(at=now, event=name, actor=actor, details=details)


def _read(row: Row[Any]) -> Token:
    return Token(
        organisation=row.organisation,
        id=row.id,
        name=row.name,
        role=Role(row.role),
        prefix=row.prefix,
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
