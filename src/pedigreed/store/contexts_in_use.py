"""The contexts that CRDS had in use when it was last asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from pedigreed.model.notice import Tracks
from pedigreed.store.tables import contexts_in_use

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_LATEST, _BUILD = "latest", "build"


def save(connection: Connection, tracks: Tracks) -> None:
    """Keep them in place of those before."""
    rows = [{"track": _LATEST, "context": tracks.latest, "since": tracks.latest_since, "cal_ver": None}]
    if tracks.build is not None:
        rows.append({"track": _BUILD, "context": tracks.build, "since": None, "cal_ver": tracks.cal_ver})
    connection.execute(delete(contexts_in_use))
    connection.execute(insert(contexts_in_use), rows)


def load(connection: Connection) -> Tracks | None:
    """The last that were kept; None before the first."""
    rows = {row.track: row for row in connection.execute(select(contexts_in_use))}
    latest, build = rows.get(_LATEST), rows.get(_BUILD)
    if latest is None:
        return None
    return Tracks(
        latest.context,
        latest.since,
        build.context if build is not None else None,
        build.cal_ver if build is not None else None,
    )
