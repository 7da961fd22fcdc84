"""The contexts that CRDS had in use when it was last asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from pedigreed.model.context_use import ContextsInUse
from pedigreed.store.tables import contexts_in_use

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_LATEST, _BUILD = "latest", "build"


def save(connection: Connection, contexts: ContextsInUse) -> None:
    """Keep them in place of those before."""
    rows = [{"track": _LATEST, "context": contexts.latest, "since": contexts.latest_since, "cal_ver": None}]
    if contexts.build is not None:
        rows.append({"track": _BUILD, "context": contexts.build, "since": None, "cal_ver": contexts.cal_ver})
    connection.execute(delete(contexts_in_use))
    connection.execute(insert(contexts_in_use), rows)


def load(connection: Connection) -> ContextsInUse | None:
    """The last that were kept; None before the first."""
    rows = {row.track: row for row in connection.execute(select(contexts_in_use))}
    latest, build = rows.get(_LATEST), rows.get(_BUILD)
    if latest is None:
        return None
    return ContextsInUse(
        latest.context,
        latest.since,
        build.context if build is not None else None,
        build.cal_ver if build is not None else None,
    )
