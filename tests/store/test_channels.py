"""How integrations do, as rows."""

from __future__ import annotations

from alertd.store import channels
from alertd.store.channels import Channel
from alertd.store.database import Database

X, Y = ("default", "x"), ("default", "y")


def test_channels(database: Database) -> None:
    """A channel is blank until it was used, and each integration has its own."""
    assert database.transaction(channels.hold, [X, Y, X]) == {X: Channel(*X), Y: Channel(*Y)}
    changed = Channel("default", "x", 5, 4, 3, True, 2, "1")
    database.transaction(channels.write, [changed])
    assert database.transaction(channels.hold, [X, Y]) == {X: changed, Y: Channel(*Y)}
    assert sorted(database.transaction(channels.every), key=lambda channel: channel.key) == [changed, Channel(*Y)]
