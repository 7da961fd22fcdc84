"""Go by release dates: a product is exclusive when its release was ahead as it was last asked for.

MAST's own flag, which was kept here, is false for every product.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        UPDATE products SET is_restricted = public_at IS NOT NULL AND public_at > COALESCE(
            (
                SELECT coverage.asked_at FROM coverage
                WHERE coverage.instrument = products.instrument AND coverage.program = products.program
            ),
            0
        )
        """
    )
