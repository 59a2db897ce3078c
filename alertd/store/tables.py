"""The tables. Every one has the organisation in its key; instants are milliseconds in BIGINT columns.

Alembic's migrations in `migrations/` make them; a test compares the two.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.engine import Dialect


class Json(TypeDecorator[Any]):
    """A value kept as JSON text, the same on both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else msgspec.json.decode(value)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Instant = BigInteger
# SQLite numbers rows by itself only in a column that is exactly INTEGER.
Serial = BigInteger().with_variant(Integer, "sqlite")

#: What each producer reports of each label set: pending and keep-firing timers, renewals of pushed alerts.
reports = Table(
    "reports",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("producer", Text, primary_key=True),
    Column("fingerprint", String(16), primary_key=True),
    Column("labels", Json, nullable=False),
    Column("annotations", Json, nullable=False),
    Column("state", String(16), nullable=False),
    Column("severity", Text, nullable=False),
    Column("active_at", Instant, nullable=False),
    Column("fired_at", Instant),
    Column("keep_since", Instant),
    Column("missing_since", Instant),
    Column("levels", Json, nullable=False),
    Column("value", Float),
    Column("generator_url", Text, nullable=False),
    Column("policy", Json, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("timed_out", Boolean, nullable=False),
    Index(None, "organisation", "fingerprint"),
    Index(None, "organisation", "state"),
    Index(None, "expires_at"),
)

#: One row a label set: its current or last episode and the marks that people put on it.
alerts = Table(
    "alerts",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("fingerprint", String(16), primary_key=True),
    Column("labels", Json, nullable=False),
    Column("annotations", Json, nullable=False),
    Column("severity", Text, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant),
    Column("episode", String(32), nullable=False),
    Column("value", Float),
    Column("generator_url", Text, nullable=False),
    Column("policy", Json, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("acknowledgement", Json),
    Column("snooze", Json),
    Column("answer_ends_at", Instant),
    Column("changed", BigInteger, nullable=False),
    Index(None, "organisation", "changed"),
    Index(None, "organisation", "ends_at"),
    Index(None, "organisation", "starts_at", "fingerprint"),
    Index(None, "answer_ends_at"),
)

#: The groups that wait for their next flush.
groups = Table(
    "groups",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("route_id", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("labels", Json, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("beat_at", Instant, nullable=False),
    Column("next_flush_at", Instant, nullable=False),
    Column("flushed_at", Instant),
    Index(None, "next_flush_at"),
)

#: Which alerts are in which group, and which gate holds each back.
members = Table(
    "members",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("group_id", String(32), primary_key=True),
    Column("fingerprint", String(16), primary_key=True),
    Column("joined_at", Instant, nullable=False),
    Column("moved_at", Instant),
    Column("gate", String(32)),
    Column("gate_detail", Text, nullable=False),
    Column("gate_until", Instant),
    Column("gate_since", Instant),
    Index(None, "organisation", "fingerprint"),
)

#: What each integration of a group was told last.
entries = Table(
    "entries",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("group_id", String(32), primary_key=True),
    Column("integration", Text, primary_key=True),
    Column("content", Json, nullable=False),
    Column("told", Json, nullable=False),
    Column("sent_at", Instant),
    Column("episode", String(32), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("thread", Json, nullable=False),
)

#: When each integration was last paged about an alert that has a cooldown.
pages = Table(
    "pages",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("integration", Text, primary_key=True),
    Column("fingerprint", String(16), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("severity", Text, nullable=False),
)

#: The outbox, and with its finished rows the record of what was sent.
notifications = Table(
    "notifications",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("group_id", String(32), nullable=False),
    Column("group_key", Text, nullable=False),
    Column("group_labels", Json, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("integration", Text, nullable=False),
    Column("episode", String(32), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("content", Json, nullable=False),
    Column("alerts", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("tries", Integer, nullable=False),
    Column("uncertain", Integer, nullable=False),
    Column("owner", String(64)),
    Column("lease_until", Instant),
    Column("epoch", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Index(None, "status", "due_at"),
    Index(None, "organisation", "group_id", "status"),
    Index(None, "organisation", "created_at"),
)

#: Every try to deliver a notification, with the answer.
attempts = Table(
    "attempts",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("notification_id", String(32), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("outcome", String(16), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("status_code", Integer),
    Column("answer", Text, nullable=False),
)

#: How each integration does: its rate, its pauses, its failures.
channels = Table(
    "channels",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("integration", Text, primary_key=True),
    Column("free_at", Instant, nullable=False),
    Column("failing_since", Instant),
    Column("failures", Integer, nullable=False),
    Column("broken", Boolean, nullable=False),
    Column("last_success_at", Instant),
    Column("last_error", Text, nullable=False),
)

silences = Table(
    "silences",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("matchers", Json, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("annotations", Json, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Index(None, "organisation", "changed"),
)

#: Named events, newest last: every transition, gate, message and human action.
history = Table(
    "history",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("organisation", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("event", String(64), nullable=False),
    Column("fingerprint", String(16)),
    Column("episode", String(32)),
    Column("group_id", String(32)),
    Column("notification_id", String(32)),
    Column("rule", Text),
    Column("actor", Text, nullable=False),
    Column("details", Json, nullable=False),
    Index(None, "organisation", "fingerprint", "id"),
    Index(None, "organisation", "at"),
)

#: Pushed metrics, one row a push, compressed; `kind` says how the body is written.
snapshots = Table(
    "snapshots",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("organisation", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("labels", Json, nullable=False),
    Column("samples", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("kind", String(16), nullable=False, server_default="snapshot"),
    Column("size", Integer, nullable=False, server_default="0"),
    # The instant of its oldest sample.
    Column("first_at", Instant, nullable=False, server_default="0"),
    # With the size in it, what a source holds is summed up without a look at the rows.
    Index(None, "organisation", "source", "id", "size"),
    Index(None, "organisation", "source", "first_at"),
    Index(None, "received_at"),
)

#: Series on their way to others, by remote write, each row a part of a request; the rows of a source go in order.
outgoing_writes = Table(
    "outgoing_writes",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("organisation", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("samples", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "organisation", "source", "id"),
)

#: What each group of a Pushgateway's pushers said last; it holds until it is replaced or deleted.
push_groups = Table(
    "push_groups",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("labels", Json, nullable=False),
    Column("at", Instant, nullable=False),
    Column("pushed_at", Instant),
    Column("failed_at", Instant),
    Column("types", Json, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

#: What pushers said of their metrics, each description once.
descriptions = Table(
    "descriptions",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("metric", Text, nullable=False),
    Column("type", String(16), nullable=False),
    Column("help", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("said_at", Instant, nullable=False),
)

#: The alerts of rules on their way to other Alertmanagers, one row an alert and Alertmanager.
forwards = Table(
    "forwards",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("producer", Text, primary_key=True),
    Column("alert", String(16), primary_key=True),
    Column("fingerprint", String(16), nullable=False),
    Column("labels", Json, nullable=False),
    Column("annotations", Json, nullable=False),
    Column("generator_url", Text, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant),
    Column("due_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("epoch", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Index(None, "organisation", "producer", "fingerprint"),
    Index(None, "organisation", "target", "due_at"),
)

#: How long each alert of a rule was pending or firing.
alert_spans = Table(
    "alert_spans",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("organisation", Text, nullable=False),
    Column("producer", Text, nullable=False),
    Column("fingerprint", String(16), nullable=False),
    Column("labels", Json, nullable=False),
    Column("state", String(16), nullable=False),
    Column("active_at", Instant, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index(None, "organisation", "ended_at"),
    Index(None, "organisation", "producer", "fingerprint"),
)

#: The last evaluation of each rule group.
evaluations = Table(
    "evaluations",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("rule_group", Text, primary_key=True),
    Column("evaluated_at", Instant, nullable=False),
    Column("duration", Integer, nullable=False),
    Column("rules", Json, nullable=False),
)

#: Which replica evaluates which rule group.
leases = Table(
    "leases",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("until", Instant, nullable=False),
    Column("epoch", Integer, nullable=False),
)

replicas = Table(
    "replicas",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("heartbeat_at", Instant, nullable=False),
    Column("host", Text, nullable=False),
    Column("version", String(64), nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("prefix", String(16), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
)

#: Answers kept for requests that carry an Idempotency-Key.
requests = Table(
    "requests",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("key", String(256), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("status_code", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(None, "created_at"),
)

#: One counter an organisation: it goes up with every change of an alert or a silence, so that caches can follow.
counters = Table(
    "counters",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
