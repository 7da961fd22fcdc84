"""Changes: recorded once each, and which period of which subscription covers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, and_, func, insert, select

from pedigreed.model.campaign import Moved
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.store.statements import batches, insert_or_skip
from pedigreed.store.tables import changes, told, watched

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy.engine import Connection


def record(connection: Connection, news: Iterable[Change]) -> None:
    """Record changes. One that is known by its identity already is left as it is."""
    statement = insert_or_skip(connection, changes)
    for batch in batches(news):
        connection.execute(statement, [_row_of(change) for change in batch])


def uncovered_keys(connection: Connection, subscription: str, programs: Collection[int]) -> list[int]:
    """The row ids of the changes that no period of a subscription covers yet, oldest first.

    Only of what the subscription watches, and only those that came after it began to.
    """
    query = (
        select(changes.c.id)
        .join(
            watched,
            and_(
                watched.c.subscription == subscription,
                watched.c.program == changes.c.program,
                watched.c.instrument == changes.c.instrument,
                watched.c.after_change < changes.c.id,
            ),
        )
        .outerjoin(told, and_(told.c.change_id == changes.c.id, told.c.subscription == subscription))
        .where(changes.c.program.in_(programs), told.c.change_id.is_(None))
        .order_by(changes.c.id)
    )
    return list(connection.execute(query).scalars())


def between(connection: Connection, programs: Collection[int], first: int, last: int) -> dict[int, Change]:
    """Row id -> change, for all changes of some programs from the row id `first` to `last`."""
    query = select(changes).where(changes.c.program.in_(programs), changes.c.id.between(first, last))
    return {row.id: _change_of(row) for row in connection.execute(query)}


def uncovered(connection: Connection, subscription: str, programs: Collection[int]) -> list[tuple[int, Change]]:
    """The changes that no period of a subscription covers yet, with their row ids, oldest first."""
    keys = uncovered_keys(connection, subscription, programs)
    known = between(connection, programs, keys[0], keys[-1]) if keys else {}
    return [(key, known[key]) for key in keys]


def mark_covered(connection: Connection, subscription: str, label: str, ids: Iterable[int]) -> None:
    """Say that a period covers these changes. The table's key refuses to cover one twice."""
    for batch in batches(ids):
        rows = [{"subscription": subscription, "change_id": key, "label": label} for key in batch]
        connection.execute(insert(told), rows)


def came_at(connection: Connection, filenames: Iterable[str]) -> dict[str, datetime]:
    """File name -> when the product was first told as there (UTC). What is of a baseline is not among them."""
    kinds = (ChangeKind.FIRST.value, ChangeKind.NEW.value)
    found: dict[str, datetime] = {}
    for batch in batches(filenames):
        query = (
            select(changes.c.filename, func.min(changes.c.seen_at, type_=changes.c.seen_at.type))
            .where(changes.c.filename.in_(batch), changes.c.kind.in_(kinds))
            .group_by(changes.c.filename)
        )
        found.update((filename, at) for filename, at in connection.execute(query))
    return found


def of_flagged(connection: Connection, programs: Collection[int]) -> list[Change]:
    """The flags of products of some programs that MAST ever marked as stale, and what was reprocessed of them."""
    kinds = (ChangeKind.STALE.value, ChangeKind.NO_LONGER_STALE.value, ChangeKind.REPROCESSED.value)
    flagged = select(changes.c.filename).where(
        changes.c.program.in_(programs), changes.c.kind == ChangeKind.STALE.value
    )
    query = (
        select(changes)
        .where(changes.c.program.in_(programs), changes.c.kind.in_(kinds), changes.c.filename.in_(flagged))
        .order_by(changes.c.filename, changes.c.revision)
    )
    return [_change_of(row) for row in connection.execute(query)]


def moves(connection: Connection, programs: Collection[int], since: datetime) -> list[Moved]:
    """What was reprocessed of some programs and seen since a moment (UTC), gathered by what moved together."""
    at = func.coalesce(changes.c.archived_at, changes.c.seen_at, type_=changes.c.seen_at.type)
    by = (
        changes.c.instrument,
        changes.c.program,
        changes.c.observation,
        changes.c.level,
        changes.c.after_cal_ver,
        changes.c.after_crds_ctx,
    )
    query = (
        select(*by, func.min(at, type_=at.type), func.max(at, type_=at.type))
        .where(
            changes.c.program.in_(programs),
            changes.c.seen_at >= since,
            changes.c.kind == ChangeKind.REPROCESSED.value,
        )
        .group_by(*by, changes.c.seen_at)
    )
    return [Moved(Instrument(instrument), *rest) for instrument, *rest in connection.execute(query)]


def history(
    connection: Connection, programs: Collection[int], filename: str | None = None, limit: int = 1000
) -> list[Change]:
    """Recorded changes, newest first: of some programs, of one file, or of everything where neither is named."""
    query = select(changes).order_by(changes.c.id.desc()).limit(limit)
    if programs:
        query = query.where(changes.c.program.in_(programs))
    if filename is not None:
        query = query.where(changes.c.filename == filename)
    return [_change_of(row) for row in connection.execute(query)]


def _row_of(change: Change) -> dict[str, Any]:
    before = change.before or Pedigree(None, None, None)
    after = change.after or Pedigree(None, None, None)
    return {
        "identity": change.identity,
        "kind": change.kind.value,
        "filename": change.filename,
        "instrument": change.instrument.value,
        "program": change.program,
        "observation": change.observation,
        "level": change.level,
        "fileset": change.fileset,
        "revision": change.revision,
        "was_there": change.before is not None,
        "before_cal_ver": before.cal_ver,
        "before_crds_ctx": before.crds_ctx,
        "before_date": before.date,
        "is_there": change.after is not None,
        "after_cal_ver": after.cal_ver,
        "after_crds_ctx": after.crds_ctx,
        "after_date": after.date,
        "archived_at": change.archived_at,
        "public_at": change.public_at,
        "seen_at": change.seen_at,
    }


def _change_of(row: Row[Any]) -> Change:
    before = Pedigree(row.before_cal_ver, row.before_crds_ctx, row.before_date) if row.was_there else None
    after = Pedigree(row.after_cal_ver, row.after_crds_ctx, row.after_date) if row.is_there else None
    return Change(
        kind=ChangeKind(row.kind),
        filename=row.filename,
        instrument=Instrument(row.instrument),
        program=row.program,
        observation=row.observation,
        level=row.level,
        fileset=row.fileset,
        revision=row.revision,
        before=before,
        after=after,
        seen_at=row.seen_at,
        archived_at=row.archived_at,
        public_at=row.public_at,
    )
