"""The cluster as one member sees it: who is there, whose turn it is, and what the others have done."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass

import structlog

from alertd.clock import DAY, SECOND, Clock
from alertd.cluster.link import Link, greet
from alertd.cluster.messages import Alive, GroupKey, Hello, Leaving, MemberGone, News, news
from alertd.cluster.settings import ClusterFlags, ClusterRefused, advertised, split_address
from alertd.cluster.tls import PeerTls, load_peer_tls
from alertd.routing.silences import Silence
from alertd.routing.told import Entry
from alertd.store import news as news_rows
from alertd.store import silences as silence_rows
from alertd.store.database import Database

log = structlog.get_logger(__name__)

# How far back everything reaches that is told to a member that comes: Alertmanager's own default.
_MEMORY = 5 * DAY
# A member that is silent this long is gone, however short the probes are: a busy machine is not a dead one.
_PATIENCE = 5 * SECOND


@dataclass(frozen=True)
class Member:
    """Somebody in the cluster, with the address that others are told."""

    name: str
    address: str


class Cluster:
    """One member. `start` it before anybody is notified; `wake` is called when something was heard."""

    def __init__(
        self, flags: ClusterFlags, database: Database, clock: Clock, name: str, wake: Callable[[], None]
    ) -> None:
        self._flags = flags
        self._database = database
        self._clock = clock
        self._wake = wake
        self.name = flags.peer_name or name
        self.address = ""
        self._links: list[Link] = []
        self._known: dict[str, float] = {}
        self._answered = {peer: asyncio.Event() for peer in flags.peers}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._tls: PeerTls = PeerTls(None, None)
        self._shared: dict[str, int] = {}
        self._settled = asyncio.Event()

    @property
    def members(self) -> list[Member]:
        """Everybody who is there now, this one included, by name."""
        others = {link.peer.name: Member(link.peer.name, link.peer.address) for link in self._links}
        return sorted([*others.values(), Member(self.name, self.address)], key=lambda member: member.name)

    @property
    def status(self) -> str:
        """Alertmanager's word for it: `settling` or `ready`."""
        return "ready" if self._settled.is_set() else "settling"

    @property
    def wait(self) -> int:
        """The milliseconds that this member leaves to those before it in the order of names."""
        names = [member.name for member in self.members]
        return names.index(self.name) * self._flags.peer_timeout

    async def start(self) -> None:
        """Listen, and look for the peers. Raises `ClusterRefused` when the address cannot be listened on."""
        self._tls = load_peer_tls(self._flags.tls_config)
        host, port = split_address(self._flags.listen_address)
        try:
            self._server = await asyncio.start_server(self._accept, host or None, port, ssl=self._tls.server)
        except OSError as error:
            text = f"cannot listen for peers on {self._flags.listen_address}: {error.strerror}"
            raise ClusterRefused(text) from error
        self.address = advertised(self._flags, self._server.sockets[0].getsockname()[1])
        self._answer(self.address)
        for peer in self._flags.peers:
            self._learn(peer)
        self._spawn(self._settle())
        self._spawn(self._look_after())
        self._spawn(self._compare())
        log.info("cluster joined", action="cluster_started", name=self.name, address=self.address)

    async def stop(self) -> None:
        """Say goodbye and close everything."""
        for link in self._links:
            link.say(Leaving())
        if self._server is not None:
            self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for link in list(self._links):
            link.close()

    async def settled(self, stopping: asyncio.Event) -> None:
        """Wait until the peers have been heard, or their time to be heard is over, or this member is `stopping`."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self._settled, stopping)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    def tell(self, entries: Mapping[GroupKey, Entry], silences: Iterable[tuple[str, Silence]] = ()) -> None:
        """Tell everybody what this member has told others, or that it knows of silences."""
        said = news(entries, silences)
        if said.entries or said.silences:
            for link in self._one_each():
                link.say(said)

    def share_silences(self, organisation: str) -> None:
        """Tell everybody the silences that have changed since the last time."""
        self._spawn(self._share_silences(organisation))

    async def _share_silences(self, organisation: str) -> None:
        change = self._shared.get(organisation, 0)
        changed, last = await self._database.run(silence_rows.changed_since, organisation, change)
        self._shared[organisation] = max(last, self._shared.get(organisation, 0))
        self.tell({}, [(organisation, silence) for silence in changed])

    def _one_each(self) -> list[Link]:
        """One link to each member; two members may have called each other at once."""
        return list({link.peer.name: link for link in self._links}.values())

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _learn(self, address: str) -> None:
        """Remember an address, and call it."""
        if address != self.address and address not in self._known:
            self._known[address] = asyncio.get_running_loop().time()
            self._spawn(self._call(address))

    async def _call(self, address: str) -> None:
        """Speak to the member at an address, until it is gone."""
        if any(link.peer.address == address for link in self._links):
            return
        host, port = split_address(address)
        name = None if self._tls.client is None else self._tls.server_name or host
        try:
            async with asyncio.timeout(self._flags.tcp_timeout / 1000):
                reader, writer = await asyncio.open_connection(host, port, ssl=self._tls.client, server_hostname=name)
        except (OSError, TimeoutError) as error:
            log.info("peer not reached", action="peer_not_reached", peer=address, error=str(error))
            self._answer(address)
            return
        await self._converse(reader, writer, address)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._spawn(self._converse(reader, writer, None))

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, called: str | None) -> None:
        """Everything that is said over one connection. `called`: the address, if it was this side that called."""
        link = None
        try:
            own = Hello(self.name, self.address, self._flags.label, [member.address for member in self.members])
            link = await greet(reader, writer, own, self._flags.tcp_timeout / 1000)
            if link.peer.name == self.name:
                return
            self._links.append(link)
            log.info("peer joined", action="peer_joined", peer=link.peer.name, address=link.peer.address)
            self._known[link.peer.address] = link.heard_at
            for address in link.peer.known:
                self._learn(address)
            link.say(await self._everything())
            while True:
                said = await link.hear()
                if isinstance(said, Leaving):
                    return
                if isinstance(said, News):
                    await self._take(said)
                    self._answer(called)
        except MemberGone as gone:
            log.info("peer gone", action="peer_gone", peer=called or (link.peer.name if link else ""), why=str(gone))
        finally:
            self._answer(called)
            if link is not None and link in self._links:
                self._links.remove(link)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _answer(self, address: str | None) -> None:
        """A peer that was named has been heard, or cannot be."""
        if address in self._answered:
            self._answered[address].set()

    async def _everything(self) -> News:
        entries, silences = await self._database.run(news_rows.everything, self._clock.now() - _MEMORY)
        return news(entries, silences)

    async def _take(self, said: News) -> None:
        """Keep what is newer than what is known here."""
        entries: dict[str, dict[tuple[str, str], Entry]] = {}
        silences: dict[str, list[Silence]] = {}
        for entry in said.entries:
            entries.setdefault(entry.organisation, {})[entry.group_id, entry.integration] = entry.entry()
        for silence in said.silences:
            silences.setdefault(silence.organisation, []).append(silence.silence())
        for organisation, heard in entries.items():
            await self._database.run(news_rows.take_entries, organisation, heard)
        for organisation, known in silences.items():
            await self._database.run(news_rows.take_silences, organisation, known, self._clock.now())
        if entries or silences:
            self._wake()

    async def _settle(self) -> None:
        """The peers that were named have been heard or not reached, or the time for it is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._flags.settle_timeout / 1000):
                await asyncio.gather(*(event.wait() for event in self._answered.values()))
        self._settled.set()

    async def _look_after(self) -> None:
        """Say that this member lives, notice who does not, and call again those who were lost."""
        loop = asyncio.get_running_loop()
        patience = max(_PATIENCE, 3 * self._flags.probe_interval + self._flags.probe_timeout) / 1000
        called_at = loop.time()
        while True:
            await asyncio.sleep(self._flags.probe_interval / 1000)
            now = loop.time()
            for link in list(self._links):
                if now - link.heard_at > patience:
                    link.writer.transport.abort()
                else:
                    link.say(Alive())
            if now - called_at >= self._flags.reconnect_interval / 1000:
                called_at = now
                self._call_lost(now)

    def _call_lost(self, now: float) -> None:
        here = {link.peer.address for link in self._links}
        for address, seen in list(self._known.items()):
            if address in here:
                self._known[address] = now
            elif now - seen > self._flags.reconnect_timeout / 1000 and address not in self._flags.peers:
                del self._known[address]
            else:
                self._spawn(self._call(address))

    async def _compare(self) -> None:
        """Tell everything now and then, in case a word was lost."""
        while True:
            await asyncio.sleep(self._flags.pushpull_interval / 1000)
            if self._links:
                everything = await self._everything()
                for link in self._one_each():
                    link.say(everything)
