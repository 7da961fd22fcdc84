"""Index what is to be sent, count messages that may have arrived, and keep problems and mutes.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.BigInteger()
OPEN = sa.text("finished_at IS NULL")
GIVEN_UP = sa.text("state IN ('refused', 'expired', 'unsure')")
SENT = sa.text("state = 'sent'")


def upgrade() -> None:
    make_contents()
    change_deliveries()
    change_pauses()
    make_runs()
    make_mutes_and_problems()


def make_contents() -> None:
    op.create_table(
        "contents",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_contents"),
        sa.ForeignKeyConstraint(["message_id"], ["deliveries.message_id"], name="fk_contents_message_id"),
        comment="the bytes of each message, apart, since SQLite writes a whole row anew where one value changes",
    )
    op.execute("INSERT INTO contents (message_id, content) SELECT message_id, content FROM deliveries")


def change_deliveries() -> None:
    op.drop_index("ix_deliveries_state_next_attempt_at", "deliveries")
    with op.batch_alter_table("deliveries") as batch:
        batch.alter_column("digest_id", existing_type=sa.Text(), nullable=True)
        batch.drop_column("content")
        batch.add_column(sa.Column("unsure", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("deliveries") as batch:
        batch.alter_column("unsure", existing_type=sa.Integer(), server_default=None)
        batch.create_table_comment("the outbox: a message for each destination, and what became of it")
    for name, columns, where in (
        ("ix_deliveries_open", ["channel", "next_attempt_at", "id"], OPEN),
        ("ix_deliveries_given_up", ["finished_at"], GIVEN_UP),
        ("ix_deliveries_sent", ["channel", "recipient", "finished_at"], SENT),
    ):
        op.create_index(name, "deliveries", columns, sqlite_where=where, postgresql_where=where)


def change_pauses() -> None:
    # A pause that is forgotten is found anew with the next message.
    op.drop_table("pauses")
    op.create_table(
        "pauses",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("needs_mending", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_pauses"),
        comment="what fails as a whole and is left alone: a channel, or the composing of a subscription's digest",
    )


def make_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("work", sa.Text(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.Column("digests", sa.Integer(), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        comment="when the archive was asked and digests were told, and how it went",
    )
    op.create_index("ix_runs_work_id", "runs", ["work", "id"])


def make_mutes_and_problems() -> None:
    op.create_table(
        "mutes",
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("subscription", name="pk_mutes"),
        comment="subscriptions that are held quiet",
    )
    op.create_table(
        "problems",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("told_at", INSTANT),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_problems"),
        comment="what is wrong with the program itself, until it is over",
    )
