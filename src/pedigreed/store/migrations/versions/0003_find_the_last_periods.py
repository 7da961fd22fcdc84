"""Find the last periods of all subscriptions at one cost, however many there were before.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_periods_ends_at_subscription", "periods", ["ends_at", "subscription"])
