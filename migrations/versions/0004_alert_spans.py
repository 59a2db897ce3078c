"""The table of how long alerts of rules were pending and firing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_spans",
        # SQLite numbers rows by itself only in a column that is exactly INTEGER.
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("producer", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("active_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_alert_spans"),
    )
    op.create_index("ix_alert_spans_organisation_ended_at", "alert_spans", ["organisation", "ended_at"])
    op.create_index(
        "ix_alert_spans_organisation_producer_fingerprint", "alert_spans", ["organisation", "producer", "fingerprint"]
    )


def downgrade() -> None:
    op.drop_table("alert_spans")
