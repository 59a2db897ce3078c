"""The delivery: messages that are due are claimed, looked at once more, sent, and their answers written down.

Two short transactions around one call of the receiver. The first writes that a try begins, the second how it ended; a
crash in between leaves a lease that runs out, and the message is sent again under the same idempotency handle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from alertd.notify.flush import Routing, message_alerts, notification_for, situation_of
from alertd.notify.message import Message, MessageAlert, Reason, Status
from alertd.notify.plan import Send, Situation, plan_flush
from alertd.notify.policy import DeliverySettings, channel_after_failure, channel_after_success, next_try
from alertd.notify.receivers.base import Delivered, DeliveryFailed, Receiver
from alertd.routing.told import Content, Entry
from alertd.store import groups as group_rows
from alertd.store import outbox
from alertd.store.groups import GroupState
from alertd.store.history import Event, record
from alertd.store.outbox import Channel, Notification


@dataclass(frozen=True)
class Claimed:
    """A notification that is ours to send: the message, and the number of this try."""

    notification: Notification
    message: Message
    number: int


@dataclass(frozen=True)
class Landed:
    """What a finished try means for the service: the channel before and after it, and whether a group is due again."""

    before: Channel
    after: Channel
    group_due: bool = False


def claim_due(
    connection: Connection,
    routing: Routing,
    receivers: Mapping[str, Receiver],
    settings: DeliverySettings,
    *,
    owner: str,
    external_url: str,
    now: int,
    count: int,
) -> list[Claimed]:
    """Claim what is due, bring it up to date, and write down that it is being tried."""
    claimed = []
    taken_now = outbox.claim(connection, owner, now, settings.lease, count)
    # Locked in one order, so that two replicas that claim for the same integrations keep its rate together.
    for organisation, integration in sorted({(taken.organisation, taken.integration) for taken in taken_now}):
        outbox.channel(connection, organisation, integration, lock=True)
    for taken in taken_now:
        receiver = receivers.get(taken.integration)
        if receiver is None:
            _give_up(connection, taken, "the integration is gone from the configuration", now)
            continue
        channel = outbox.channel(connection, taken.organisation, taken.integration)
        if channel.free_at > now:
            outbox.put_back(connection, taken.organisation, taken.id, taken.epoch, channel.free_at)
            continue
        if taken.uncertain:
            _count_as_told(connection, taken)
        current = _look_again(connection, taken, routing, now)
        if current is None:
            continue
        if receiver.interval:
            outbox.write_channel(connection, replace(channel, free_at=now + receiver.interval))
        number = outbox.begin_attempt(connection, current, now)
        current = replace(current, tries=number)
        entry = group_rows.read_group_entry(connection, current.organisation, current.group_id, current.integration)
        labels = _route_labels(connection, routing, current)
        claimed.append(Claimed(current, message_of(current, entry, routing, external_url, labels), number))
    return claimed


def land(
    connection: Connection,
    claimed: Claimed,
    outcome: Delivered | DeliveryFailed,
    settings: DeliverySettings,
    *,
    spread: float,
    now: int,
) -> Landed:
    """Write down how a try ended, and what follows: what the integration knows now, or when it is tried again."""
    notification = claimed.notification
    # The group first, then its notifications: the order in which a flush locks them.
    group_rows.groups_by_id(connection, notification.organisation, [notification.group_id], lock=True)
    before = outbox.channel(connection, notification.organisation, notification.integration, lock=True)
    if isinstance(outcome, Delivered):
        after = channel_after_success(before, now)
        due = _delivered(connection, claimed, outcome, now)
    else:
        after = channel_after_failure(before, outcome, now)
        due = _failed(connection, claimed, outcome, settings, spread=spread, now=now)
    outbox.write_channel(connection, after)
    return Landed(before, after, due)


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


def _look_again(connection: Connection, taken: Notification, routing: Routing, now: int) -> Notification | None:
    """The notification as it is to be sent now; None when it has nothing to say any more.

    While it waited, its alerts may have changed: what nobody can have seen is rewritten, what somebody may have seen is
    closed and replaced, so that one idempotency handle never carries two contents.
    """
    found = group_rows.groups_by_id(connection, taken.organisation, [taken.group_id])
    if not found:
        return taken
    state = group_rows.group_states(connection, taken.organisation, found)[0]
    own = state.open.get(taken.integration)
    if own is None or own.id != taken.id:
        return taken
    state = replace(state, open={taken.integration: replace(own, sending=False)})
    with routing.watch(taken.organisation).current(connection, taken.organisation, now) as gatekeeper:
        situation = _only(situation_of(state, routing, gatekeeper, now), taken.integration)
    if not situation.integrations:
        return taken
    plan = plan_flush(situation, now)
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
    return replace(situation, integrations=[item for item in situation.integrations if item.id == integration])


def _delivered(connection: Connection, claimed: Claimed, outcome: Delivered, now: int) -> bool:
    notification = claimed.notification
    organisation, group_id, integration = notification.organisation, notification.group_id, notification.integration
    outbox.end_attempt(
        connection,
        organisation,
        notification.id,
        claimed.number,
        outcome="delivered",
        reason="",
        status_code=outcome.status_code,
        answer=outcome.answer,
        now=now,
    )
    outdated = outbox.finish(connection, notification, status=outbox.SENT, error="", now=now)
    if outdated is None:
        return False
    entry = group_rows.read_group_entry(connection, organisation, group_id, integration)
    known = dict(entry.thread) if entry.episode == notification.episode else {}
    group_is_there = bool(group_rows.groups_by_id(connection, organisation, [group_id]))
    if group_is_there:
        told = Entry(
            content=notification.content,
            told=entry.after(notification.content),
            sent_at=now,
            episode=notification.episode,
            sequence=notification.sequence,
            thread={**known, **outcome.thread},
        )
        group_rows.write_entry(connection, organisation, group_id, integration, told)
    _remember_pages(connection, notification, now)
    record(connection, organisation, _sent_events(notification, claimed.number, now))
    if outdated:
        group_rows.hurry(connection, organisation, [group_id], now)
    elif not outbox.others_open(connection, organisation, group_id):
        group_rows.drop_ended_members(connection, organisation, group_id, notification.content, now)
    return outdated


def _failed(
    connection: Connection,
    claimed: Claimed,
    failure: DeliveryFailed,
    settings: DeliverySettings,
    *,
    spread: float,
    now: int,
) -> bool:
    notification = claimed.notification
    due_at = next_try(
        failure,
        tries=claimed.number,
        created_at=notification.created_at,
        now=now,
        max_age=settings.max_age,
        spread=spread,
    )
    outbox.end_attempt(
        connection,
        notification.organisation,
        notification.id,
        claimed.number,
        outcome="permanent" if due_at is None else "temporary",
        reason=failure.reason.value,
        status_code=failure.status_code,
        answer=failure.text,
        now=now,
    )
    outdated = outbox.finish(
        connection,
        notification,
        status=outbox.FAILED if due_at is None else outbox.PENDING,
        error=f"{failure.reason.value}: {failure.text}"[:500],
        now=now,
        due_at=due_at,
        uncertain=failure.maybe_sent,
    )
    if outdated is None:
        return False
    if failure.maybe_sent:
        _count_as_told(connection, notification)
    if due_at is None:
        event = _event(notification, "notification_failed", now, {"error": failure.text, "tries": claimed.number})
        record(connection, notification.organisation, [event])
    if outdated:
        group_rows.hurry(connection, notification.organisation, [notification.group_id], now)
    return outdated


def _count_as_told(connection: Connection, notification: Notification) -> None:
    """Remember that somebody may have seen the message, whatever becomes of it."""
    organisation, group_id, integration = notification.organisation, notification.group_id, notification.integration
    if group_rows.groups_by_id(connection, organisation, [group_id]):
        entry = group_rows.read_group_entry(connection, organisation, group_id, integration)
        unsure = entry.unsure(notification.content, notification.episode, notification.sequence)
        group_rows.write_entry(connection, organisation, group_id, integration, unsure)


def _give_up(connection: Connection, notification: Notification, why: str, now: int) -> None:
    outbox.finish(connection, notification, status=outbox.FAILED, error=why, now=now)
    event = _event(notification, "notification_failed", now, {"error": why, "tries": notification.tries})
    record(connection, notification.organisation, [event])


def _remember_pages(connection: Connection, notification: Notification, now: int) -> None:
    """Start the cooldown of the alerts that have one."""
    firing = notification.content.firing
    cooled = group_rows.with_cooldown(connection, notification.organisation, firing)
    severities = {fingerprint: firing[fingerprint] for fingerprint in cooled}
    group_rows.write_pages(connection, notification.organisation, notification.integration, severities, now)


def _sent_events(notification: Notification, number: int, now: int) -> list[Event]:
    """One event an alert of the message, so that each alert's history tells who heard of it."""
    details = {"tries": number, "reason": notification.reason}
    return [
        replace(
            _event(notification, "notification_sent", now, {**details, "status": values["status"]}),
            fingerprint=values["fingerprint"],
        )
        for values in notification.alerts
    ]


def _event(notification: Notification, name: str, now: int, details: Mapping[str, Any]) -> Event:
    return Event(
        at=now,
        event=name,
        group_id=notification.group_id,
        notification_id=notification.id,
        details={"receiver": notification.receiver, "integration": notification.integration, **details},
    )


def _route_labels(connection: Connection, routing: Routing, notification: Notification) -> Mapping[str, str]:
    found = group_rows.groups_by_id(connection, notification.organisation, [notification.group_id])
    node = routing.tree.find(found[0].route_id) if found else None
    return node.route.labels if node is not None else {}


def _tells_resolved(routing: Routing, notification: Notification) -> bool:
    for integration in routing.integrations.get(notification.receiver, ()):
        if integration.id == notification.integration:
            return integration.send_resolved
    return True


def _read_alert(values: Mapping[str, Any]) -> MessageAlert:
    return MessageAlert(**{**values, "status": Status(values["status"])})
