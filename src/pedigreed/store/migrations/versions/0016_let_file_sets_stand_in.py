"""Keep when MAST's search of file sets last stood in for a keyword service, and how much it has that is not known.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("coverage", sa.Column("stood_in_at", sa.BigInteger()))
    op.add_column("coverage", sa.Column("unknown_sets", sa.Integer(), nullable=False, server_default="0"))
