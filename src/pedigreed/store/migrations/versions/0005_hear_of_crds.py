"""Add tables for what CRDS announces, and for programs that MAST's own mails say have changed.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INSTANT = sa.BigInteger()
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    make_sources()
    make_announcements()
    make_contexts_in_use()
    make_wanted()
    with op.batch_alter_table("periods") as batch:
        batch.add_column(sa.Column("unread", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("periods") as batch:
        batch.alter_column("unread", existing_type=sa.Text(), server_default=None)


def make_sources() -> None:
    op.create_table(
        "sources",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("complete_at", INSTANT),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text()),
        sa.Column("bookmark", sa.Text()),
        sa.PrimaryKeyConstraint("name", name="pk_sources"),
        comment="when each source of announcements was last read, and where the next reading begins",
    )


def make_announcements() -> None:
    op.create_table(
        "announcements",
        sa.Column("id", KEY, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("medium", sa.Text(), nullable=False),
        sa.Column("said_at", INSTANT),
        sa.Column("heard_at", INSTANT, nullable=False),
        sa.Column("was_there", sa.Boolean(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link", sa.Text()),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_announcements"),
        sa.UniqueConstraint("source", "identity", name="uq_announcements_source_identity"),
        comment="what the sources said of CRDS, each thing once a source; facts are JSON",
    )
    op.create_index("ix_announcements_heard_at", "announcements", ["heard_at"])
    op.create_table(
        "listeners",
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.Column("after_announcement", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subscription", name="pk_listeners"),
        comment="from which announcement on each subscription is told",
    )
    op.create_table(
        "announced",
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.Column("announcement_id", KEY, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subscription", "announcement_id", name="pk_announced"),
        sa.ForeignKeyConstraint(["announcement_id"], ["announcements.id"], name="fk_announced_announcement_id"),
        comment="which period of a subscription covers an announcement; the key makes that exactly one",
    )


def make_contexts_in_use() -> None:
    op.create_table(
        "contexts_in_use",
        sa.Column("track", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("since", INSTANT),
        sa.Column("cal_ver", sa.Text()),
        sa.PrimaryKeyConstraint("track", name="pk_contexts_in_use"),
        comment="the contexts that CRDS had in use when it was last asked",
    )


def make_wanted() -> None:
    op.create_table(
        "wanted",
        sa.Column("program", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("program", name="pk_wanted"),
        comment="programs that MAST's own mails say have changed, until they are asked for",
    )
