"""Tokens: the secret is shown once, only its hash is kept, and a token stops working when it should."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from alertd.clock import MINUTE
from alertd.store import history, tokens
from alertd.store.database import Database
from alertd.store.tokens import Role, TokenRejected

NOW = 1_700_000_000_000


def make(database: Database, name: str = "ci", organisation: str = "acme", **options: Any) -> tuple[tokens.Token, str]:
    options = {"role": Role.EDITOR, "now": NOW, "actor": "root", **options}
    return database.transaction(tokens.create, organisation, name=name, **options)


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.SENDER, {Role.SENDER}),
        (Role.VIEWER, {Role.VIEWER}),
        (Role.RESPONDER, {Role.VIEWER, Role.RESPONDER}),
        (Role.EDITOR, {Role.SENDER, Role.VIEWER, Role.RESPONDER, Role.EDITOR}),
        (Role.ADMIN, set(Role)),
    ],
)
def test_roles(role: Role, allowed: set[Role]) -> None:
    """Each role contains those below it; a sender sees nothing, and a viewer sends nothing."""
    assert {needed for needed in Role if role.allows(needed)} == allowed


def test_the_secret_is_not_kept(database: Database) -> None:
    """No column of the row holds the secret, and it has 256 bits and the prefix by which leaks are found."""
    token, secret = make(database)
    row = database.transaction(lambda connection: connection.execute(select(tokens.tokens)).one())
    assert secret.startswith("alertd_")
    assert len(secret) == len("alertd_") + 43
    assert all(secret not in str(value) for value in row)
    assert token.prefix == secret[:12]
    assert database.transaction(tokens.authenticate, secret, NOW).id == token.id


def test_wrong_expired_and_revoked_secrets(database: Database) -> None:
    """Only the exact secret of a token that is neither expired nor revoked is anybody's."""
    _, secret = make(database, expires_at=NOW + MINUTE)
    revoked, other = make(database, "old")
    database.transaction(tokens.revoke, "acme", revoked.id, NOW, "root")
    assert database.transaction(tokens.authenticate, secret + "x", NOW) is None
    assert database.transaction(tokens.authenticate, "", NOW) is None
    assert database.transaction(tokens.authenticate, secret, NOW + MINUTE - 1) is not None
    assert database.transaction(tokens.authenticate, secret, NOW + MINUTE) is None
    assert database.transaction(tokens.authenticate, other, NOW) is None


def test_last_use_is_written_once_a_minute(database: Database) -> None:
    """A busy token costs one write a minute."""
    _, secret = make(database)
    used = []
    for at in (NOW, NOW + MINUTE - 1, NOW + MINUTE):
        database.transaction(tokens.authenticate, secret, at)
        used.append(database.transaction(tokens.listing, "acme")[0].last_used_at)
    assert used == [NOW, NOW, NOW + MINUTE]


def test_organisations_do_not_see_each_other(database: Database) -> None:
    """Another organisation's token can be neither listed nor revoked."""
    token, _ = make(database)
    assert database.transaction(tokens.listing, "other") == []
    assert database.transaction(tokens.revoke, "other", token.id, NOW, "root") is None
    assert database.transaction(tokens.listing, "acme")[0].revoked_at is None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"name": " "}, "needs a name"),
        ({"name": "x" * 201}, "200 characters"),
        ({"name": "alertd"}, "the history means another"),
        ({"name": "anonymous"}, "the history means another"),
        ({"name": "ci"}, "named 'ci' already"),
        ({"name": "new", "expires_at": NOW}, "in the future"),
    ],
)
def test_refusals(database: Database, options: dict[str, Any], says: str) -> None:
    """A token that would confuse the history or never work is refused with the reason."""
    make(database)
    with pytest.raises(TokenRejected, match=says):
        make(database, **options)


def test_history(database: Database) -> None:
    """Making and revoking a token is in the history with who did it; revoking twice is written once."""
    token, _ = make(database)
    for _ in range(2):
        database.transaction(tokens.revoke, "acme", token.id, NOW + 1, "boss")
    events = database.transaction(history.read, "acme")
    assert [(event.event, event.actor, event.details["name"]) for event in events] == [
        ("token_revoked", "boss", "ci"),
        ("token_created", "root", "ci"),
    ]
    make(database)
