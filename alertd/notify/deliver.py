"""The delivery, first half: messages that are due are claimed, looked at once more, and made ready to be sent.

Two short transactions lie around one call of the receiver. This one writes that a try begins, `alertd.notify.landing`
how it ended; a crash in between leaves a lease that runs out, and the message is sent again under the same idempotency
handle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from alertd.notify.flush import Routing, message_alerts, notification_for, situation_of
from alertd.notify.landing import count_as_told, failed_event
from alertd.notify.message import Message, MessageAlert, Reason, Status
from alertd.notify.plan import Send, Situation, plan_flush
from alertd.notify.policy import DeliverySettings
from alertd.notify.receivers.base import Receiver
from alertd.routing.told import Content, Entry
from alertd.store import channels as channel_rows
from alertd.store import groups as group_rows
from alertd.store import outbox
from alertd.store.groups import GroupState
from alertd.store.history import record
from alertd.store.outbox import Ending, Notification


@dataclass(frozen=True)
class Claimed:
    """A notification that is ours to send: the message, and the number of this try."""

    notification: Notification
    message: Message
    number: int


@dataclass(frozen=True)
class Desk:
    """What claiming needs of the configuration; `receivers` by integration."""

    routing: Routing
    receivers: Mapping[str, Receiver]
    settings: DeliverySettings
    external_url: str


def claim_due(connection: Connection, desk: Desk, *, owner: str, now: int, count: int) -> list[Claimed]:
    """Claim what is due, bring it up to date, and write down that it is being tried."""
    taken = outbox.claim(connection, owner, now, desk.settings.lease, count)
    channels = channel_rows.hold(connection, [(item.organisation, item.integration) for item in taken])
    ready: list[Notification] = []
    for item in taken:
        receiver, channel = desk.receivers.get(item.integration), channels[item.organisation, item.integration]
        if receiver is None:
            _give_up(connection, item, "the integration is gone from the configuration", now)
        elif channel.free_at > now:
            outbox.put_back(connection, item.organisation, item.id, item.epoch, channel.free_at)
        else:
            ready.append(item)
            if receiver.interval:
                channels[channel.key] = replace(channel, free_at=now + receiver.interval)
    claimed = []
    for organisation, items in _by_organisation(ready):
        claimed += _claim_ready(connection, organisation, items, desk, now)
    used = {(item.notification.organisation, item.notification.integration) for item in claimed}
    channel_rows.write(connection, [channels[key] for key in sorted(used) if channels[key].free_at > now])
    return claimed


def _claim_ready(
    connection: Connection, organisation: str, items: Sequence[Notification], desk: Desk, now: int
) -> list[Claimed]:
    count_as_told(connection, organisation, [item for item in items if item.uncertain])
    states = _states(connection, organisation, {item.group_id for item in items})
    with desk.routing.watch(organisation).current(connection, organisation, now) as gatekeeper:
        situations = {key: situation_of(_alone(state), desk.routing, gatekeeper, now) for key, state in states.items()}
    current = []
    for item in items:
        state = states.get(item.group_id)
        fresh = item if state is None else _look_again(connection, item, state, situations[item.group_id], now)
        if fresh is not None:
            current.append(fresh)
    claimed = []
    for item in outbox.begin_attempts(connection, current, now):
        state = states.get(item.group_id)
        entry = Entry() if state is None else state.entries.get(item.integration, Entry())
        node = None if state is None else desk.routing.tree.find(state.group.route_id)
        labels = {} if node is None else node.route.labels
        claimed.append(Claimed(item, message_of(item, entry, desk.routing, desk.external_url, labels), item.tries))
    return claimed


def _states(connection: Connection, organisation: str, group_ids: Iterable[str]) -> dict[str, GroupState]:
    found = group_rows.groups_by_id(connection, organisation, group_ids)
    return {state.group.id: state for state in group_rows.group_states(connection, organisation, found)}


def _alone(state: GroupState) -> GroupState:
    """The group as it would be planned if nothing of it were in the air: what was claimed has not been sent yet."""
    return replace(state, open={key: replace(item, sending=False) for key, item in state.open.items()})


def message_of(
    notification: Notification, entry: Entry, routing: Routing, external_url: str, route_labels: Mapping[str, str]
) -> Message:
    """The message of an outbox row, ready to be rendered."""
    alerts = tuple(_read_alert(values) for values in notification.alerts)
    firing = [alert for alert in alerts if alert.status is Status.FIRING]
    if not _tells_resolved(routing, notification):
        alerts = tuple(firing)
    return Message(
        id=notification.id,
        receiver=notification.receiver,
        integration=notification.integration,
        reason=Reason(notification.reason),
        group_key=notification.group_key,
        group_labels=notification.group_labels,
        alerts=alerts,
        episode=notification.episode,
        sequence=notification.sequence,
        now=notification.created_at,
        external_url=external_url,
        route_labels=route_labels,
        thread=entry.thread if entry.episode == notification.episode else {},
        acknowledged=bool(firing) and notification.content.firing.keys() == notification.content.acknowledged,
    )


def _look_again(
    connection: Connection, taken: Notification, state: GroupState, whole: Situation, now: int
) -> Notification | None:
    """The notification as it is to be sent now; None when it has nothing to say any more.

    While it waited, its alerts may have changed: what nobody can have seen is rewritten, what somebody may have seen is
    closed and replaced, so that one idempotency handle never carries two contents.
    """
    own = state.open.get(taken.integration)
    situation = _only(whole, taken.integration)
    if own is None or own.id != taken.id or not situation.integrations:
        return taken
    told_at = state.entries.get(taken.integration, Entry()).sent_at
    # Another member of a cluster told it meanwhile: then it is judged as of the instant when it was decided on.
    told_since = told_at is not None and told_at >= taken.created_at
    plan = plan_flush(situation, taken.created_at if told_since else now)
    if plan.withdraw:
        outbox.close(connection, taken.organisation, taken.id, outbox.WITHDRAWN, "nothing to say any more", now)
        for integration, content in plan.settle.items():
            group_rows.settle(connection, taken.organisation, taken.group_id, integration, content)
        return None
    if not plan.sends:
        return taken
    send = plan.sends[0]
    if send.supersede is None:
        alerts = message_alerts(state, send.content, now)
        outbox.rewrite(
            connection, taken.organisation, taken.id, reason=send.reason.value, content=send.content, alerts=alerts
        )
        return replace(taken, reason=send.reason.value, content=send.content, alerts=alerts)
    return _replace(connection, taken, state, send.reason, send.content, now)


def _replace(
    connection: Connection, taken: Notification, state: GroupState, reason: Reason, content: Content, now: int
) -> Notification:
    outbox.close(connection, taken.organisation, taken.id, outbox.SUPERSEDED, "a newer message says more", now)
    fresh = notification_for(state, Send(taken.integration, reason, content), now, receiver=taken.receiver)
    fresh = replace(fresh, episode=taken.episode, sequence=taken.sequence + 1)
    outbox.add(connection, [fresh])
    outbox.take_over(connection, taken, fresh)
    return replace(fresh, status=outbox.SENDING, epoch=1, lease_until=taken.lease_until)


def _only(situation: Situation, integration: str) -> Situation:
    return replace(
        situation,
        integrations=[item for item in situation.integrations if item.id == integration],
        open={key: item for key, item in situation.open.items() if key == integration},
    )


def _give_up(connection: Connection, notification: Notification, why: str, now: int) -> None:
    ending = Ending(notification, notification.tries, "permanent", outbox.FAILED, error=why)
    outbox.finish(connection, [ending], now)
    record(connection, notification.organisation, [failed_event(notification, why, notification.tries, now)])


def _by_organisation(items: Iterable[Notification]) -> Iterator[tuple[str, list[Notification]]]:
    found: dict[str, list[Notification]] = {}
    for item in items:
        found.setdefault(item.organisation, []).append(item)
    yield from sorted(found.items())


def _tells_resolved(routing: Routing, notification: Notification) -> bool:
    for integration in routing.integrations.get(notification.receiver, ()):
        if integration.id == notification.integration:
            return integration.send_resolved
    return True


def _read_alert(values: Mapping[str, Any]) -> MessageAlert:
    return MessageAlert(**{**values, "status": Status(values["status"])})
