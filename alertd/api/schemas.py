"""The shapes of requests and answers of `/v1`. Times are RFC 3339 with milliseconds, durations Prometheus durations."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from alertd.api.fields import (
    Duration,
    DurationGiven,
    Instant,
    InstantGiven,
    Json,
    LabelSet,
    LongText,
    MatcherText,
    Number,
    ShortText,
    Text,
)
from alertd.routing.silences import SilenceState
from alertd.service.health import HealthStatus
from alertd.store.queries import AlertState
from alertd.store.tokens import Role


class Given(BaseModel):
    """What a client sends: a field that nobody knows is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Answer(BaseModel):
    """What a client is answered."""

    model_config = ConfigDict(frozen=True)


class Page(Answer):
    """One page of a listing."""

    next_cursor: str | None = Field(None, description="Give it as `cursor` to get the next page; null on the last.")


class FieldProblem(Answer):
    """One mistake in a request."""

    field: str = Field(description="The dotted path of the field, or the name of the parameter.")
    message: str = Field(description="What was found and what would be right.")


class ProblemDetails(Answer):
    """Every error, in the form of RFC 9457."""

    type: str = Field("about:blank", description="The kind of problem; about:blank says that `status` is all of it.")
    title: str = Field(description="The name of the status.")
    status: int = Field(description="The status of HTTP.")
    detail: str = Field(description="What was wrong with this request, in a sentence.")
    errors: list[FieldProblem] = Field([], description="Every mistake, if it was one of single fields.")


# Alerts


class AcknowledgementAnswer(Answer):
    """Somebody has the alert."""

    by: str
    at: Instant
    expires_at: Instant
    severity: str = Field(description="The severity that was acknowledged; a worse one ends the acknowledgement.")
    note: str


class SnoozeAnswer(Answer):
    """The alert is put aside for a time."""

    by: str
    until: Instant
    severity: str


class SuppressionAnswer(Answer):
    """A gate that holds the alert back."""

    gate: str = Field(description="inhibited, silenced, outside_active_time, muted_by_time or dependency.")
    detail: str = Field(description="What closed it: an alert's fingerprint, the ids of silences, a time interval.")


class AlertAnswer(Answer):
    """One label set and its current or last episode."""

    fingerprint: str
    state: AlertState
    labels: dict[str, str]
    annotations: dict[str, str]
    severity: str
    starts_at: Instant
    ends_at: Instant | None = Field(description="When it was resolved; null while it fires or is pending.")
    updated_at: Instant
    episode: str = Field(description="The name of this life of the alert; empty while it is pending.")
    value: Number | None
    generator_url: str
    receivers: list[str] = Field(description="The receivers that its routes lead to.")
    acknowledgement: AcknowledgementAnswer | None
    snooze: SnoozeAnswer | None
    suppressed_by: list[SuppressionAnswer]


class AlertList(Page):
    """Alerts, the newest start first."""

    alerts: list[AlertAnswer]


class AlertSummary(Answer):
    """How many alerts there are."""

    states: dict[AlertState, int] = Field(description="Each alert once, by its state.")
    severities: dict[str, int] = Field(
        description="Those that fire, acknowledged, snoozed and suppressed ones included; `none` has no severity."
    )
    by_state: dict[AlertState, dict[str, int]] = Field(description="By state, then by severity.")
    resolved_24h: int = Field(description="Those that were resolved in the last 24 hours.")


class AlertGiven(Given):
    """An alert as a monitoring system sends it."""

    labels: LabelSet = Field(min_length=1, description="What identifies the alert; `alertname` names it.")
    annotations: LabelSet = Field({}, description="What people read about it.")
    starts_at: InstantGiven | None = Field(None, description="When it began; default: now, or `ends_at`.")
    ends_at: InstantGiven | None = Field(
        None,
        description="When it ends, in the past to resolve it; default: after `global.resolve_timeout` unless it is"
        " sent again.",
    )
    generator_url: Text = Field("", description="Where it comes from.")


class ApplicationAlertGiven(Given):
    """An alert as an application raises it; it fires until it is resolved."""

    alert_type: ShortText = Field(alias="alertType", description="The label `alertname`.")
    severity: ShortText = Field("warning", description="The label `severity`.")
    message: Text = Field("", description="The annotation `summary`.")
    endpoint_id: Text = Field("", alias="endpointId", description="The label `endpoint_id`.")
    model_name: Text = Field("", alias="modelName", description="The label `model_name`.")
    metadata: dict[Text, Json] = Field({}, description="More annotations; values that are no text become JSON.")


class RefusedAlert(Answer):
    """An alert of the request that was not taken."""

    index: int = Field(description="Its place in the request, from 0.")
    message: str


class TakenAlerts(Answer):
    """What became of the alerts of a request."""

    fingerprints: list[str] = Field(description="The alerts that were taken, in the order of the request.")
    refused: list[RefusedAlert] = Field([], description="Those that were not.")


class AcknowledgeGiven(Given):
    """How an alert is acknowledged."""

    duration: DurationGiven | None = Field(None, description="How long; default: `acknowledgement.expires`.")
    note: Text = Field("", max_length=10_000, description="A word to the others.")


class SnoozeGiven(Given):
    """How long an alert is put aside: one of the two."""

    duration: DurationGiven | None = None
    until: InstantGiven | None = None


class NoteGiven(Given):
    """A note for the alert's history."""

    text: LongText


# Why


class ReportAnswer(Answer):
    """What one producer says of the alert."""

    producer: str
    state: str
    severity: str
    value: Number | None
    active_at: Instant
    fired_at: Instant | None
    keep_since: Instant | None = Field(description="Since when it only fires because of keep_firing_for.")
    missing_since: Instant | None
    expires_at: Instant | None
    updated_at: Instant


class GateAnswer(Answer):
    """The alert in one of its groups."""

    group_id: str
    group_key: str
    route_id: str
    receiver: str
    gate: str = Field(description="The first gate that holds it back, or `open`.")
    detail: str
    until: Instant | None
    next_flush_at: Instant
    told: dict[str, bool] = Field(description="By integration: whether it has been told of the alert.")


class AttemptAnswer(Answer):
    """One try to deliver a notification."""

    number: int
    started_at: Instant
    finished_at: Instant | None
    outcome: str
    reason: str
    status_code: int | None
    answer: str


class NotificationAnswer(Answer):
    """One message for one group to one integration."""

    id: str
    group_key: str
    group_labels: dict[str, str]
    receiver: str
    integration: str
    reason: str
    status: str
    created_at: Instant
    due_at: Instant
    finished_at: Instant | None
    tries: int
    error: str
    firing: int = Field(description="How many alerts of the message fire.")
    resolved: int = Field(description="How many alerts of the message are resolved.")


class MessageAlertAnswer(Answer):
    """One alert of a message."""

    status: str
    fingerprint: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: Instant
    ends_at: Instant | None
    generator_url: str
    acknowledged_by: str


class NotificationDetails(NotificationAnswer):
    """A message with its alerts and every try to deliver it."""

    alerts: list[MessageAlertAnswer]
    attempts: list[AttemptAnswer]


class EventAnswer(Answer):
    """One thing that happened."""

    id: int
    at: Instant
    event: str
    actor: str = Field(description="Who did it: a rule, alertd, or the name of a token.")
    fingerprint: str | None
    episode: str | None
    group_id: str | None
    notification_id: str | None
    rule: str | None
    details: dict[str, Any] = Field(description="What else is known; instants and durations in milliseconds.")


class WhyAnswer(Answer):
    """Everything that decided what was and was not said about an alert."""

    fingerprint: str
    alert: AlertAnswer | None = Field(description="Null while it has never fired.")
    reports: list[ReportAnswer]
    gates: list[GateAnswer]
    notifications: list[NotificationDetails] = Field(description="The newest first.")
    history: list[EventAnswer] = Field(description="The newest first.")


class NotificationList(Page):
    """Notifications, the newest first."""

    notifications: list[NotificationAnswer]


class EventList(Page):
    """Events, the newest first."""

    events: list[EventAnswer]


# Silences


class SilenceGiven(Given):
    """Which alerts say nothing for how long. Either `ends_at` or `duration` is needed."""

    matchers: list[MatcherText] = Field(min_length=1, description="All of them must match.")
    starts_at: InstantGiven | None = Field(None, description="Default: now.")
    ends_at: InstantGiven | None = None
    duration: DurationGiven | None = Field(None, description="From the start on.")
    comment: LongText = Field(description="Why.")
    created_by: ShortText | None = Field(None, description="Whose it is; default: the name of the token.")
    annotations: LabelSet = Field({}, description="Anything else that is worth keeping with it.")


class SilenceAnswer(Answer):
    """A silence."""

    id: str
    state: SilenceState
    matchers: list[str]
    starts_at: Instant
    ends_at: Instant
    created_by: str
    comment: str
    updated_at: Instant
    annotations: dict[str, str]


class SilenceList(Answer):
    """Silences: the active ones first, then those to come, then those that are over."""

    silences: list[SilenceAnswer]


# Rules


class RuleState(StrEnum):
    """What an alerting rule makes of its series."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"


class RuleAnswer(Answer):
    """One rule and how it does."""

    id: str
    type: Literal["alerting", "recording"]
    name: str
    expr: str
    source: str
    labels: dict[str, str]
    annotations: dict[str, str]
    state: RuleState | None = Field(description="Null for a recording rule.")
    active_alerts: int = Field(description="How many label sets are pending or firing.")
    health: str = Field(description="ok, err, or unknown before the first evaluation.")
    error: str
    warnings: list[str]
    samples: int
    evaluated_at: Instant | None
    evaluation_duration: Duration | None


class RuleGroupAnswer(Answer):
    """Rules that are evaluated together."""

    name: str
    file: str
    interval: Duration
    evaluated_at: Instant | None
    evaluation_duration: Duration | None
    rules: list[RuleAnswer]


class RuleList(Answer):
    """Every rule group, in the order of the files."""

    groups: list[RuleGroupAnswer]


# Snapshots, receivers, tokens


class SnapshotTaken(Answer):
    """A snapshot that was kept."""

    id: int
    source: str
    samples: int = Field(description="How many values it had.")


class SnapshotAnswer(Answer):
    """The newest snapshot of a source."""

    source: str
    at: Instant
    samples: int
    labels: dict[str, str]


class SnapshotList(Answer):
    """The newest snapshot of each source."""

    snapshots: list[SnapshotAnswer]


class ChannelAnswer(Answer):
    """One integration of a receiver and how it does."""

    integration: str
    kind: str
    broken: bool = Field(description="Nothing can get through until somebody mends it.")
    failures: int = Field(description="Failed tries since the last success.")
    failing_since: Instant | None
    last_success_at: Instant | None
    last_error: str


class ReceiverAnswer(Answer):
    """A receiver."""

    name: str
    integrations: list[ChannelAnswer]


class ReceiverList(Answer):
    """Every receiver, in the order of the configuration."""

    receivers: list[ReceiverAnswer]


class TestedIntegrationAnswer(Answer):
    """How a test message went."""

    integration: str
    delivered: bool
    answer: str


class ReceiverTest(Answer):
    """How the test messages of a receiver went."""

    receiver: str
    results: list[TestedIntegrationAnswer]


class TokenGiven(Given):
    """A token to be made."""

    name: ShortText = Field(description="Who or what uses it; the history shows it.")
    role: Role
    expires_at: InstantGiven | None = Field(None, description="Default: it does not expire.")


class TokenAnswer(Answer):
    """A token without its secret."""

    id: str
    name: str
    role: Role
    prefix: str = Field(description="The beginning of the secret.")
    created_at: Instant
    created_by: str
    expires_at: Instant | None
    revoked_at: Instant | None
    last_used_at: Instant | None


class CreatedToken(TokenAnswer):
    """A new token."""

    token: str = Field(description="The secret. It is shown this once.")


class TokenList(Answer):
    """Tokens, the oldest first."""

    tokens: list[TokenAnswer]


# The service itself


class StatusAnswer(Answer):
    """The running service."""

    version: str
    replica: str
    started_at: Instant
    uptime: Duration
    organisation: str
    database: str = Field(description="sqlite or postgresql.")
    reload_error: str = Field(description="Why the last reload was refused; empty when it was not.")
    config: str = Field(description="The configuration in force as YAML, without its secrets.")


class CheckAnswer(Answer):
    """One check; `message` is left out for those without a token."""

    status: HealthStatus
    message: str | None


class HealthAnswer(Answer):
    """How the service is."""

    status: HealthStatus
    checks: dict[str, CheckAnswer]
