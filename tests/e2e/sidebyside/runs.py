"""One run of a part of the table: two processes, many scenarios at once, and again for those that a stall disturbed."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.e2e.sidebyside.comparing import disagreements, misses
from tests.e2e.sidebyside.playing import Told, play_all
from tests.e2e.sidebyside.sides import alertd, alertmanager
from tests.e2e.sidebyside.table import Scenario, configuration

#: How often a scenario is played at most when the machine stands still meanwhile.
_TRIES = 3
#: The processes are up within this time, in seconds; a minute that turns sooner is not waited for.
_START = 8
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Run:
    """A part of the table that shares one Alertmanager and one alertd."""

    name: str
    scenarios: Sequence[Scenario]
    compat: str = "alertd"
    reload: bool = False


@dataclass
class Outcome:
    """What came of a scenario: what is wrong with it, and what each side told."""

    problems: list[str]
    theirs: list[Told] = field(default_factory=list)
    ours: list[Told] = field(default_factory=list)


async def play(runs: Sequence[Run], folder: Path) -> dict[str, Outcome]:
    """Play all runs at the same time; the outcomes by `run: scenario`."""
    outcomes = await asyncio.gather(*(_play(run, folder / run.name) for run in runs))
    return {
        f"{run.name}: {name}": found for run, own in zip(runs, outcomes, strict=True) for name, found in own.items()
    }


async def _play(run: Run, folder: Path) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    waiting = list(run.scenarios)
    for number in range(_TRIES):
        again = []
        for scenario, outcome, stalled in await _once(run, waiting, folder / str(number)):
            outcomes[scenario.name] = outcome
            if outcome.problems and stalled:
                again.append(scenario)
        waiting = again
        if not waiting:
            break
    return outcomes


async def _once(run: Run, scenarios: Sequence[Scenario], folder: Path) -> list[tuple[Scenario, Outcome, bool]]:
    minute = math.ceil((time.time() + _START) / 60) * 60
    times = time_intervals(minute)

    def configure(url: str) -> Mapping[str, Any]:
        return configuration(scenarios, url, times)

    def reloaded(url: str) -> Mapping[str, Any]:
        return configuration(scenarios, url, times, reloaded=True)

    async with (
        alertmanager(folder / "theirs", configure) as theirs,
        alertd(folder / "ours", configure, compat=run.compat) as ours,
    ):
        played = await play_all(scenarios, [theirs, ours], minute, reloaded if run.reload else None)
    found = []
    for scenario in scenarios:
        own = played[scenario.name]
        their, our = own.told
        problems = [own.refused] if own.refused else _problems(run, scenario, their, our)
        found.append((scenario, Outcome(problems, their, our), own.stalled))
    return found


def _problems(run: Run, scenario: Scenario, theirs: Sequence[Told], ours: Sequence[Told]) -> list[str]:
    if scenario.differs and run.compat == "alertd":
        return [
            *(f"Alertmanager: {problem}" for problem in misses(scenario, scenario.theirs, theirs)),
            *(f"alertd: {problem}" for problem in misses(scenario, scenario.ours, ours)),
        ]
    return disagreements(scenario, theirs, ours)


def time_intervals(minute: int) -> dict[str, Any]:
    """Time intervals around now, and around the instant `minute` (seconds) at which the clock's minute turns."""
    now = datetime.now(UTC)
    turns = datetime.fromtimestamp(minute, UTC)
    these = {(now + timedelta(days=days)).weekday() for days in (-1, 0, 1)}
    tokyo = now.astimezone(ZoneInfo("Asia/Tokyo"))
    hours = {"start_time": f"{max(tokyo.hour - 1, 0):02}:00", "end_time": f"{min(tokyo.hour + 2, 24):02}:00"}
    return {
        "these_days": [{"weekdays": [_DAYS[day] for day in sorted(these)]}],
        "other_days": [{"weekdays": [_DAYS[day] for day in range(7) if day not in these]}],
        "these_hours_in_tokyo": [{"times": [hours], "location": "Asia/Tokyo"}],
        "until_the_minute": [{"times": [_span(turns, -5)]}],
        "from_the_minute": [{"times": [_span(turns, 5)]}],
    }


def _span(turns: datetime, minutes: int) -> dict[str, str]:
    """The time of day between an instant and another some minutes away, within one day."""
    at = turns.hour * 60 + turns.minute
    if minutes < 0:
        end = at or 24 * 60
        return {"start_time": _clock(max(end + minutes, 0)), "end_time": _clock(end)}
    return {"start_time": _clock(at), "end_time": _clock(min(at + minutes, 24 * 60))}


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
