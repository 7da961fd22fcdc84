"""How many products have which CAL_VER, and how that came about. The database counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, func, select, type_coerce

from pedigreed.model.change import CalVerMove, ChangeKind
from pedigreed.model.instant import from_milliseconds
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import version_of
from pedigreed.store import holdings as stored_holdings
from pedigreed.store.tables import changes, coverage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.model.product import Holding

_DAY = timedelta(days=1) // timedelta(milliseconds=1)

CalVers = dict[str | None, int]
"""CAL_VER -> how many products have it. None stands for uncalibrated ones."""


ProgramPedigree = tuple[int, Instrument, str | None, str | None]
"""Program, instrument, CAL_VER and CRDS_CTX."""


def by_program(connection: Connection, programs: Collection[int]) -> dict[int, CalVers]:
    """The products of some programs that are there."""
    return cal_vers_of(by_pedigree(connection, programs))


def cal_vers_of(pedigrees: Mapping[ProgramPedigree, int]) -> dict[int, CalVers]:
    """By program, of what `by_pedigree` gives."""
    found: dict[int, CalVers] = defaultdict(dict)
    for (program, _, cal_ver, _), count in pedigrees.items():
        found[program][cal_ver] = found[program].get(cal_ver, 0) + count
    return dict(found)


def by_pedigree(connection: Connection, programs: Collection[int]) -> dict[ProgramPedigree, int]:
    """The products of some programs that are there, by program, instrument, CAL_VER and CRDS_CTX."""
    return pedigrees_of(stored_holdings.load(connection, programs))


def pedigrees_of(holdings: Iterable[Holding]) -> dict[ProgramPedigree, int]:
    """The same of what is known to be held."""
    found: Counter[ProgramPedigree] = Counter()
    for held in holdings:
        found[held.program, held.instrument, held.cal_ver, held.crds_ctx] += held.products
    return dict(found)


def by_instrument(connection: Connection, program: int) -> dict[Instrument, CalVers]:
    """The products of one program that are there."""
    found: defaultdict[Instrument, Counter[str | None]] = defaultdict(Counter)
    for held in stored_holdings.load(connection, [program]):
        found[held.instrument][held.cal_ver] += held.products
    return dict(found)


def newest(connection: Connection, programs: Collection[int]) -> str | None:
    """The highest released CAL_VER of some programs' products that are there; None where none has one."""
    there = {held.cal_ver for held in stored_holdings.load(connection, programs)}
    found = {cal_ver: version_of(cal_ver) for cal_ver in there if cal_ver is not None}
    released = {
        cal_ver: version for cal_ver, version in found.items() if version is not None and not version.is_prerelease
    }
    return max(released, key=lambda cal_ver: released[cal_ver], default=None)


def known_since(connection: Connection, program: int) -> dict[Instrument, datetime]:
    """When all products of one program were first known, UTC, by instrument. What came later is a change."""
    query = select(coverage.c.instrument, coverage.c.baseline_at).where(
        coverage.c.program == program, coverage.c.baseline_at.is_not(None)
    )
    return {Instrument(instrument): baseline_at for instrument, baseline_at in connection.execute(query)}


def moves(connection: Connection, program: int) -> list[CalVerMove]:
    """Every change of one program's products, counted by day, the oldest first."""
    day = (type_coerce(changes.c.seen_at, BigInteger) // _DAY).label("day")
    by = (
        day,
        changes.c.instrument,
        changes.c.kind,
        changes.c.was_there,
        changes.c.before_cal_ver,
        changes.c.is_there,
        changes.c.after_cal_ver,
    )
    # What is said of a file set changes nothing of what is known of its products.
    of_products = (changes.c.program == program, changes.c.kind != ChangeKind.SET_REPROCESSED.value)
    query = select(*by, func.count().label("products")).where(*of_products).group_by(*by)
    return [
        CalVerMove(
            day=from_milliseconds(row.day * _DAY).date(),
            instrument=Instrument(row.instrument),
            kind=ChangeKind(row.kind),
            was_there=row.was_there,
            before=row.before_cal_ver,
            is_there=row.is_there,
            after=row.after_cal_ver,
            products=row.products,
        )
        for row in connection.execute(query.order_by(day, changes.c.instrument, changes.c.kind))
    ]
