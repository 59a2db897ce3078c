"""Members on loopback that find each other, take turns, and tell each other what was done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from alertd.clock import SECOND
from alertd.cluster.cluster import Cluster
from alertd.cluster.settings import ClusterFlags, ClusterRefused
from alertd.routing.matchers import Matcher, Operator
from alertd.routing.silences import Silence
from alertd.routing.told import Content, Entry
from alertd.store import groups as group_rows
from alertd.store import silences as silence_rows
from alertd.store.database import Database
from alertd.store.tables import metadata

NOW = 1_700_000_000_000
FLAGS = ClusterFlags(listen_address="127.0.0.1:0", probe_interval=50, reconnect_interval=100, peer_timeout=2 * SECOND)
KEY = ("default", "g" * 32, "team/webhook/0")


class Fixed:
    """A clock that stands still."""

    def now(self) -> int:
        return NOW


@asynccontextmanager
async def member(name: str, *peers: Cluster | str, **flags: object) -> AsyncIterator[Cluster]:
    """A member with an empty database of its own."""
    database = Database("sqlite:///:memory:")
    metadata.create_all(database.engine)
    addresses = tuple(peer if isinstance(peer, str) else peer.address for peer in peers)
    cluster = Cluster(replace(FLAGS, peer_name=name, peers=addresses, **flags), database, Fixed(), name, lambda: None)
    await cluster.start()
    try:
        yield cluster
    finally:
        await cluster.stop()
        database.close()


async def until(reached: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait until something is so; a test that waits a minute fails."""
    async with asyncio.timeout(60):
        while True:
            answer = reached()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.005)


def names(cluster: Cluster) -> list[str]:
    return [found.name for found in cluster.members]


async def test_one_alone() -> None:
    """A member without peers is a cluster of one, ready at once, and waits for nobody."""
    async with member("a") as one:
        await one.settled(asyncio.Event())
        assert (names(one), one.status, one.wait) == (["a"], "ready", 0)
        assert one.address.startswith("127.0.0.1:")
        assert not one.address.endswith(":0")


async def test_everybody_finds_everybody_and_takes_a_turn() -> None:
    """Who knows one member comes to know all; the turns follow the names, whoever came first."""
    async with member("c") as first, member("a", first) as second, member("b", first) as third:
        everyone = (first, second, third)
        await until(lambda: all(names(one) == ["a", "b", "c"] for one in everyone))
        assert [one.wait for one in (second, third, first)] == [0, 2 * SECOND, 4 * SECOND]
        await until(lambda: all(one.status == "ready" for one in everyone))


async def test_the_turn_of_who_leaves_goes_on() -> None:
    """A member that ends, on purpose or not, is waited for no more; it is found again when it is back."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(member("b"))
        async with member("a", first) as second:
            await until(lambda: first.wait == 2 * SECOND)
            address = second.address
        await until(lambda: first.wait == 0)
        await stack.enter_async_context(member("a", listen_address=address))
        await until(lambda: names(first) == ["a", "b"])


async def test_a_peer_that_is_not_there_is_not_waited_for() -> None:
    """Nobody listens there: this member is ready without it."""
    async with member("a") as gone:
        address = gone.address
    async with member("b", address) as one:
        await one.settled(asyncio.Event())
        assert names(one) == ["b"]


async def test_another_cluster_is_another_cluster() -> None:
    """Members with another label are not spoken to."""
    async with member("a") as first, member("b", first, label="other") as second:
        await second.settled(asyncio.Event())
        assert (names(first), names(second)) == (["a"], ["b"])


async def test_what_was_told_is_known_to_all() -> None:
    """News arrive at once, and everything at who comes later; the newest word counts, whatever its way."""
    old = Entry(Content({"f": "critical"}), frozenset("f"), NOW, "e", 1, {"ts": "1"})
    new = replace(old, sent_at=NOW + 5, sequence=2)

    async def knows(cluster: Cluster, entry: Entry, group_id: str = KEY[1]) -> bool:
        entries = await cluster._database.run(group_rows.read_entries, KEY[0], [group_id])
        return entries.get((group_id, KEY[2])) == entry

    async with member("a") as first, member("b", first) as second:
        await until(lambda: len(first.members) == len(second.members) == 2)
        first.tell({KEY: new})
        await until(lambda: knows(second, new))
        first.tell({KEY: old, ("default", "h" * 32, KEY[2]): old})
        await until(lambda: knows(second, old, "h" * 32))
        assert await knows(second, new)
        async with member("c", second) as third:
            await until(lambda: knows(third, new))


async def test_silences_are_shared() -> None:
    """One that is made or ended at a member counts at all of them."""
    wanted = Silence("", (Matcher("team", Operator.REGEX, "a|b"),), NOW, NOW + 60_000, "ann", "quiet", NOW)

    async def knows(cluster: Cluster, silence: Silence | None) -> bool:
        return await cluster._database.run(silence_rows.listing, "default") == [silence]

    async with member("a") as first, member("b", first) as second:
        await until(lambda: len(first.members) == len(second.members) == 2)
        stored = await first._database.run(silence_rows.put, "default", wanted, NOW, "ann")
        assert stored is not None
        first.share_silences("default")
        await until(lambda: knows(second, stored))
        ended = await second._database.run(silence_rows.end, "default", stored.id, NOW + 7, "bob")
        second.share_silences("default")
        await until(lambda: knows(first, ended))


async def test_who_speaks_nonsense_is_not_heard() -> None:
    """A connection that says something else is closed; the cluster goes on."""
    async with member("a") as first:
        host, port = first.address.split(":")
        for nonsense in (b"GET / HTTP/1.1\r\n\r\n", (7).to_bytes(4) + b'{"a":1}', b"\xff" * 8):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(nonsense)
            async with asyncio.timeout(60):
                while await reader.read(1024):
                    pass
            writer.close()
        async with member("b", first):
            await until(lambda: names(first) == ["a", "b"])


async def test_an_address_that_is_taken() -> None:
    """Nobody can listen where another does; the sentence names the address."""
    async with member("a") as first:
        with pytest.raises(ClusterRefused, match=first.address):
            async with member("b", listen_address=first.address):
                pass
