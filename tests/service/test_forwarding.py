"""Forwarding over HTTP: batches, refusals, pauses, and one Alertmanager that does not delay another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry

from alertd.alerts.alert import Report, ReportChange
from alertd.alerts.labels import fingerprint
from alertd.alerts.machine import Instance, State
from alertd.clock import HOUR, MINUTE, SECOND, VirtualClock
from alertd.http import HttpClients
from alertd.service.forwarding import BATCH, Alertmanager, Forwarder, Forwarding
from alertd.service.forwarding_metrics import ForwardingMetrics
from alertd.store import forwards
from alertd.store.database import Database
from tests.peers.serving import serving

ORG = "default"


@dataclass
class Peer:
    """An Alertmanager that answers `status`, or hangs until `let_go`."""

    status: int = 200
    hangs: bool = False
    batches: list[list[dict[str, Any]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.Response:
        assert (request.method, request.path) == ("POST", "/api/v2/alerts")
        self.batches.append(json.loads(await request.read()))
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        if self.hangs:
            await self.let_go.wait()
        return web.Response(status=self.status, text="oh\nmore")


class World:
    """A forwarder over a database, with a clock that stands still."""

    def __init__(self, database: Database, clients: HttpClients, urls: Sequence[str]) -> None:
        self.database = database
        self.clock = VirtualClock(HOUR)
        self.registry = CollectorRegistry()
        alertmanagers = tuple(Alertmanager(f"{url}/api/v2/alerts", clients.client(), 10 * SECOND) for url in urls)
        self.forwarding = Forwarding(alertmanagers, MINUTE, {"rule": 2 * MINUTE})
        self.forwarder = Forwarder(
            database, self.clock, lambda: ORG, lambda: self.forwarding, ForwardingMetrics(self.registry), lambda: None
        )

    def fire(self, *names: str) -> None:
        self._say(names, [report(name, self.clock.now()) for name in names])

    def resolve(self, *names: str) -> None:
        self._say(names, [None] * len(names))

    def _say(self, names: Sequence[str], reports: Sequence[Report | None]) -> None:
        changes = [
            ReportChange("rule", fingerprint({"alertname": name}), found, rule="rule")
            for name, found in zip(names, reports, strict=True)
        ]
        self.database.transaction(forwards.follow, ORG, changes, self.forwarding.targets, self.clock.now())

    async def send(self) -> None:
        """Everything that is due now."""
        while await self.forwarder.step():
            await self.forwarder.landed()

    def counted(self, name: str, number: int = 0) -> float:
        url = self.forwarding.targets[number]
        return self.registry.get_sample_value(name, {"alertmanager": url}) or 0.0


def report(name: str, now: int) -> Report:
    labels = {"alertname": name}
    return Report("rule", fingerprint(labels), labels, {}, Instance(State.FIRING, "", now, now), now)


@asynccontextmanager
async def world(database: Database, *peers: Peer) -> AsyncIterator[World]:
    clients = HttpClients()
    async with contexts(peers) as urls:
        try:
            yield World(database, clients, urls)
        finally:
            for peer in peers:
                peer.let_go.set()
            await clients.aclose()


@asynccontextmanager
async def contexts(peers: Sequence[Peer]) -> AsyncIterator[list[str]]:
    if not peers:
        yield []
        return
    async with serving(peers[0].handle) as url, contexts(peers[1:]) as others:
        yield [url, *others]


async def test_what_is_sent(database: Database) -> None:
    """Prometheus' body and times, again every minute, its end for fifteen minutes."""
    peer = Peer()
    async with world(database, peer) as on:
        on.fire("A")
        await on.send()
        assert peer.batches == [
            [
                {
                    "annotations": {},
                    "endsAt": "1970-01-01T01:08:00.000Z",
                    "startsAt": "1970-01-01T01:00:00.000Z",
                    "generatorURL": "",
                    "labels": {"alertname": "A"},
                }
            ]
        ]
        assert peer.headers[0]["content-type"] == "application/json"
        assert peer.headers[0]["user-agent"].startswith("alertd/")
        on.clock.advance(MINUTE - 1)
        await on.send()
        assert len(peer.batches) == 1
        on.clock.advance(1)
        await on.send()
        assert peer.batches[1][0]["endsAt"] == "1970-01-01T01:09:00.000Z"
        on.resolve("A")
        for _ in range(20):
            await on.send()
            on.clock.advance(MINUTE)
        assert [batch[0]["endsAt"] for batch in peer.batches[2:]] == ["1970-01-01T01:01:00.000Z"] * 16
        assert on.counted("alertd_forwarded_alerts_total") == 18


async def test_batches(database: Database) -> None:
    """At most 64 alerts go with one request."""
    peer = Peer()
    async with world(database, peer) as on:
        on.fire(*(f"A{number}" for number in range(2 * BATCH + 2)))
        await on.send()
    assert sorted(map(len, peer.batches)) == [2, BATCH, BATCH]


async def test_one_that_hangs_delays_nobody(database: Database) -> None:
    """While one Alertmanager says nothing, the other is told, again and again."""
    slow, quick = Peer(hangs=True), Peer()
    async with world(database, slow, quick) as on:
        on.fire("A")
        assert await on.forwarder.step() == 2
        async with asyncio.timeout(60):
            while not (slow.batches and on.counted("alertd_forwarded_alerts_total", 1)):
                await asyncio.sleep(0.01)
        on.fire("B")
        assert await on.forwarder.step() == 1
        slow.let_go.set()
        await on.forwarder.landed()
        assert [len(peer.batches) for peer in (slow, quick)] == [1, 2]
        await on.send()
        assert [[alert["labels"]["alertname"] for alert in batch] for batch in slow.batches] == [["A"], ["B"]]


async def test_one_that_is_out_of_order(database: Database) -> None:
    """It is left in peace for one second, then two, four and at most thirty; nothing is lost."""
    peer = Peer(status=503)
    async with world(database, peer) as on:
        on.fire("A")
        pauses = []
        for _ in range(7):
            began = on.clock.now()
            tries = len(peer.batches)
            while len(peer.batches) == tries:
                on.clock.advance(SECOND // 2)
                await on.send()
            pauses.append(on.clock.now() - began)
        assert pauses[1:] == [1_000, 2_000, 4_000, 8_000, 16_000, 30_000]
        peer.status = 200
        on.clock.advance(30 * SECOND)
        await on.send()
        assert on.counted("alertd_forwarded_alerts_total") == 1
        assert on.counted("alertd_forward_failures_total") == 7


async def test_what_is_refused_holds_up_nothing(database: Database) -> None:
    """Alerts that an Alertmanager refuses wait for the next resend; others go at once."""
    peer = Peer(status=400)
    async with world(database, peer) as on:
        on.fire("A")
        await on.send()
        peer.status = 200
        on.fire("B")
        await on.send()
        assert [batch[0]["labels"]["alertname"] for batch in peer.batches] == ["A", "B"]
        on.clock.advance(MINUTE)
        await on.send()
        assert len(peer.batches[2]) == 2


async def test_an_end_that_nobody_takes(database: Database) -> None:
    """It is tried for an hour, and then counted and logged as given up."""
    peer = Peer(status=500)
    async with world(database, peer) as on:
        on.fire("A")
        await on.send()
        on.resolve("A")
        while on.clock.now() < 2 * HOUR:
            on.clock.advance(MINUTE)
            await on.send()
        assert on.counted("alertd_forward_dropped_total") == 0
        on.clock.advance(MINUTE)
        await on.send()
        assert on.counted("alertd_forward_dropped_total") == 1
        tries = len(peer.batches)
        on.clock.advance(HOUR)
        await on.send()
        assert len(peer.batches) == tries
