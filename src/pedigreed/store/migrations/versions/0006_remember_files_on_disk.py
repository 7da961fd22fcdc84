"""Remember the pedigree of files on disk, and how looking through their folders went.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = sa.BigInteger()
PATH = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "local_files",
        sa.Column("path", PATH, nullable=False),
        sa.Column("cal_ver", sa.Text()),
        sa.Column("crds_ctx", sa.Text()),
        sa.Column("date", INSTANT),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("path", name="pk_local_files"),
        comment="products on a disk of ours, as their headers describe them; a header is read once",
    )
    op.create_table(
        "local_folders",
        sa.Column("folder", PATH, nullable=False),
        sa.Column("looked_at", INSTANT, nullable=False),
        sa.Column("complete_at", INSTANT),
        sa.Column("unread", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text()),
        sa.PrimaryKeyConstraint("folder", name="pk_local_folders"),
        comment="when each folder of products was last looked through, and how that went",
    )
