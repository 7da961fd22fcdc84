"""When each source of announcements was last read, and how that went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from pedigreed.model.news_source import SourceState
from pedigreed.store.insert import insert_or_replace
from pedigreed.store.tables import sources

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def load(connection: Connection) -> dict[str, SourceState]:
    """Every source that was ever read, by name."""
    return {
        row.name: SourceState(row.name, row.asked_at, row.complete_at, row.failures, row.problem, row.bookmark)
        for row in connection.execute(select(sources))
    }


def save(connection: Connection, state: SourceState) -> None:
    """Keep how a reading went."""
    connection.execute(
        insert_or_replace(connection, sources).values(
            name=state.name,
            asked_at=state.asked_at,
            complete_at=state.complete_at,
            failures=state.failures,
            problem=state.problem,
            bookmark=state.bookmark,
        )
    )
