"""Messages for tests: one group about a database, which each test changes where it matters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alertd.alerts.labels import fingerprint
from alertd.clock import MINUTE, from_rfc3339
from alertd.notify.message import Message, MessageAlert, Reason, Status

NOW = from_rfc3339("2026-01-31T12:00:00Z")
STARTS_AT = from_rfc3339("2026-01-31T11:58:36.700Z")


def make_alert(
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    *,
    resolved: bool = False,
    acknowledged_by: str = "",
) -> MessageAlert:
    """An alert that has fired for a minute and a half, or has just stopped."""
    labels = {"alertname": "DiskFull", "instance": "db1"} if labels is None else labels
    return MessageAlert(
        status=Status.RESOLVED if resolved else Status.FIRING,
        labels=labels,
        annotations={"summary": "Disk is full"} if annotations is None else annotations,
        starts_at=STARTS_AT,
        ends_at=NOW - MINUTE if resolved else None,
        generator_url="http://prometheus/graph",
        fingerprint=fingerprint(labels),
        acknowledged_by=acknowledged_by,
    )


def make_message(*alerts: MessageAlert, **changes: Any) -> Message:
    """A first message about `alerts`, or about one that fires."""
    values: dict[str, Any] = {
        "id": "0b9c7a52",
        "receiver": "team-db",
        "integration": "team-db/0",
        "reason": Reason.FIRST,
        "group_key": '{}:{alertname="DiskFull"}',
        "group_labels": {"alertname": "DiskFull"},
        "alerts": alerts or (make_alert(),),
        "episode": "ep-1",
        "sequence": 1,
        "now": NOW,
        "external_url": "http://alertd:9093",
    }
    return Message(**(values | changes))
