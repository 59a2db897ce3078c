"""The running service: loops around the engine, rule groups on their schedule, reload, and an orderly end."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.exc import DBAPIError
from watchfiles import awatch

from alertd import __version__
from alertd.clock import MINUTE, SECOND, Clock, SystemClock
from alertd.cluster.cluster import Cluster
from alertd.errors import InvalidInput
from alertd.service.actions import Actions
from alertd.service.engine import Engine
from alertd.service.evaluating import removed_producers
from alertd.service.forwarding import Forwarder, adopt
from alertd.service.forwarding_metrics import ForwardingMetrics
from alertd.service.health import Check, Health, HealthStatus, judge
from alertd.service.housekeeping import cleaning, reroute
from alertd.service.logs import Scrubber
from alertd.service.metrics import Metrics
from alertd.service.options import Options
from alertd.service.outgoing import Sender
from alertd.service.runtime import ReadyGroup, Runtime, load_runtime
from alertd.service.schedule import SlotTrigger
from alertd.service.snapshots import StoredSnapshots
from alertd.store import groups as group_rows
from alertd.store import outbox, replicas
from alertd.store.database import Database
from alertd.store.marks import read_marks
from alertd.store.replicas import Replica
from alertd.store.standing import read_standing

log = structlog.get_logger(__name__)

# The loops are woken when something is due; this is how long they sleep if a wake-up is lost.
LONGEST_SLEEP = 1 * SECOND
HEARTBEAT = 2 * SECOND
DEAD_AFTER = 10 * SECOND

_WATCHED = frozenset({".yml", ".yaml", ".rules", ".tmpl"})


class Service:
    """One replica: build it, `start` it, `stop` it."""

    def __init__(
        self,
        config_path: Path,
        database: Database,
        *,
        clock: Clock | None = None,
        listen: str = "",
        scrubber: Scrubber | None = None,
        env: Mapping[str, str] = os.environ,
        options: Options = Options(),
    ) -> None:
        self.clock = clock or SystemClock()
        self.database = database
        self.replica_id = uuid.uuid4().hex
        self.started_at = self.clock.now()
        self.options = options
        self.metrics = Metrics(options.metric_labels)
        self.reload_error = ""
        self._config_path = config_path
        #: The address that it is meant to be served on.
        self.listen = listen
        self._external_url = default_external_url(listen) if listen else ""
        self._scrubber = scrubber or Scrubber()
        self._env = env
        self.runtime = self._load()
        self._retired: list[tuple[int, Runtime]] = []
        self._wakers: dict[str, asyncio.Event] = {}
        self._reloading = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._look_elsewhere = asyncio.Event()
        self._watched: list[Path] = []
        self._living: tuple[str, ...] = (self.replica_id,)
        self._tasks: list[asyncio.Task[None]] = []
        self._evaluations: set[asyncio.Task[None]] = set()
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self.engine = Engine(
            database, self.clock, self.replica_id, lambda: self.runtime, self.metrics, lambda: self._living, self.wake
        )
        self.forwarder = Forwarder(
            database,
            self.clock,
            lambda: self.runtime.organisation,
            lambda: self.runtime.forwarding,
            ForwardingMetrics(self.metrics.registry),
            self.wake,
        )
        self.sender = Sender(database, self.clock, self.replica_id, lambda: self.runtime, self.metrics)
        self.actions = Actions(database, self.clock, lambda: self.runtime, self.metrics, self.wake)
        self.engine.renew = self.actions.renew
        self.cluster = self._join()
        self.metrics.reloaded(self.started_at, good=True)

    async def start(self) -> None:
        """Take the place of replicas that died, and begin to work."""
        if self.cluster is not None:
            await self.cluster.start()
        await self._take_over()
        await self._adopt()
        loops: list[tuple[str, Callable[[], Awaitable[int]]]] = [
            ("expire", self.engine.expire),
            ("deliver", self.engine.deliver),
            ("forward", self.forwarder.step),
            ("remote_write", self.sender.send),
        ]
        self._tasks = [asyncio.create_task(self._loop(name, work), name=name) for name, work in loops]
        self._tasks.append(asyncio.create_task(self._flush(), name="flush"))
        self._tasks.append(asyncio.create_task(self._every(HEARTBEAT, self._beat), name="heartbeat"))
        self._tasks.append(asyncio.create_task(self._every(MINUTE, self._clean), name="housekeeping"))
        self._tasks.append(asyncio.create_task(self._watch_files(), name="watch"))
        self._scheduler.start()
        log.info("service started", action="started", replica=self.replica_id, version=__version__)

    async def stop(self) -> None:
        """Evaluate no more, finish what is being sent, and leave."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        # The scheduler has cancelled them; each ends when its transaction has, so that no connection is left open.
        await asyncio.gather(*self._evaluations, return_exceptions=True)
        self._stopping.set()
        self._look_elsewhere.set()
        self.wake()
        await asyncio.gather(*self._tasks)
        await self.engine.landed()
        await self.forwarder.landed()
        await self.actions.renew()
        if self.cluster is not None:
            await self.cluster.stop()
        await self.database.run(replicas.leave, self.replica_id)
        for runtime in (*(runtime for _, runtime in self._retired), self.runtime):
            await runtime.close()
        self.database.close()
        log.info("service stopped", action="stopped", replica=self.replica_id)

    def wake(self) -> None:
        """Something became due: let the loops look."""
        for waker in self._wakers.values():
            waker.set()

    async def reload(self, *, asked: bool = True) -> None:
        """Read everything anew and swap it in; raises `InvalidInput` and changes nothing when any of it is wrong.

        `asked`: somebody wanted it, as Alertmanager knows it, who begins its groups' timers anew then.
        """
        async with self._reloading:
            await self._reload(asked)

    async def _reload(self, asked: bool) -> None:
        try:
            runtime = self._load()
        except InvalidInput as error:
            self.reload_error = str(error)
            self.metrics.reloaded(self.clock.now(), good=False)
            log.error("reload refused", action="reload_refused", error=str(error))
            raise
        runtime.keep(self.runtime)
        self._retired.append((self.clock.now(), self.runtime))
        self.runtime = runtime
        self.reload_error = ""
        await self._adopt(restart=asked and runtime.as_alertmanager)
        if self._folders() != self._watched:
            self._look_elsewhere.set()
        self.metrics.reloaded(self.clock.now(), good=True)
        log.info("configuration reloaded", action="reloaded", rules=sum(len(group.rules) for group in runtime.groups))

    async def health(self) -> Health:
        """How the service is, check by check."""
        runtime, now = self.runtime, self.clock.now()
        try:
            standing = await self.database.run(read_standing, runtime.organisation)
        except DBAPIError as error:
            return Health({"database": Check(HealthStatus.FAILED, f"does not answer: {error.orig}")})
        oldest = (now - standing.oldest) / 1000 if standing.oldest is not None else 0.0
        self.metrics.standing(dict(standing.alerts), standing.waiting, oldest)
        return judge(standing, runtime, self.reload_error, now, self.started_at)

    def _load(self) -> Runtime:
        runtime = load_runtime(
            self._config_path,
            self.database,
            env=self._env,
            now=self.clock.now,
            external_url=self._external_url,
            options=self.options,
        )
        self._scrubber.learn(runtime.secrets())
        integrations = [
            (receiver, integration.id.rsplit("/", 2)[1])
            for receiver, integrations in runtime.integrations.items()
            for integration in integrations
        ]
        self.metrics.alertmanager.configured(
            integrations,
            receivers=len(runtime.config.receivers),
            inhibition_rules=len(runtime.config.inhibit_rules),
            content=repr(runtime.config.document.data).encode(),
            limit=self.options.max_alerts_per_name,
        )
        return runtime

    def _join(self) -> Cluster | None:
        """The cluster that the flags ask for. Replicas of one database need none."""
        flags = self.options.cluster
        if flags is None or not flags.listen_address or self.database.dialect != "sqlite":
            return None
        cluster = Cluster(flags, self.database, self.clock, self.replica_id, self.wake)
        self.engine.head_start = lambda: cluster.wait
        self.engine.told = cluster.tell
        self.actions.silenced = cluster.share_silences
        return cluster

    async def _take_over(self) -> None:
        """Say that we are here, and free what dead replicas had in their hands.

        A SQLite file has one service: whoever else is on its list is dead.
        """
        await self._beat()
        if self.database.dialect == "sqlite":
            await self.database.run(replicas.forget_others, self.replica_id)
            await self.database.run(outbox.release_dead, [self.replica_id], self.clock.now())

    async def _adopt(self, *, restart: bool = False) -> None:
        """Bring rows and schedule in line with the configuration in force."""
        for warning in self.runtime.config.warnings:
            log.warning("configuration works but is doubtful", action="configuration_warning", place=str(warning))
        now = self.clock.now()
        await self.database.run(removed_producers, self.runtime, now)
        await self.database.run(reroute, self.runtime, now, restart=restart)
        forgotten = await self.database.run(adopt, self.runtime.organisation, self.runtime.forwarding, now)
        if forgotten:
            log.info("alerts are not forwarded any more", action="forwards_forgotten", alerts=forgotten)
        for source in self.runtime.sources.values():
            if isinstance(source, StoredSnapshots):
                await source.follow()
        self._scheduler.remove_all_jobs()
        for group in self.runtime.groups:
            self._scheduler.add_job(
                self._evaluate,
                SlotTrigger(group.slots),
                args=[group],
                id=group.key,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
            )
        self.wake()

    async def _evaluate(self, group: ReadyGroup) -> None:
        evaluation = asyncio.create_task(self._evaluate_slot(group))
        self._evaluations.add(evaluation)
        evaluation.add_done_callback(self._evaluations.discard)
        await evaluation

    async def _evaluate_slot(self, group: ReadyGroup) -> None:
        at = group.slots.at(self.clock.now())
        try:
            await self.engine.evaluate(group, at)
        except Exception:
            log.exception("evaluation crashed", action="evaluation_crashed", group=group.key)
        missed = (self.clock.now() - at) // group.interval
        if missed:
            self.metrics.missed(group, missed)

    async def _flush(self) -> None:
        await self._hold_back()
        await self._loop("flush", self.engine.flush)

    async def _hold_back(self) -> None:
        """Flush nothing before the cluster is there and the start delay is over; what came due during that delay takes
        its beat from the end of it."""
        if self.cluster is not None:
            await self.cluster.settled(self._stopping)
        until = self.started_at + self.options.start_delay
        rest = until - self.clock.now()
        if rest <= 0:
            return
        try:
            async with asyncio.timeout(rest / 1000):
                await self._stopping.wait()
        except TimeoutError:
            await self.database.run(group_rows.postpone, until)

    async def _loop(self, name: str, work: Callable[[], Awaitable[int]]) -> None:
        """Do `work` while there is any, then sleep until something is due."""
        waker = self._wakers[name] = asyncio.Event()
        while not self._stopping.is_set():
            try:
                # Cleared before the look, so that what becomes due meanwhile is not slept over.
                waker.clear()
                if not await work():
                    await self._sleep(waker)
            except Exception:
                log.exception("loop failed", action="loop_failed", loop=name)
                await asyncio.sleep(LONGEST_SLEEP / 1000)

    async def _sleep(self, waker: asyncio.Event) -> None:
        due = await self.engine.next_due()
        now = self.clock.now()
        pause = LONGEST_SLEEP if due is None else min(max(due - now, 5), LONGEST_SLEEP)
        try:
            async with asyncio.timeout(pause / 1000):
                await waker.wait()
        except TimeoutError:
            return

    async def _every(self, interval: int, work: Callable[[], Awaitable[None]]) -> None:
        while not self._stopping.is_set():
            try:
                await work()
            except Exception:
                log.exception("loop failed", action="loop_failed", loop=work.__name__)
            try:
                async with asyncio.timeout(interval / 1000):
                    await self._stopping.wait()
            except TimeoutError:
                continue

    async def _beat(self) -> None:
        now = self.clock.now()
        own = Replica(self.replica_id, self.started_at, now, socket.gethostname(), __version__)
        await self.database.run(replicas.heartbeat, own)
        await self.database.run(replicas.forget_dead, now - DEAD_AFTER)
        living = await self.database.run(replicas.living, now - DEAD_AFTER)
        self._living = tuple(replica.id for replica in living)
        if await self.database.run(outbox.release_dead, self._living, now):
            self.wake()

    async def _clean(self) -> None:
        for step in cleaning(self.runtime, self.clock.now()):
            while await self.database.run(step) and not self._stopping.is_set():
                pass
        for source in self.runtime.sources.values():
            if isinstance(source, StoredSnapshots):
                await source.shrink(self.clock.now())
        await self._close_retired()

    async def _close_retired(self) -> None:
        """Close the configurations before this one, when whatever they were sending has landed."""
        now = self.clock.now()
        over = [(at, runtime) for at, runtime in self._retired if now - at > runtime.delivery.lease]
        self._retired = [pair for pair in self._retired if pair not in over]
        for _, runtime in over:
            await runtime.close()

    async def _watch_files(self) -> None:
        """Reload when the configuration or a rule file changes; folders are watched, since mounts swap whole files."""
        while not self._stopping.is_set():
            try:
                await self._watch_folders()
            except Exception:
                log.exception("files are not watched", action="watch_failed")
                await asyncio.sleep(LONGEST_SLEEP / 1000)

    async def _watch_folders(self) -> None:
        self._look_elsewhere.clear()
        self._watched = self._folders()
        async for changes in awatch(*self._watched, stop_event=self._look_elsewhere, recursive=False):
            if not any(self._concerns(Path(path)) for _, path in changes):
                continue
            try:
                await self.reload(asked=False)
            except InvalidInput:
                continue

    def _folders(self) -> list[Path]:
        settings = self.runtime.config.settings
        files = (str(self._config_path), *settings.rule_files, *settings.templates)
        folders = {Path(file).resolve().parent for file in files}
        return sorted(folder for folder in folders if folder.is_dir())

    def _concerns(self, path: Path) -> bool:
        return path.suffix in _WATCHED or path.name == "..data" or path == self._config_path

    async def exposition(self) -> bytes:
        """The metrics as of now, in Prometheus' text format."""
        health = await self.health()
        if health.checks["database"].status is HealthStatus.OK:
            marks = await self.database.run(read_marks, self.runtime.organisation, self.clock.now())
            members = self._living if self.cluster is None else self.cluster.members
            self.metrics.alertmanager.standing(marks, len(members), clustered=self.cluster is not None)
        return self.metrics.exposition()


def default_external_url(listen: str) -> str:
    """The address that links in messages carry when the configuration gives none."""
    host, _, port = listen.rpartition(":")
    name = socket.gethostname() if host in {"", "0.0.0.0", "[::]"} else host  # noqa: S104 - compared, not bound
    return f"http://{name}:{port}"
