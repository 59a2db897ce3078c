"""Idempotency keys: one request, one effect, one answer."""

from __future__ import annotations

import pytest

from alertd.clock import DAY, MINUTE
from alertd.store import requests
from alertd.store.database import Database
from alertd.store.requests import KeptAnswer, KeyBusy, KeyReused

NOW = 1_700_000_000_000
ANSWER = KeptAnswer(201, '{"id":1}')


def begin(database: Database, now: int = NOW, digest: str = "d", organisation: str = "acme") -> KeptAnswer | str:
    return database.transaction(requests.begin, organisation, "key", digest, now)


def carry_out(database: Database, now: int = NOW) -> str:
    claim = begin(database, now)
    assert isinstance(claim, str)
    database.transaction(requests.finish, "acme", "key", claim, ANSWER)
    return claim


def test_the_answer_is_kept(database: Database) -> None:
    """The same request again gets the first one's answer; a different one is refused; another organisation is free."""
    carry_out(database)
    assert begin(database, NOW + 1) == ANSWER
    with pytest.raises(KeyReused):
        begin(database, digest="other")
    assert isinstance(begin(database, organisation="other"), str)


def test_only_one_runs_at_a_time(database: Database) -> None:
    """While the first runs a second is put off; once the first must be dead, the next takes the key over."""
    first = begin(database)
    with pytest.raises(KeyBusy):
        begin(database, NOW + MINUTE - 1)
    second = begin(database, NOW + MINUTE)
    assert isinstance(second, str)
    database.transaction(requests.finish, "acme", "key", first, KeptAnswer(500, "late"))
    database.transaction(requests.finish, "acme", "key", second, ANSWER)
    assert begin(database, NOW + MINUTE) == ANSWER


def test_a_refused_request_gives_the_key_back(database: Database) -> None:
    """After a refusal the mended request may use the same key; a stale claim releases nothing."""
    claim = begin(database)
    database.transaction(requests.release, "acme", "key", "stale")
    with pytest.raises(KeyBusy):
        begin(database)
    database.transaction(requests.release, "acme", "key", claim)
    assert isinstance(begin(database, digest="mended"), str)


def test_answers_are_forgotten(database: Database) -> None:
    """An answer counts for a day, whether or not it was pruned meanwhile."""
    carry_out(database)
    assert begin(database, NOW + DAY - 1) == ANSWER
    assert database.transaction(requests.prune, NOW) == 0
    assert isinstance(begin(database, NOW + DAY), str)
    assert database.transaction(requests.prune, NOW + DAY + 1) == 1
