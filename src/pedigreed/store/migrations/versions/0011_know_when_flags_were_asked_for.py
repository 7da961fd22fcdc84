"""Keep when a program was last asked for its stale flags alone, so that digests say as of when they are known.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("coverage", sa.Column("flags_at", sa.BigInteger()))
