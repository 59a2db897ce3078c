"""Silences in the database: Alertmanager's rules for creating, changing and ending them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alertd.clock import HOUR, MINUTE
from alertd.routing.matchers import Matcher, Operator
from alertd.routing.silences import Silence, SilenceRejected, SilenceState
from alertd.store import history, silences
from alertd.store.database import Database

NOW = 10 * HOUR
WANTED = Silence(
    "",
    (Matcher("team", Operator.EQUAL, "a"), Matcher("env", Operator.REGEX, "prod|test")),
    NOW - 5,
    NOW + HOUR,
    "ann",
    "deploy",
    0,
    {"ticket": "1"},
)


def put(database: Database, silence: Silence, now: int = NOW) -> Silence:
    stored = database.transaction(silences.put, "default", silence, now, "ann")
    assert stored is not None
    return stored


def get(database: Database, key: str) -> Silence | None:
    return database.transaction(silences.get, "default", key)


def events(database: Database) -> list[str]:
    return [event.event for event in database.transaction(history.read, "default")][::-1]


def test_create(database: Database) -> None:
    """A new silence gets an id and starts now at the earliest."""
    stored = put(database, WANTED)
    assert stored == replace(WANTED, id=stored.id, starts_at=NOW, updated_at=NOW)
    assert get(database, stored.id) == stored
    assert database.transaction(silences.listing, "default") == [stored]
    assert database.transaction(silences.listing, "other") == []
    with pytest.raises(SilenceRejected):
        put(database, replace(WANTED, matchers=()))


def test_change_in_place(database: Database) -> None:
    """Another end or comment keeps the id, and an active silence keeps its start."""
    stored = put(database, WANTED)
    changed = put(database, replace(stored, ends_at=NOW + 2 * HOUR, comment="longer"), NOW + MINUTE)
    assert changed == replace(stored, ends_at=NOW + 2 * HOUR, comment="longer", updated_at=NOW + MINUTE)
    assert events(database) == ["silence_created", "silence_updated"]


def test_change_of_what_is_silenced(database: Database) -> None:
    """Other matchers are another silence; the old one ends."""
    stored = put(database, WANTED)
    other = put(database, replace(stored, matchers=stored.matchers[:1]), NOW + MINUTE)
    assert other.id != stored.id
    assert other.starts_at == NOW + MINUTE
    ended = get(database, stored.id)
    assert ended is not None
    assert ended.ends_at == NOW + MINUTE
    assert events(database) == ["silence_created", "silence_expired", "silence_created"]


def test_change_of_one_that_is_over(database: Database) -> None:
    """It stays as it ended, and a new one begins."""
    stored = put(database, WANTED)
    late = NOW + 2 * HOUR
    again = put(database, replace(stored, ends_at=late + HOUR), late)
    assert again.id != stored.id
    assert get(database, stored.id) == stored
    assert events(database) == ["silence_created", "silence_created"]


@pytest.mark.parametrize(
    ("starts_at", "ends_at"),
    [
        pytest.param(NOW + 2 * HOUR, NOW + HOUR + MINUTE, id="ends before it starts"),
        pytest.param(NOW + HOUR, NOW - 1, id="ends in the past"),
    ],
)
def test_a_change_that_is_no_silence(database: Database, starts_at: int, ends_at: int) -> None:
    """A change is checked as a new one is, and a refused one changes nothing."""
    stored = put(database, replace(WANTED, starts_at=NOW + HOUR, ends_at=NOW + 3 * HOUR))
    with pytest.raises(SilenceRejected):
        put(database, replace(stored, starts_at=starts_at, ends_at=ends_at))
    assert get(database, stored.id) == stored


def test_unknown(database: Database) -> None:
    """An id that nobody gave is not found."""
    assert database.transaction(silences.put, "default", replace(WANTED, id="x"), NOW, "ann") is None
    assert database.transaction(silences.end, "default", "x", NOW, "ann") is None


def test_end(database: Database) -> None:
    """Ending twice is no mistake, and the second time changes nothing."""
    stored = put(database, WANTED)
    ended = database.transaction(silences.end, "default", stored.id, NOW + 1, "ann")
    assert ended is not None
    assert ended.state(NOW + 1) is SilenceState.EXPIRED
    assert database.transaction(silences.end, "default", stored.id, NOW + 9, "ann") == ended
    assert events(database) == ["silence_created", "silence_expired"]


def test_changed_since(database: Database) -> None:
    """A cache sees each change once."""
    stored = put(database, WANTED)
    changed, number = database.transaction(silences.changed_since, "default", -1)
    assert changed == [stored]
    assert database.transaction(silences.changed_since, "default", number) == ([], number)
    ended = database.transaction(silences.end, "default", stored.id, NOW + 1, "ann")
    assert database.transaction(silences.changed_since, "default", number)[0] == [ended]


def test_prune(database: Database) -> None:
    """Only what ended before the retention goes."""
    stored = put(database, WANTED)
    assert database.transaction(silences.prune, stored.ends_at) == 0
    assert database.transaction(silences.prune, stored.ends_at + 1) == 1
