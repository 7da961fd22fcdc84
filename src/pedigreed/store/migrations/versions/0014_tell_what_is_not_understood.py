"""Mark the announcements that could not be read before as covered, so that no digest tells of old ones now.

Texts that nobody could understand are told from now on. Those that were known when a subscription's last period
ended are covered by it.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_COVER = """
INSERT INTO announced (subscription, announcement_id, label)
SELECT periods.subscription, announcements.id, MAX(periods.label)
FROM periods
JOIN listeners ON listeners.subscription = periods.subscription
JOIN announcements ON announcements.id > listeners.after_announcement
WHERE periods.ends_at = (SELECT MAX(ends_at) FROM periods other WHERE other.subscription = periods.subscription)
AND (
    announcements.id <= (SELECT MAX(announcement_id) FROM announced known
                         WHERE known.subscription = periods.subscription)
    OR (announcements.medium <> 'server' AND announcements.heard_at < periods.ends_at - 3600000)
)
AND NOT EXISTS (SELECT 1 FROM announced known
                WHERE known.subscription = periods.subscription AND known.announcement_id = announcements.id)
GROUP BY periods.subscription, announcements.id
"""
"""Announcements become visible in the order of their numbers, so that all below a covered one were known then.

The hour (in milliseconds) in the other case is for what another process was hearing while the period ended.
"""


def upgrade() -> None:
    op.execute(_COVER)
