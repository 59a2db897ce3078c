"""The delivery, second half: how tries ended is written down, and what follows from it.

Everything that landed meanwhile goes into one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from alertd.notify.policy import DeliverySettings, channel_after_failure, channel_after_success, next_try
from alertd.notify.receivers.base import Delivered, DeliveryFailed
from alertd.routing.told import Entry
from alertd.store import channels as channel_rows
from alertd.store import groups as group_rows
from alertd.store import outbox
from alertd.store.channels import Channel
from alertd.store.groups import Group
from alertd.store.history import Event, record
from alertd.store.outbox import Ending, Notification


@dataclass(frozen=True)
class Try:
    """One finished try of a claimed notification. `spread`, a random number from 0 to 1, spreads the next one."""

    notification: Notification
    number: int
    outcome: Delivered | DeliveryFailed
    spread: float


@dataclass(frozen=True)
class Landed:
    """What a finished try means for the service: the channel before and after it, whether a group is due again, and
    what the integration has now been told, where it has."""

    before: Channel
    after: Channel
    group_due: bool = False
    told: Entry | None = None


def land(connection: Connection, tries: Sequence[Try], settings: DeliverySettings, now: int) -> list[Landed]:
    """Write down how tries ended, and what follows: what integrations know now, or when they are tried again."""
    by_organisation: dict[str, list[int]] = {}
    for index, done in enumerate(tries):
        by_organisation.setdefault(done.notification.organisation, []).append(index)
    landed: dict[int, Landed] = {}
    for organisation, indexes in sorted(by_organisation.items()):
        found = _land(connection, organisation, [tries[index] for index in indexes], settings, now)
        landed.update(zip(indexes, found, strict=True))
    return [landed[index] for index in range(len(tries))]


def _land(
    connection: Connection, organisation: str, tries: Sequence[Try], settings: DeliverySettings, now: int
) -> list[Landed]:
    # Groups first, then their notifications: the order in which a flush locks them.
    group_ids = {done.notification.group_id for done in tries}
    groups = {group.id: group for group in group_rows.groups_by_id(connection, organisation, group_ids, lock=True)}
    channels = channel_rows.hold(connection, [(organisation, done.notification.integration) for done in tries])
    standing = outbox.standing(connection, [done.notification for done in tries])
    landed, endings = [], []
    for done in tries:
        key = (organisation, done.notification.integration)
        before = channels[key]
        channels[key] = _channel_after(before, done.outcome, now)
        landed.append(Landed(before, channels[key], standing.get((organisation, done.notification.id), False)))
        endings.append(_ending(done, settings, now))
    outbox.end_attempts(connection, endings, now)
    ours = [
        (done, ending)
        for done, ending in zip(tries, endings, strict=True)
        if (organisation, done.notification.id) in standing
    ]
    outbox.finish(connection, [ending for _, ending in ours], now)
    channel_rows.write(connection, channels.values())
    told = _write_entries(connection, organisation, [done for done, _ in ours], groups, now)
    delivered = [done for done, _ in ours if isinstance(done.outcome, Delivered)]
    _remember_pages(connection, organisation, delivered, now)
    record(connection, organisation, [event for done, ending in ours for event in _events(done, ending, now)])
    moved = {item.notification.group_id for item, there in zip(tries, landed, strict=True) if there.group_due}
    group_rows.hurry(connection, organisation, moved, now)
    _drop_ended(connection, organisation, [done for done in delivered if done.notification.group_id not in moved], now)
    keys = [(done.notification.group_id, done.notification.integration) for done in tries]
    return [replace(there, told=told.get(key)) for there, key in zip(landed, keys, strict=True)]


def count_as_told(connection: Connection, organisation: str, unsure: Sequence[Notification]) -> None:
    """Remember that somebody may have seen these messages, whatever becomes of them."""
    if not unsure:
        return
    there = {
        group.id for group in group_rows.groups_by_id(connection, organisation, {item.group_id for item in unsure})
    }
    entries = group_rows.read_entries(connection, organisation, there)
    written: dict[tuple[str, str], Entry] = {}
    for item in unsure:
        if item.group_id in there:
            key = (item.group_id, item.integration)
            entry = written.get(key) or entries.get(key) or Entry()
            written[key] = entry.unsure(item.content, item.episode, item.sequence)
    group_rows.write_entries(connection, organisation, written)


def failed_event(notification: Notification, error: str, tries: int, now: int) -> Event:
    """A message was given up."""
    return _event(notification, "notification_failed", now, {"error": error, "tries": tries})


def _channel_after(before: Channel, outcome: Delivered | DeliveryFailed, now: int) -> Channel:
    if isinstance(outcome, Delivered):
        return channel_after_success(before, now)
    return channel_after_failure(before, outcome, now)


def _ending(done: Try, settings: DeliverySettings, now: int) -> Ending:
    notification, outcome = done.notification, done.outcome
    if isinstance(outcome, Delivered):
        return Ending(
            notification,
            done.number,
            "delivered",
            outbox.SENT,
            status_code=outcome.status_code,
            answer=outcome.answer,
        )
    due_at = next_try(
        outcome,
        tries=done.number,
        created_at=notification.created_at,
        now=now,
        max_age=settings.max_age,
        spread=done.spread,
    )
    return Ending(
        notification,
        done.number,
        "permanent" if due_at is None else "temporary",
        outbox.FAILED if due_at is None else outbox.PENDING,
        reason=outcome.reason.value,
        status_code=outcome.status_code,
        answer=outcome.text,
        error=f"{outcome.reason.value}: {outcome.text}",
        due_at=due_at,
        uncertain=outcome.maybe_sent,
    )


def _write_entries(
    connection: Connection, organisation: str, ours: Sequence[Try], groups: Mapping[str, Group], now: int
) -> Mapping[tuple[str, str], Entry]:
    """What the integrations know now, as far as their groups are still there: (group id, integration) → entry."""
    ours = [done for done in ours if done.notification.group_id in groups]
    entries = group_rows.read_entries(connection, organisation, {done.notification.group_id for done in ours})
    written: dict[tuple[str, str], Entry] = {}
    unsure = []
    for done in ours:
        key = (done.notification.group_id, done.notification.integration)
        if isinstance(done.outcome, Delivered):
            written[key] = _told(entries.get(key, Entry()), done.notification, done.outcome, now)
        elif done.outcome.maybe_sent:
            unsure.append(done.notification)
    group_rows.write_entries(connection, organisation, written)
    count_as_told(connection, organisation, unsure)
    return written


def _told(entry: Entry, notification: Notification, outcome: Delivered, now: int) -> Entry:
    known = dict(entry.thread) if entry.episode == notification.episode else {}
    return Entry(
        content=notification.content,
        told=entry.after(notification.content),
        sent_at=now,
        episode=notification.episode,
        sequence=notification.sequence,
        thread={**known, **outcome.thread},
    )


def _remember_pages(connection: Connection, organisation: str, delivered: Sequence[Try], now: int) -> None:
    """Start the cooldown of the alerts that have one."""
    told = {key for done in delivered for key in done.notification.content.firing}
    cooled = group_rows.with_cooldown(connection, organisation, told)
    severities = {
        (done.notification.integration, fingerprint): severity
        for done in delivered
        for fingerprint, severity in done.notification.content.firing.items()
        if fingerprint in cooled
    }
    group_rows.write_pages(connection, organisation, severities, now)


def _drop_ended(connection: Connection, organisation: str, delivered: Sequence[Try], now: int) -> None:
    """Take the alerts whose end everybody has been told out of groups that have nothing on its way any more."""
    ends = [done.notification for done in delivered if done.notification.content.resolved]
    busy = outbox.groups_with_open(connection, organisation, {item.group_id for item in ends})
    for item in ends:
        if item.group_id not in busy:
            group_rows.drop_ended_members(connection, organisation, item.group_id, item.content, now)


def _events(done: Try, ending: Ending, now: int) -> Iterator[Event]:
    if isinstance(done.outcome, Delivered):
        yield from _sent_events(done.notification, done.number, now)
    elif ending.due_at is None:
        yield failed_event(done.notification, done.outcome.text, done.number, now)


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
