"""How many products there are, counted where they change, on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import text

from examples import examples
from pedigreed.model.instant import from_milliseconds
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import Holding, KnownProduct, Product
from pedigreed.store import holdings, products

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection

    from pedigreed.store.database import Store

NOON = datetime(2026, 11, 21, 12, 0, 0, 123000, tzinfo=UTC)
NIRCAM = Instrument.NIRCAM
PROGRAMS = (1180, 1181)

dates = st.none() | st.integers(0, 3).map(lambda hours: NOON + timedelta(hours=hours))
states = st.builds(
    KnownProduct,
    st.builds(
        Product,
        filename=st.sampled_from([f"{letter}_cal.fits" for letter in "abcdef"]),
        instrument=st.sampled_from((NIRCAM, Instrument.MIRI)),
        program=st.sampled_from(PROGRAMS),
        observation=st.none() | st.integers(0, 1),
        level=st.sampled_from(("2b", "3")),
        fileset=st.just("a"),
        pedigree=st.builds(Pedigree, st.none() | st.sampled_from(("1.0", "2.0")), st.none() | st.just("x"), dates),
    ),
    revision=st.integers(0, 2),
    withdrawn_at=st.none() | st.just(NOON),
)
answers = st.lists(states, min_size=1, max_size=5, unique_by=lambda state: state.product.filename)


class _Undo(Exception):
    pass


@contextmanager
def undone(store: Store) -> Iterator[Connection]:
    """A writing transaction that leaves nothing behind."""
    with suppress(_Undo), store.writing() as connection:
        yield connection
        raise _Undo


def product(name: str, *, program: int = 1180, date: datetime | None = NOON, cal_ver: str = "1.0") -> KnownProduct:
    return KnownProduct(Product(name, NIRCAM, program, 7, "2b", "a", Pedigree(cal_ver, "x", date)))


def keep(connection: Connection, kept: Sequence[KnownProduct]) -> None:
    names = [state.product.filename for state in kept]
    products.keep(connection, kept, products.known_by_name(connection, names))


def counted_anew(connection: Connection) -> set[Holding]:
    return {
        Holding(
            instrument,
            program,
            *kind,
            count,
            None if earliest is None else from_milliseconds(earliest),
            None if latest is None else from_milliseconds(latest),
        )
        for instrument in Instrument
        for program, counts in holdings.counted(connection, instrument, PROGRAMS).items()
        for kind, (count, earliest, latest) in counts.items()
    }


def test_products_of_one_pedigree_are_counted(store: Store) -> None:
    undated = replace(product("c_cal.fits").product, pedigree=Pedigree(None, None, None), observation=None)
    latest = NOON + timedelta(hours=1)
    with store.writing() as connection:
        first, last, gone = product("a_cal.fits"), product("b_cal.fits", date=latest), product("d_cal.fits")
        keep(connection, [first, last, KnownProduct(undated), replace(gone, withdrawn_at=NOON)])
    with store.reading() as connection:
        assert holdings.load(connection, [1180]) == [
            Holding(NIRCAM, 1180, None, "2b", None, None, 1, None, None),
            Holding(NIRCAM, 1180, 7, "2b", "1.0", "x", 2, NOON, latest),
        ]
        assert holdings.load(connection, [1181]) == []


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sequence=st.lists(answers, min_size=1, max_size=6))
def test_whatever_comes_changes_and_goes_the_counts_are_those_of_the_products(
    store: Store, sequence: list[list[KnownProduct]]
) -> None:
    with undone(store) as connection:
        for answer in sequence:
            keep(connection, answer)
            found = holdings.load(connection, PROGRAMS)
            assert len(found) == len(set(found))
            assert set(found) == counted_anew(connection)


def test_who_reads_meanwhile_sees_products_and_counts_of_one_moment(store: Store) -> None:
    with store.writing() as connection:
        keep(connection, [product("a_cal.fits")])
    with store.reading() as reader:
        (before,) = holdings.load(reader, [1180])
        with store.writing() as connection:
            keep(connection, [product("b_cal.fits"), product("c_cal.fits", program=1181)])
        assert holdings.load(reader, PROGRAMS) == [before]
        assert counted_anew(reader) == {before}
    with store.reading() as reader:
        assert [(held.program, held.products) for held in holdings.load(reader, PROGRAMS)] == [
            (1180, 2),
            (1181, 1),
        ]


def test_two_who_change_a_program_at_once_both_count(store: Store) -> None:
    """The second waits for the first, and one that leaves with the first DATE takes it away from both."""
    if not store.is_shared:
        # There a writing transaction is the only one from its start.
        return
    with store.writing() as connection:
        keep(connection, [product("a_cal.fits"), product("b_cal.fits", date=NOON + timedelta(hours=2))])
    kept = threading.Event()

    def add() -> None:
        with store.writing() as connection:
            products.keep(connection, [product("c_cal.fits", date=NOON + timedelta(hours=1))], {})
            kept.set()

    with ThreadPoolExecutor() as beside, store.writing() as connection:
        keep(connection, [product("a_cal.fits", cal_ver="2.0")])
        adding = beside.submit(add)
        with store.reading() as reader:
            assert not kept.wait(0.2)
            assert {held.products for held in holdings.load(reader, [1180])} == {2}
    adding.result()
    with store.reading() as reader:
        assert set(holdings.load(reader, PROGRAMS)) == counted_anew(reader)
        assert {held.products for held in holdings.load(reader, PROGRAMS)} == {1, 2}


def test_two_who_see_a_program_first_both_count(store: Store) -> None:
    if not store.is_shared:
        return

    def add() -> None:
        with store.writing() as connection:
            products.keep(connection, [product("b_cal.fits")], {})

    with ThreadPoolExecutor() as beside, store.writing() as connection:
        keep(connection, [product("a_cal.fits")])
        adding = beside.submit(add)
    adding.result()
    with store.reading() as reader:
        assert [held.products for held in holdings.load(reader, [1180])] == [2]


def test_counts_that_lack_products_are_made_anew(store: Store) -> None:
    with store.writing() as connection:
        keep(connection, [product("a_cal.fits"), product("b_cal.fits")])
        connection.execute(text("DELETE FROM holdings"))
        keep(connection, [product("a_cal.fits", cal_ver="2.0")])
        assert set(holdings.load(connection, PROGRAMS)) == counted_anew(connection)
