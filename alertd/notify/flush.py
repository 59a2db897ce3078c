"""The flush: groups that are due are planned, and what follows goes into the outbox in the same transaction."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from alertd.alerts.alert import Alert
from alertd.notify.message import MessageAlert, Status
from alertd.notify.plan import FlushPlan, Integration, Member, Send, Situation, message_order, plan_flush
from alertd.notify.watch import Watch
from alertd.routing.gates import OPEN, Gatekeeper, Verdict
from alertd.routing.groups import next_flush
from alertd.routing.told import Content, Entry
from alertd.routing.tree import Node, RouteTree
from alertd.store import groups as group_rows
from alertd.store import outbox
from alertd.store.groups import Group, GroupState
from alertd.store.history import Event, record
from alertd.store.outbox import Notification

#: A group whose route is gone from the configuration is looked at again after this long, until its end is told.
_ORPHAN_INTERVAL = 60_000


@dataclass(frozen=True)
class Routing:
    """The part of the configuration that a flush needs."""

    tree: RouteTree
    integrations: Mapping[str, Sequence[Integration]]
    watch: Callable[[str], Watch]
    resolve_muted: bool = True


def flush_due(connection: Connection, routing: Routing, now: int, limit: int) -> int:
    """Flush up to `limit` groups that are due; how many there were."""
    due = group_rows.due_groups(connection, now, limit)
    for organisation, found in groupby(sorted(due, key=lambda group: group.organisation), lambda g: g.organisation):
        states = group_rows.group_states(connection, organisation, list(found))
        with routing.watch(organisation).current(connection, organisation, now) as gatekeeper:
            for state in states:
                _flush(connection, state, routing, gatekeeper, now)
    return len(due)


def situation_of(state: GroupState, routing: Routing, gatekeeper: Gatekeeper, now: int) -> Situation:
    """The group as the planner sees it: its gates judged, its integrations those of the configuration."""
    node = routing.tree.find(state.group.route_id)
    members = [
        Member(
            alert=member.alert,
            verdict=OPEN if node is None else gatekeeper.judge(member.alert, node, now),
            moved=member.moved or node is None,
        )
        for member in state.members
    ]
    receiver = state.group.receiver if node is None else node.route.receiver
    return Situation(
        members=members,
        integrations=routing.integrations.get(receiver, ()),
        repeat_interval=_ORPHAN_INTERVAL if node is None else node.route.repeat_interval,
        entries=state.entries,
        open=state.open,
        pages=state.pages,
        resolve_muted=routing.resolve_muted,
    )


def notification_for(state: GroupState, send: Send, now: int, *, receiver: str) -> Notification:
    """The outbox row of a message that is to be sent."""
    entry = state.entries.get(send.integration, Entry())
    begins = not entry.told or not entry.episode
    return Notification(
        organisation=state.group.organisation,
        id=uuid.uuid4().hex,
        group_id=state.group.id,
        group_key=state.group.key,
        group_labels=state.group.labels,
        receiver=receiver,
        integration=send.integration,
        episode=_episode(state, now) if begins else entry.episode,
        sequence=1 if begins else entry.sequence + 1,
        reason=send.reason.value,
        status=outbox.PENDING,
        content=send.content,
        alerts=message_alerts(state, send.content, now),
        created_at=now,
        due_at=now,
    )


def message_alerts(state: GroupState, content: Content, now: int) -> list[dict[str, Any]]:
    """The alerts of a message as the outbox keeps them: a retry is rendered from the same ones."""
    by_fingerprint = {member.alert.fingerprint: member.alert for member in state.members}
    shown = [by_fingerprint[key] for key in (*content.firing, *content.resolved) if key in by_fingerprint]
    return [asdict(_message_alert(alert, content, now)) for alert in message_order(shown)]


def _message_alert(alert: Alert, content: Content, now: int) -> MessageAlert:
    firing = alert.fingerprint in content.firing
    return MessageAlert(
        status=Status.FIRING if firing else Status.RESOLVED,
        labels=dict(alert.labels),
        annotations=dict(alert.annotations),
        starts_at=alert.starts_at,
        ends_at=None if firing else alert.ends_at or now,
        generator_url=alert.generator_url,
        fingerprint=alert.fingerprint,
        acknowledged_by=alert.acknowledgement.by if firing and alert.acknowledgement else "",
    )


def _flush(connection: Connection, state: GroupState, routing: Routing, gatekeeper: Gatekeeper, now: int) -> None:
    group = state.group
    node = routing.tree.find(group.route_id)
    situation = situation_of(state, routing, gatekeeper, now)
    plan = plan_flush(situation, now)
    receiver = group.receiver if node is None else node.route.receiver
    outbox.add(
        connection,
        [notification_for(state, send, now, receiver=receiver) for send in plan.sends if send.update is None],
    )
    for send in plan.sends:
        if send.update is not None:
            alerts = message_alerts(state, send.content, now)
            outbox.rewrite(
                connection,
                group.organisation,
                send.update,
                reason=send.reason.value,
                content=send.content,
                alerts=alerts,
            )
        if send.supersede is not None:
            outbox.close(
                connection, group.organisation, send.supersede, outbox.SUPERSEDED, "a newer message says more", now
            )
    for notification_id in plan.withdraw:
        outbox.close(connection, group.organisation, notification_id, outbox.WITHDRAWN, "nothing to say any more", now)
    for notification_id in plan.outdated:
        outbox.mark_outdated(connection, group.organisation, notification_id)
    for integration, content in plan.settle.items():
        group_rows.settle(connection, group.organisation, group.id, integration, content)
    _record_verdicts(connection, state, plan.verdicts, now)
    _schedule(connection, group, node, plan, now)
    if plan.drop or not state.members:
        group_rows.drop_members(connection, group.organisation, group.id, plan.drop)


def _schedule(connection: Connection, group: Group, node: Node | None, plan: FlushPlan, now: int) -> None:
    interval = _ORPHAN_INTERVAL if node is None else node.route.group_interval
    beat = next_flush(group.beat_at, interval, now) if group.beat_at <= now else group.beat_at
    group_rows.schedule(
        connection,
        group.organisation,
        group.id,
        beat_at=beat,
        next_flush_at=min(beat, plan.wake_at) if plan.wake_at is not None else beat,
        flushed_at=now,
    )


def _record_verdicts(connection: Connection, state: GroupState, verdicts: Mapping[str, Verdict], now: int) -> None:
    """Store the gate of each member where it is another one than before, and say so in the history."""
    recorded = {member.alert.fingerprint: member for member in state.members}
    changed = {
        fingerprint: verdict
        for fingerprint, verdict in verdicts.items()
        if (recorded[fingerprint].gate, recorded[fingerprint].gate_detail) != (verdict.gate, verdict.detail)
    }
    organisation, group = state.group.organisation, state.group
    group_rows.write_verdicts(connection, organisation, group.id, changed, now)
    record(connection, organisation, _gate_events(recorded, changed, group, now))


def _gate_events(
    recorded: Mapping[str, group_rows.GroupMember], changed: Mapping[str, Verdict], group: Group, now: int
) -> Iterable[Event]:
    for fingerprint, verdict in changed.items():
        before = recorded[fingerprint]
        if before.gate == verdict.gate:
            continue
        closed = verdict.gate or before.gate
        yield Event(
            at=now,
            event=f"gate_{'closed' if verdict.gate else 'opened'}",
            fingerprint=fingerprint,
            episode=before.alert.episode,
            group_id=group.id,
            details={
                "gate": closed.value if closed else "",
                "by": verdict.detail,
                "until": verdict.until,
                "group_key": group.key,
                "receiver": group.receiver,
            },
        )


def _episode(state: GroupState, now: int) -> str:
    """The name of the group's life that begins now, the same for all of its integrations."""
    running = [entry.episode for entry in state.entries.values() if entry.told and entry.episode]
    return running[0] if running else uuid.uuid5(uuid.NAMESPACE_OID, f"{state.group.id}:{now}").hex
