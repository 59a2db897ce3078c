"""From alertd's values to the answers of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alertd.alerts.alert import Report
from alertd.api.schemas import (
    AcknowledgementAnswer,
    AlertAnswer,
    AttemptAnswer,
    EventAnswer,
    GateAnswer,
    MessageAlertAnswer,
    NotificationAnswer,
    NotificationDetails,
    ReportAnswer,
    SilenceAnswer,
    SnoozeAnswer,
    SuppressionAnswer,
    TokenAnswer,
    WhyAnswer,
)
from alertd.notify.message import Status
from alertd.routing.silences import Silence
from alertd.routing.tree import RouteTree
from alertd.service.why import Why
from alertd.store.history import Event
from alertd.store.outbox import Notification
from alertd.store.queries import AlertState, ListedAlert
from alertd.store.tokens import Token


def alert_answer(listed: ListedAlert, tree: RouteTree) -> AlertAnswer:
    alert = listed.alert
    receivers = [node.route.receiver for node in tree.nodes_for(alert.labels, alert.policy.receivers)]
    mark, snooze = alert.acknowledgement, alert.snooze
    return AlertAnswer(
        fingerprint=alert.fingerprint,
        state=listed.state,
        labels=dict(alert.labels),
        annotations=dict(alert.annotations),
        severity=alert.severity,
        starts_at=alert.starts_at,
        ends_at=alert.ends_at,
        updated_at=alert.updated_at,
        episode=alert.episode,
        value=alert.value,
        generator_url=alert.generator_url,
        receivers=list(dict.fromkeys(receivers)),
        acknowledgement=mark
        and AcknowledgementAnswer(
            by=mark.by, at=mark.at, expires_at=mark.expires_at, severity=mark.severity, note=mark.note
        ),
        snooze=snooze and SnoozeAnswer(by=snooze.by, until=snooze.until, severity=snooze.severity),
        suppressed_by=[SuppressionAnswer(gate=gate.value, detail=detail) for gate, detail in listed.suppressed_by],
    )


def why_answer(why: Why, listed: ListedAlert | None, tree: RouteTree) -> WhyAnswer:
    fired = listed is not None and listed.state is not AlertState.PENDING
    return WhyAnswer(
        fingerprint=why.fingerprint,
        alert=alert_answer(listed, tree) if listed is not None and fired else None,
        reports=[_report_answer(report) for report in why.reports],
        gates=[
            GateAnswer(
                group_id=gate.group_id,
                group_key=gate.group_key,
                route_id=gate.route_id,
                receiver=gate.receiver,
                gate=gate.gate,
                detail=gate.detail,
                until=gate.until,
                next_flush_at=gate.next_flush_at,
                told=dict(gate.told),
            )
            for gate in why.gates
        ],
        notifications=[notification_details(notification, attempts) for notification, attempts in why.notifications],
        history=[event_answer(event) for event in why.history],
    )


def _report_answer(report: Report) -> ReportAnswer:
    instance = report.instance
    return ReportAnswer(
        producer=report.producer,
        state=instance.state.value,
        severity=instance.severity,
        value=report.value,
        active_at=instance.active_at,
        fired_at=instance.fired_at,
        keep_since=instance.keep_since,
        missing_since=instance.missing_since,
        expires_at=report.expires_at,
        updated_at=report.updated_at,
    )


def notification_answer(notification: Notification) -> NotificationAnswer:
    return NotificationAnswer(**_notification_fields(notification))


def notification_details(notification: Notification, attempts: Sequence[Mapping[str, Any]]) -> NotificationDetails:
    return NotificationDetails(
        **_notification_fields(notification),
        alerts=[MessageAlertAnswer(**alert) for alert in notification.alerts],
        attempts=[
            AttemptAnswer(**{name: attempt[name] for name in AttemptAnswer.model_fields}) for attempt in attempts
        ],
    )


def _notification_fields(notification: Notification) -> dict[str, Any]:
    firing = sum(alert["status"] == Status.FIRING for alert in notification.alerts)
    return {
        "id": notification.id,
        "group_key": notification.group_key,
        "group_labels": dict(notification.group_labels),
        "receiver": notification.receiver,
        "integration": notification.integration,
        "reason": notification.reason,
        "status": notification.status,
        "created_at": notification.created_at,
        "due_at": notification.due_at,
        "finished_at": notification.finished_at,
        "tries": notification.tries,
        "error": notification.error,
        "firing": firing,
        "resolved": len(notification.alerts) - firing,
    }


def event_answer(event: Event) -> EventAnswer:
    return EventAnswer(
        id=event.id or 0,
        at=event.at,
        event=event.event,
        actor=event.actor,
        fingerprint=event.fingerprint,
        episode=event.episode,
        group_id=event.group_id,
        notification_id=event.notification_id,
        rule=event.rule,
        details=dict(event.details),
    )


def silence_answer(silence: Silence, now: int) -> SilenceAnswer:
    return SilenceAnswer(
        id=silence.id,
        state=silence.state(now),
        matchers=[str(matcher) for matcher in silence.matchers],
        starts_at=silence.starts_at,
        ends_at=silence.ends_at,
        created_by=silence.created_by,
        comment=silence.comment,
        updated_at=silence.updated_at,
        annotations=dict(silence.annotations),
    )


def token_fields(token: Token) -> dict[str, Any]:
    """What is told about a token, as the fields of `TokenAnswer`."""
    return {name: getattr(token, name) for name in TokenAnswer.model_fields}
