"""What is remembered of products, on both databases."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from examples import examples
from pedigreed.model.failure import TryAgain
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import KnownProduct, Product
from pedigreed.store import coverage, products
from pedigreed.store.tables import parameter_sets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

    from pedigreed.store.database import Store

NOON = datetime(2026, 11, 21, 12, 0, 0, 123000, tzinfo=UTC)

text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
instants = st.datetimes(timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
whole = st.integers(-(2**63), 2**63 - 1)
small = st.integers(0, 2**31 - 1)
maybe_flag = st.none() | st.booleans()
pedigrees = st.builds(Pedigree, st.none() | text, st.none() | text, st.none() | instants)
every_product = st.builds(
    Product,
    filename=text,
    instrument=st.sampled_from(Instrument),
    program=small,
    observation=st.none() | small,
    level=text,
    fileset=text,
    pedigree=pedigrees,
    is_stale=maybe_flag,
    public_at=st.none() | instants,
    archived_at=st.none() | instants,
    observation_start=st.none() | instants,
    size=st.none() | whole,
    checksum=st.none() | text,
    fingerprint=st.binary(max_size=16),
    parameters=st.dictionaries(
        text, text | whole | st.floats(allow_nan=False, allow_infinity=False) | st.booleans(), max_size=4
    ),
)
every_known = st.builds(KnownProduct, every_product, small, small, st.none() | instants, st.none() | instants)


class _Undo(Exception):
    pass


@contextmanager
def undone(store: Store) -> Iterator[Connection]:
    """A writing transaction that leaves nothing behind."""
    with suppress(_Undo), store.writing() as connection:
        yield connection
        raise _Undo


def product(name: str, *, program: int = 1180, instrument: Instrument = Instrument.NIRCAM) -> Product:
    return Product(
        filename=name,
        instrument=instrument,
        program=program,
        observation=7,
        level="2b",
        fileset=name.rpartition("_")[0],
        pedigree=Pedigree("1.20.2", "jwst_1464.pmap", NOON),
        fingerprint=f"{name} {program}".encode(),
        parameters={"filter": "F200W", "ngroups": 5},
    )


def keep(store: Store, *states: KnownProduct) -> None:
    with store.writing() as connection:
        names = [state.product.filename for state in states]
        products.keep(connection, states, products.known_by_name(connection, names))


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(states=st.lists(every_known, max_size=4, unique_by=lambda state: state.product.filename))
def test_whatever_is_kept_of_a_product_comes_back(store: Store, states: list[KnownProduct]) -> None:
    with undone(store) as connection:
        products.keep(connection, states, before={})
        found = products.known_by_name(connection, [state.product.filename for state in states])
    assert found == {state.product.filename: state for state in states}
    for state in states:
        kept = found[state.product.filename].product.parameters
        assert {name: type(value) for name, value in kept.items()} == {
            name: type(value) for name, value in state.product.parameters.items()
        }


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=every_known, after=every_known, other=every_known)
def test_a_later_state_takes_the_place_of_an_earlier_one(
    store: Store, before: KnownProduct, after: KnownProduct, other: KnownProduct
) -> None:
    before = replace(before, product=replace(before.product, filename="this_cal.fits"))
    after = replace(after, product=replace(after.product, filename="this_cal.fits"))
    other = replace(other, product=replace(other.product, filename="other_cal.fits"))
    with undone(store) as connection:
        products.keep(connection, [before, other], before={})
        products.keep(connection, [after], before={"this_cal.fits": before})
        found = products.known_by_name(connection, ["this_cal.fits", "other_cal.fits", "absent_cal.fits"])
    assert found == {"this_cal.fits": after, "other_cal.fits": other}


def test_added_and_moved_products_may_come_together(store: Store) -> None:
    keep(store, KnownProduct(product("a_cal.fits")))
    moved = KnownProduct(product("a_cal.fits"), revision=1)
    added = KnownProduct(product("b_cal.fits"))
    keep(store, added, moved)
    with store.reading() as connection:
        assert products.known_by_name(connection, ["a_cal.fits", "b_cal.fits"]) == {
            "a_cal.fits": moved,
            "b_cal.fits": added,
        }


def test_a_product_is_kept_once(store: Store) -> None:
    with store.writing() as connection:
        products.keep(connection, [KnownProduct(product("a_cal.fits"))], before={})
    with pytest.raises(TryAgain, match="kept already"), store.writing() as connection:
        products.keep(connection, [KnownProduct(product("a_cal.fits"))], before={})


def test_more_products_than_a_batch_are_all_kept(store: Store) -> None:
    names = [f"jw01180007001_{number:05d}_nrca1_cal.fits" for number in range(6001)]
    keep(store, *(KnownProduct(product(name)) for name in names))
    with store.reading() as connection:
        assert sorted(products.known_by_name(connection, names)) == names
        assert products.counts(connection, [1180]) == {1180: 6001}


def test_products_with_equal_parameters_share_one_set(store: Store) -> None:
    one, other = product("a_cal.fits"), product("b_cal.fits")
    reordered = dict(reversed(list(one.parameters.items())))
    keep(store, KnownProduct(one), KnownProduct(replace(other, parameters=reordered)))
    with store.reading() as connection:
        assert len(connection.execute(parameter_sets.select()).all()) == 1


def test_fingerprints_lead_to_the_names_of_what_is_there(store: Store) -> None:
    here, gone = product("a_cal.fits"), product("b_cal.fits")
    elsewhere = product("c_cal.fits", program=1181)
    other = product("d_cal.fits", instrument=Instrument.MIRI)
    states = [KnownProduct(here), KnownProduct(gone, withdrawn_at=NOON), KnownProduct(elsewhere)]
    keep(store, *states, KnownProduct(other))
    with store.reading() as connection:
        assert products.fingerprints(connection, Instrument.NIRCAM, [1180]) == {here.fingerprint: "a_cal.fits"}
        assert products.fingerprints(connection, Instrument.NIRCAM, frozenset({1180, 1181})) == {
            here.fingerprint: "a_cal.fits",
            elsewhere.fingerprint: "c_cal.fits",
        }
        assert products.fingerprints(connection, Instrument.MIRI, [1181]) == {}


def test_missed_and_withdrawn_products_are_told_apart(store: Store) -> None:
    there = KnownProduct(product("a_cal.fits"))
    missed = KnownProduct(product("b_cal.fits"), missed=1, missed_since=NOON)
    gone = KnownProduct(product("c_cal.fits"), missed=2, missed_since=NOON, withdrawn_at=NOON)
    keep(store, there, missed, gone)
    with store.reading() as connection:
        assert list(products.missed(connection, [1180])) == [missed]
        assert list(products.missed(connection, [1181])) == []
        assert products.known_by_name(connection, ["c_cal.fits"]) == {"c_cal.fits": gone}
        there_now = products.fingerprints(connection, Instrument.NIRCAM, [1180]).values()
        assert "c_cal.fits" not in there_now


def test_a_product_that_is_found_again_was_never_missed(store: Store) -> None:
    missed = KnownProduct(product("a_cal.fits"), missed=1, missed_since=NOON)
    still = KnownProduct(product("b_cal.fits"), missed=1, missed_since=NOON)
    keep(store, missed, still)
    with store.writing() as connection:
        products.found_again(connection, frozenset({"a_cal.fits"}))
    with store.reading() as connection:
        assert list(products.missed(connection, [1180])) == [still]
        found = products.known_by_name(connection, ["a_cal.fits"])["a_cal.fits"]
    assert found == KnownProduct(missed.product)


def test_products_come_in_the_order_of_code_points(store: Store) -> None:
    names = ["jw_b_cal.fits", "jw-a_cal.fits", "JW_c_cal.fits", "jw01_cal.fits", "jwa_cal.fits", "jw_1_cal.fits"]
    keep(store, *(KnownProduct(product(name), missed=1, missed_since=NOON) for name in names))
    with store.reading() as connection:
        found = products.missed(connection, [1180])
        assert [known.product.filename for known in found] == sorted(names)


def test_products_are_counted_without_the_withdrawn(store: Store) -> None:
    keep(
        store,
        KnownProduct(product("a_cal.fits")),
        KnownProduct(product("b_cal.fits", instrument=Instrument.MIRI)),
        KnownProduct(product("c_cal.fits"), withdrawn_at=NOON),
        KnownProduct(product("d_cal.fits", program=1181)),
    )
    with store.reading() as connection:
        assert products.counts(connection, [1180, 1181, 1182]) == {1180: 2, 1181: 1}
        assert products.counts(connection, [1180, 1181], Instrument.MIRI) == {1180: 1}


def test_the_programs_with_data_are_those_that_ever_had_a_product(store: Store) -> None:
    gone = KnownProduct(product("b_cal.fits", program=1181), withdrawn_at=NOON)
    keep(store, KnownProduct(product("a_cal.fits")), gone)
    with store.writing() as connection:
        coverage.load(connection, [1180, 1181, 1182], for_update=Instrument.NIRCAM)
        assert products.with_data(connection, [1180, 1181, 1182]) == {1180, 1181}
        assert products.with_data(connection, [1182]) == set()


def test_a_release_that_has_passed_is_found_until_it_is_kept(store: Store) -> None:
    def exclusive(name: str, hours: int, **fields: Any) -> KnownProduct:  # noqa: ANN401  # any field
        public_at = NOON + timedelta(hours=hours)
        return KnownProduct(replace(product(name), public_at=public_at), **{"is_exclusive": True, **fields})

    keep(
        store,
        *(exclusive("a_cal.fits", -5), exclusive("b_cal.fits", 0), exclusive("c_cal.fits", 1)),
        *(exclusive("d_cal.fits", -1, is_exclusive=False), exclusive("e_cal.fits", -1, withdrawn_at=NOON)),
        exclusive("f_cal.fits", -1, missed=1, missed_since=NOON),
    )

    def found() -> list[str]:
        with store.reading() as connection:
            return [known.product.filename for known in products.released(connection, [1180, 1181], NOON)]

    assert found() == ["a_cal.fits", "b_cal.fits"]
    with store.writing() as connection:
        (first, _) = products.released(connection, [1180], NOON, for_update=True)
        products.keep(connection, [replace(first, is_exclusive=False)], {"a_cal.fits": first})
    assert found() == ["b_cal.fits"]
