"""Add up when products came to have each pedigree, and how long they were marked as stale, from what is kept.

Revision ID: 0022
Revises: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_COUNTED = ("arrived", "instrument", "cal_ver", "crds_ctx", "day")


def upgrade() -> None:
    op.create_table(
        "arrivals",
        *(sa.Column(name, sa.Text(), nullable=False) for name in _COUNTED[:-1]),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("products", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*_COUNTED, name="pk_arrivals"),
        comment="how many products came to have which pedigree on each day; it stays when changes are forgotten",
    )
    op.create_table(
        "waits",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("instrument", "cal_ver", "crds_ctx")),
        sa.Column("hours", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("products", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("instrument", "cal_ver", "crds_ctx", "hours", name="pk_waits"),
        comment="how many products were marked as stale for so many hours before they were made anew",
    )
    # Whether both keywords are known, and at least one is another than before, as the program itself counts.
    op.execute(
        """
        INSERT INTO arrivals (arrived, instrument, cal_ver, crds_ctx, day, products)
        SELECT arrived, instrument, cal_ver, crds_ctx, day * 86400000, count(*)
        FROM (
            SELECT CASE kind WHEN 'reprocessed' THEN 'remade' ELSE 'new' END AS arrived, instrument,
                   after_cal_ver AS cal_ver, after_crds_ctx AS crds_ctx,
                   COALESCE(archived_at, seen_at) / 86400000 AS day
            FROM changes
            WHERE after_cal_ver IS NOT NULL AND after_crds_ctx IS NOT NULL
              AND (kind IN ('first', 'new') OR kind = 'reprocessed'
                   AND (before_cal_ver IS NULL OR before_crds_ctx IS NULL
                        OR before_cal_ver <> after_cal_ver OR before_crds_ctx <> after_crds_ctx))
            UNION ALL
            SELECT 'first sight', instrument, cal_ver, crds_ctx, archived_at / 86400000
            FROM products
            WHERE revision = 0 AND cal_ver IS NOT NULL AND crds_ctx IS NOT NULL AND archived_at IS NOT NULL
        ) AS came
        GROUP BY arrived, instrument, cal_ver, crds_ctx, day
        """
    )
    # The flag is the last of these changes before the one that made the product anew.
    op.execute(
        """
        INSERT INTO waits (instrument, cal_ver, crds_ctx, hours, products)
        SELECT instrument, after_cal_ver, after_crds_ctx, hours, count(*)
        FROM (
            SELECT remade.instrument, remade.after_cal_ver, remade.after_crds_ctx,
                   CASE WHEN COALESCE(remade.archived_at, remade.seen_at) < flag.seen_at THEN 0
                        ELSE (COALESCE(remade.archived_at, remade.seen_at) - flag.seen_at) / 3600000 END AS hours
            FROM changes AS flag
            JOIN changes AS remade ON remade.filename = flag.filename AND remade.revision = (
                SELECT min(later.revision) FROM changes AS later
                WHERE later.filename = flag.filename AND later.revision > flag.revision
                  AND later.kind IN ('stale', 'reprocessed', 'no longer stale'))
            WHERE flag.kind = 'stale' AND remade.kind = 'reprocessed'
              AND remade.after_cal_ver IS NOT NULL AND remade.after_crds_ctx IS NOT NULL
        ) AS waited
        GROUP BY instrument, after_cal_ver, after_crds_ctx, hours
        """
    )
