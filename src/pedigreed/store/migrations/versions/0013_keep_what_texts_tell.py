"""Keep what the text of an announcement tells, and which reader read it. They are read again by and by.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("announcements", sa.Column("told", sa.Text()))
    op.add_column("announcements", sa.Column("read_by", sa.Text()))
