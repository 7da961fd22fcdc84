"""The order of pedigrees: CAL_VER, CRDS_CTX and DATE."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.model.instant import ROUNDING
from pedigreed.model.pedigree import Pedigree, context_name, context_number, version_of

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)

ASCENDING = (
    "0.8.0 1.9.6 1.13.3 1.15.1.dev12+gabc 1.15.1rc1 1.15.1 1.15.1+local 1.15.1.post1 1.15.2.dev0 "
    "3.0.0.dev1 3.0.0rc1.dev2 3.0.0rc1 3.0.0rc10 3.0.0"
)

versions = st.sampled_from(
    ("0.8.0", "1.9.6", "1.13.3", "1.15.1.dev12+gabc", "1.15.1", "2.0.1", "3.0.0rc1", "3.0.0")
)
contexts = st.sampled_from(("jwst_0913.pmap", "jwst_1210.pmap", "jwst_1535.pmap"))
dates = st.datetimes(timezones=st.just(UTC))
whole = st.builds(Pedigree, versions, contexts, dates)
ragged = st.builds(
    Pedigree,
    st.none() | versions | st.text(max_size=8),
    st.none() | contexts | st.text(max_size=8),
    st.none() | dates,
)


@pytest.mark.parametrize(("lower", "higher"), list(pairwise(ASCENDING.split())))
def test_versions_are_ordered_by_pep_440(lower: str, higher: str) -> None:
    one, other = version_of(lower), version_of(higher)
    assert one is not None
    assert other is not None
    assert one < other
    assert Pedigree(higher, "jwst_1535.pmap", NOON).is_newer_than(Pedigree(lower, "jwst_1535.pmap", NOON))
    assert Pedigree(lower, "jwst_1535.pmap", NOON).went_down_from(Pedigree(higher, "jwst_1535.pmap", NOON))


@pytest.mark.parametrize("text", ["", "B12.3", "1.x", "RELEASE", "1.15.1-dirty-tree", "1" * 5000, "\x00"])
def test_what_is_no_version_has_no_order(text: str) -> None:
    assert version_of(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("jwst_1535.pmap", 1535), ("jwst_0913.pmap", 913), ("jwst_10000.pmap", 10000), ("jwst_1535", 1535)),
        *((" jwst_1535.pmap ", 1535), ("JWST_1535.PMAP", 1535), ("1535", 1535), ("jwst_0000.pmap", 0)),
        *(("", None), ("hst_0001.pmap", None), ("jwst_nircam_0123.imap", None), ("jwst_.pmap", None)),
        *(("jwst_edit.pmap", None), ("jwst_1535.pmap.old", None), ("jwst_1234567.pmap", None), ("-1", None)),
    ],
)
def test_contexts_are_ordered_by_number(text: str, number: int | None) -> None:
    assert context_number(text) == number


@pytest.mark.parametrize(
    ("crds_ctx", "name"),
    [
        ("jwst_1535.pmap", "jwst_1535"),
        ("jwst_913.pmap", "jwst_0913"),
        ("jwst_10000.pmap", "jwst_10000"),
        ("jwst_edit.pmap", "jwst_edit.pmap"),
        ("", ""),
        (None, None),
    ],
)
def test_a_context_is_shown_without_its_ending_and_the_unknown_as_it_is(
    crds_ctx: str | None, name: str | None
) -> None:
    assert context_name(crds_ctx) == name


@pytest.mark.parametrize(
    ("archive", "copy", "is_newer", "went_down"),
    [
        # the keywords, DATE the same
        (Pedigree("2.0.1", "jwst_1535.pmap", NOON), Pedigree("2.0.1", "jwst_1535.pmap", NOON), False, False),
        (Pedigree("2.0.1", "jwst_1535.pmap", NOON), Pedigree("1.20.2", "jwst_1535.pmap", NOON), True, False),
        (Pedigree("2.0.1", "jwst_1535.pmap", NOON), Pedigree("2.0.1", "jwst_1464.pmap", NOON), True, False),
        (Pedigree("1.20.2", "jwst_1535.pmap", NOON), Pedigree("2.0.1", "jwst_1535.pmap", NOON), False, True),
        (Pedigree("2.0.1", "jwst_1464.pmap", NOON), Pedigree("2.0.1", "jwst_1535.pmap", NOON), False, True),
        # one up and one down is up
        (Pedigree("2.0.1", "jwst_1464.pmap", NOON), Pedigree("1.20.2", "jwst_1535.pmap", NOON), True, False),
        (Pedigree("1.20.2", "jwst_1535.pmap", NOON), Pedigree("2.0.1", "jwst_1464.pmap", NOON), True, False),
        # DATE alone
        (Pedigree("2.0.1", "jwst_1535.pmap", LATER), Pedigree("2.0.1", "jwst_1535.pmap", NOON), True, False),
        (Pedigree("2.0.1", "jwst_1535.pmap", NOON), Pedigree("2.0.1", "jwst_1535.pmap", LATER), False, True),
        # lower keywords are down whatever DATE says, and a later DATE is newer whatever they say
        (Pedigree("1.20.2", "jwst_1464.pmap", LATER), Pedigree("2.0.1", "jwst_1535.pmap", NOON), True, True),
        # a higher keyword is not down because of an earlier DATE
        (Pedigree("2.0.1", "jwst_1535.pmap", NOON), Pedigree("1.20.2", "jwst_1464.pmap", LATER), True, False),
        # an uncalibrated product has no context, and may have no version
        (Pedigree(None, None, LATER), Pedigree(None, None, NOON), True, False),
        (Pedigree(None, None, NOON), Pedigree(None, None, LATER), False, True),
        (Pedigree(None, None, NOON), Pedigree("2.0.1", "jwst_1535.pmap", NOON), False, False),
        (Pedigree("2.0.1", "jwst_1535.pmap", NOON), Pedigree(None, None, NOON), False, False),
        (Pedigree("1.20.2", None, NOON), Pedigree("2.0.1", None, NOON), False, True),
        (Pedigree("1.20.2", None, NOON), Pedigree("2.0.1", "jwst_1535.pmap", NOON), False, True),
        # a DATE that is missing has no order
        (Pedigree("2.0.1", "jwst_1535.pmap", None), Pedigree("2.0.1", "jwst_1535.pmap", NOON), False, False),
        (Pedigree("2.0.1", "jwst_1535.pmap", NOON), Pedigree("2.0.1", "jwst_1535.pmap", None), False, False),
        # what is not of the form has no order, and hides nothing that has
        (Pedigree("nightly", "jwst_1535.pmap", NOON), Pedigree("2.0.1", "jwst_1535.pmap", NOON), False, False),
        (Pedigree("nightly", "jwst_1535.pmap", NOON), Pedigree("2.0.1", "jwst_1464.pmap", NOON), True, False),
        (Pedigree("nightly", "jwst_1464.pmap", NOON), Pedigree("2.0.1", "jwst_1535.pmap", NOON), False, True),
        (Pedigree("nightly", "jwst_1535.pmap", NOON), Pedigree("2.0.1", "jwst_1535.pmap", LATER), False, False),
        # other spellings of the same version and context
        (Pedigree("2.0", "jwst_1535", NOON), Pedigree("2.0.0", "jwst_1535.pmap", NOON), False, False),
    ],
)
def test_the_rule(archive: Pedigree, copy: Pedigree, is_newer: bool, went_down: bool) -> None:
    assert archive.is_newer_than(copy) is is_newer
    assert archive.went_down_from(copy) is went_down


def test_the_rounding_of_the_archive_is_no_difference() -> None:
    copy = Pedigree("2.0.1", "jwst_1535.pmap", NOON)
    rounded = Pedigree("2.0.1", "jwst_1535.pmap", NOON + ROUNDING)
    later = Pedigree("2.0.1", "jwst_1535.pmap", NOON + ROUNDING + timedelta(milliseconds=1))
    assert rounded.same_as(copy)
    assert not rounded.is_newer_than(copy)
    assert not copy.went_down_from(rounded)
    assert not later.same_as(copy)
    assert later.is_newer_than(copy)
    assert copy.went_down_from(later)


def test_the_last_moment_of_the_calendar_can_be_compared() -> None:
    never = Pedigree("2.0.1", "jwst_1535.pmap", datetime.max.replace(tzinfo=UTC))
    assert never.is_newer_than(Pedigree("2.0.1", "jwst_1535.pmap", NOON))
    assert Pedigree("2.0.1", "jwst_1535.pmap", NOON).went_down_from(never)


@given(ragged)
def test_nothing_is_newer_than_itself(pedigree: Pedigree) -> None:
    assert pedigree.same_as(pedigree)
    assert not pedigree.is_newer_than(pedigree)
    assert not pedigree.went_down_from(pedigree)


@given(ragged, ragged)
def test_what_is_the_same_is_neither_newer_nor_lower(one: Pedigree, other: Pedigree) -> None:
    assert one.same_as(other) is other.same_as(one)
    if one.same_as(other):
        assert not one.is_newer_than(other)
        assert not one.went_down_from(other)


@given(whole, whole)
def test_of_two_whole_pedigrees_that_differ_one_is_newer(one: Pedigree, other: Pedigree) -> None:
    assert (one.is_newer_than(other) or other.is_newer_than(one)) is not one.same_as(other)


@given(ragged, ragged)
def test_what_went_down_was_newer_before(one: Pedigree, other: Pedigree) -> None:
    if one.went_down_from(other):
        assert other.is_newer_than(one)
        assert not other.went_down_from(one)


@given(whole, whole)
def test_what_changed_between_whole_pedigrees_is_newer_or_went_down(one: Pedigree, other: Pedigree) -> None:
    assert (one.is_newer_than(other) or one.went_down_from(other)) is not one.same_as(other)
