"""How a keyword service may differ from what is known of it, and what is made of each form of its answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec import structs

import archive_faults
from asking_mast import AGENT, NIRCAM_1180, QUICK, ask, ask_one, expected, held, kinds, names
from misbehaving import FaultyArchive, is_count, is_page
from pedigreed.demo.rows import always
from pedigreed.demo.scenario import DAY_2, UNKNOWN_PROGRAM
from pedigreed.model.instrument import Instrument
from pedigreed.sources.mast.archive import MastArchive
from pedigreed.sources.mast.query import PedigreeQuery

if TYPE_CHECKING:
    from faults import Fault

QUIET = replace(NIRCAM_1180, archived_since=DAY_2 + timedelta(days=99))
"""An increment that finds nothing."""


# Answers without rows


@pytest.mark.parametrize(
    "query", [QUIET, PedigreeQuery(Instrument.MIRI, (UNKNOWN_PROGRAM,))], ids=["quiet", "no data"]
)
@pytest.mark.parametrize("has_table", [True, False])
@pytest.mark.parametrize("has_paging", [True, False])
def test_an_answer_without_rows_is_complete(
    recorded: FaultyArchive, query: PedigreeQuery, has_table: bool, has_paging: bool
) -> None:
    fault = archive_faults.EmptyTable(has_table=has_table, has_paging=has_paging)
    recorded.misbehave(fault, times=None, when=is_page)
    fetched = ask_one(recorded, query)
    assert fetched.is_complete, fetched.problems
    assert fetched.rows == 0
    assert ("count" in kinds(recorded)) is not has_paging, "only what says nothing of its total is counted"


def test_an_answer_without_rows_is_not_complete_where_the_service_counts_some(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.NoRows(), times=None, when=is_page)
    recorded.misbehave(archive_faults.EmptyTable(has_paging=False), times=None, when=is_page)
    fetched = ask_one(recorded)
    assert fetched.problems == ("0 rows came, and the service counts 112",)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (None, "0 rows came, and the service counts 112"),
        (archive_faults.NoCount(), "the service did not say how many rows there are"),
    ],
    ids=["counted", "not counted"],
)
def test_a_sweep_that_lost_all_that_was_known_is_held_against_the_count(
    recorded: FaultyArchive, fault: Fault | None, problem: str
) -> None:
    known = {product.fingerprint: product.filename for product in ask_one(recorded).items}
    recorded.misbehave(archive_faults.NoRows(), times=None, when=is_page)
    if fault is not None:
        recorded.misbehave(fault, times=None, when=is_count)
    assert ask_one(recorded, known=known).problems == (problem,)


# The count


@pytest.mark.parametrize("counted", [None, 0, "112", "many"], ids=str)
def test_a_sweep_needs_no_count(recorded: FaultyArchive, counted: int | str | None) -> None:
    recorded.misbehave(archive_faults.NoCount(counted), times=None, when=is_count)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()
    assert "count" not in kinds(recorded)


@pytest.mark.parametrize(("counted", "is_complete"), [(None, False), (0, False), ("112", True), ("many", False)])
def test_where_the_pages_do_not_say_the_count_decides_and_what_came_is_kept(
    recorded: FaultyArchive, counted: int | str | None, is_complete: bool
) -> None:
    recorded.misbehave(archive_faults.NoPaging(), times=None, when=is_page)
    recorded.misbehave(archive_faults.NoCount(counted), times=None, when=is_count)
    fetched = ask_one(recorded)
    assert fetched.is_complete is is_complete
    assert names(fetched) == expected()


# Other spellings


@pytest.mark.parametrize(
    "fault",
    [
        archive_faults.OtherCase(),
        archive_faults.ByteOrderMark(),
        archive_faults.PagingAsText(),
        archive_faults.RepeatedRow(),
        archive_faults.OtherPaging({"page": 0}),
        archive_faults.OtherPaging({"rowsFiltered": -1}),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_what_means_the_same_reads_the_same(recorded: FaultyArchive, fault: Fault) -> None:
    plain = {product.filename: structs.replace(product, fingerprint=b"") for product in ask_one(recorded).items}
    recorded.misbehave(fault, times=None, when=is_page)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert {product.filename: structs.replace(product, fingerprint=b"") for product in fetched.items} == plain
    assert not fetched.warnings


def test_columns_in_capitals_and_in_positions_read_the_same(recorded: FaultyArchive) -> None:
    for fault in (archive_faults.OtherCase(), archive_faults.TablesEnvelope()):
        recorded.misbehave(fault, times=None, when=is_page)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert {product.pedigree.cal_ver for product in fetched.items} > {None} or all(
        product.pedigree.cal_ver for product in fetched.items
    )


@pytest.mark.parametrize("word", ["None", "N/A", "undefined", " ", "NaN"])
@pytest.mark.parametrize("column", ["cal_ver", "date_mjd", "publicReleaseDate_mjd", "isStale"])
def test_a_word_for_nothing_is_nothing(recorded: FaultyArchive, column: str, word: str) -> None:
    recorded.misbehave(archive_faults.OtherValue(column, word), times=None, when=is_page)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()
    assert not fetched.warnings
    assert fetched.unfilled == {column}


def test_what_is_no_number_is_null_with_a_note(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.NotANumber(), times=None, when=is_page)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()
    assert {product.size for product in fetched.items} == {None}
    assert fetched.warnings == ("values that are no numbers (NaN, Infinity) were read as null",)


@pytest.mark.parametrize("written", ["None", "N/A", "n/a", "", " ", "null", None])
def test_what_says_that_there_is_none_is_no_pedigree(written: str | None) -> None:
    rows = held(1180, 3, cal_ver=written, crds_ctx=written)
    with FaultyArchive(always(rows), DAY_2) as recorded:
        fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert {(product.pedigree.cal_ver, product.pedigree.crds_ctx) for product in fetched.items} == {(None, None)}


# What is refused


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("is_json", [False, True])
def test_a_column_that_is_refused_by_an_http_status_is_left_out(
    recorded: FaultyArchive, status: int, is_json: bool
) -> None:
    fault = archive_faults.ColumnRefusedByHttp("isStale", status, is_json=is_json)
    recorded.misbehave(fault, times=None, when=is_page)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()
    assert {product.is_stale for product in fetched.items} == {None}
    assert kinds(recorded).count("page") == 2


def test_an_unknown_status_is_waited_for(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.OtherStatus("QUEUED"), times=3, when=is_page)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert kinds(recorded).count("page") == 4


def test_an_unknown_status_that_stays_is_told(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.OtherStatus("QUEUED"), times=None, when=is_page)
    fetched = ask_one(recorded, patience=replace(QUICK, total_timeout=0.3))
    assert fetched.problems == (
        "MAST did not complete the query within 0.3 s: its status stayed 'QUEUED', which is not known",
    )


# Pages, and questions that are too much


def test_rows_that_fill_the_first_page_are_asked_for_on_one(recorded: FaultyArchive) -> None:
    fetched = ask_one(recorded, page_rows=40)
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()
    asked = [received.request["pagesize"] for received in recorded.requests if is_page(received)]
    assert asked == [40, 112 + 1000]


def test_pages_that_overlap_are_asked_for_by_observation(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.OverlappingPages(60), times=None, when=is_page)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()


def test_a_program_larger_than_a_page_may_be_is_asked_for_by_observation(recorded: FaultyArchive) -> None:
    with MastArchive(recorded.url, AGENT, patience=QUICK, page_rows=20, most_rows=40) as archive:
        ((_, fetched),) = archive.answers(NIRCAM_1180, lambda _: {})
        assert archive.sizes.parts[Instrument.NIRCAM, 1180] > 2
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()


@pytest.mark.parametrize("is_known", [False, True])
def test_a_program_that_is_too_slow_is_asked_for_by_observation(recorded: FaultyArchive, is_known: bool) -> None:
    products = ask_one(recorded).items if is_known else ()
    known = {product.fingerprint: product.filename for product in products}
    recorded.misbehave(archive_faults.SlowInProportion(50), times=None, when=is_page)
    with MastArchive(recorded.url, AGENT, patience=QUICK) as archive:
        ((_, fetched),) = archive.answers(NIRCAM_1180, lambda _: known)
        assert fetched.is_complete, fetched.problems
        assert names(fetched) | fetched.unchanged == expected()
        before = len(recorded.requests)
        ((_, again),) = archive.answers(NIRCAM_1180, lambda _: known)
        assert again.is_complete, again.problems
        if is_known:
            parts = archive.sizes.parts[Instrument.NIRCAM, 1180]
            assert len(recorded.requests) - before == parts + 1, "what worked is asked at once, and counted"


def many_programs() -> FaultyArchive:
    return FaultyArchive(always([row for program in range(1101, 1133) for row in held(program, 3)]), DAY_2)


MANY = PedigreeQuery(Instrument.NIRCAM, tuple(range(1101, 1133)))


@pytest.mark.parametrize(
    ("fault", "most"),
    [
        (archive_faults.SlowInProportion(30), 10),
        (archive_faults.TooManyValues(9), 9),
        (archive_faults.ErrorReply("Execution Timeout Expired."), 0),
    ],
    ids=["slow in proportion", "too many values", "never"],
)
def test_what_is_too_much_is_halved_and_what_worked_is_learnt(fault: Fault, most: int) -> None:
    with many_programs() as recorded, MastArchive(recorded.url, AGENT, patience=QUICK) as archive:
        recorded.misbehave(fault, times=None, when=is_page)
        parts = list(archive.answers(MANY, lambda _: {}))
        asked = sorted(program for part, _ in parts for program in part.programs)
        assert asked == list(MANY.programs)
        assert all(fetched.is_complete for _, fetched in parts) is bool(most)
        if most:
            assert most / 2 <= archive.sizes.programs[Instrument.NIRCAM] <= most
        else:
            assert not archive.sizes.programs
            assert kinds(recorded).count("page") <= 2 + QUICK.attempts + 1, (
                "one program shows that it is the service"
            )


def test_one_program_that_is_too_slow_takes_no_other_with_it() -> None:
    rows = [row for program in range(1101, 1133) for row in held(program, 3 if program != 1117 else 80)]
    with FaultyArchive(always(rows), DAY_2) as recorded:
        recorded.misbehave(archive_faults.SlowInProportion(60), times=None, when=is_page)
        parts = ask(recorded, MANY)
    assert {program for part, fetched in parts if not fetched.is_complete for program in part.programs} <= {1117}
    assert sorted(program for part, _ in parts for program in part.programs) == list(MANY.programs)
