"""alertd beside a real Alertmanager: messages of every kind, rendered from the defaults and from users' templates."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.e2e.sidebyside.fields import Row, differing_places, read_rows, tell

ROWS = read_rows()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[Any], list[Any]]]:
    """What the receiver of every row was sent by either side.

    On a busy machine Alertmanager may flush a group after the alert's end, and say in one message what it says in two:
    such a play is none.
    """
    for _ in range(3):
        sent = asyncio.run(tell(ROWS, tmp_path_factory.mktemp("fields")))
        if all(len(theirs) >= len(ours) for theirs, ours in sent.values()):
            break
    return sent


@pytest.mark.peer
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_same_fields(row: Row, told: dict[str, tuple[list[Any], list[Any]]]) -> None:
    """Every field is the same but where the table names a difference, and there it is another one."""
    theirs, ours = told[row.name]
    assert theirs
    assert len(ours) == len(theirs)
    found: dict[str, tuple[Any, Any]] = {}
    for their, our in zip(theirs, ours, strict=True):
        found |= {place: (their_value, our_value) for place, their_value, our_value in differing_places(their, our)}
    assert {place: values for place, values in found.items() if place not in row.same_but} == {}
    assert row.same_but.keys() <= found.keys(), "a difference that is named is none"
