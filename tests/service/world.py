"""A whole alertd on virtual time for scenario tests: a configuration, rules, a database, and what goes out of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alertd.alerts.labels import fingerprint
from alertd.alerts.pushed import PushedAlert
from alertd.service.health import Health, judge
from alertd.simulate.simulation import Simulation
from alertd.store.database import Database
from alertd.store.standing import read_standing

START = 1_700_000_000_000
SECOND = 1_000
MINUTE = 60_000
HOUR = 60 * MINUTE


@dataclass
class World:
    """A simulation with short words for what tests do to it."""

    simulation: Simulation
    config: Path

    @property
    def now(self) -> int:
        """Milliseconds since the world began."""
        return self.simulation.clock.now() - START

    async def push(
        self, *, ends_in: int | None = None, annotations: Mapping[str, str] | None = None, **labels: str
    ) -> str:
        """Send one alert; the fingerprint."""
        now = self.simulation.clock.now()
        alert = PushedAlert(
            labels, annotations or {}, starts_at=now, ends_at=None if ends_in is None else now + ends_in
        )
        fingerprints, refused = await self.simulation.actions.push_alerts(
            "default", [alert], producer="test", actor="test"
        )
        assert not refused
        return fingerprints[0]

    async def fire(self, **labels: str) -> str:
        """Send an alert that fires for a day."""
        return await self.push(ends_in=24 * HOUR, **labels)

    async def resolve(self, **labels: str) -> str:
        """Send the end of an alert."""
        now = self.simulation.clock.now()
        alert = PushedAlert(labels, starts_at=now, ends_at=now)
        await self.simulation.actions.push_alerts("default", [alert], producer="test", actor="test")
        return fingerprint(labels)

    async def snapshot(self, document: Mapping[str, Any], **labels: str) -> None:
        """Push metrics."""
        await self.simulation.actions.push_snapshot("default", None, document, labels=labels, at=None, actor="test")

    async def wait(self, duration: int) -> None:
        await self.simulation.run_for(duration)

    async def health(self) -> Health:
        """What a service would say of its health now."""
        runtime = self.simulation.runtime
        standing = await self.simulation.database.run(read_standing, runtime.organisation)
        return judge(standing, runtime, "", self.simulation.clock.now(), START)


@asynccontextmanager
async def world(
    folder: Path,
    database: Database,
    config: str,
    rules: str = "",
    *,
    env: Mapping[str, str] | None = None,
    start: int = START,
    replica: str = "simulation",
) -> AsyncIterator[World]:
    """A world with this `alertd.yml` and, as `rules.yml` beside it, these rules; `env` is its environment.

    Several worlds on one database, each with a `replica` name of its own, are the replicas of one service.
    """
    path = folder / "alertd.yml"
    path.write_text(config)
    (folder / "rules.yml").write_text(rules)
    simulation = Simulation(path, database, start, replica_id=replica, env=env or {})
    try:
        yield World(simulation, path)
    finally:
        await simulation.close()
