"""Gates: the reasons not to tell anybody about a firing alert now, asked in one fixed order.

The first gate that refuses is the answer; it is stored and is what "why" shows. The order of the first four is
Alertmanager's (inhibition, active times, mute times, silences); alertd's own follow. The cooldown gate stands last and
is asked for each integration by itself, in `alertd.notify.plan`, because each integration has its own last page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from alertd.alerts.alert import Alert
from alertd.routing.dependencies import Dependencies
from alertd.routing.inhibition import Inhibitor
from alertd.routing.silences import Silencer
from alertd.routing.time_intervals import TimeInterval
from alertd.routing.tree import Node


class Gate(StrEnum):
    """The gates, in the order in which they are asked."""

    INHIBITED = "inhibited"
    INACTIVE_TIME = "outside_active_time"
    MUTED = "muted_by_time"
    SILENCED = "silenced"
    DEPENDENCY = "dependency"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    COOLDOWN = "cooling_down"


#: Gates that a person closed on purpose: what is told already stays in the message, it is only not repeated.
ANSWERED = frozenset({Gate.ACKNOWLEDGED, Gate.SNOOZED})


@dataclass(frozen=True)
class Verdict:
    """What the gates say of one alert: the first that refuses (None: open), by whom, and until when if it is known."""

    gate: Gate | None = None
    detail: str = ""
    until: int | None = None


OPEN = Verdict()


@dataclass(frozen=True)
class Gatekeeper:
    """All that the gates look at: what fires, what is silenced, what the time intervals are."""

    inhibitor: Inhibitor
    dependencies: Dependencies
    silencer: Silencer
    time_intervals: Mapping[str, TimeInterval]

    def judge(self, alert: Alert, node: Node, now: int) -> Verdict:
        """The verdict on `alert` under the route `node`."""
        if source := self.inhibitor.inhibited_by(alert.labels):
            return Verdict(Gate.INHIBITED, source)
        if (verdict := self._time(node, now)) is not OPEN:
            return verdict
        if silences := self.silencer.silenced_by(alert.labels, now):
            return Verdict(Gate.SILENCED, ",".join(silences))
        if parent := self.dependencies.explained_by(alert.labels, alert.policy.depends_on):
            return Verdict(Gate.DEPENDENCY, parent)
        if alert.acknowledgement is not None and alert.acknowledgement.expires_at > now:
            return Verdict(Gate.ACKNOWLEDGED, alert.acknowledgement.by, alert.acknowledgement.expires_at)
        if alert.snooze is not None and alert.snooze.until > now:
            return Verdict(Gate.SNOOZED, alert.snooze.by, alert.snooze.until)
        return OPEN

    def _time(self, node: Node, now: int) -> Verdict:
        active = node.route.active_time_intervals
        if active and not any(self._within(name, now) for name in active):
            return Verdict(Gate.INACTIVE_TIME, ",".join(active))
        for name in node.route.mute_time_intervals:
            if self._within(name, now):
                return Verdict(Gate.MUTED, name)
        return OPEN

    def _within(self, name: str, now: int) -> bool:
        return self.time_intervals[name].contains(now)
