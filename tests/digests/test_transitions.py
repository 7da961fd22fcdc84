from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pedigreed.digests.transitions import KINDS_IN_READING_ORDER, products_of, shown_of, transitions_of
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.digest import PedigreeSpan, Transition
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree

if TYPE_CHECKING:
    from collections.abc import Callable

UTC_DATES = st.datetimes(timezones=st.just(UTC))
PEDIGREES = st.none() | st.builds(
    Pedigree,
    cal_ver=st.sampled_from([None, "1.20.2", "2.0.1", "odd"]),
    crds_ctx=st.sampled_from([None, "jwst_1464.pmap", "jwst_1535.pmap"]),
    date=st.none() | UTC_DATES,
)
CHANGES = st.builds(
    Change,
    kind=st.sampled_from(ChangeKind),
    filename=st.sampled_from(
        ["jw01180007001_02101_00001_nrca1_cal.fits", "jw01180-o007_t001_nircam_f200w_i2d.fits"]
    )
    | st.text(),
    instrument=st.sampled_from(Instrument),
    program=st.sampled_from([1180, 1181, 99999]),
    observation=st.none() | st.integers(1, 999),
    level=st.sampled_from(["2b", "3"]),
    fileset=st.text(),
    revision=st.integers(1, 9),
    before=PEDIGREES,
    after=PEDIGREES,
    seen_at=UTC_DATES,
)
TRANSITIONS = st.builds(
    Transition,
    kind=st.just(ChangeKind.REPROCESSED),
    program=st.integers(1, 99999),
    instruments=st.just((Instrument.MIRI,)),
    observations=st.just(()),
    before=st.sampled_from([PedigreeSpan(f"1.{minor}", "jwst_1000.pmap", None, None) for minor in range(9)]),
    after=st.just(PedigreeSpan("2.0.1", "jwst_1535.pmap", None, None)),
    products=st.integers(1, 10_000),
    product_types=st.just(()),
)


@settings(deadline=None)
@given(st.lists(CHANGES))
def test_every_change_is_counted_once(changes: list[Change]) -> None:
    transitions = transitions_of(changes)
    by_kind: Counter[ChangeKind] = Counter()
    for transition in transitions:
        by_kind[transition.kind] += transition.products
        assert sum(number for _, number in transition.product_types) == transition.products
    assert by_kind == Counter(change.kind for change in changes)


@settings(deadline=None)
@given(st.data(), st.lists(CHANGES))
def test_the_order_in_which_changes_come_does_not_matter(data: st.DataObject, changes: list[Change]) -> None:
    shuffled = data.draw(st.permutations(changes))
    assert transitions_of(shuffled) == transitions_of(changes)


@settings(deadline=None)
@given(st.lists(CHANGES))
def test_dates_lie_within_their_span(changes: list[Change]) -> None:
    transitions = transitions_of(changes)
    for change in changes:
        if change.after is not None and change.after.date is not None:
            date = change.after.date
            assert any(
                span.earliest <= date <= span.latest
                for transition in transitions
                if transition.kind is change.kind and transition.program == change.program
                if (span := transition.after) is not None and span.earliest is not None and span.latest is not None
                if (span.cal_ver, span.crds_ctx) == (change.after.cal_ver, change.after.crds_ctx)
            )


def test_kinds_are_all_in_reading_order() -> None:
    assert sorted(KINDS_IN_READING_ORDER) == sorted(ChangeKind)


def test_programs_come_by_number_and_most_products_first_within_one(change: Callable[..., Change]) -> None:
    older = Pedigree("1.19.2", "jwst_1408.pmap", datetime(2025, 9, 1, tzinfo=UTC))
    names = [f"jw01180007001_02101_{number:05d}_nrca1_cal.fits" for number in range(1, 6)]
    changes = [change(ChangeKind.REPROCESSED, "jw01181001001_02101_00001_nrca1_cal.fits")]
    changes += [change(ChangeKind.REPROCESSED, name, before=older) for name in names[:2]]
    changes += [change(ChangeKind.REPROCESSED, name) for name in names[2:]]
    assert [(told.program, told.products) for told in transitions_of(changes)] == [(1180, 3), (1180, 2), (1181, 1)]


def test_a_transition_names_observations_instruments_types_and_days(change: Callable[..., Change]) -> None:
    first = change(ChangeKind.REPROCESSED, "jw01180007001_02101_00001_nrca1_cal.fits")
    later = Pedigree("2.0.1", "jwst_1535.pmap", datetime(2026, 11, 23, tzinfo=UTC))
    (told,) = transitions_of(
        [
            first,
            replace(first, filename="jw01180009001_02101_00001_nrca1_rate.fits", observation=9, after=later),
            replace(
                first,
                filename="jw01180-c1000_t001_miri_f770w_i2d.fits",
                observation=None,
                instrument=Instrument.MIRI,
            ),
            replace(first, filename="jw01180009001_02101_00002_nrca1_rate.fits", observation=9),
        ]
    )
    assert told.observations == (7, 9)
    assert told.instruments == (Instrument.NIRCAM, Instrument.MIRI)
    assert told.product_types == (("rate", 2), ("cal", 1), ("i2d", 1))
    assert told.after is not None
    assert (told.after.earliest, told.after.latest) == (first.after and first.after.date, later.date)


@settings(deadline=None)
@given(
    st.lists(TRANSITIONS, unique_by=lambda told: (told.program, told.before)),
    st.integers(1, 5),
    st.integers(5, 20),
)
def test_what_is_shown_and_what_is_left_out_is_everything(told: list[Transition], moves: int, rows: int) -> None:
    shown = shown_of(told, moves=moves, rows=rows)
    everything = [row for move in shown.moves for row in (*move.rows, *move.left_out)] + list(shown.left_out)
    assert products_of(everything) == products_of(told)
    assert len(shown.moves) <= moves
    assert sum(len(move.rows) for move in shown.moves) <= rows
    assert all(move.rows for move in shown.moves)


def test_rows_that_a_small_move_does_not_need_go_to_a_large_one(change: Callable[..., Change]) -> None:
    older = Pedigree("1.19.2", "jwst_1408.pmap", datetime(2025, 9, 1, tzinfo=UTC) - timedelta(days=1))
    name = "jw{:05d}001001_02101_00001_nrca1_cal.fits"
    changes = [change(ChangeKind.REPROCESSED, name.format(program)) for program in range(1, 30)]
    changes.append(change(ChangeKind.REPROCESSED, name.format(40), before=older))
    large, small = shown_of(transitions_of(changes), moves=4, rows=12).moves
    assert (len(large.rows), len(large.left_out)) == (11, 18)
    assert (len(small.rows), len(small.left_out)) == (1, 0)
