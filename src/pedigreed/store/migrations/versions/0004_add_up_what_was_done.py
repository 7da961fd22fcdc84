"""Keep the totals of what was done, and find the newest digests.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "totals",
        sa.Column("work", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("work", "what", name="pk_totals"),
        comment="what all runs that ended did, added up; it never becomes less",
    )
    op.create_index("ix_digests_composed_at", "digests", ["composed_at"])
