"""How many products are there of each observation, level and pedigree: counted where products change.

To group millions of products each time takes seconds. So what comes and what leaves is added up in the transaction
that keeps it, a row for each instrument and program.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import func, select

from pedigreed.model.instant import from_milliseconds, to_milliseconds
from pedigreed.model.instrument import Instrument
from pedigreed.model.product import Holding
from pedigreed.store.database import Direct, batches, insert_or_replace, insert_or_skip, own_rows
from pedigreed.store.tables import holdings, products

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy.engine import Connection

    from pedigreed.model.product import KnownProduct

_Kind = tuple[int | None, str, str | None, str | None]
"""Observation, level, CAL_VER and CRDS_CTX."""

_Count = tuple[int, int | None, int | None]
"""How many there are, and the first and the last DATE among them, in milliseconds since 1970."""

_Dates = dict[_Kind, list[int | None]]
"""Of each product that came or left."""

_DECODER = msgspec.json.Decoder(list[tuple[int | None, str, str | None, str | None, int, int | None, int | None]])
_PROGRAMS_A_STATEMENT = 500
_KEEP = Direct(("instrument", "program", "counts"), lambda connection: insert_or_replace(connection, holdings))
_MAKE = Direct(("instrument", "program", "counts"), lambda connection: insert_or_skip(connection, holdings))


def load(connection: Connection, programs: Collection[int] | None = None) -> list[Holding]:
    """The products of some programs that are there, or of all, by what a subscription selects and by pedigree."""
    of = holdings.c
    query = select(of.instrument, of.program, of.counts).order_by(of.instrument, of.program)
    if programs is not None:
        query = query.where(of.program.in_(programs))
    return [
        Holding(
            Instrument(instrument),
            program,
            observation,
            level,
            cal_ver,
            crds_ctx,
            count,
            None if earliest is None else from_milliseconds(earliest),
            None if latest is None else from_milliseconds(latest),
        )
        for rows in own_rows(connection, query)
        for instrument, program, text in rows
        for observation, level, cal_ver, crds_ctx, count, earliest, latest in _DECODER.decode(text)
    ]


def counted(
    connection: Connection, instrument: Instrument, programs: Iterable[int]
) -> dict[int, dict[_Kind, _Count]]:
    """Program -> what of it is there in one instrument, counted anew."""
    of = products.c
    by = (of.program, of.observation, of.level, of.cal_ver, of.crds_ctx)
    found: dict[int, dict[_Kind, _Count]] = defaultdict(dict)
    for some in batches(programs, _PROGRAMS_A_STATEMENT):
        query = (
            select(*by, func.count(), func.min(of.date), func.max(of.date))
            .where(of.program.in_(some), of.instrument == instrument.value, of.withdrawn_at.is_(None))
            .group_by(*by)
        )
        for rows in own_rows(connection, query):
            for program, observation, level, cal_ver, crds_ctx, count, earliest, latest in rows:
                found[program][observation, level, cal_ver, crds_ctx] = count, earliest, latest
    return dict(found)


class Counting:
    """What comes into the counts and leaves them, while products are kept.

    Two transactions that change the same program in the same instrument wait for each other, and what each adds
    and takes away is right whatever the other did.
    """

    def __init__(self) -> None:
        self._came: defaultdict[tuple[Instrument, int], _Dates] = defaultdict(dict)
        self._left: defaultdict[tuple[Instrument, int], _Dates] = defaultdict(dict)

    def take(self, state: KnownProduct, was: KnownProduct | None) -> None:
        """A product is in this state from now on; it was in that one, or not there at all."""
        if was is None:
            _note(self._came, state)
        elif _place(state) != _place(was):
            _note(self._left, was)
            _note(self._came, state)

    def keep(self, connection: Connection) -> None:
        """Keep the counts, in the transaction in which the products were kept."""
        changed: defaultdict[Instrument, list[int]] = defaultdict(list)
        for instrument, program in sorted(self._came.keys() | self._left.keys()):
            changed[instrument].append(program)
        for instrument, programs in changed.items():
            kept = _locked(connection, instrument, programs)
            lost = [
                program
                for program in programs
                if not _added_up(
                    kept[program],
                    self._came.get((instrument, program), {}),
                    self._left.get((instrument, program), {}),
                )
            ]
            anew = counted(connection, instrument, lost)
            kept.update((program, anew.get(program, {})) for program in lost)
            _KEEP.run(connection, [(instrument.value, program, _text(kept[program])) for program in programs])


def _place(state: KnownProduct) -> object:
    """What a product is counted by; equal for all that are not there."""
    product = state.product
    if state.withdrawn_at is not None:
        return None
    return product.instrument, product.program, product.observation, product.level, product.pedigree


def _note(where: defaultdict[tuple[Instrument, int], _Dates], state: KnownProduct) -> None:
    if state.withdrawn_at is not None:
        return
    product = state.product
    pedigree = product.pedigree
    dates = where[product.instrument, product.program]
    kind = product.observation, product.level, pedigree.cal_ver, pedigree.crds_ctx
    date = None if pedigree.date is None else to_milliseconds(pedigree.date)
    if kind in dates:
        dates[kind].append(date)
    else:
        dates[kind] = [date]


def _locked(
    connection: Connection, instrument: Instrument, programs: Sequence[int]
) -> dict[int, dict[_Kind, _Count]]:
    """The counts of some programs in one instrument, which nobody else changes until the transaction ends."""
    of = holdings.c
    found: dict[int, dict[_Kind, _Count]] = {}
    for some in batches(programs, _PROGRAMS_A_STATEMENT):
        _MAKE.run(connection, [(instrument.value, program, "[]") for program in some])
        query = (
            select(of.program, of.counts)
            .where(of.instrument == instrument.value, of.program.in_(some))
            .order_by(of.program)
            .with_for_update()
        )
        for program, text in connection.execute(query).all():
            found[program] = {row[:4]: row[4:] for row in _DECODER.decode(text)}
    return found


def _added_up(counts: dict[_Kind, _Count], came: _Dates, left: _Dates) -> bool:
    """Bring counts up to date; whether that can be told without the products.

    It can't where the product with the first or the last DATE of several left.
    """
    for kind, dates in left.items():
        if kind not in counts:
            return False
        count, earliest, latest = counts.pop(kind)
        if count > len(dates):
            if earliest is not None and (earliest in dates or latest in dates):
                return False
            counts[kind] = count - len(dates), earliest, latest
        elif count < len(dates):
            return False
    for kind, dates in came.items():
        count, earliest, latest = counts.get(kind, (0, None, None))
        known = [date for date in (earliest, latest, *dates) if date is not None]
        counts[kind] = count + len(dates), min(known, default=None), max(known, default=None)
    return True


def _text(counts: dict[_Kind, _Count]) -> str:
    """As it is kept. Sorted, so that it does not tell in which order products came."""
    rows = [(*kind, *count) for kind, count in counts.items()]
    rows.sort(key=lambda row: [(value is not None, value) for value in row[:4]])
    return msgspec.json.encode(rows).decode()
