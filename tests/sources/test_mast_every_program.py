"""Which programs a service has rows of, asked in spans of the time of ingest."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archive_faults
import faults
from asking_mast import AGENT, QUICK, held
from examples import examples
from misbehaving import FaultyArchive, is_page
from pedigreed.demo.scenario import DAY_2
from pedigreed.model.failure import UpstreamUnavailable
from pedigreed.model.instant import to_mjd
from pedigreed.model.instrument import Instrument
from pedigreed.sources.mast.archive import MastArchive

NIRCAM = Instrument.NIRCAM
BEGIN = datetime(2022, 1, 1, tzinfo=UTC)
END = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
Spans = list[tuple[frozenset[int], datetime]]


def archive_of(days: dict[int, list[int]]) -> FaultyArchive:
    """One with products of each program, taken in on some days after 2022 began."""
    rows = [
        {**row, "ingestCompletionDate_mjd": to_mjd(BEGIN + day * DAY)}
        for program, taken_in in days.items()
        for day, row in zip(taken_in, held(program, len(taken_in)), strict=True)
    ]
    return FaultyArchive(lambda _: rows, DAY_2)


def spans_of(recorded: FaultyArchive, since: datetime, most_rows: int, found: Spans) -> None:
    with MastArchive(recorded.url, AGENT, patience=QUICK, most_rows=most_rows) as archive:
        found += archive.programs_ingested(NIRCAM, since, END)


@settings(max_examples=examples(20), deadline=None)
@given(
    st.dictionaries(st.integers(1000, 9999), st.lists(st.integers(1, 1400), min_size=1, max_size=6), max_size=6),
    st.integers(6, 20),
    st.integers(0, 12),
)
def test_every_program_is_found_though_the_search_is_broken_off(
    days: dict[int, list[int]], most_rows: int, answered: int
) -> None:
    # No more on one day than a page may have, which could not be cut.
    busiest = max((sum(taken.count(day) for taken in days.values()) for day in range(1401)), default=0)
    with archive_of(days) as recorded:
        found: Spans = []
        seen = 0

        def is_later(_: object) -> bool:
            nonlocal seen
            seen += 1
            return seen > answered

        recorded.misbehave(faults.ServerError(), times=None, when=is_later)
        with suppress(UpstreamUnavailable):
            spans_of(recorded, BEGIN, max(most_rows, busiest), found)
        recorded.well_behaved()
        spans_of(recorded, found[-1][1] if found else BEGIN, max(most_rows, busiest), found)
    ends = [end for _, end in found]
    assert ends == sorted(ends)
    assert ends[-1] == END
    assert frozenset().union(*(programs for programs, _ in found)) == days.keys()


def test_a_million_rows_are_asked_for_in_halves() -> None:
    with archive_of({1180: [10, 500, 900], 4321: [20, 1400]}) as recorded:
        found: Spans = []
        spans_of(recorded, BEGIN, 2, found)
        pages = [received for received in recorded.requests if is_page(received)]
    assert [programs for programs, _ in found if programs] == [{1180, 4321}, {1180}, {1180, 4321}] or len(
        found
    ) > 3
    assert {page.params["columns"] for page in pages} == {"program"}


def test_more_rows_at_once_than_an_answer_may_have_are_told() -> None:
    with archive_of({1180: [10, 10, 10]}) as recorded, pytest.raises(UpstreamUnavailable, match="at once"):
        spans_of(recorded, BEGIN, 2, [])


def test_an_answer_that_lacks_rows_is_none() -> None:
    with archive_of({1180: [10], 4321: [20]}) as recorded:
        recorded.misbehave(archive_faults.TruncatedPage(), times=None, when=is_page)
        found: Spans = []
        with pytest.raises(UpstreamUnavailable):
            spans_of(recorded, BEGIN, 500, found)
    assert not any(programs for programs, _ in found)


def test_a_service_that_does_not_say_how_many_rows_there_are_is_asked_to_count_them() -> None:
    with archive_of({1180: [10], 4321: [20]}) as recorded:
        recorded.misbehave(archive_faults.NoPaging(), times=None, when=is_page)
        found: Spans = []
        spans_of(recorded, BEGIN, 500, found)
        assert found == [(frozenset({1180, 4321}), END)]
        recorded.misbehave(archive_faults.NoCount(), times=None)
        with pytest.raises(UpstreamUnavailable):
            spans_of(recorded, BEGIN, 500, [])
