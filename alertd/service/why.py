"""Why an alert was told, or was not: what produced it, the gates it met, who heard of it, and what they answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from alertd.alerts.alert import Alert, Report
from alertd.notify.flush import Routing
from alertd.routing.gates import OPEN, Verdict
from alertd.store import alerts as alert_rows
from alertd.store import groups as group_rows
from alertd.store import history, outbox
from alertd.store.history import Event
from alertd.store.outbox import Notification

_NOTIFICATIONS = 20
_EVENTS = 100


@dataclass(frozen=True)
class GateView:
    """The alert in one of its groups: the way it came, and the gate that holds it back now (`open` for none)."""

    group_id: str
    group_key: str
    route_id: str
    receiver: str
    gate: str
    detail: str
    until: int | None
    next_flush_at: int
    told: Mapping[str, bool]


@dataclass(frozen=True)
class Why:
    """The whole answer. `pending` reports have not fired yet; `history` is newest first."""

    fingerprint: str
    alert: Alert | None
    reports: Sequence[Report]
    gates: Sequence[GateView]
    notifications: Sequence[tuple[Notification, Sequence[Mapping[str, Any]]]]
    history: Sequence[Event]


def explain(connection: Connection, organisation: str, fingerprint: str, routing: Routing, now: int) -> Why | None:
    """The answer for one alert; None for a fingerprint that nobody ever reported."""
    alert = alert_rows.alerts_by_fingerprint(connection, organisation, [fingerprint]).get(fingerprint)
    reports = alert_rows.reports_about(connection, organisation, [fingerprint]).get(fingerprint, [])
    if alert is None and not reports:
        return None
    sent = outbox.listing(connection, organisation, fingerprint=fingerprint, limit=_NOTIFICATIONS)
    return Why(
        fingerprint=fingerprint,
        alert=alert,
        reports=reports,
        gates=_gates(connection, organisation, alert, routing, now) if alert is not None else (),
        notifications=[(item, outbox.attempts_of(connection, organisation, item.id)) for item in sent],
        history=history.read(connection, organisation, fingerprint=fingerprint, limit=_EVENTS),
    )


def _gates(connection: Connection, organisation: str, alert: Alert, routing: Routing, now: int) -> list[GateView]:
    ids = group_rows.memberships(connection, organisation, [alert.fingerprint]).get(alert.fingerprint, set())
    found = group_rows.groups_by_id(connection, organisation, ids)
    states = group_rows.group_states(connection, organisation, found)
    views = []
    with routing.watch(organisation).current(connection, organisation, now) as gatekeeper:
        for state in states:
            node = routing.tree.find(state.group.route_id)
            verdict = OPEN if node is None else gatekeeper.judge(alert, node, now)
            verdict = _recorded_cooldown(state, alert) or verdict if verdict is OPEN else verdict
            views.append(
                GateView(
                    group_id=state.group.id,
                    group_key=state.group.key,
                    route_id=state.group.route_id,
                    receiver=state.group.receiver,
                    gate=verdict.gate.value if verdict.gate else "open",
                    detail=verdict.detail,
                    until=verdict.until,
                    next_flush_at=state.group.next_flush_at,
                    told={key: alert.fingerprint in entry.told for key, entry in state.entries.items()},
                )
            )
    return views


def _recorded_cooldown(state: group_rows.GroupState, alert: Alert) -> Verdict | None:
    """The gate that the last flush recorded, where only a flush can know it: the cooldown of an integration."""
    for member in state.members:
        if member.alert.fingerprint == alert.fingerprint and member.gate is not None:
            return Verdict(member.gate, member.gate_detail)
    return None
