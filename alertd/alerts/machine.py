"""The state machine of one instance: what one producer says of one label set, from one evaluation to the next.

Pure: a reading and the instance as it was give the instance as it is and the named transitions between the two. For
plain Prometheus rules it is Prometheus' own machine (`for` by evaluation time and ≥, a pending timer that starts over,
`keep_firing_for`); levels, hysteresis and no-data policies are the same steps with more than one timer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from alertd.alerts.severity import worse, worst


class State(StrEnum):
    """Where an instance stands. `ok` instances are kept only for rules that must notice when a series vanishes."""

    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"

    @property
    def fires(self) -> bool:
        return self in {State.FIRING, State.RECOVERING}


class Transition(StrEnum):
    """The named steps of the machine; the name is what the history stores and `why` shows."""

    PENDING_STARTED = "pending_started"
    PENDING_CLEARED = "pending_cleared"
    PENDING_RESTARTED = "pending_restarted_longer_for"
    FIRED = "fired"
    RECOVERING = "recovering"
    FIRED_AGAIN = "fired_again_while_recovering"
    SEVERITY_RAISED = "severity_raised"
    SEVERITY_LOWERED = "severity_lowered"
    RESOLVED = "resolved"
    RESOLVED_MISSING = "resolved_series_missing"
    RESOLVED_RULE_REMOVED = "resolved_rule_removed"
    RESOLVED_EXPIRED = "resolved_expired"
    RESOLVED_BY_HAND = "resolved_by_hand"
    RESOLVED_LIMIT = "resolved_limit_exceeded"
    KEPT_NO_DATA = "kept_without_data"
    DATA_RETURNED = "data_returned"
    NO_DATA = "no_data"


@dataclass(frozen=True)
class LevelReading:
    """What one evaluation says of one level: whether it is breached, and for how long it must be."""

    severity: str
    breached: bool
    for_: int


@dataclass(frozen=True)
class LevelTimer:
    """A level that is breached now: since when, and since when it fires (None while it is pending).

    `early`: it fires before its own time because a worse level fired while it was breached.
    """

    severity: str
    active_at: int
    fired_at: int | None = None
    early: bool = False


@dataclass(frozen=True)
class Instance:
    """One label set as one producer knows it; the row that survives a restart.

    `active_at` is the start of the oldest level timer, `fired_at` the instant it began to fire, `keep_since` the start
    of the keep-firing time, `missing_since` the first evaluation without data. Instants are milliseconds.
    """

    state: State
    severity: str = ""
    active_at: int = 0
    fired_at: int | None = None
    keep_since: int | None = None
    missing_since: int | None = None
    levels: tuple[LevelTimer, ...] = ()

    def fires_at(self, severity: str) -> bool:
        """Whether the level of that severity fires; its clear threshold counts then, not its breach threshold."""
        return self.state is State.FIRING and any(
            timer.severity == severity and timer.fired_at is not None for timer in self.levels
        )


@dataclass(frozen=True)
class Step:
    """The outcome of one evaluation: the instance as it is now (None: nothing left to remember), and what happened."""

    instance: Instance | None
    transitions: tuple[Transition, ...] = ()


def observe(
    instance: Instance | None,
    readings: Sequence[LevelReading],
    now: int,
    *,
    keep_firing_for: int = 0,
    remember_ok: bool = False,
    missing: bool = False,
) -> Step:
    """The next step for an instance of which there is data.

    `missing`: the data is the absence of the series, which the rule's policy counts as a reading of its own.
    """
    before = instance if instance is not None and instance.state is not State.OK else None
    timers = _run_timers(before, readings, now)
    firing = tuple(timer for timer in timers if timer.fired_at is not None)
    missing_before = instance.missing_since if instance is not None else None
    missing_since = (now if missing_before is None else missing_before) if missing else None
    transitions: list[Transition] = []
    if missing_before is not None and not missing:
        transitions.append(Transition.DATA_RETURNED)
    if missing and missing_before is None and any(reading.breached for reading in readings):
        transitions.append(Transition.NO_DATA)

    after: Instance | None
    if firing:
        after = _firing(before, timers, firing, now)
        transitions += _on_firing(before, after)
    elif before is not None and before.state.fires and _for_grew(before, timers):
        after = Instance(State.PENDING, active_at=timers[0].active_at, levels=timers)
        transitions.append(Transition.PENDING_RESTARTED)
    elif before is not None and before.state.fires and _keeps(before, keep_firing_for, now):
        fired = tuple(timer for timer in before.levels if timer.fired_at is not None)
        after = replace(before, state=State.RECOVERING, keep_since=before.keep_since or now, levels=fired)
        if before.state is State.FIRING:
            transitions.append(Transition.RECOVERING)
    else:
        after = Instance(State.PENDING, active_at=timers[0].active_at, levels=timers) if timers else None
        transitions += _on_quiet(before, after, missing=missing)
    if after is None and remember_ok:
        after = Instance(State.OK)
    if after is not None:
        after = replace(after, missing_since=missing_since)
    return Step(after, tuple(transitions))


def keep(instance: Instance, now: int) -> Step:
    """The next step for an instance whose series is missing and whose rule keeps the last state."""
    if instance.missing_since is not None:
        return Step(instance)
    return Step(replace(instance, missing_since=now), (Transition.KEPT_NO_DATA,))


def close(instance: Instance, reason: Transition) -> Step:
    """The end of an instance from outside its evaluation: its rule is gone, its time ran out, a person resolved it."""
    return Step(None, (reason,) if instance.state.fires else ())


def _run_timers(before: Instance | None, readings: Sequence[LevelReading], now: int) -> tuple[LevelTimer, ...]:
    running = {timer.severity: timer for timer in before.levels} if before else {}
    timers = []
    for reading in readings:
        if not reading.breached:
            continue
        timer = running.get(reading.severity) or LevelTimer(reading.severity, active_at=now)
        if now - timer.active_at >= reading.for_:
            timer = replace(timer, fired_at=now) if timer.fired_at is None else timer
        elif not timer.early:
            timer = replace(timer, fired_at=None)
        timers.append(timer)
    fired = [timer.severity for timer in timers if timer.fired_at is not None]
    if before is not None and before.state.fires:
        fired.append(before.severity)
    timers = [_with_worse(timer, fired, now) for timer in timers]
    return tuple(sorted(timers, key=lambda timer: timer.active_at))


def _with_worse(timer: LevelTimer, fired: Sequence[str], now: int) -> LevelTimer:
    """A level that is breached while a worse one fires needs no `for` of its own: getting better is not resolving."""
    if timer.fired_at is None and any(worse(severity, timer.severity) for severity in fired):
        return replace(timer, fired_at=now, early=True)
    return timer


def _firing(
    before: Instance | None, timers: tuple[LevelTimer, ...], firing: tuple[LevelTimer, ...], now: int
) -> Instance:
    fired_at = before.fired_at if before is not None and before.state.fires else now
    severity = worst(tuple(timer.severity for timer in firing))
    return Instance(State.FIRING, severity, timers[0].active_at, fired_at, levels=timers)


def _on_firing(before: Instance | None, after: Instance) -> list[Transition]:
    if before is None or not before.state.fires:
        return [Transition.FIRED]
    transitions = [Transition.FIRED_AGAIN] if before.state is State.RECOVERING else []
    if worse(after.severity, before.severity):
        transitions.append(Transition.SEVERITY_RAISED)
    elif worse(before.severity, after.severity):
        transitions.append(Transition.SEVERITY_LOWERED)
    return transitions


def _for_grew(before: Instance, timers: tuple[LevelTimer, ...]) -> bool:
    """Whether the only reason not to fire is that `for` became longer: the level that fired is still breached."""
    return any(before.fires_at(timer.severity) for timer in timers)


def _keeps(before: Instance, keep_firing_for: int, now: int) -> bool:
    return keep_firing_for > 0 and now - (before.keep_since or now) < keep_firing_for


def _on_quiet(before: Instance | None, after: Instance | None, *, missing: bool) -> list[Transition]:
    transitions = []
    if before is not None and before.state.fires:
        transitions.append(Transition.RESOLVED_MISSING if missing else Transition.RESOLVED)
        before = None
    if before is None and after is not None:
        transitions.append(Transition.PENDING_STARTED)
    if before is not None and after is None:
        transitions.append(Transition.PENDING_CLEARED)
    return transitions
