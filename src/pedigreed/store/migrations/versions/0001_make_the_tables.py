"""Make the tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FILE_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.BigInteger()  # milliseconds since 1970, UTC


def upgrade() -> None:
    make_products()
    make_changes()
    make_coverage()
    make_digests()
    make_subscriptions()
    make_deliveries()


def make_products() -> None:
    op.create_table(
        "parameter_sets",
        sa.Column("id", KEY, nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_parameter_sets"),
        sa.UniqueConstraint("parameters", name="uq_parameter_sets_parameters"),
        comment="the header values that CRDS matches by, as canonical JSON; thousands of products share one",
    )
    op.create_table(
        "products",
        sa.Column("id", KEY, nullable=False),
        sa.Column("filename", FILE_NAME, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("program", sa.Integer(), nullable=False),
        sa.Column("observation", sa.Integer()),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("fileset", sa.Text(), nullable=False),
        sa.Column("cal_ver", sa.Text()),
        sa.Column("crds_ctx", sa.Text()),
        sa.Column("date", INSTANT),
        sa.Column("is_stale", sa.Boolean()),
        sa.Column("is_restricted", sa.Boolean()),
        sa.Column("public_at", INSTANT),
        sa.Column("archived_at", INSTANT),
        sa.Column("observation_start", INSTANT),
        sa.Column("size", sa.BigInteger()),
        sa.Column("checksum", sa.Text()),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("parameters_id", KEY, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("missed_since", INSTANT),
        sa.Column("withdrawn_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_products"),
        sa.UniqueConstraint("filename", name="uq_products_filename"),
        sa.ForeignKeyConstraint(["parameters_id"], ["parameter_sets.id"], name="fk_products_parameters_id"),
    )
    op.create_index("ix_products_program_instrument", "products", ["program", "instrument"])
    op.create_index(
        "ix_products_restricted",
        "products",
        ["program"],
        sqlite_where=sa.text("is_restricted IS 1"),
        postgresql_where=sa.text("is_restricted IS true"),
    )
    is_missed = sa.text("missed_since IS NOT NULL")
    op.create_index(
        "ix_products_missed", "products", ["program"], sqlite_where=is_missed, postgresql_where=is_missed
    )


def make_changes() -> None:
    op.create_table(
        "changes",
        sa.Column("id", KEY, nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("filename", FILE_NAME, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("program", sa.Integer(), nullable=False),
        sa.Column("observation", sa.Integer()),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("fileset", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("before_cal_ver", sa.Text()),
        sa.Column("before_crds_ctx", sa.Text()),
        sa.Column("before_date", INSTANT),
        sa.Column("was_there", sa.Boolean(), nullable=False),
        sa.Column("after_cal_ver", sa.Text()),
        sa.Column("after_crds_ctx", sa.Text()),
        sa.Column("after_date", INSTANT),
        sa.Column("is_there", sa.Boolean(), nullable=False),
        sa.Column("archived_at", INSTANT),
        sa.Column("public_at", INSTANT),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
        sa.UniqueConstraint("identity", name="uq_changes_identity"),
        comment="what became different, once each; with the products, the history of every pedigree",
    )
    op.create_index("ix_changes_program_seen_at", "changes", ["program", "seen_at"])
    op.create_index("ix_changes_filename", "changes", ["filename"])


def make_coverage() -> None:
    op.create_table(
        "coverage",
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("program", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("baseline_at", INSTANT),
        sa.Column("asked_at", INSTANT),
        sa.Column("complete_at", INSTANT),
        sa.Column("sweep_at", INSTANT),
        sa.Column("problem", sa.Text()),
        sa.PrimaryKeyConstraint("instrument", "program", name="pk_coverage"),
        comment="when each program was last asked of each instrument's service, and last complete",
    )
    op.create_table(
        "increments",
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("off_since", INSTANT, nullable=False),
        sa.Column("off_until", INSTANT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("instrument", name="pk_increments"),
        comment="instruments whose service can't be trusted to tell what is younger",
    )


def make_digests() -> None:
    op.create_table(
        "digests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("composed_at", INSTANT, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_digests"),
    )


def make_subscriptions() -> None:
    op.create_table(
        "watched",
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.Column("program", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("after_change", sa.BigInteger(), nullable=False),
        sa.Column("introduced_in", sa.Text()),
        sa.PrimaryKeyConstraint("subscription", "program", "instrument", name="pk_watched"),
        comment="what each subscription watches, from which change on, and the period that told its baseline",
    )
    op.create_table(
        "periods",
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=False),
        sa.Column("unchecked", sa.Text(), nullable=False),
        sa.Column("digest_id", sa.Text()),
        sa.PrimaryKeyConstraint("subscription", "label", name="pk_periods"),
        sa.ForeignKeyConstraint(["digest_id"], ["digests.id"], name="fk_periods_digest_id"),
        comment="every period that was closed, with its digest or quietly; a period is claimed by its row",
    )
    op.create_table(
        "told",
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.Column("change_id", KEY, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subscription", "change_id", name="pk_told"),
        sa.ForeignKeyConstraint(["change_id"], ["changes.id"], name="fk_told_change_id"),
        comment="which period of a subscription covers a change; the key makes that exactly one",
    )


def make_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", KEY, nullable=False),
        sa.Column("digest_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", INSTANT),
        sa.Column("last_outcome", sa.Text()),
        sa.Column("maybe_repeated", sa.Boolean(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("message_id", name="uq_deliveries_message_id"),
        sa.UniqueConstraint("digest_id", "channel", "recipient", name="uq_deliveries_digest_id_channel_recipient"),
        sa.ForeignKeyConstraint(["digest_id"], ["digests.id"], name="fk_deliveries_digest_id"),
    )
    op.create_index("ix_deliveries_state_next_attempt_at", "deliveries", ["state", "next_attempt_at"])
    op.create_table(
        "pauses",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name="pk_pauses"),
        comment="channels that refuse as a whole, until one message gets through again",
    )
