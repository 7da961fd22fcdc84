"""Several changes of a product in one period, and what they come to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from examples import examples
from folding import fold
from pedigreed.changes.compare import FLAGS, compare, release, withdrawal, without_implied
from pedigreed.changes.withdrawal import relisting
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import KnownProduct, Product

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Make = Callable[..., Product]

NOW = datetime(2026, 11, 22, 5, 58, tzinfo=UTC)
A = Pedigree("1.19.1", "jwst_1413.pmap", datetime(2025, 9, 1, tzinfo=UTC))
B = Pedigree("1.20.2", "jwst_1464.pmap", datetime(2025, 11, 2, 8, tzinfo=UTC))
C = Pedigree("2.0.1", "jwst_1535.pmap", datetime(2026, 11, 21, 14, 30, tzinfo=UTC))
PASSED, AHEAD = NOW - timedelta(hours=1), NOW + timedelta(days=30)

Told = list[tuple[ChangeKind, Pedigree | None, Pedigree | None]]


class Archive:
    """One product's history: each state is compared with the one before by the real comparison."""

    def __init__(self, *, is_first_data: bool = False) -> None:
        self.first_data = frozenset({1180} if is_first_data else ())
        self.known: KnownProduct | None = None
        self.changes: list[Change] = []

    def shows(self, product: Product) -> None:
        changes, self.known = self._compared(product, self.known)
        self.changes += changes

    def lacks(self) -> None:
        assert self.known is not None
        change, self.known = withdrawal(self.known, NOW)
        self.changes.append(change)

    def at_once(self, before: KnownProduct | None) -> list[Change]:
        """The changes from a state to the present one, had there been nothing between."""
        was_there = before is not None and before.withdrawn_at is None
        if self.known is None or self.known.withdrawn_at is not None:
            return [withdrawal(before, NOW)[0]] if before is not None and was_there else []
        changes, _ = self._compared(self.known.product, before)
        # Of a product that was not there, it is said that it is new, and no more.
        return changes if was_there else changes[:1]

    def _compared(self, product: Product, before: KnownProduct | None) -> tuple[list[Change], KnownProduct]:
        """With the release, where it has passed: as a digest that follows at once has it."""
        found = compare(
            [product],
            {} if before is None else {product.filename: before},
            baseline=frozenset(),
            first_data=self.first_data,
            is_complete=True,
            now=NOW,
        )
        changes, (known,) = list(found.changes), found.known
        if known.is_exclusive and product.public_at is not None and product.public_at <= NOW:
            public, known = release(known, NOW)
            flags = [change for change in changes if change.kind in FLAGS]
            changes = [*(change for change in changes if change.kind not in FLAGS), public, *flags]
        return changes, known


def told(changes: Iterable[Change]) -> Told:
    return [(change.kind, change.before, change.after) for change in without_implied(fold(changes))]


def without_needless_words(changes: list[Change]) -> list[Change]:
    """The changes, less the flag that a move clears: of a product that was made anew, that goes without saying."""
    moved = any(change.kind in {ChangeKind.REPROCESSED, ChangeKind.REGRESSED} for change in changes)
    return [change for change in changes if not (moved and change.kind is ChangeKind.NO_LONGER_STALE)]


def history(product: Make, *states: Product | Pedigree | None) -> list[Change]:
    """The changes of one product that goes through these states. None is a withdrawal, or not there at first."""
    archive = Archive()
    first, *others = states
    if first is not None:
        archive.shows(first if isinstance(first, Product) else product(pedigree=first))
        archive.changes.clear()
    for state in others:
        if state is None:
            archive.lacks()
        else:
            archive.shows(state if isinstance(state, Product) else product(pedigree=state))
    return archive.changes


@pytest.mark.parametrize(
    ("states", "net"),
    [
        ((A, B), [(ChangeKind.REPROCESSED, A, B)]),
        ((A, B, C), [(ChangeKind.REPROCESSED, A, C)]),
        ((A, B, A), []),
        ((A, B, A, B), [(ChangeKind.REPROCESSED, A, B)]),
        ((B, C, A), [(ChangeKind.REGRESSED, B, A)]),
        ((A, C, B), [(ChangeKind.REPROCESSED, A, B)]),
        ((None, A), [(ChangeKind.NEW, None, A)]),
        ((None, A, C), [(ChangeKind.NEW, None, C)]),
        ((None, C, A), [(ChangeKind.NEW, None, A)]),
        ((None, A, None), []),
        ((A, None), [(ChangeKind.WITHDRAWN, A, None)]),
        ((A, C, None), [(ChangeKind.WITHDRAWN, A, None)]),
        ((A, None, A), []),
        ((A, None, C), [(ChangeKind.REPROCESSED, A, C)]),
        ((None, A, None, B), [(ChangeKind.NEW, None, B)]),
    ],
)
def test_moves_come_to_the_way_from_the_first_state_to_the_last(
    product: Make, states: tuple[Pedigree | None, ...], net: Told
) -> None:
    assert told(history(product, *states)) == net


def test_a_product_in_the_place_of_a_lower_level_is_told_as_that_and_not_as_new(product: Make) -> None:
    archive = Archive()
    archive.shows(product(pedigree=B))
    lower = KnownProduct(product("jw01180007001_02101_00001_nrca1_rate.fits", pedigree=A))
    assert archive.known is not None
    change, gone, archive.known = relisting(lower, archive.known, NOW)
    archive.changes.append(change)
    assert told(archive.changes) == [(ChangeKind.RELISTED, A, B)]
    assert gone.withdrawn_at == NOW
    archive.shows(product(pedigree=C))
    assert told(archive.changes) == [(ChangeKind.RELISTED, A, C)]
    assert told(archive.changes[1:]) == [(ChangeKind.REPROCESSED, B, C)], "where the first was told before"
    archive.lacks()
    assert told(archive.changes) == []


def test_the_first_data_of_a_program_stay_first_when_they_are_reprocessed(product: Make) -> None:
    archive = Archive(is_first_data=True)
    archive.shows(product(pedigree=A))
    archive.shows(product(pedigree=B))
    assert told(archive.changes) == [(ChangeKind.FIRST, None, B)]


@pytest.mark.parametrize(
    ("flags", "net"),
    [
        ((False, True), [ChangeKind.STALE]),
        ((False, True, False), []),
        ((False, True, False, True), [ChangeKind.STALE]),
        ((True, False), [ChangeKind.NO_LONGER_STALE]),
        ((True, False, True), []),
    ],
)
def test_a_flag_that_is_set_and_cleared_comes_to_nothing(
    product: Make, flags: tuple[bool, ...], net: list[ChangeKind]
) -> None:
    changes = history(product, *(product(is_stale=flag) for flag in flags))
    assert [kind for kind, _, _ in told(changes)] == net


def test_a_flag_is_told_with_the_pedigree_that_the_product_has_at_last(product: Make) -> None:
    changes = history(
        product,
        product(pedigree=A, public_at=AHEAD),
        product(pedigree=A, is_stale=True, public_at=PASSED),
        product(pedigree=C, is_stale=True, public_at=PASSED),
    )
    assert told(changes) == [
        (ChangeKind.REPROCESSED, A, C),
        (ChangeKind.PUBLIC, C, C),
        (ChangeKind.STALE, C, C),
    ]


def test_a_reprocessing_speaks_for_the_flag_that_it_clears(product: Make) -> None:
    changes = history(product, product(pedigree=A, is_stale=True), product(pedigree=C, is_stale=False))
    assert [change.kind for change in changes] == [ChangeKind.REPROCESSED, ChangeKind.NO_LONGER_STALE]
    assert told(changes) == [(ChangeKind.REPROCESSED, A, C)]


def test_a_flag_that_is_cleared_while_the_pedigree_comes_back_is_told(product: Make) -> None:
    changes = history(
        product,
        product(pedigree=A, is_stale=True),
        product(pedigree=C, is_stale=True),
        product(pedigree=A, is_stale=False),
    )
    assert told(changes) == [(ChangeKind.NO_LONGER_STALE, A, A)]


def test_a_product_that_appears_and_goes_leaves_no_flag_behind(product: Make) -> None:
    changes = history(product, None, product(public_at=AHEAD), product(is_stale=True, public_at=PASSED), None)
    assert len(changes) == 4
    assert not fold(changes)


def test_a_product_that_appears_is_new_whatever_its_flags_did(product: Make) -> None:
    states = product(pedigree=B, public_at=AHEAD), product(pedigree=B, is_stale=True, public_at=PASSED)
    changes = history(product, None, *states)
    assert told(changes) == [(ChangeKind.NEW, None, B)]


def test_a_withdrawn_product_has_no_flags(product: Make) -> None:
    changes = history(product, product(pedigree=B), product(pedigree=B, is_stale=True), None)
    assert told(changes) == [(ChangeKind.WITHDRAWN, B, None)]


def test_net_changes_are_sorted_by_file_name_and_each_product_is_folded_alone(product: Make) -> None:
    changes = [
        *history(product, product("c_cal.fits", pedigree=A), product("c_cal.fits", pedigree=B)),
        *history(product, product("a_cal.fits", pedigree=A), None),
        *history(
            product,
            *(product("b_cal.fits", pedigree=pedigree) for pedigree in (A, B, A)),
        ),
    ]
    assert [(net.filename, net.kind) for net in fold(changes)] == [
        ("a_cal.fits", ChangeKind.WITHDRAWN),
        ("c_cal.fits", ChangeKind.REPROCESSED),
    ]


readings = st.builds(
    Pedigree,
    st.sampled_from(("1.19.1", "1.20.2", "2.0.1")),
    st.sampled_from(("jwst_1413.pmap", "jwst_1535.pmap")),
    st.builds(
        lambda day, rounding: datetime(2026, 11, day, tzinfo=UTC) + timedelta(milliseconds=rounding),
        st.integers(1, 3),
        st.integers(-4, 4),
    ),
)
flag = st.booleans()


class Period(RuleBasedStateMachine):
    """A period of one product: however many states it goes through, the net is the way from first to last."""

    @initialize(is_first_data=flag)
    def begin(self, is_first_data: bool) -> None:
        self.archive = Archive(is_first_data=is_first_data)
        self.before: KnownProduct | None = None

    @rule(pedigree=readings, is_stale=flag, is_public=flag, silent=st.sets(st.sampled_from(range(5))))
    def show(self, pedigree: Pedigree, is_stale: bool, is_public: bool, silent: set[int]) -> None:
        """The archive's row, some of its values left out. What was public stays so."""
        known = self.archive.known
        unsaid = silent if known else set()
        was_public = known is not None and known.product.public_at == PASSED
        self.archive.shows(
            Product(
                filename="jw01180007001_02101_00001_nrca1_cal.fits",
                instrument=Instrument.NIRCAM,
                program=1180,
                observation=7,
                level="2b",
                fileset="jw01180007001_02101_00001",
                pedigree=Pedigree(
                    None if 0 in unsaid else pedigree.cal_ver,
                    None if 1 in unsaid else pedigree.crds_ctx,
                    None if 2 in unsaid else pedigree.date,
                ),
                is_stale=None if 3 in unsaid else is_stale,
                public_at=None if 4 in unsaid else PASSED if is_public or was_public else AHEAD,
            )
        )

    @precondition(lambda self: self.archive.known is not None and self.archive.known.withdrawn_at is None)
    @rule()
    def withdraw(self) -> None:
        self.archive.lacks()

    @rule()
    def close(self) -> None:
        self.before = self.archive.known
        self.archive.changes.clear()

    @invariant()
    def the_net_is_the_way_from_the_first_state_to_the_last(self) -> None:
        net = without_implied(fold(self.archive.changes))
        at_once = without_needless_words(self.archive.at_once(self.before))
        assert [change.kind for change in net] == [change.kind for change in at_once]
        for one, other in zip(net, at_once, strict=True):
            assert _same(one.before, other.before)
            assert _same(one.after, other.after)

    @invariant()
    def a_net_change_is_none_that_says_nothing(self) -> None:
        for net in fold(self.archive.changes):
            if net.kind in {ChangeKind.REPROCESSED, ChangeKind.REGRESSED}:
                assert not _same(net.before, net.after)

    @invariant()
    def order_does_not_matter(self) -> None:
        changes = list(self.archive.changes)
        Random(len(changes)).shuffle(changes)
        assert fold(changes) == fold(self.archive.changes)

    @invariant()
    def folding_again_changes_nothing(self) -> None:
        net = fold(self.archive.changes)
        moves = [replace(change, revision=revision) for revision, change in enumerate(net)]
        assert [(change.kind, change.before, change.after) for change in fold(moves)] == [
            (change.kind, change.before, change.after) for change in net
        ]


def _same(one: Pedigree | None, other: Pedigree | None) -> bool:
    return one is other is None or (one is not None and other is not None and one.same_as(other))


TestPeriod = Period.TestCase
TestPeriod.settings = settings(max_examples=examples(100), stateful_step_count=12)
