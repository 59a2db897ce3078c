"""What is said: a message about one group to one integration, as templates and receivers see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from alertd.alerts.labels import common


class Status(StrEnum):
    """Whether something still fires; the word that every message starts with."""

    FIRING = "firing"
    RESOLVED = "resolved"


class Reason(StrEnum):
    """Why a notification is sent; the words are Alertmanager's where it has them."""

    FIRST = "first notification"
    NEW_ALERTS = "new alerts added"
    SOME_RESOLVED = "some alerts resolved"
    ALL_RESOLVED = "all alerts resolved"
    REPEAT = "repeat interval elapsed"
    SEVERITY_RAISED = "severity raised"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "acknowledgement ended"
    TEST = "test"


@dataclass(frozen=True)
class MessageAlert:
    """One alert of a message. Instants are milliseconds; `ends_at` is None while the alert fires."""

    status: Status
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: int
    ends_at: int | None
    generator_url: str
    fingerprint: str
    acknowledged_by: str = ""


@dataclass(frozen=True)
class Message:
    """One notification, ready to be rendered.

    `id` is the idempotency handle: the same through every retry of the same content, and never used for another.
    `episode` names one life of the group, from its first page to all resolved; `sequence` counts the messages of that
    episode to this integration from 1; `thread` is what an earlier message of the episode left behind (for Slack
    `channel` and `ts`). `acknowledged` is true when somebody has acknowledged every alert that fires.
    """

    id: str
    receiver: str
    integration: str
    reason: Reason
    group_key: str
    group_labels: Mapping[str, str]
    alerts: tuple[MessageAlert, ...]
    episode: str
    sequence: int
    now: int
    external_url: str = ""
    route_labels: Mapping[str, str] = field(default_factory=dict)
    truncated_alerts: int = 0
    thread: Mapping[str, str] = field(default_factory=dict)
    acknowledged: bool = False

    @property
    def status(self) -> Status:
        fires = any(alert.status is Status.FIRING for alert in self.alerts)
        return Status.FIRING if fires else Status.RESOLVED

    @property
    def firing(self) -> tuple[MessageAlert, ...]:
        return tuple(alert for alert in self.alerts if alert.status is Status.FIRING)

    @property
    def resolved(self) -> tuple[MessageAlert, ...]:
        return tuple(alert for alert in self.alerts if alert.status is Status.RESOLVED)

    @property
    def common_labels(self) -> dict[str, str]:
        return common(alert.labels for alert in self.alerts)

    @property
    def common_annotations(self) -> dict[str, str]:
        return common(alert.annotations for alert in self.alerts)
