"""What an answer says against what was known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pedigreed.changes.compare import Compared, compare, release, withdrawal
from pedigreed.model.change import ChangeKind
from pedigreed.model.instant import ROUNDING
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import KnownProduct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pedigreed.model.change import Change
    from pedigreed.model.product import Product

    Make = Callable[..., Product]

NOW = datetime(2026, 11, 22, 5, 58, tzinfo=UTC)
OLD = Pedigree("1.20.2", "jwst_1464.pmap", datetime(2025, 11, 2, 8, tzinfo=UTC))
DAY = timedelta(days=1)
NEW = Pedigree("2.0.1", "jwst_1535.pmap", datetime(2026, 11, 21, 14, 30, tzinfo=UTC))

versions = st.sampled_from(("1.13.3", "1.20.2", "2.0.1", "2.0.1.dev3", "no version"))
contexts = st.sampled_from(("jwst_1225.pmap", "jwst_1464.pmap", "jwst_1535.pmap", "no context"))
dates = st.datetimes(datetime(2024, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis wants them so
flags = st.sampled_from((None, False, True))
ragged = st.builds(Pedigree, st.none() | versions, st.none() | contexts, st.none() | dates)


def known(*products: Product, is_exclusive: bool = False) -> dict[str, KnownProduct]:
    return {product.filename: KnownProduct(product, is_exclusive=is_exclusive) for product in products}


def answer(
    products: Iterable[Product],
    known: dict[str, KnownProduct],
    *,
    baseline: Iterable[int] = (),
    first_data: Iterable[int] = (),
    is_complete: bool = True,
) -> Compared:
    return compare(
        products,
        known,
        baseline=frozenset(baseline),
        first_data=frozenset(first_data),
        is_complete=is_complete,
        now=NOW,
    )


def kinds(comparison: Compared) -> list[ChangeKind]:
    return [change.kind for change in comparison.changes]


def test_the_first_sight_of_a_program_is_no_change(product: Make) -> None:
    found = answer([product("a_cal.fits"), product("b_cal.fits")], {}, baseline=[1180])
    assert not found.changes
    assert [(state.product.filename, state.revision) for state in found.known] == [
        ("a_cal.fits", 0),
        ("b_cal.fits", 0),
    ]


def test_a_product_that_was_not_there_is_new(product: Make) -> None:
    (change,) = answer([product()], {}).changes
    assert (change.kind, change.before, change.after, change.revision) == (ChangeKind.NEW, None, OLD, 1)
    assert change.seen_at == NOW


def test_a_baseline_of_one_program_hides_nothing_of_another(product: Make) -> None:
    found = answer([product("a_cal.fits"), product("b_cal.fits", program=1181)], {}, baseline=[1180])
    assert [(change.kind, change.program) for change in found.changes] == [(ChangeKind.NEW, 1181)]


def test_all_the_new_products_of_a_program_without_data_are_its_first(product: Make) -> None:
    both = [product("a_cal.fits"), product("b_x1d.fits", instrument=Instrument.MIRI)]
    assert kinds(answer(both, {}, first_data=[1180])) == [ChangeKind.FIRST, ChangeKind.FIRST]


@pytest.mark.parametrize(
    "after",
    [
        NEW,
        replace(OLD, cal_ver="2.0.1"),
        replace(OLD, crds_ctx="jwst_1535.pmap"),
        replace(OLD, date=NEW.date),
        # One keyword fell and the other rose: MAST's rule calls such a file newer than a copy.
        Pedigree("1.19.1", "jwst_1535.pmap", NEW.date),
    ],
)
def test_a_higher_keyword_or_a_later_date_is_reprocessed(product: Make, after: Pedigree) -> None:
    (change,) = answer([product(pedigree=after)], known(product())).changes
    assert (change.kind, change.before, change.after) == (ChangeKind.REPROCESSED, OLD, after)


@pytest.mark.parametrize(
    "after",
    [
        Pedigree("1.19.1", "jwst_1413.pmap", datetime(2025, 9, 1, tzinfo=UTC)),
        # Made again with less than before: it is the later file, and still a step back.
        replace(OLD, cal_ver="1.19.1", date=NEW.date),
        replace(OLD, crds_ctx="jwst_1413.pmap"),
        replace(OLD, date=datetime(2025, 9, 1, tzinfo=UTC)),
    ],
)
def test_a_pedigree_that_goes_down_is_regressed(product: Make, after: Pedigree) -> None:
    (change,) = answer([product(pedigree=after)], known(product())).changes
    assert (change.kind, change.before, change.after) == (ChangeKind.REGRESSED, OLD, after)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"is_stale": False}, {"is_stale": True}, [ChangeKind.STALE]),
        ({"is_stale": True}, {"is_stale": False}, [ChangeKind.NO_LONGER_STALE]),
    ],
)
def test_a_flag_that_moves_is_told(
    product: Make, before: dict[str, bool], after: dict[str, bool], told: list[ChangeKind]
) -> None:
    found = answer([product(**after)], known(product(**before)))
    assert kinds(found) == told
    assert all(change.before == change.after == OLD for change in found.changes)


@pytest.mark.parametrize("value", [False, True])
def test_a_flag_that_was_not_known_makes_no_change(product: Make, value: bool) -> None:
    found = answer([product(is_stale=value)], known(product(is_stale=None)))
    assert not found.changes
    assert found.known[0].product.is_stale is value


@pytest.mark.parametrize("value", [False, True])
def test_a_flag_that_is_not_said_stays_as_it_was(product: Make, value: bool) -> None:
    found = answer([product(is_stale=None)], known(product(is_stale=value)))
    assert not found.changes
    assert found.known[0].product.is_stale is value


def test_several_changes_of_a_product_are_told_in_order_each_with_its_revision(product: Make) -> None:
    before = {"x_cal.fits": KnownProduct(product("x_cal.fits", is_stale=True), revision=4)}
    after = product("x_cal.fits", pedigree=NEW, is_stale=False)
    found = answer([after], before)
    assert [(change.kind, change.revision) for change in found.changes] == [
        (ChangeKind.REPROCESSED, 5),
        (ChangeKind.NO_LONGER_STALE, 6),
    ]
    assert found.known[0].revision == 6


def test_a_product_that_is_reprocessed_and_stale_again_at_once_is_both(product: Make) -> None:
    found = answer([product(pedigree=NEW, is_stale=True)], known(product()))
    assert [(change.kind, change.before, change.after) for change in found.changes] == [
        (ChangeKind.REPROCESSED, OLD, NEW),
        (ChangeKind.STALE, NEW, NEW),
    ]


@given(before=ragged, after=ragged)
def test_a_missing_value_neither_makes_a_change_nor_is_lost(
    product: Make, before: Pedigree, after: Pedigree
) -> None:
    found = answer([product(pedigree=after)], known(product(pedigree=before)))
    kept = found.known[0].product.pedigree
    pairs = [
        (before.cal_ver, after.cal_ver, kept.cal_ver),
        (before.crds_ctx, after.crds_ctx, kept.crds_ctx),
        (before.date, after.date, kept.date),
    ]
    assert all(stays is not None for was, now, stays in pairs if was is not None or now is not None)
    assert all(stays == now for was, now, stays in pairs[:2] if now is not None)
    moved = any(was is not None and now is not None and was != now for was, now, _ in pairs)
    if not moved:
        assert not found.changes


@given(before=ragged, after=ragged)
def test_an_answer_that_says_what_is_known_changes_nothing_more(
    product: Make, before: Pedigree, after: Pedigree
) -> None:
    told = answer([product(pedigree=after)], known(product(pedigree=before)))
    again = answer([product(pedigree=after)], {state.product.filename: state for state in told.known})
    assert not again.changes
    assert again.known[0].revision == told.known[0].revision
    assert again.known[0].product.pedigree == told.known[0].product.pedigree


def test_a_date_within_the_rounding_is_no_change(product: Make) -> None:
    assert OLD.date is not None
    rounded = product(pedigree=replace(OLD, date=OLD.date + ROUNDING))
    assert not answer([rounded], known(product())).changes


def test_many_roundings_never_add_up_to_a_new_date(product: Make) -> None:
    assert OLD.date is not None
    states = known(product())
    for _ in range(3):
        rounded = product(pedigree=replace(OLD, date=OLD.date + timedelta(milliseconds=9)))
        states = {state.product.filename: state for state in answer([rounded], states).known}
    assert [state.product.pedigree for state in states.values()] == [OLD]


def test_header_values_that_the_archive_does_not_say_any_more_stay(product: Make) -> None:
    before = product(
        parameters={"filter": "F200W", "detector": "NRCA1"}, archived_at=NOW, public_at=NOW, observation_start=NOW
    )
    after = answer([product(parameters={"filter": "F444W"})], known(before)).known[0].product
    assert after.parameters == {"filter": "F444W", "detector": "NRCA1"}
    assert (after.archived_at, after.public_at, after.observation_start) == (NOW, NOW, NOW)


def test_an_incomplete_answer_tells_what_moved_forward_and_holds_what_moved_back(product: Make) -> None:
    forward, back, new = product("a_cal.fits"), product("b_cal.fits", pedigree=NEW), product("c_cal.fits")
    found = answer(
        [replace(forward, pedigree=NEW), replace(back, pedigree=OLD), new], known(forward, back), is_complete=False
    )
    assert [(change.filename, change.kind) for change in found.changes] == [
        ("a_cal.fits", ChangeKind.REPROCESSED),
        ("c_cal.fits", ChangeKind.NEW),
    ]
    assert [held.filename for held in found.held] == ["b_cal.fits"]
    assert {state.product.filename for state in found.known} == {"a_cal.fits", "c_cal.fits"}


def test_what_an_incomplete_answer_held_a_complete_one_tells(product: Make) -> None:
    was, now = known(product(pedigree=NEW)), product(pedigree=OLD)
    assert kinds(answer([now], was)) == [ChangeKind.REGRESSED]
    assert not answer([now], was).held


def test_an_incomplete_answer_restricts_no_public_product(product: Make) -> None:
    """An old page among the new ones would have it told as public twice."""
    was, now = known(product(public_at=NOW - DAY)), product(public_at=NOW + DAY)
    assert answer([now], was, is_complete=False) == Compared((), (), (now,))
    assert not answer([now], was).held


# Exclusive and public


@pytest.mark.parametrize(
    ("public_at", "is_exclusive"), [(NOW + DAY, True), (NOW, False), (NOW - DAY, False), (None, False)]
)
def test_a_product_is_exclusive_while_its_release_is_ahead(
    product: Make, public_at: datetime | None, is_exclusive: bool
) -> None:
    found = answer([product(public_at=public_at)], {}, baseline=[1180])
    assert found.known[0].is_exclusive is is_exclusive


@pytest.mark.parametrize("moved_to", [NOW + 9 * DAY, NOW + DAY, NOW - DAY])
def test_a_release_that_is_put_off_or_brought_forward_is_no_change_in_itself(
    product: Make, moved_to: datetime
) -> None:
    was = known(product(public_at=NOW + 5 * DAY), is_exclusive=True)
    found = answer([product(public_at=moved_to)], was)
    assert not found.changes
    assert found.known[0].is_exclusive, "until its release is recorded"


def test_a_release_is_a_change_of_the_product_as_it_is(product: Make) -> None:
    change, state = release(KnownProduct(product(public_at=NOW - DAY), revision=3, is_exclusive=True), NOW)
    assert (change.kind, change.revision, change.public_at) == (ChangeKind.PUBLIC, 4, NOW - DAY)
    assert change.before == change.after == OLD
    assert (state.revision, state.is_exclusive) == (4, False)


@given(before=ragged, after=ragged)
def test_an_incomplete_answer_applies_only_what_is_newer_or_the_same(
    product: Make, before: Pedigree, after: Pedigree
) -> None:
    found = answer([product(pedigree=after)], known(product(pedigree=before)), is_complete=False)
    for change in found.changes:
        assert change.kind is ChangeKind.REPROCESSED
        assert change.after is not None
        assert change.after.is_newer_than(before)
    assert len(found.held) + len(found.known) == 1
    for state in found.known:
        if not found.changes:
            kept = state.product.pedigree
            assert kept == Pedigree(
                before.cal_ver or kept.cal_ver, before.crds_ctx or kept.crds_ctx, before.date or kept.date
            )


def test_a_product_that_comes_back_after_its_withdrawal_is_new(product: Make) -> None:
    _, gone = withdrawal(KnownProduct(product(), revision=2, missed=2, missed_since=NOW), NOW)
    found = answer([product()], {gone.product.filename: gone})
    (change,) = found.changes
    assert (change.kind, change.before, change.after, change.revision) == (ChangeKind.NEW, None, OLD, 4)
    assert found.known == (KnownProduct(product(), revision=4),)


def test_a_product_that_comes_back_before_its_withdrawal_starts_from_zero(product: Make) -> None:
    missed = KnownProduct(product(), revision=2, missed=1, missed_since=NOW)
    found = answer([product()], {missed.product.filename: missed})
    assert not found.changes
    assert found.known == (KnownProduct(product(), revision=2),)


def test_a_product_seen_in_an_incomplete_baseline_is_told_when_it_moves_in_the_next(product: Make) -> None:
    seen = answer([product("a_cal.fits")], {}, baseline=[1180], is_complete=False)
    states = {state.product.filename: state for state in seen.known}
    found = answer(
        [product("a_cal.fits", pedigree=NEW), product("b_cal.fits", pedigree=NEW)], states, baseline=[1180]
    )
    assert [(change.filename, change.kind) for change in found.changes] == [("a_cal.fits", ChangeKind.REPROCESSED)]


def test_the_same_change_told_twice_has_one_identity(product: Make) -> None:
    later = NOW + timedelta(hours=6)
    states = known(product())
    (first,) = answer([product(pedigree=NEW)], states).changes
    again = compare(
        [product(pedigree=NEW, archived_at=later)],
        states,
        baseline=frozenset(),
        first_data=frozenset(),
        is_complete=False,
        now=later,
    )
    assert [change.identity for change in again.changes] == [first.identity]


@given(pedigrees=st.lists(st.sampled_from((OLD, NEW)), max_size=12), flag=st.lists(flags, max_size=12))
def test_revisions_grow_by_one_a_change_and_no_two_changes_have_one_identity(
    product: Make, pedigrees: list[Pedigree], flag: list[bool | None]
) -> None:
    states: dict[str, KnownProduct] = {}
    changes: list[Change] = []
    for pedigree, is_stale in zip(pedigrees, flag, strict=False):
        found = answer([product(pedigree=pedigree, is_stale=is_stale)], states)
        changes += found.changes
        states = {state.product.filename: state for state in found.known}
    assert [change.revision for change in changes] == list(range(1, len(changes) + 1))
    assert len({change.identity for change in changes}) == len(changes)
    assert all(state.revision == len(changes) for state in states.values())
