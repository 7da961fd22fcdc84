"""Changes: recorded once each, and which period of which subscription covers them."""

from __future__ import annotations

from functools import lru_cache
from sys import intern
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Integer, and_, case, delete, func, insert, select, type_coerce, update

from pedigreed.model.campaign import Moved
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.instant import from_milliseconds, to_milliseconds
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.store.database import (
    BATCH,
    Direct,
    alone_for_transaction,
    batches,
    insert_or_skip,
    own_rows,
    share_for_transaction,
)
from pedigreed.store.tables import Instant, changes, told, watched

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection


def record(connection: Connection, news: Iterable[Change]) -> None:
    """Record changes. One that is known by its identity already is left as it is."""
    share_for_transaction(connection, _RECORDING)
    for batch in batches(news):
        _RECORD.run(connection, [_row_of(change) for change in batch])


def uncovered_keys(connection: Connection, watching: Mapping[str, Collection[int]]) -> dict[str, list[int]]:
    """Subscription -> the row ids of the changes of its programs that no period of it covers yet.

    By file name and revision, as they are folded: to sort these here takes less memory than to sort changes.
    Only of what the subscription watches, and only those that came after it began to.
    """
    found: dict[str, list[int]] = {name: [] for name in watching}
    programs = frozenset().union(*watching.values())
    query = (
        select(watched.c.subscription, changes.c.program, changes.c.id)
        .join(
            changes,
            and_(
                watched.c.program == changes.c.program,
                watched.c.instrument == changes.c.instrument,
                watched.c.after_change < changes.c.id,
            ),
        )
        .outerjoin(told, and_(told.c.change_id == changes.c.id, told.c.subscription == watched.c.subscription))
        .where(watched.c.subscription.in_(watching), changes.c.program.in_(programs), told.c.change_id.is_(None))
    )
    in_order = query.order_by(changes.c.filename, changes.c.revision, changes.c.id)
    # PostgreSQL's driver would have all of them in memory first.
    for name, program, key in connection.execute(in_order, execution_options={"yield_per": BATCH}):
        if program in watching[name]:
            found[name].append(key)
    return found


def load(connection: Connection, keys: Iterable[int]) -> Iterator[Change]:
    """Changes by their row ids, in the order of those. They are read as they are taken, some at a time."""
    for batch in batches(keys, _LOADED_AT_ONCE):
        query = select(*_AS_KEPT).where(changes.c.id.in_(batch))
        found = {row[0]: row for rows in own_rows(connection, query) for row in rows}
        for key in batch:
            yield _change_of(found[key])


def mark_covered(connection: Connection, subscription: str, label: str, ids: Iterable[int]) -> None:
    """Say that a period covers these changes. The table's key refuses to cover one twice."""
    for batch in batches(ids):
        _TELL.run(connection, [(subscription, key, label) for key in batch])


def pass_over_told(connection: Connection, subscriptions: Collection[str]) -> None:
    """Let what some subscriptions watch go on after what their periods covered, where nothing before that waits.

    So what is looked through for uncovered changes does not grow with the years. Where anybody is recording
    changes, nothing is passed over: theirs may have lower numbers than what is covered, and are not seen yet.
    """
    if not subscriptions or not alone_for_transaction(connection, _RECORDING):
        return
    last_told = (
        select(func.max(told.c.change_id))
        .where(told.c.subscription == watched.c.subscription)
        .correlate(watched)
        .scalar_subquery()
    )
    waits = (
        select(changes.c.id)
        .where(
            changes.c.program == watched.c.program,
            changes.c.instrument == watched.c.instrument,
            changes.c.id > watched.c.after_change,
            changes.c.id <= last_told,
            ~_IS_TOLD,
        )
        .exists()
    )
    connection.execute(
        update(watched)
        .where(watched.c.subscription.in_(subscriptions), watched.c.after_change < last_told, ~waits)
        .values(after_change=last_told)
    )


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


def unrecorded(connection: Connection, news: Iterable[Change]) -> list[Change]:
    """Those of some changes that are not known by their identity."""
    fresh: list[Change] = []
    for batch in batches(news):
        identities = [change.identity for change in batch]
        known = set(
            connection.execute(select(changes.c.identity).where(changes.c.identity.in_(identities))).scalars()
        )
        fresh += [change for change in batch if change.identity not in known]
    return fresh


def told_by_set(
    connection: Connection, subscription: str, filenames: Iterable[str]
) -> frozenset[tuple[str, str | None, str | None]]:
    """File name, CAL_VER and CRDS_CTX of products that a subscription was told of as reprocessed file sets."""
    return frozenset(
        (filename, cal_ver, crds_ctx)
        for batch in batches(filenames)
        for filename, cal_ver, crds_ctx in connection.execute(
            select(changes.c.filename, changes.c.after_cal_ver, changes.c.after_crds_ctx)
            .join(told, and_(told.c.change_id == changes.c.id, told.c.subscription == subscription))
            .where(changes.c.filename.in_(batch), changes.c.kind == ChangeKind.SET_REPROCESSED.value)
        )
    )


def of_flagged(connection: Connection, programs: Collection[int]) -> list[Change]:
    """The flags of products of some programs that MAST ever marked as stale, and what was reprocessed of them."""
    kinds = (ChangeKind.STALE.value, ChangeKind.NO_LONGER_STALE.value, ChangeKind.REPROCESSED.value)
    flagged = select(changes.c.filename).where(
        changes.c.program.in_(programs), changes.c.kind == ChangeKind.STALE.value
    )
    query = (
        select(*_AS_KEPT)
        .where(changes.c.program.in_(programs), changes.c.kind.in_(kinds), changes.c.filename.in_(flagged))
        .order_by(changes.c.filename, changes.c.revision)
    )
    return [_change_of(row) for rows in own_rows(connection, query) for row in rows]


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
    of = changes.c
    is_other = of.before_cal_ver.is_distinct_from(of.after_cal_ver) | of.before_crds_ctx.is_distinct_from(
        of.after_crds_ctx
    )
    query = (
        select(
            *by,
            func.min(at, type_=at.type),
            func.max(at, type_=at.type),
            func.sum(case((is_other, 1), else_=0), type_=Integer),
        )
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
    query = select(*_AS_KEPT).order_by(changes.c.id.desc()).limit(limit)
    if programs:
        query = query.where(changes.c.program.in_(programs))
    if filename is not None:
        query = query.where(changes.c.filename == filename)
    return [_change_of(row) for rows in own_rows(connection, query) for row in rows]


def let_some_go(connection: Connection, subscriptions: Collection[str], seen_by: datetime, limit: int) -> int:
    """Forget at most so many changes that were seen by a moment (UTC), with who was told of them. Gives how many.

    What one of these subscriptions is still to be told stays. So does what was said of file sets, since it is said
    again as long as the archive's own service is out. The newest change stays as well: SQLite would give its
    number to the next one, and who began to watch after it would not be told of that.
    """
    later = select(changes.c.id).where(changes.c.seen_at > seen_by).order_by(changes.c.id).limit(1)
    newest = select(func.max(changes.c.id))
    first_kept = connection.execute(later).scalar() or connection.execute(newest).scalar() or 0
    waits = (
        select(watched.c.subscription)
        .where(
            watched.c.subscription.in_(subscriptions),
            watched.c.program == changes.c.program,
            watched.c.instrument == changes.c.instrument,
            watched.c.after_change < changes.c.id,
            ~_IS_TOLD,
        )
        .exists()
    )
    query = (
        select(changes.c.id)
        .where(changes.c.id < first_kept, changes.c.kind != ChangeKind.SET_REPROCESSED.value, ~waits)
        .order_by(changes.c.id)
        .limit(limit)
    )
    gone = list(connection.execute(query).scalars())
    connection.execute(delete(told).where(told.c.change_id.in_(gone)))
    connection.execute(delete(changes).where(changes.c.id.in_(gone)))
    return len(gone)


_LOADED_AT_ONCE = 500
_RECORDING = "record changes"
_IS_TOLD = (
    select(told.c.change_id)
    .where(told.c.change_id == changes.c.id, told.c.subscription == watched.c.subscription)
    # By itself it would be any change that was told of.
    .correlate(changes, watched)
    .exists()
)
"""Whether who watches was told of a change: of the rows of both that a statement looks at."""

_TELL = Direct(("subscription", "change_id", "label"), lambda _: insert(told))
_NO_PEDIGREE = Pedigree(None, None, None)
_RECORD = Direct(
    [column.name for column in changes.columns if column is not changes.c.id],
    lambda connection: insert_or_skip(connection, changes),
)


def _row_of(change: Change) -> tuple[Any, ...]:
    """In the order of the table's columns, as the database keeps them."""
    before = change.before or _NO_PEDIGREE
    after = change.after or _NO_PEDIGREE
    return (
        change.identity,
        str(change.kind),
        change.filename,
        str(change.instrument),
        change.program,
        change.observation,
        change.level,
        change.fileset,
        change.revision,
        before.cal_ver,
        before.crds_ctx,
        _milliseconds(before.date),
        change.before is not None,
        after.cal_ver,
        after.crds_ctx,
        _milliseconds(after.date),
        change.after is not None,
        _milliseconds(change.archived_at),
        _milliseconds(change.public_at),
        to_milliseconds(change.seen_at),
    )


def _milliseconds(instant: datetime | None) -> int | None:
    return None if instant is None else to_milliseconds(instant)


_AS_KEPT = (
    changes.c.id,
    *(
        type_coerce(column, BigInteger).label(column.name) if isinstance(column.type, Instant) else column
        for column in changes.columns
        if column.name not in {"id", "identity"}
    ),
)
"""The columns without conversion: an instant is its milliseconds."""

_KINDS = {kind.value: kind for kind in ChangeKind}
_INSTRUMENTS = {instrument.value: instrument for instrument in Instrument}


def _change_of(row: Sequence[Any]) -> Change:
    """Of a row's values as `_AS_KEPT` has them."""
    archived_at, public_at, seen_at = row[17:]
    return Change(
        _KINDS[row[1]],
        row[2],
        _INSTRUMENTS[row[3]],
        row[4],
        row[5],
        intern(row[6]),
        row[7],
        row[8],
        _pedigree_of(*row[9:13]),
        _pedigree_of(*row[13:17]),
        _shared_instant(seen_at),
        None if archived_at is None else from_milliseconds(archived_at),
        None if public_at is None else _shared_instant(public_at),
    )


def _pedigree_of(cal_ver: str | None, crds_ctx: str | None, date: int | None, is_there: int) -> Pedigree | None:
    if not is_there:
        return None
    # A campaign's texts are few, and its changes very many.
    return Pedigree(
        None if cal_ver is None else intern(cal_ver),
        None if crds_ctx is None else intern(crds_ctx),
        None if date is None else from_milliseconds(date),
    )


_shared_instant = lru_cache(maxsize=4096)(from_milliseconds)
