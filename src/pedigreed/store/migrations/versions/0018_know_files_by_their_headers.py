"""Keep the names that headers have of files whose own names say nothing, and the programs of each folder.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("local_files", sa.Column("named", sa.Text()))
    op.add_column("local_folders", sa.Column("programs", sa.Text()))
