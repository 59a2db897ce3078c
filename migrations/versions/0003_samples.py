"""Pushed samples of several kinds, their size, and the groups of a Pushgateway's pushers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("snapshots", sa.Column("kind", sa.String(16), nullable=False, server_default="snapshot"))
    op.add_column("snapshots", sa.Column("size", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE snapshots SET size = length(body)")
    op.drop_index("ix_snapshots_organisation_source_id", "snapshots")
    op.create_index("ix_snapshots_organisation_source_id_size", "snapshots", ["organisation", "source", "id", "size"])
    op.create_table(
        "push_groups",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("pushed_at", sa.BigInteger()),
        sa.Column("failed_at", sa.BigInteger()),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "source", "key", name="pk_push_groups"),
    )


def downgrade() -> None:
    op.drop_table("push_groups")
    # What the columns tell apart cannot be told apart without them.
    op.execute("DELETE FROM snapshots WHERE kind <> 'snapshot'")
    op.drop_index("ix_snapshots_organisation_source_id_size", "snapshots")
    op.create_index("ix_snapshots_organisation_source_id", "snapshots", ["organisation", "source", "id"])
    op.drop_column("snapshots", "size")
    op.drop_column("snapshots", "kind")
