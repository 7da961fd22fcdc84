"""Keep how many products each program has of each observation, level and pedigree, counted from what is there.

Revision ID: 0024
Revises: 0023
"""

from __future__ import annotations

import json
from itertools import groupby
from operator import itemgetter

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "holdings",
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("program", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("instrument", "program", name="pk_holdings"),
        comment="how many products are there of each observation, level and pedigree, with their DATEs, as JSON",
    )
    connection = op.get_bind()
    counted = connection.execute(
        sa.text(
            "SELECT instrument, program, observation, level, cal_ver, crds_ctx, count(*), min(date), max(date) "
            "FROM products WHERE withdrawn_at IS NULL "
            "GROUP BY instrument, program, observation, level, cal_ver, crds_ctx ORDER BY instrument, program"
        )
    ).all()
    rows = [
        {"instrument": instrument, "program": program, "counts": json.dumps([list(row[2:]) for row in its])}
        for (instrument, program), its in groupby(counted, itemgetter(0, 1))
    ]
    if rows:
        connection.execute(
            sa.text("INSERT INTO holdings (instrument, program, counts) VALUES (:instrument, :program, :counts)"),
            rows,
        )
