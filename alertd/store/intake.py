"""The one way in for anything that is said of an alert: evaluations, senders, people.

One transaction writes the reports, what they make of the alerts, the history, and the groups with their due times. When
it is committed, the notification that follows from it can no longer be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from alertd.alerts.alert import Alert, Change, ReportChange, combine
from alertd.response.acknowledgement import AcknowledgementSettings, AnswerEnd, after_change
from alertd.routing.groups import first_flush, group_of
from alertd.routing.tree import RouteTree
from alertd.store import alerts as alert_rows
from alertd.store import forwards, spans
from alertd.store import groups as group_rows
from alertd.store.groups import Group
from alertd.store.history import Event, record


@dataclass(frozen=True)
class Ways:
    """Where alerts go and how answers behave: the part of the configuration that the intake needs.

    `forward_to` are the Alertmanagers that are told what rules find.
    """

    tree: RouteTree
    answers: AcknowledgementSettings
    forward_to: tuple[str, ...] = ()


def apply_changes(
    connection: Connection, organisation: str, changes: Sequence[ReportChange], ways: Ways, now: int
) -> dict[str, Change]:
    """Write `changes` and all that follows from them; what became of each alert, by fingerprint."""
    if not changes:
        return {}
    change = alert_rows.next_change(connection, organisation)
    fingerprints = sorted({changed.fingerprint for changed in changes})
    before = alert_rows.alerts_by_fingerprint(connection, organisation, fingerprints, lock=True)
    alert_rows.delete_reports(
        connection,
        organisation,
        [(changed.producer, changed.fingerprint) for changed in changes if changed.report is None],
    )
    alert_rows.write_reports(connection, organisation, [item.report for item in changes if item.report is not None])
    reports = alert_rows.reports_about(connection, organisation, fingerprints)
    ended = {item.fingerprint: item.ended_at for item in changes if item.ended_at is not None}
    last = {item.fingerprint: item.last for item in changes if item.last is not None}

    outcomes: dict[str, Change] = {}
    after: dict[str, Alert] = {}
    placed: list[Alert] = []
    events = [_transition_event(item, before.get(item.fingerprint), now) for item in changes if item.transitions]
    for fingerprint in fingerprints:
        old = before.get(fingerprint)
        alert, outcome = combine(
            old, reports.get(fingerprint, ()), now, ended_at=ended.get(fingerprint), last=last.get(fingerprint)
        )
        outcomes[fingerprint] = outcome
        # As in Alertmanager, an end that is sent goes the way of the alert: it is in its groups' next messages.
        if alert is not None and not alert.fires and fingerprint in last:
            placed.append(alert)
        if alert is None or outcome is Change.NOTHING:
            continue
        alert, answer_ends = after_change(old, alert, outcome, now, ways.answers)
        after[fingerprint] = alert
        if alert.fires:
            placed.append(alert)
        events += _episode_events(old, alert, outcome, answer_ends, now)
    alert_rows.write_alerts(connection, organisation, list(after.values()), change)
    place(connection, organisation, placed, ways.tree, now)
    raised = [key for key, alert in after.items() if outcomes[key] is Change.SEVERITY_RAISED]
    group_rows.hurry_told(connection, organisation, raised, now)
    forwards.follow(connection, organisation, changes, ways.forward_to, now)
    spans.follow(connection, organisation, changes, now)
    record(connection, organisation, events)
    return outcomes


def place(
    connection: Connection,
    organisation: str,
    placed: Iterable[Alert],
    tree: RouteTree,
    now: int,
    *,
    restart: bool = False,
) -> None:
    """Put alerts into the groups that the tree gives them, and out of those that it gives them no more.

    `restart`: the groups begin anew with their first flush, as if they had not been there.
    """
    held: dict[str, Group] = {}
    wanted: dict[str, set[str]] = {}
    for alert in placed:
        for node in tree.nodes_for(alert.labels, alert.policy.receivers):
            name = group_of(node, alert.labels, organisation)
            first = first_flush(alert.starts_at, node.route.group_wait, now)
            group = Group(organisation, name.id, node.id, name.key, name.labels, node.route.receiver, now, first, first)
            held.setdefault(name.id, group)
            wanted.setdefault(alert.fingerprint, set()).add(name.id)
    if not wanted:
        return
    # Held before the members are read: a flush may be taking an alert out that has just come back.
    group_rows.hold_groups(connection, held.values())
    if restart:
        group_rows.restart(connection, held.values())
    current = group_rows.memberships(connection, organisation, wanted)
    joins, moves = [], []
    for fingerprint, groups in wanted.items():
        here = current.get(fingerprint, set())
        joins += [(group_id, fingerprint) for group_id in groups - here]
        moves += [(group_id, fingerprint) for group_id in here - groups]
    group_rows.join(connection, organisation, joins, now)
    group_rows.move_away(connection, organisation, moves, now)


def change_alert(
    connection: Connection,
    organisation: str,
    fingerprint: str,
    step: Callable[[Alert], Alert],
    event: Event,
    now: int,
) -> Alert | None:
    """A person's change of one alert: `step` gives the alert as it is to be (or raises), `event` goes into the history.

    Its groups are flushed at once, so that receivers hear of it. None for an alert that is not known.
    """
    change = alert_rows.next_change(connection, organisation)
    found = alert_rows.alerts_by_fingerprint(connection, organisation, [fingerprint], lock=True).get(fingerprint)
    if found is None:
        return None
    changed = step(found)
    if changed != found:
        alert_rows.write_alerts(connection, organisation, [changed], change)
        group_rows.hurry_told(connection, organisation, [fingerprint], now)
    record(connection, organisation, [replace(event, fingerprint=fingerprint, episode=found.episode)])
    return changed


def end_answers(connection: Connection, ended: Sequence[tuple[str, Alert, Alert]], now: int) -> None:
    """Write alerts whose acknowledgement or snooze ran out: (organisation, before, after)."""
    for organisation, before, after in ended:
        change = alert_rows.next_change(connection, organisation)
        alert_rows.write_alerts(connection, organisation, [after], change)
        group_rows.hurry_told(connection, organisation, [after.fingerprint], now)
        record(connection, organisation, _answer_events(before, after, (AnswerEnd.EXPIRED,), now))


def _transition_event(item: ReportChange, alert: Alert | None, now: int) -> Event:
    report = item.report
    details = {
        "transitions": [transition.value for transition in item.transitions],
        "producer": item.producer,
        **({"value": report.value, "severity": report.instance.severity} if report is not None else {}),
        **item.details,
    }
    return Event(
        at=now,
        event=item.transitions[-1].value,
        actor=item.actor or item.rule or item.producer,
        fingerprint=item.fingerprint,
        episode=alert.episode if alert is not None and alert.fires else None,
        rule=item.rule,
        details=details,
    )


def _episode_events(
    before: Alert | None, after: Alert, outcome: Change, answer_ends: tuple[AnswerEnd, ...], now: int
) -> list[Event]:
    if outcome is Change.UPDATED:
        return []
    episode = Event(
        at=now,
        event=outcome.value,
        fingerprint=after.fingerprint,
        episode=after.episode,
        details={"severity": after.severity, "labels": dict(after.labels)},
    )
    return [episode, *_answer_events(before, after, answer_ends, now)]


def _answer_events(before: Alert | None, after: Alert, ends: Iterable[AnswerEnd], now: int) -> list[Event]:
    events = []
    for reason in ends:
        if before is not None and before.acknowledgement is not None and after.acknowledgement is None:
            details = {"reason": reason.value, "by": before.acknowledgement.by}
            events.append(
                Event(now, "acknowledgement_ended", "alertd", after.fingerprint, after.episode, details=details)
            )
        if before is not None and before.snooze is not None and after.snooze is None:
            details = {"reason": reason.value, "by": before.snooze.by}
            events.append(Event(now, "snooze_ended", "alertd", after.fingerprint, after.episode, details=details))
    return events
