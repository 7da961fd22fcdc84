"""The files that subscriptions have fetched, each with what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, delete, or_, select, update

from pedigreed.model.download import Download, DownloadState
from pedigreed.store.database import batches, insert_or_replace
from pedigreed.store.tables import downloads

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy.engine import Connection

KEPT_FOR = timedelta(days=90)
"""What came of a file is forgotten after that, if a digest has told it."""

_NAMES_A_STATEMENT = 500


def want(connection: Connection, subscription: str, files: Iterable[tuple[str, int]], now: datetime) -> None:
    """Have files fetched, by name and program, and forget what was told long ago. Of each there is one wish."""
    connection.execute(
        delete(downloads).where(downloads.c.wanted_at < now - KEPT_FOR, downloads.c.told_in.is_not(None))
    )
    for batch in batches(sorted(set(files))):
        rows = [
            {
                "subscription": subscription,
                "filename": filename,
                "program": program,
                "wanted_at": now,
                "state": DownloadState.WAITING.value,
                "tries": 0,
                "tried_at": None,
                "size": None,
                "reason": None,
                "told_in": None,
            }
            for filename, program in batch
        ]
        connection.execute(insert_or_replace(connection, downloads), rows)


def waiting(connection: Connection, subscription: str) -> list[Download]:
    """Those that are to be tried, by name."""
    return _load(connection, subscription, downloads.c.state == DownloadState.WAITING.value)


def untold(connection: Connection, subscription: str) -> list[Download]:
    """Those of which no digest has told what came of them, and those that wait; by name."""
    return _load(connection, subscription, downloads.c.told_in.is_(None))


def is_due(connection: Connection, subscriptions: Collection[str], tried_before: datetime) -> bool:
    """Whether one of these subscriptions waits for a file that was not tried since a moment, UTC."""
    query = (
        select(downloads.c.filename)
        .where(
            downloads.c.subscription.in_(subscriptions),
            downloads.c.state == DownloadState.WAITING.value,
            or_(downloads.c.tried_at.is_(None), downloads.c.tried_at <= tried_before),
        )
        .limit(1)
    )
    return connection.execute(query).first() is not None


def settle(connection: Connection, subscription: str, download: Download, now: datetime) -> None:
    """Keep what came of a file, unless it was wanted anew meanwhile."""
    connection.execute(
        update(downloads)
        .where(
            downloads.c.subscription == subscription,
            downloads.c.filename == download.filename,
            downloads.c.wanted_at == download.wanted_at,
        )
        .values(
            state=download.state.value,
            tries=download.tries,
            tried_at=now,
            size=download.size,
            reason=download.reason,
        )
    )


def mark_told(connection: Connection, subscription: str, label: str, told: Iterable[Download]) -> None:
    """Say which period's digest told what came of files. Of those that wait more is to be told."""
    names = [each.filename for each in told if each.state is not DownloadState.WAITING]
    for batch in batches(names, _NAMES_A_STATEMENT):
        connection.execute(
            update(downloads)
            .where(downloads.c.subscription == subscription, downloads.c.filename.in_(batch))
            .values(told_in=label)
        )


def _load(connection: Connection, subscription: str, condition: Any) -> list[Download]:  # noqa: ANN401  # SQL
    query = (
        select(downloads).where(downloads.c.subscription == subscription, condition).order_by(downloads.c.filename)
    )
    return [_download_of(row) for row in connection.execute(query)]


def _download_of(row: Row[Any]) -> Download:
    return Download(
        row.filename,
        row.program,
        row.wanted_at,
        DownloadState(row.state),
        row.tries,
        row.size,
        row.reason,
    )
