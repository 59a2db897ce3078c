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
from alertd.routing.told import Content, Entry, OpenNotification
from alertd.routing.tree import Node, RouteTree
from alertd.store import groups as group_rows
from alertd.store import outbox
from alertd.store.groups import Group, GroupState, Schedule
from alertd.store.history import Event, record
from alertd.store.outbox import Notification

#: A group whose route is gone from the configuration is looked at again after this long, until its end is told.
_ORPHAN_INTERVAL = 60_000
# A message that changes again and again waits for so many head starts, then it goes.
_LONGEST_HEAD_START = 3


@dataclass(frozen=True)
class Routing:
    """The part of the configuration that a flush needs.

    `as_alertmanager`: without what alertd does better. `head_start`: the milliseconds that others of a cluster have to
    send a message before this one does.
    """

    tree: RouteTree
    integrations: Mapping[str, Sequence[Integration]]
    watch: Callable[[str], Watch]
    as_alertmanager: bool = False
    head_start: int = 0


def flush_due(connection: Connection, routing: Routing, now: int, limit: int) -> int:
    """Flush up to `limit` groups that are due; how many there were."""
    due = group_rows.due_groups(connection, now, limit)
    for organisation, found in groupby(sorted(due, key=lambda group: group.organisation), lambda g: g.organisation):
        states = group_rows.group_states(connection, organisation, list(found))
        with routing.watch(organisation).current(connection, organisation, now) as gatekeeper:
            situations = [situation_of(state, routing, gatekeeper, now) for state in states]
        plans = [plan_flush(situation, now) for situation in situations]
        _write(connection, organisation, list(zip(states, plans, strict=True)), routing, now)
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
        as_alertmanager=routing.as_alertmanager,
    )


def notification_for(state: GroupState, send: Send, now: int, *, receiver: str, head_start: int = 0) -> Notification:
    """The outbox row of a message that is to be sent, `head_start` milliseconds from now."""
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
        due_at=now + head_start,
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


def _write(
    connection: Connection,
    organisation: str,
    planned: Sequence[tuple[GroupState, FlushPlan]],
    routing: Routing,
    now: int,
) -> None:
    """Write what the plans say: what every flush writes as sets, what few do one by one."""
    fresh: list[Notification] = []
    verdicts: dict[tuple[str, str], Verdict] = {}
    events: list[Event] = []
    schedules = []
    for state, plan in planned:
        group, node = state.group, routing.tree.find(state.group.route_id)
        receiver = group.receiver if node is None else node.route.receiver
        fresh += [
            notification_for(state, send, now, receiver=receiver, head_start=routing.head_start)
            for send in plan.sends
            if send.update is None
        ]
        _change_open(connection, state, plan, routing.head_start, now)
        for integration, content in plan.settle.items():
            group_rows.settle(connection, organisation, group.id, integration, content)
        recorded = {member.alert.fingerprint: member for member in state.members}
        changed = _changed(recorded, plan.verdicts)
        verdicts.update(((group.id, fingerprint), verdict) for fingerprint, verdict in changed.items())
        events += _gate_events(recorded, changed, group, now)
        schedules.append(_schedule(group, node, plan, now))
    outbox.add(connection, fresh)
    group_rows.write_verdicts(connection, organisation, verdicts, now)
    record(connection, organisation, events)
    group_rows.schedule(connection, organisation, schedules)
    for state, plan in planned:
        if plan.drop or not state.members:
            group_rows.drop_members(connection, organisation, state.group.id, plan.drop)


def _change_open(connection: Connection, state: GroupState, plan: FlushPlan, head_start: int, now: int) -> None:
    """What becomes of the group's notifications that are on their way already."""
    organisation = state.group.organisation
    for send in plan.sends:
        if send.update is not None:
            alerts = message_alerts(state, send.content, now)
            outbox.rewrite(
                connection,
                organisation,
                send.update,
                reason=send.reason.value,
                content=send.content,
                alerts=alerts,
                due_at=_due(state.open[send.integration], head_start, now),
            )
        if send.supersede is not None:
            outbox.close(connection, organisation, send.supersede, outbox.SUPERSEDED, "a newer message says more", now)
    for notification_id in plan.withdraw:
        outbox.close(connection, organisation, notification_id, outbox.WITHDRAWN, "nothing to say any more", now)
    for notification_id in plan.outdated:
        outbox.mark_outdated(connection, organisation, notification_id)


def _due(open_: OpenNotification, head_start: int, now: int) -> int:
    """When a message that was rewritten is due: others have their head start on what it says now, but not for ever."""
    return max(open_.due_at, min(now + head_start, open_.created_at + _LONGEST_HEAD_START * head_start))


def _schedule(group: Group, node: Node | None, plan: FlushPlan, now: int) -> Schedule:
    interval = _ORPHAN_INTERVAL if node is None else node.route.group_interval
    beat = next_flush(group.beat_at, interval, now) if group.beat_at <= now else group.beat_at
    return Schedule(group.id, beat, beat if plan.wake_at is None else min(beat, plan.wake_at), now)


def _changed(recorded: Mapping[str, group_rows.GroupMember], verdicts: Mapping[str, Verdict]) -> Mapping[str, Verdict]:
    """The verdicts that are other ones than before."""
    return {
        fingerprint: verdict
        for fingerprint, verdict in verdicts.items()
        if (recorded[fingerprint].gate, recorded[fingerprint].gate_detail) != (verdict.gate, verdict.detail)
    }


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
