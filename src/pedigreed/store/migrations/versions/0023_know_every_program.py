"""Keep which programs the archive has, for those who watch all of them.

Revision ID: 0023
Revises: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "archived_programs",
        sa.Column("program", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("program", name="pk_archived_programs"),
        comment="the programs that MAST was found to have, once all of them were asked for",
    )
