"""The tables of the first version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def serial() -> sa.types.TypeEngine[int]:
    """SQLite numbers rows by itself only in a column that is exactly INTEGER."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("producer", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("annotations", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("active_at", sa.BigInteger(), nullable=False),
        sa.Column("fired_at", sa.BigInteger()),
        sa.Column("keep_since", sa.BigInteger()),
        sa.Column("missing_since", sa.BigInteger()),
        sa.Column("levels", sa.Text(), nullable=False),
        sa.Column("value", sa.Float()),
        sa.Column("generator_url", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("timed_out", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "producer", "fingerprint", name="pk_reports"),
    )
    op.create_index("ix_reports_expires_at", "reports", ["expires_at"])
    op.create_index("ix_reports_organisation_fingerprint", "reports", ["organisation", "fingerprint"])
    op.create_index("ix_reports_organisation_state", "reports", ["organisation", "state"])
    op.create_table(
        "alerts",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("annotations", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger()),
        sa.Column("episode", sa.String(32), nullable=False),
        sa.Column("value", sa.Float()),
        sa.Column("generator_url", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("acknowledgement", sa.Text()),
        sa.Column("snooze", sa.Text()),
        sa.Column("answer_ends_at", sa.BigInteger()),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "fingerprint", name="pk_alerts"),
    )
    op.create_index("ix_alerts_answer_ends_at", "alerts", ["answer_ends_at"])
    op.create_index("ix_alerts_organisation_changed", "alerts", ["organisation", "changed"])
    op.create_index("ix_alerts_organisation_ends_at", "alerts", ["organisation", "ends_at"])
    op.create_index(
        "ix_alerts_organisation_starts_at_fingerprint", "alerts", ["organisation", "starts_at", "fingerprint"]
    )
    op.create_table(
        "groups",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("route_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("beat_at", sa.BigInteger(), nullable=False),
        sa.Column("next_flush_at", sa.BigInteger(), nullable=False),
        sa.Column("flushed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("organisation", "id", name="pk_groups"),
    )
    op.create_index("ix_groups_next_flush_at", "groups", ["next_flush_at"])
    op.create_table(
        "members",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("group_id", sa.String(32), nullable=False),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", sa.BigInteger()),
        sa.Column("gate", sa.String(32)),
        sa.Column("gate_detail", sa.Text(), nullable=False),
        sa.Column("gate_until", sa.BigInteger()),
        sa.Column("gate_since", sa.BigInteger()),
        sa.PrimaryKeyConstraint("organisation", "group_id", "fingerprint", name="pk_members"),
    )
    op.create_index("ix_members_organisation_fingerprint", "members", ["organisation", "fingerprint"])
    op.create_table(
        "entries",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("group_id", sa.String(32), nullable=False),
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger()),
        sa.Column("episode", sa.String(32), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "group_id", "integration", name="pk_entries"),
    )
    op.create_table(
        "pages",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "integration", "fingerprint", name="pk_pages"),
    )
    op.create_table(
        "notifications",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("group_id", sa.String(32), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("group_labels", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("episode", sa.String(32), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("alerts", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("uncertain", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(64)),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "id", name="pk_notifications"),
    )
    op.create_index("ix_notifications_organisation_created_at", "notifications", ["organisation", "created_at"])
    op.create_index(
        "ix_notifications_organisation_group_id_status", "notifications", ["organisation", "group_id", "status"]
    )
    op.create_index("ix_notifications_status_due_at", "notifications", ["status", "due_at"])
    op.create_table(
        "attempts",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("notification_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("status_code", sa.Integer()),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "notification_id", "number", name="pk_attempts"),
    )
    op.create_table(
        "channels",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("free_at", sa.BigInteger(), nullable=False),
        sa.Column("failing_since", sa.BigInteger()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("broken", sa.Boolean(), nullable=False),
        sa.Column("last_success_at", sa.BigInteger()),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "integration", name="pk_channels"),
    )
    op.create_table(
        "silences",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("matchers", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("annotations", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "id", name="pk_silences"),
    )
    op.create_index("ix_silences_organisation_changed", "silences", ["organisation", "changed"])
    op.create_table(
        "history",
        sa.Column("id", serial(), autoincrement=True, nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(16)),
        sa.Column("episode", sa.String(32)),
        sa.Column("group_id", sa.String(32)),
        sa.Column("notification_id", sa.String(32)),
        sa.Column("rule", sa.Text()),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
    )
    op.create_index("ix_history_organisation_at", "history", ["organisation", "at"])
    op.create_index("ix_history_organisation_fingerprint_id", "history", ["organisation", "fingerprint", "id"])
    op.create_table(
        "snapshots",
        sa.Column("id", serial(), autoincrement=True, nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_snapshots"),
    )
    op.create_index("ix_snapshots_organisation_source_id", "snapshots", ["organisation", "source", "id"])
    op.create_index("ix_snapshots_received_at", "snapshots", ["received_at"])
    op.create_table(
        "evaluations",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("rule_group", sa.Text(), nullable=False),
        sa.Column("evaluated_at", sa.BigInteger(), nullable=False),
        sa.Column("duration", sa.Integer(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "rule_group", name="pk_evaluations"),
    )
    op.create_table(
        "leases",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "name", name="pk_leases"),
    )
    op.create_table(
        "replicas",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("heartbeat_at", sa.BigInteger(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_replicas"),
    )
    op.create_table(
        "tokens",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.Column("last_used_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("organisation", "id", name="pk_tokens"),
        sa.UniqueConstraint("hash", name="uq_tokens_hash"),
    )
    op.create_table(
        "requests",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("key", sa.String(256), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "key", name="pk_requests"),
    )
    op.create_index("ix_requests_created_at", "requests", ["created_at"])
    op.create_table(
        "counters",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", name="pk_counters"),
    )


def downgrade() -> None:
    for table in (
        "reports",
        "alerts",
        "groups",
        "members",
        "entries",
        "pages",
        "notifications",
        "attempts",
        "channels",
        "silences",
        "history",
        "snapshots",
        "evaluations",
        "leases",
        "replicas",
        "tokens",
        "requests",
        "counters",
    ):
        op.drop_table(table)
