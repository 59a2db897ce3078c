"""The instant of the oldest sample of each push of metrics."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_INDEX = "ix_snapshots_organisation_source_first_at"


def upgrade() -> None:
    # Of the rows that are there it is not known: with 0 nothing is taken for too old because of them.
    op.add_column("snapshots", sa.Column("first_at", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index(_INDEX, "snapshots", ["organisation", "source", "first_at"])


def downgrade() -> None:
    op.drop_index(_INDEX, "snapshots")
    with op.batch_alter_table("snapshots") as batch:
        batch.drop_column("first_at")
