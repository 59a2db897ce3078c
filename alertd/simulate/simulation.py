"""The service on a virtual clock: the same engine, with time that is moved from one due instant to the next."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from alertd.clock import VirtualClock
from alertd.service.actions import Actions
from alertd.service.engine import Engine
from alertd.service.housekeeping import reroute
from alertd.service.metrics import Metrics
from alertd.service.runtime import ReadyGroup, Runtime, load_runtime
from alertd.store.database import Database
from alertd.store.migrate import upgrade

Loader = Callable[[VirtualClock], Runtime]


def memory() -> Database:
    """An empty database that is gone when it is closed."""
    database = Database("sqlite://")
    upgrade(database)
    return database


class Simulation:
    """A whole alertd from `start` (milliseconds) on, over any database; what it sends goes where its receivers send.

    `load` gives the configuration, by default the one at `config_path`. Unless `scheduled`, rules are evaluated only
    when somebody asks for it.
    """

    def __init__(
        self,
        config_path: Path,
        database: Database,
        start: int,
        *,
        replica_id: str = "simulation",
        env: Mapping[str, str] = os.environ,
        load: Loader | None = None,
        scheduled: bool = True,
    ) -> None:
        self.clock = VirtualClock(start)
        self.database = database
        self._load = load or (lambda clock: load_runtime(config_path, database, env=env, now=clock.now))
        self.runtime = self._load(self.clock)
        self.metrics = Metrics()
        self.engine = Engine(database, self.clock, replica_id, lambda: self.runtime, self.metrics, spread=lambda: 1.0)
        self.actions = Actions(database, self.clock, lambda: self.runtime, self.metrics, lambda: None)
        self.engine.renew = self.actions.renew
        self._slots = self._first_slots() if scheduled else {}

    async def run_for(self, duration: int) -> None:
        """Let `duration` milliseconds pass, and do everything that is due in them."""
        await self.run_until(self.clock.now() + duration)

    async def run_until(self, end: int) -> None:
        """Do everything that is due up to and at `end`, each thing at its own instant."""
        await self.engine.step()
        while True:
            due = await self._next_due()
            if due is None or due > end:
                break
            self.clock.advance_to(due)
            await self._evaluate_due()
            await self.engine.step()
        self.clock.advance_to(end)

    async def reload(self) -> None:
        """Read the configuration anew. Raises `InvalidInput`."""
        former = self.runtime
        self.runtime = self._load(self.clock)
        self._slots = self._first_slots() if self._slots else {}
        await self.database.run(reroute, self.runtime, self.clock.now())
        await former.close()

    async def close(self) -> None:
        await self.runtime.close()

    def _first_slots(self) -> dict[str, int]:
        now = self.clock.now()
        return {group.key: group.slots.after(now) for group in self.runtime.groups}

    async def _next_due(self) -> int | None:
        due = await self.engine.next_due()
        instants = [*self._slots.values(), *([due] if due is not None else [])]
        return min(instants, default=None)

    async def _evaluate_due(self) -> None:
        now = self.clock.now()
        for group in self.runtime.groups:
            if self._slots.get(group.key, now + 1) <= now:
                await self._evaluate(group)

    async def _evaluate(self, group: ReadyGroup) -> None:
        at = self._slots[group.key]
        self._slots[group.key] = group.slots.after(at)
        await self.engine.evaluate(group, at)
