"""Between rows and values: how each value of the pure packages is written and read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row

from alertd.alerts.alert import Acknowledgement, Alert, Policy, Report, Snooze
from alertd.alerts.machine import Instance, LevelTimer, State
from alertd.response.acknowledgement import next_end
from alertd.routing.matchers import Matcher, Operator
from alertd.routing.silences import Silence
from alertd.routing.told import Content, Entry, OpenNotification

Values = dict[str, Any]


def report_values(organisation: str, report: Report) -> Values:
    instance = report.instance
    return {
        "organisation": organisation,
        "producer": report.producer,
        "fingerprint": report.fingerprint,
        "labels": dict(report.labels),
        "annotations": dict(report.annotations),
        "state": instance.state.value,
        "severity": instance.severity,
        "active_at": instance.active_at,
        "fired_at": instance.fired_at,
        "keep_since": instance.keep_since,
        "missing_since": instance.missing_since,
        "levels": [[timer.severity, timer.active_at, timer.fired_at, timer.early] for timer in instance.levels],
        "value": report.value,
        "generator_url": report.generator_url,
        "policy": _policy_values(report.policy),
        "updated_at": report.updated_at,
        "expires_at": report.expires_at,
        "timed_out": report.timed_out,
    }


def read_report(row: Row[Any]) -> Report:
    return Report(
        producer=row.producer,
        fingerprint=row.fingerprint,
        labels=row.labels,
        annotations=row.annotations,
        instance=Instance(
            state=State(row.state),
            severity=row.severity,
            active_at=row.active_at,
            fired_at=row.fired_at,
            keep_since=row.keep_since,
            missing_since=row.missing_since,
            levels=tuple(LevelTimer(*timer) for timer in row.levels),
        ),
        updated_at=row.updated_at,
        value=row.value,
        generator_url=row.generator_url,
        expires_at=row.expires_at,
        timed_out=row.timed_out,
        policy=_read_policy(row.policy),
    )


def alert_values(organisation: str, alert: Alert, changed: int) -> Values:
    return {
        "organisation": organisation,
        "fingerprint": alert.fingerprint,
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "severity": alert.severity,
        "starts_at": alert.starts_at,
        "ends_at": alert.ends_at,
        "episode": alert.episode,
        "value": alert.value,
        "generator_url": alert.generator_url,
        "policy": _policy_values(alert.policy),
        "updated_at": alert.updated_at,
        "acknowledgement": alert.acknowledgement and asdict(alert.acknowledgement),
        "snooze": alert.snooze and asdict(alert.snooze),
        "answer_ends_at": next_end(alert),
        "changed": changed,
    }


def read_alert(row: Row[Any]) -> Alert:
    return Alert(
        fingerprint=row.fingerprint,
        labels=row.labels,
        annotations=row.annotations,
        severity=row.severity,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        episode=row.episode,
        updated_at=row.updated_at,
        value=row.value,
        generator_url=row.generator_url,
        policy=_read_policy(row.policy),
        acknowledgement=Acknowledgement(**row.acknowledgement) if row.acknowledgement else None,
        snooze=Snooze(**row.snooze) if row.snooze else None,
    )


def _policy_values(policy: Policy) -> Values:
    return {"receivers": policy.receivers, "cooldown": policy.cooldown, "depends_on": policy.depends_on}


def _read_policy(policy: Mapping[str, Any]) -> Policy:
    return Policy(tuple(policy["receivers"]), policy["cooldown"], tuple(policy["depends_on"]))


def silence_values(organisation: str, silence: Silence, changed: int) -> Values:
    return {
        "organisation": organisation,
        "id": silence.id,
        "matchers": [[matcher.name, matcher.op.value, matcher.value] for matcher in silence.matchers],
        "starts_at": silence.starts_at,
        "ends_at": silence.ends_at,
        "created_by": silence.created_by,
        "comment": silence.comment,
        "annotations": dict(silence.annotations),
        "updated_at": silence.updated_at,
        "changed": changed,
    }


def read_silence(row: Row[Any]) -> Silence:
    return Silence(
        id=row.id,
        matchers=tuple(Matcher(name, Operator(op), value) for name, op, value in row.matchers),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        created_by=row.created_by,
        comment=row.comment,
        updated_at=row.updated_at,
        annotations=row.annotations,
    )


def content_values(content: Content) -> Values:
    return {
        "firing": dict(content.firing),
        "resolved": sorted(content.resolved),
        "held": sorted(content.held),
        "acknowledged": sorted(content.acknowledged),
    }


def read_content(values: Mapping[str, Any]) -> Content:
    return Content(
        firing=values["firing"],
        resolved=frozenset(values["resolved"]),
        held=frozenset(values["held"]),
        acknowledged=frozenset(values["acknowledged"]),
    )


def entry_values(organisation: str, group_id: str, integration: str, entry: Entry) -> Values:
    return {
        "organisation": organisation,
        "group_id": group_id,
        "integration": integration,
        "content": content_values(entry.content),
        "told": sorted(entry.told),
        "sent_at": entry.sent_at,
        "episode": entry.episode,
        "sequence": entry.sequence,
        "thread": dict(entry.thread),
    }


def read_entry(row: Row[Any]) -> Entry:
    return Entry(
        content=read_content(row.content),
        told=frozenset(row.told),
        sent_at=row.sent_at,
        episode=row.episode,
        sequence=row.sequence,
        thread=row.thread,
    )


def read_open(row: Row[Any]) -> OpenNotification:
    return OpenNotification(
        id=row.id,
        integration=row.integration,
        content=read_content(row.content),
        reason=row.reason,
        attempts=row.uncertain,
        due_at=row.due_at,
        sending=row.status == "sending",
        created_at=row.created_at,
    )
