"""The check of forwarding: an Alertmanager that takes nothing is named, and the others are not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry

from alertd.alerts.alert import Report, ReportChange
from alertd.alerts.labels import fingerprint
from alertd.alerts.machine import Instance, State
from alertd.clock import HOUR, MINUTE, SECOND
from alertd.service.forwarding import Forwarder
from alertd.service.forwarding_metrics import ForwardingMetrics
from alertd.service.health import Check, HealthStatus
from alertd.store import forwards
from alertd.store.database import Database
from tests.peers.serving import serving
from tests.service.world import World, world

CONFIG = """
route: {{receiver: nobody}}
receivers: [{{name: nobody}}]
alerting:
  resend_delay: {resend_delay}
  alertmanagers:
  - static_configs: [{{targets: [{targets}]}}]
"""


@dataclass
class Peers:
    """Two Alertmanagers of one process; `down` is the one of both that is out of order, by the host that is asked."""

    down: set[str] = field(default_factory=set)

    async def handle(self, request: web.Request) -> web.Response:
        return web.Response(status=503 if request.host in self.down else 200, text="no room")


class Watched:
    """A world that forwards, one step at a time."""

    def __init__(self, on: World, peers: Peers, hosts: list[str]) -> None:
        self.world, self.peers, self.hosts = on, peers, hosts
        self._began: dict[str, int] = {}
        runtime = on.simulation.runtime
        self._organisation, self._targets = runtime.organisation, runtime.forwarding.targets
        self._forwarder = Forwarder(
            on.simulation.database,
            on.simulation.clock,
            lambda: runtime.organisation,
            lambda: runtime.forwarding,
            ForwardingMetrics(CollectorRegistry()),
            lambda: None,
        )

    def say(self, name: str, *, fires: bool) -> None:
        labels, now = {"alertname": name}, self.world.simulation.clock.now()
        key = fingerprint(labels)
        began = self._began.setdefault(name, now)
        annotations = {"summary": f"since {now - began} ms"}
        report = Report("rule", key, labels, annotations, Instance(State.FIRING, "", began, began), now)
        change = ReportChange("rule", key, report if fires else None, rule="rule")
        self.world.simulation.database.transaction(forwards.follow, self._organisation, [change], self._targets, now)

    async def run(self, duration: int) -> None:
        """Let time pass, with requests once in ten seconds."""
        clock = self.world.simulation.clock
        end = clock.now() + duration
        while clock.now() < end:
            clock.advance(10 * SECOND)
            while await self._forwarder.step():
                await self._forwarder.landed()

    async def check(self) -> Check:
        return (await self.world.health()).checks["forwarding"]


@asynccontextmanager
async def watched(folder: Path, database: Database, *, resend_delay: str = "1m") -> AsyncIterator[Watched]:
    peers = Peers()
    async with serving(peers.handle) as url:
        port = url.rpartition(":")[2]
        hosts = [f"127.0.0.1:{port}", f"localhost:{port}"]
        config = CONFIG.format(resend_delay=resend_delay, targets=", ".join(f'"{host}"' for host in hosts))
        async with world(folder, database, config) as on:
            yield Watched(on, peers, hosts)


async def test_an_alertmanager_that_takes_nothing(tmp_path: Path, database: Database) -> None:
    """After five minutes its address and error are told, and it is well again with the first alert that it takes."""
    async with watched(tmp_path, database) as on:
        on.say("A", fires=True)
        await on.run(HOUR)
        assert await on.check() == Check(HealthStatus.OK, "the Alertmanagers take what is forwarded: 2")
        on.peers.down = {on.hosts[1]}
        await on.run(4 * MINUTE)
        assert (await on.check()).status is HealthStatus.OK
        on.say("B", fires=True)
        await on.run(2 * MINUTE)
        check = await on.check()
        assert check.status is HealthStatus.DEGRADED
        assert check.message.startswith(f"http://{on.hosts[1]}/api/v2/alerts has taken nothing for 410 s,")
        assert check.message.endswith(", alerts that wait: 2 (it answered 503: no room)")
        assert on.hosts[0] not in check.message
        on.peers.down = set()
        await on.run(MINUTE)
        assert (await on.check()).status is HealthStatus.OK


async def test_one_that_is_down_while_nothing_waits(tmp_path: Path, database: Database) -> None:
    """Nobody is lost who has nothing to take, and the time counts from when there was something."""
    async with watched(tmp_path, database) as on:
        on.peers.down = set(on.hosts)
        await on.run(HOUR)
        assert (await on.check()).status is HealthStatus.OK
        on.say("A", fires=True)
        await on.run(4 * MINUTE)
        assert (await on.check()).status is HealthStatus.OK
        await on.run(MINUTE)
        check = await on.check()
        assert check.status is HealthStatus.DEGRADED
        assert all(host in check.message for host in on.hosts)


async def test_an_end_that_waits(tmp_path: Path, database: Database) -> None:
    """An end that nobody takes counts, until it is given up."""
    async with watched(tmp_path, database) as on:
        on.say("A", fires=True)
        await on.run(MINUTE)
        on.peers.down = {on.hosts[0]}
        on.say("A", fires=False)
        await on.run(6 * MINUTE)
        assert (await on.check()).status is HealthStatus.DEGRADED
        await on.run(HOUR)
        assert (await on.check()).status is HealthStatus.OK


async def test_what_rules_change_meanwhile_hides_nothing(tmp_path: Path, database: Database) -> None:
    """The error stays known when the alert is written anew before the next try."""
    async with watched(tmp_path, database) as on:
        on.peers.down = set(on.hosts)
        on.say("A", fires=True)
        await on.run(6 * MINUTE)
        before = await on.check()
        on.say("A", fires=True)
        assert (await on.check()).status is before.status is HealthStatus.DEGRADED


async def test_seldom_resends(tmp_path: Path, database: Database) -> None:
    """Where alerts are sent again less often, one failed resend is not yet a loss."""
    async with watched(tmp_path, database, resend_delay="10m") as on:
        on.say("A", fires=True)
        await on.run(MINUTE)
        on.peers.down = {on.hosts[0]}
        await on.run(18 * MINUTE)
        assert (await on.check()).status is HealthStatus.OK
        await on.run(2 * MINUTE)
        assert (await on.check()).status is HealthStatus.DEGRADED


async def test_nobody_to_forward_to(tmp_path: Path, database: Database) -> None:
    """Without the section the check is there and well."""
    async with world(tmp_path, database, "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n") as on:
        check = (await on.health()).checks["forwarding"]
        assert check == Check(HealthStatus.OK, "alerts are forwarded to nobody")
