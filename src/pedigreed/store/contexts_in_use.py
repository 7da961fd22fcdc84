"""The contexts that CRDS had in use when it was last asked, with the one of the newest products."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select

from pedigreed.model.context_use import ContextsInUse
from pedigreed.model.pedigree import context_name
from pedigreed.store.tables import contexts_in_use, products

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
    """The last that were kept, and what products were really made with; None before the first."""
    rows = {row.track: row for row in connection.execute(select(contexts_in_use))}
    latest, build = rows.get(_LATEST), rows.get(_BUILD)
    if latest is None:
        return None
    return ContextsInUse(
        latest.context,
        latest.since,
        build.context if build is not None else None,
        build.cal_ver if build is not None else None,
        made_with(connection, build.cal_ver) if build is not None and build.cal_ver is not None else None,
    )


def made_with(connection: Connection, cal_ver: str) -> str | None:
    """CRDS_CTX of the newest product that was made with a pipeline version, ``jwst_1535``; None without one."""
    of = products.c
    query = (
        select(of.crds_ctx, func.max(of.date))
        .where(of.cal_ver == cal_ver, of.crds_ctx.is_not(None), of.withdrawn_at.is_(None))
        .group_by(of.crds_ctx)
    )
    known = [(made_at, context) for context, made_at in connection.execute(query) if made_at is not None]
    return context_name(max(known)[1]) if known else None
