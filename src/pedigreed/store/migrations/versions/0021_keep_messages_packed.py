"""Keep messages packed, and after a while only their hash. What is there is packed later, some at a time.

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("size", sa.Integer()))
    op.add_column("deliveries", sa.Column("sha256", sa.Text()))
    for name, column, condition in (
        ("ix_deliveries_as_before", "id", "size IS NULL"),
        ("ix_deliveries_kept_longest", "finished_at", "state = 'sent' AND sha256 IS NULL"),
    ):
        where = sa.text(condition)
        op.create_index(name, "deliveries", [column], sqlite_where=where, postgresql_where=where)
    op.create_index("ix_periods_subscription_ends_at", "periods", ["subscription", "ends_at"])
