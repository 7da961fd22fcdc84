"""Whatever JSON a server answers with, a reading ends and raises nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asking_crds import NOON, QUICK, Holding, always, delivered, read
from crds_faults import CrdsFault, Envelope
from examples import examples
from misbehaving import FaultyCrds
from pedigreed.demo.crds_story import Reference
from pedigreed.sources.crds.bookmark import Bookmark

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["jwst", "none", "NOT FOUND", "severe", "bad_files_list", "crds_encoded", "crds_payload"]),
)
_DATES = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat(sep=" ")), st.sampled_from(["2026-05-19 10:00:00"]), _WORDS
)
_CONTEXTS = st.one_of(st.integers(0, 9999).map(lambda number: f"jwst_{number:04d}.pmap"), _WORDS)
_FILES = st.one_of(st.integers(0, 9999).map(lambda number: f"jwst_miri_dark_{number:04d}.fits"), _WORDS)
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), _WORDS
)
_ANY = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_WORDS, inner, max_size=4)),
    max_leaves=12,
)
_ENTRIES = st.dictionaries(
    st.sampled_from(["change_level", "delivery_date", "description", "filekind", "instrument", "pedigree"]),
    st.one_of(_DATES, _ANY),
)
_RESULTS = st.one_of(
    _ANY,
    _CONTEXTS,
    st.lists(st.one_of(st.tuples(_DATES, _CONTEXTS, _WORDS).map(list), _ANY), max_size=6),
    st.lists(_FILES, max_size=6),
    st.dictionaries(_FILES, st.one_of(_ENTRIES, _ANY), max_size=4),
    st.lists(_FILES, max_size=6).map(lambda names: {"bad_files_list": names}),
)


class Telling(CrdsFault):
    """Answers with what it is told to, one result after another."""

    def __init__(self) -> None:
        self.results: list[object] = []

    def on_envelope(self, envelope: Envelope) -> Envelope:
        return {**envelope, "result": self.results.pop() if self.results else "jwst_1503.pmap"}


@pytest.fixture(scope="module")
def telling() -> Iterator[tuple[FaultyCrds, Telling]]:
    fault = Telling()
    holding = Holding(always(delivered("jwst_1464", 30, Reference("jwst_nircam_flat_0101.fits"))))
    with FaultyCrds(holding.at, NOON) as server:
        server.misbehave(fault, times=None)
        yield server, fault


_BOOKMARKS = st.one_of(
    st.none(),
    st.text(max_size=40),
    st.just('{"told_to":"2026-05-01T00:00:00Z","build":{"cal_ver":"2.0.0","context":"jwst_1464"},"bad_files":[]}'),
    st.just(
        '{"told_to":"2026-05-01T00:00:00Z","waiting":[{"context":"jwst_1503","before":"jwst_1464",'
        '"activated_at":"2026-05-01T00:00:00Z"}]}'
    ),
)


@settings(max_examples=examples(120))
@given(results=st.lists(_RESULTS, min_size=6, max_size=8), bookmark=_BOOKMARKS)
def test_a_reading_raises_nothing(
    telling: tuple[FaultyCrds, Telling], results: list[object], bookmark: str | None
) -> None:
    server, fault = telling
    fault.results = list(results)
    first = read(server, bookmark, patience=QUICK)
    fault.results = list(reversed(results))
    second = read(server, first.bookmark)
    for reading in (first, second):
        assert reading.is_complete == (not reading.problems)
        for announcement in reading.announcements:
            assert announcement.identity.isprintable()
            assert announcement.title.isprintable()
            assert "\x1b" not in announcement.text
        assert reading.bookmark is not None
        assert Bookmark.read(reading.bookmark).written() == reading.bookmark


@given(st.text())
def test_any_text_is_a_bookmark_or_begins_anew(text: str) -> None:
    read_again = Bookmark.read(Bookmark.read(text).written())
    assert read_again == Bookmark.read(text)


def test_a_bookmark_is_read_as_it_was_written() -> None:
    kept = Bookmark(told_to=NOON, bad_files=("jwst_miri_dark_0131.fits",), bad_files_at=NOON - timedelta(hours=1))
    assert Bookmark.read(kept.written()) == kept
