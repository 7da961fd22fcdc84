"""The periods of subscriptions that are over, with their digests, and since when each program is watched.

A subscription that begins to watch a program gets what changes from then on, by the order in which changes
were recorded. Time is no measure for it: clocks are set back.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Select,
    String,
    and_,
    bindparam,
    column,
    delete,
    func,
    insert,
    select,
    update,
    values,
)

from pedigreed.model.instant import to_milliseconds
from pedigreed.model.instrument import Instrument
from pedigreed.model.period import ComposedDigest, Period
from pedigreed.store import coverage
from pedigreed.store.database import Direct, batches, insert_or_skip, taken_for_transaction
from pedigreed.store.tables import changes, digests, periods, watched

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy.engine import Connection

    from pedigreed.model.digest import Digest, RenderedDigest


_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


def last_closed(
    connection: Connection, until: datetime, subscriptions: Collection[str] | None = None
) -> dict[str, Period]:
    """Subscription -> its newest period that ended by a moment (UTC); of some subscriptions, or of all."""
    return _newest(connection, until, subscriptions)


def last_ends(connection: Connection, until: datetime, since: datetime = _ALWAYS) -> dict[str, datetime]:
    """When each subscription's newest period ended, of those that ended between two moments (UTC)."""
    ends_at = periods.c.ends_at
    query = (
        select(periods.c.subscription, func.max(ends_at, type_=ends_at.type))
        .where(ends_at.between(since, until))
        .group_by(periods.c.subscription)
    )
    return {row[0]: row[1] for row in connection.execute(query).all()}


def last_with_digest(
    connection: Connection, until: datetime, subscriptions: Collection[str] | None = None
) -> dict[str, Period]:
    """The same of the periods that had a digest."""
    return _newest(connection, until, subscriptions, with_digest=True)


def last_told(connection: Connection, until: datetime) -> dict[str, tuple[datetime, str]]:
    """Subscription -> the end of its newest period with a digest, by a moment (UTC), and that digest's subject."""
    query = _of_newest(until, None, with_digest=True).join(digests, digests.c.id == periods.c.digest_id)
    found = connection.execute(
        query.with_only_columns(periods.c.subscription, periods.c.ends_at, digests.c.subject)
    )
    return {name: (ends_at, subject) for name, ends_at, subject in found}


def claim(connection: Connection, labels: Mapping[str, str], now: datetime) -> set[str]:
    """Take periods, by subscription and label, to close them in this transaction.

    Gives the subscriptions whose period no other process has or had. Nobody waits for one that another is closing.
    """
    if not labels:
        return set()
    taken = taken_for_transaction(connection, "closing of", labels.keys())
    moments = {"starts_at": now, "ends_at": now, "closed_at": now}
    rows = [
        {"subscription": name, "label": labels[name], "unchecked": "", "unread": "", **moments}
        for name in sorted(taken)
    ]
    if not rows:
        return set()
    statement = insert_or_skip(connection, periods).returning(periods.c.subscription)
    return set(connection.execute(statement, rows).scalars())


def give_back(connection: Connection, labels: Mapping[str, str]) -> None:
    """Leave periods that were claimed in this transaction to another one."""
    _forget(connection, labels.items())


def _forget(connection: Connection, labels: Iterable[tuple[str, str]]) -> None:
    rows = [{"of": name, "labelled": label} for name, label in labels]
    if rows:
        is_named = (periods.c.subscription == bindparam("of"), periods.c.label == bindparam("labelled"))
        connection.execute(delete(periods).where(*is_named), rows)


def close(connection: Connection, closed: Iterable[Period]) -> None:
    """Close periods that were claimed."""
    rows = [
        {
            "of": period.subscription,
            "labelled": period.label,
            "starts_at": period.starts_at,
            "ends_at": period.ends_at,
            "closed_at": period.closed_at,
            "unchecked": " ".join(map(str, sorted(period.unchecked))),
            "digest_id": period.digest_id,
            "unread": "\n".join(sorted(period.unread)),
        }
        for period in closed
    ]
    if rows:
        connection.execute(
            update(periods).where(
                periods.c.subscription == bindparam("of"), periods.c.label == bindparam("labelled")
            ),
            rows,
        )


def _of_newest(
    until: datetime, subscriptions: Collection[str] | None, *, with_digest: bool = False
) -> Select[Any]:
    """The newest period of each subscription, of those that ended by a moment (UTC); with a digest, if so."""
    has_digest = (periods.c.digest_id.is_not(None),) if with_digest else ()
    ends_at = periods.c.ends_at
    if subscriptions is None:
        of_each = select(periods.c.subscription, func.max(ends_at, type_=ends_at.type).label("ends_at"))
        newest = of_each.where(ends_at <= until, *has_digest).group_by(periods.c.subscription).subquery()
        is_newest = and_(periods.c.subscription == newest.c.subscription, ends_at == newest.c.ends_at)
        return select(periods).join(newest, is_newest).where(*has_digest)
    # Each is looked up backwards in the index, however many periods it has.
    named = values(column("name", String), name="named").data([(name,) for name in subscriptions]).cte("named")
    older = periods.alias("older")
    of_named = select(older.c.ends_at).where(older.c.subscription == named.c.name, older.c.ends_at <= until)
    if with_digest:
        of_named = of_named.where(older.c.digest_id.is_not(None))
    last = of_named.order_by(older.c.ends_at.desc()).limit(1).correlate(named).scalar_subquery()
    is_newest = and_(periods.c.subscription == named.c.name, ends_at == last)
    return select(periods).join_from(named, periods, is_newest).where(*has_digest)


def _newest(
    connection: Connection, until: datetime, subscriptions: Collection[str] | None, *, with_digest: bool = False
) -> dict[str, Period]:
    if subscriptions is not None and not subscriptions:
        return {}
    return {
        row.subscription: Period(
            subscription=row.subscription,
            label=row.label,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            closed_at=row.closed_at,
            unchecked=frozenset(map(int, row.unchecked.split())),
            digest_id=row.digest_id,
            unread=frozenset(row.unread.splitlines()),
        )
        for row in connection.execute(_of_newest(until, subscriptions, with_digest=with_digest))
    }


def let_some_go(connection: Connection, ended_by: datetime, limit: int) -> int:
    """Forget at most so many quiet periods that ended by a moment (UTC), but each one's last. Gives how many."""
    later = periods.alias("later")
    has_later = (
        select(later.c.label)
        .where(later.c.subscription == periods.c.subscription, later.c.ends_at > periods.c.ends_at)
        .exists()
    )
    by = (periods.c.subscription, periods.c.label)
    query = select(*by).where(periods.c.ends_at <= ended_by, periods.c.digest_id.is_(None), has_later)
    gone = connection.execute(query.order_by(periods.c.ends_at).limit(limit)).all()
    _forget(connection, ((name, label) for name, label in gone))
    return len(gone)


def add_digest(connection: Connection, digest: Digest, rendered: RenderedDigest, now: datetime) -> None:
    """Keep a digest with its words."""
    _ADD_DIGEST.run(
        connection,
        [
            (
                digest.digest_id,
                digest.subscription,
                to_milliseconds(digest.starts),
                to_milliseconds(digest.ends),
                to_milliseconds(now),
                rendered.subject,
                rendered.text,
            )
        ],
    )


_ADD_DIGEST = Direct([column.name for column in digests.columns], lambda _: insert(digests))


def recent_digests(connection: Connection, limit: int) -> list[ComposedDigest]:
    """The last digests that were composed, the newest first."""
    order = (digests.c.composed_at.desc(), digests.c.id)
    return [ComposedDigest(*row) for row in connection.execute(select(*_COMPOSED).order_by(*order).limit(limit))]


def find_digest(connection: Connection, digest_id: str) -> tuple[ComposedDigest, str] | None:
    """A digest with its text; None where there is none of this identity."""
    query = select(*_COMPOSED, digests.c.text).where(digests.c.id == digest_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else (ComposedDigest(*row[:-1]), row.text)


_COMPOSED = (
    digests.c.id,
    digests.c.subscription,
    digests.c.starts_at,
    digests.c.ends_at,
    digests.c.composed_at,
    digests.c.subject,
)


Pair = tuple[Instrument, int]
"""An instrument and a program."""


def begin_watching(connection: Connection, wanted: Mapping[str, Collection[Pair]]) -> None:
    """Let subscriptions watch pairs from the newest change on. A pair that is watched already stays as it is."""
    by = (watched.c.subscription, watched.c.instrument, watched.c.program)
    new: list[tuple[str, Instrument, int]] = []
    for names in batches(wanted, _SUBSCRIPTIONS_A_STATEMENT):
        known = set(map(tuple, connection.execute(select(*by).where(watched.c.subscription.in_(names))).all()))
        new += [(name, *pair) for name in names for pair in wanted[name] if (name, *pair) not in known]
    if not new:
        return
    # No answer about these programs is being kept meanwhile: its changes come before, or after.
    for instrument in sorted({instrument for _, instrument, _ in new}):
        coverage.load(connection, {program for _, of, program in new if of is instrument}, for_update=instrument)
    newest = connection.execute(select(func.coalesce(func.max(changes.c.id), 0))).scalar_one()
    rows = [
        {
            "subscription": subscription,
            "instrument": instrument.value,
            "program": program,
            "after_change": newest,
        }
        for subscription, instrument, program in sorted(new)
    ]
    connection.execute(insert_or_skip(connection, watched), rows)


_SUBSCRIPTIONS_A_STATEMENT = 500


def introduced(connection: Connection, subscriptions: Collection[str]) -> dict[str, set[Pair]]:
    """Subscription -> the pairs whose baseline a digest of it covered."""
    query = select(watched.c.subscription, watched.c.instrument, watched.c.program).where(
        watched.c.subscription.in_(subscriptions), watched.c.introduced_in.is_not(None)
    )
    found: dict[str, set[Pair]] = {name: set() for name in subscriptions}
    for name, instrument, program in connection.execute(query):
        found[name].add((Instrument(instrument), program))
    return found


def introduce(connection: Connection, subscription: str, label: str, pairs: Iterable[Pair]) -> None:
    """Say that a period covers the baseline of these pairs, which are watched."""
    rows = [{"of": instrument.value, "in_program": program} for instrument, program in sorted(pairs)]
    if rows:
        connection.execute(
            update(watched)
            .where(
                watched.c.subscription == subscription,
                watched.c.instrument == bindparam("of"),
                watched.c.program == bindparam("in_program"),
            )
            .values(introduced_in=label),
            rows,
        )
