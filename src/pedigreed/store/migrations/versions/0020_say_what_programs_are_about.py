"""Keep what MAST's rows say of a program's proposal and of its targets. The next sweep of each brings them.

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "programs",
        sa.Column("program", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.Text()),
        sa.Column("pi_name", sa.Text()),
        sa.PrimaryKeyConstraint("program", name="pk_programs"),
        comment="what the rows of each program say of its proposal",
    )
    op.create_table(
        "targets",
        sa.Column("program", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("observation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("program", "observation", "name", name="pk_targets"),
        comment="the targets of each observation; observation 0 is of the products of several",
    )
