"""Very many changes are kept packed, and are the same ones when they are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from examples import examples
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.instrument import Instrument
from pedigreed.model.packed_changes import AT_ONCE, packed
from pedigreed.model.pedigree import Pedigree

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MANY = 2 * AT_ONCE + 7

instants = st.datetimes(timezones=st.just(UTC))
text = st.text(st.characters(codec="utf-8"), max_size=12)
pedigrees = st.builds(Pedigree, st.none() | text, st.none() | text, st.none() | instants)
any_change = st.builds(
    Change,
    kind=st.sampled_from(ChangeKind),
    filename=text,
    instrument=st.sampled_from(Instrument),
    program=st.integers(0, 2**31 - 1),
    observation=st.none() | st.integers(0, 999),
    level=text,
    fileset=text,
    revision=st.integers(1, 2**31 - 1),
    before=st.none() | pedigrees,
    after=st.none() | pedigrees,
    seen_at=instants,
    archived_at=st.none() | instants,
    public_at=st.none() | instants,
)


def made(number: int) -> Change:
    name = f"jw01180001001_02101_{number:05d}_nrca1"
    before = Pedigree("1.20.2", "jwst_1464.pmap", NOON - timedelta(days=90, seconds=number))
    after = Pedigree("2.0.1", "jwst_1535.pmap", NOON - timedelta(seconds=number))
    return Change(
        ChangeKind.REPROCESSED, f"{name}_cal.fits", Instrument.NIRCAM, 1180, 1, "2b", name, 1, before, after, NOON
    )


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(any_change, max_size=12), st.sampled_from([0, AT_ONCE - 6, AT_ONCE, MANY]))
def test_what_was_put_in_comes_out(some: list[Change], more: int) -> None:
    changes = (*some, *map(made, range(more)))
    kept = packed(changes)
    assert tuple(kept) == changes
    assert tuple(kept) == changes, "as often as it is read"
    assert len(kept) == len(changes)
    assert bool(kept) is bool(changes)


@pytest.mark.parametrize("number", [3, MANY])
@pytest.mark.parametrize(
    "part", [slice(3), slice(-5, None), slice(AT_ONCE - 2, AT_ONCE + 2), slice(None, None, -400), slice(9, 2)]
)
def test_a_slice_is_that_of_a_tuple(number: int, part: slice) -> None:
    changes = tuple(map(made, range(number)))
    assert tuple(packed(changes)[part]) == changes[part]


@pytest.mark.parametrize("number", [3, MANY])
def test_one_is_had_by_its_place_from_either_end(number: int) -> None:
    kept = packed(map(made, range(number)))
    assert (kept[0], kept[2], kept[-1]) == (made(0), made(2), made(number - 1))
    with pytest.raises(IndexError):
        kept[number]


@pytest.mark.parametrize("number", [3, MANY])
def test_the_same_changes_are_equal_and_others_are_not(number: int) -> None:
    kept, again = (packed(map(made, range(number))) for _ in range(2))
    assert kept == again
    assert hash(kept) == hash(again)
    other = packed(replace(each, revision=2) for each in kept)
    assert kept != other
    assert kept != packed(islice(kept, number - 1))


def test_very_many_take_little() -> None:
    blocks = packed(map(made, range(20 * AT_ONCE)))._blocks  # type: ignore[attr-defined]  # what is kept of them
    assert sum(map(len, blocks)) < 40 * 20 * AT_ONCE
