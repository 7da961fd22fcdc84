"""Keep which files subscriptions have fetched, and what came of each.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "downloads",
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("program", sa.Integer(), nullable=False),
        sa.Column("wanted_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.BigInteger()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("reason", sa.Text()),
        sa.Column("told_in", sa.Text()),
        sa.PrimaryKeyConstraint("subscription", "filename", name="pk_downloads"),
        comment="the files that subscriptions have fetched, and what came of each",
    )
