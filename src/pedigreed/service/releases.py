"""Which products have become public: those whose release date has passed since they were seen as exclusive.

MAST's rows say nothing when that happens, so it is told from the store alone, at the first digest after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.changes.compare import release
from pedigreed.store import changes as stored_changes
from pedigreed.store import products as stored_products

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.model.change import Change


def releases_due(connection: Connection, programs: Collection[int], now: datetime) -> list[Change]:
    """The changes that tell of it, and that are not recorded yet."""
    return [release(known, now)[0] for known in stored_products.released(connection, programs, now)]


def record_releases(connection: Connection, programs: Collection[int], now: datetime) -> None:
    """Record them, each once, in a writing transaction."""
    released = [
        release(known, now) for known in stored_products.released(connection, programs, now, for_update=True)
    ]
    stored_changes.record(connection, (change for change, _ in released))
    stored_products.keep(connection, (known for _, known in released), {change.filename for change, _ in released})
