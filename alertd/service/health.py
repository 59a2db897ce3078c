"""Health: each check has a name, a state and a sentence, and the worst of them is the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from alertd.clock import MINUTE, SECOND
from alertd.service.runtime import Runtime
from alertd.store.standing import Standing

# A message that waits longer than this is late.
_LATE = MINUTE
# An Alertmanager that takes nothing for longer than this, or for two resends, is lost.
_UNTAKEN = 5 * MINUTE


class HealthStatus(StrEnum):
    """The states of a check, from the best to the worst."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True)
class Check:
    """One check and what it found."""

    status: HealthStatus
    message: str


@dataclass(frozen=True)
class Health:
    """All checks by name."""

    checks: Mapping[str, Check]

    @property
    def status(self) -> HealthStatus:
        order = list(HealthStatus)
        return max((check.status for check in self.checks.values()), key=order.index, default=HealthStatus.OK)


def judge(standing: Standing, runtime: Runtime, reload_error: str, now: int, started_at: int) -> Health:
    """The verdict on what stands in the database, and on the last reload."""
    return Health(
        {
            "database": Check(HealthStatus.OK, "answers"),
            "configuration": _configuration(reload_error),
            "rules": _rules(standing, runtime, now, started_at),
            "outbox": _outbox(standing, now),
            "channels": _channels(standing),
            "forwarding": _forwarding(standing, runtime, now, started_at),
        }
    )


def _configuration(reload_error: str) -> Check:
    if reload_error:
        return Check(HealthStatus.DEGRADED, f"the last reload was refused, the one before is in force: {reload_error}")
    return Check(HealthStatus.OK, "as in the file")


def _rules(standing: Standing, runtime: Runtime, now: int, started_at: int) -> Check:
    late, failing = [], []
    for group in runtime.groups:
        evaluation = standing.evaluations.get(group.key)
        since = max(evaluation.evaluated_at if evaluation else 0, started_at)
        if now - since > 3 * group.interval:
            late.append(group.key)
        if evaluation is not None:
            known = {ready.rule.id: ready.rule.name for ready in group.rules}
            failing += [known[key] for key, rule in evaluation.rules.items() if rule.health == "err" and key in known]
    if late:
        return Check(HealthStatus.FAILED, f"not evaluated for three intervals: {', '.join(sorted(late))}")
    if failing:
        return Check(HealthStatus.DEGRADED, f"rules without an answer: {', '.join(sorted(set(failing)))}")
    return Check(HealthStatus.OK, f"{sum(len(group.rules) for group in runtime.groups)} rules are evaluated in time")


def _outbox(standing: Standing, now: int) -> Check:
    if standing.oldest is not None and now - standing.oldest > _LATE:
        waited = (now - standing.oldest) // SECOND
        return Check(HealthStatus.DEGRADED, f"{standing.waiting} messages on their way, the oldest for {waited} s")
    return Check(HealthStatus.OK, f"{standing.waiting} messages on their way")


def _channels(standing: Standing) -> Check:
    broken = [channel for channel in standing.channels if channel.broken]
    if broken:
        names = ", ".join(sorted(f"{channel.integration} ({channel.last_error})" for channel in broken))
        return Check(HealthStatus.DEGRADED, f"nobody can be told through {names}")
    failing = sorted(channel.integration for channel in standing.channels if channel.failing_since is not None)
    if failing:
        return Check(HealthStatus.DEGRADED, f"the last try failed: {', '.join(failing)}")
    return Check(HealthStatus.OK, "all that were used work")


def _forwarding(standing: Standing, runtime: Runtime, now: int, started_at: int) -> Check:
    forwarding = runtime.forwarding
    limit = max(_UNTAKEN, 2 * forwarding.resend_delay)
    lost = [
        f"{one.target} has taken nothing for {waited // SECOND} s, alerts that wait: {one.alerts} ({one.error})"
        for one in standing.untaken
        if one.target in forwarding.targets and (waited := now - max(one.since, started_at)) >= limit
    ]
    if lost:
        return Check(HealthStatus.DEGRADED, "; ".join(lost))
    number = len(forwarding.targets)
    if not number:
        return Check(HealthStatus.OK, "alerts are forwarded to nobody")
    return Check(HealthStatus.OK, f"the Alertmanagers take what is forwarded: {number}")
