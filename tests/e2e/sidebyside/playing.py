"""Plays scenarios: the same is said to all sides at the same moments, and what they tell is written down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.sidebyside.sides import Configure, Refused, Side
from tests.e2e.sidebyside.table import Scenario, Step, address
from tests.peers.serving import Answer

#: Prometheus says of a firing alert that it ends in a while, and says so again before.
_FAR = 3_600.0
_TICK = 0.01
_LATE = 0.1
_PRESSURE = Path("/proc/pressure/cpu")
#: When a reload comes, in the runs that have one: seconds after their beginning.
RELOAD_AT = 3.4
#: The scenarios begin one after the other, so that not all of them are at work in the same moment.
_STAGGER = 0.07


@dataclass(frozen=True)
class Told:
    """One message as it arrived: seconds since the scenario began, where to, and what it says.

    `began` is the scenario's beginning in the clock's time; `taken` is false when the peer refused the message or did
    not answer.
    """

    at: float
    began: float
    path: str
    headers: Mapping[str, str]
    body: Any
    taken: bool = True


@dataclass
class Played:
    """What became of a scenario: what each side told, whether the machine stood still meanwhile, and what a side
    refused to take."""

    told: list[list[Told]]
    stalled: bool = False
    refused: str = ""


@dataclass
class Stalls:
    """The moments (monotonic) at which this machine had no time for us."""

    at: list[float] = field(default_factory=list)

    def between(self, begin: float, end: float) -> bool:
        return any(begin <= moment <= end for moment in self.at)

    def took(self, begin: float) -> None:
        """Something was to be done at `begin` and at once, and now it is done."""
        if (now := time.monotonic()) - begin > _LATE:
            self.at.append(now)

    async def watch(self) -> None:
        """Notice every sleep that takes far longer than it should, and when programs wait for a processor."""
        before, waited = time.monotonic(), _waited()
        sampled = before
        while True:
            await asyncio.sleep(_TICK)
            now = time.monotonic()
            if now - before > _TICK + _LATE:
                self.at.append(now)
            before = now
            if now - sampled > 2 * _LATE:
                if (more := _waited()) - waited > _LATE:
                    self.at.append(now)
                sampled, waited = now, more


def _waited() -> float:
    """For how many seconds so far some program had to wait for a processor; 0 where the system does not count."""
    try:
        counted = _PRESSURE.read_text()
    except OSError:
        return 0.0
    return int(counted.split("total=")[1].split()[0]) / 1e6


@asynccontextmanager
async def watching() -> AsyncIterator[Stalls]:
    stalls = Stalls()
    task = asyncio.create_task(stalls.watch())
    try:
        yield stalls
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def play_all(
    scenarios: Sequence[Scenario], sides: Sequence[Side], minute: int, reload: Configure | None = None
) -> dict[str, Played]:
    """Play all of them at the same time. `minute` is the instant, in seconds, at which the clock's minute turns for
    those that wait for it; `reload` makes the configuration that both run with after `RELOAD_AT`."""
    for side in sides:
        _script(side, scenarios)
    async with watching() as stalls, asyncio.TaskGroup() as group:
        if reload is not None:
            group.create_task(_reload(sides, reload, stalls))
        stagger = _STAGGER if reload is None else 0
        tasks = {
            scenario.name: group.create_task(_play(scenario, sides, stalls, _delay(scenario, number * stagger, minute)))
            for number, scenario in enumerate(scenarios)
        }
    return {name: task.result() for name, task in tasks.items()}


def _delay(scenario: Scenario, delay: float, minute: int) -> float:
    return delay if scenario.at_minute is None else minute - scenario.at_minute - time.time()


async def _reload(sides: Sequence[Side], configure: Configure, stalls: Stalls) -> None:
    await asyncio.sleep(RELOAD_AT)
    begin = time.monotonic()
    await asyncio.gather(*(side.reload(configure) for side in sides))
    stalls.took(begin)


async def _play(scenario: Scenario, sides: Sequence[Side], stalls: Stalls, delay: float) -> Played:
    await asyncio.sleep(delay)
    script = _Script(scenario, sides)
    try:
        for step in scenario.steps:
            await asyncio.sleep(script.monotonic + step.at - time.monotonic())
            begin = time.monotonic()
            await script.take(step)
            stalls.took(begin)
    except Refused as refused:
        return Played([[] for _ in sides], refused=str(refused))
    await asyncio.sleep(script.monotonic + scenario.seconds - time.monotonic())
    told = [_told(side, scenario, script) for side in sides]
    return Played(told, stalls.between(script.monotonic, time.monotonic()))


class _Script:
    """One scenario while it is played."""

    def __init__(self, scenario: Scenario, sides: Sequence[Side]) -> None:
        self.scenario = scenario
        self.sides = sides
        # Whole milliseconds: what is said is then exactly what comes back.
        self.began = int(time.time() * 1000) / 1000
        self.monotonic = time.monotonic()
        self.starts: dict[frozenset[tuple[str, str]], float] = {}
        self.silences: dict[str, list[str]] = {}

    async def take(self, step: Step) -> None:
        """Do one step on all sides at once."""
        match step.action:
            case "fire":
                await self._post([self._firing(labels, step.at) for labels in step.subject])
            case "resolve":
                await self._post([self._over(labels, step.at) for labels in step.subject])
            case "post":
                await self._post([self._written(alert) for alert in step.subject])
            case "silence":
                await self._silence(step)
            case "unsilence":
                ids = self.silences[step.subject]
                await self._all(side.delete(f"silence/{name}") for side, name in zip(self.sides, ids, strict=True))
            case unknown:
                raise AssertionError(f"a scenario has no step {unknown!r}")

    def _firing(self, labels: Mapping[str, str], at: float) -> dict[str, Any]:
        starts = self.starts.setdefault(frozenset(labels.items()), at)
        return self._written({"labels": labels, "startsAt": starts, "endsAt": at + _FAR})

    def _over(self, labels: Mapping[str, str], at: float) -> dict[str, Any]:
        starts = self.starts.pop(frozenset(labels.items()))
        return self._written({"labels": labels, "startsAt": starts, "endsAt": at})

    def _written(self, alert: Mapping[str, Any]) -> dict[str, Any]:
        """An alert of the table with its own label, and its seconds as instants."""
        times = {
            name: self._instant(alert[name]) if isinstance(alert[name], int | float) else alert[name]
            for name in ("startsAt", "endsAt")
            if name in alert
        }
        return {**alert, **times, "labels": {"scenario": self.scenario.name, **alert["labels"]}}

    async def _post(self, alerts: list[dict[str, Any]]) -> None:
        await self._all(side.post("alerts", alerts) for side in self.sides)

    async def _silence(self, step: Step) -> None:
        given = step.subject
        own = {"name": "scenario", "value": self.scenario.name, "isRegex": False}
        body = {
            "matchers": [own, *({"isRegex": False, **matcher} for matcher in given["matchers"])],
            "startsAt": self._instant(given.get("startsAt", step.at)),
            "endsAt": self._instant(given["endsAt"]),
            "createdBy": "ann",
            "comment": "known",
        }
        known = self.silences.get(given["name"], [None] * len(self.sides))
        bodies = [body if name is None else {**body, "id": name} for name in known]
        answers = await self._all(
            side.post("silences", own_body) for side, own_body in zip(self.sides, bodies, strict=True)
        )
        self.silences[given["name"]] = [answer["silenceID"] for answer in answers]

    async def _all(self, calls: Iterable[Any]) -> list[Any]:
        return await asyncio.gather(*calls)

    def _instant(self, seconds: float) -> str:
        return iso(self.began + seconds)


def iso(seconds: float) -> str:
    """An instant in the API's notation, to the millisecond."""
    milliseconds = round(seconds * 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000)) + f".{milliseconds % 1000:03d}Z"


def _script(side: Side, scenarios: Iterable[Scenario]) -> None:
    for scenario in scenarios:
        for hook, answers in scenario.answers.items():
            side.peer.script_at(f"/hook/{address(scenario.name)}/{hook}", *(Answer(**answer) for answer in answers))


def _told(side: Side, scenario: Scenario, script: _Script) -> list[Told]:
    prefix = f"/hook/{address(scenario.name)}/"
    return [
        Told(
            at=item.at - script.monotonic,
            began=script.began,
            path=item.path.removeprefix(prefix),
            headers=item.headers,
            body=item.json,
            taken=item.taken,
        )
        for item in side.peer.requests
        if item.path.startswith(prefix)
    ]
