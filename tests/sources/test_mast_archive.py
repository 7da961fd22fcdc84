"""The real client against the recorded archive, well behaved and not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pedigreed.demo import faults
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.bulk import bulk_rows
from pedigreed.demo.rows import always
from pedigreed.demo.scenario import DAY_2, DAY_3, PROGRAMS, UNKNOWN_PROGRAM, archive_at
from pedigreed.demo.script import is_columnsconfig, is_count, is_page
from pedigreed.model.instrument import Instrument
from pedigreed.sources.mast.archive import MastArchive
from pedigreed.sources.mast.patience import Patience
from pedigreed.sources.mast.query import PedigreeQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pedigreed.demo.fault import Fault
    from pedigreed.demo.received import Received
    from pedigreed.model.fetched import Fetched
    from pedigreed.model.product import Product

QUICK = Patience(
    request_timeout=1.0,
    query_timeout=5.0,
    attempts=3,
    first_pause=0.001,
    longest_pause=0.01,
    first_poll=0.001,
    longest_poll=0.01,
)
NIRCAM_1180 = PedigreeQuery(Instrument.NIRCAM, (1180,))
AGENT = "pedigreed/test"


@pytest.fixture
def recorded() -> Iterator[DemoArchive]:
    with DemoArchive(archive_at, DAY_2) as archive:
        yield archive


def ask(
    recorded: DemoArchive,
    query: PedigreeQuery = NIRCAM_1180,
    *,
    known: Mapping[bytes, str] | None = None,
    patience: Patience = QUICK,
    page_rows: int = 50_000,
) -> list[tuple[PedigreeQuery, Fetched[Product]]]:
    with MastArchive(recorded.url, AGENT, patience=patience, page_rows=page_rows) as archive:
        return list(archive.answers(query, lambda _: known or {}))


def ask_one(recorded: DemoArchive, query: PedigreeQuery = NIRCAM_1180, **options: Any) -> Fetched[Product]:  # noqa: ANN401  # as ask()
    ((_, fetched),) = ask(recorded, query, **options)
    return fetched


def expected(program: int = 1180, now: datetime = DAY_2) -> set[str]:
    return {str(row["filename"]) for row in archive_at(now) if row["program"] == program}


def names(fetched: Fetched[Product]) -> set[str]:
    return {product.filename for product in fetched.items}


def pages(recorded: DemoArchive) -> list[Received]:
    return [received for received in recorded.requests if is_page(received)]


# Good conduct


def test_every_row_of_a_program_is_read(recorded: DemoArchive) -> None:
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()
    assert not fetched.warnings


def test_requests_are_serial_and_say_who_asks(recorded: DemoArchive) -> None:
    for instrument in Instrument:
        ask(recorded, PedigreeQuery(instrument, PROGRAMS))
    assert recorded.most_at_once == 1
    agents = {received.user_agent for received in recorded.requests}
    assert all(agent.startswith("pedigreed/test ") and "astroquery" in agent for agent in agents), agents


def test_several_programs_share_a_request(recorded: DemoArchive) -> None:
    fetched = ask_one(recorded, PedigreeQuery(Instrument.NIRSPEC, PROGRAMS))
    assert {product.program for product in fetched.items} == {1181}
    assert fetched.is_complete
    assert len(pages(recorded)) == 1


def test_a_program_that_the_archive_does_not_know_is_a_complete_empty_answer(recorded: DemoArchive) -> None:
    fetched = ask_one(recorded, PedigreeQuery(Instrument.MIRI, (UNKNOWN_PROGRAM,)))
    assert fetched.is_complete
    assert fetched.rows == 0
    assert not pages(recorded), "a count of zero needs no second request"


def test_polls_repeat_the_identical_request() -> None:
    with DemoArchive(archive_at, DAY_2, executing_polls=3) as recorded:
        fetched = ask_one(recorded)
        assert fetched.is_complete
        assert names(fetched) == expected()
        asked = pages(recorded)
        assert len(asked) == 4
        assert len({received.text for received in asked}) == 1


def test_each_query_breaks_the_service_cache(recorded: DemoArchive) -> None:
    first = ask_one(recorded)
    recorded.now = DAY_3
    second = ask_one(recorded)
    assert names(first) == names(second)
    assert {p.pedigree for p in first.items} != {p.pedigree for p in second.items}


def test_pages_of_one_query_share_the_cache_breaker(recorded: DemoArchive) -> None:
    fetched = ask_one(recorded, page_rows=40)
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()
    asked = pages(recorded)
    assert len(asked) == 3
    assert len({received.request["cacheBreaker"] for received in asked}) == 1


def test_a_large_question_is_asked_in_parts(recorded: DemoArchive) -> None:
    parts = ask(recorded, PedigreeQuery(Instrument.NIRISS, (1180, 1210, 2738, 6434)), page_rows=10)
    assert all(fetched.is_complete for _, fetched in parts)
    assert sorted(program for part, _ in parts for program in part.programs) == [1180, 1210, 2738, 6434]
    assert set().union(*(names(fetched) for _, fetched in parts)) == expected(1210)


def test_rows_that_are_known_by_their_bytes_are_not_read_again(recorded: DemoArchive) -> None:
    first = ask_one(recorded)
    known = {product.fingerprint: product.filename for product in first.items}
    again = ask_one(recorded, known=known)
    assert again.is_complete
    assert not again.items
    assert again.unchanged == expected()
    recorded.now = DAY_3
    later = ask_one(recorded, known=known)
    assert 0 < len(later.items) < len(first.items)
    assert names(later) | later.unchanged == expected(now=DAY_3)


def test_an_increment_asks_only_for_what_is_younger(recorded: DemoArchive) -> None:
    since = DAY_2 - timedelta(days=1)
    fetched = ask_one(recorded, replace(NIRCAM_1180, archived_since=since))
    assert fetched.is_complete
    assert 0 < len(fetched.items) < len(expected())
    assert all(product.archived_at is not None and product.archived_at >= since for product in fetched.items)
    assert not [received for received in recorded.requests if is_count(received)]


def test_a_product_carries_what_the_row_says(recorded: DemoArchive) -> None:
    row = next(
        row for row in archive_at(DAY_2) if str(row["filename"]).endswith("_cal.fits") and row["program"] == 1180
    )
    product = next(item for item in ask_one(recorded).items if item.filename == row["filename"])
    assert product.instrument is Instrument.NIRCAM
    assert product.program == 1180
    assert product.observation == row["observtn"]
    assert product.level == "2b"
    assert product.pedigree.cal_ver == row["cal_ver"]
    assert product.pedigree.crds_ctx == row["crds_ctx"]
    assert product.pedigree.date is not None
    assert product.pedigree.date.tzinfo is UTC
    assert product.parameters["filter"] == row["filter"]
    assert product.parameters["tsovisit"] is False
    assert product.parameters["ngroups"] == row["ngroups"]


# Faults that pass


@pytest.mark.parametrize(
    "fault",
    [
        faults.GatewayTimeout(),
        faults.Unavailable(),
        faults.ServerError(),
        faults.TooManyRequests(0),
        faults.TooManyRequests(None),
        faults.HtmlPage(),
        faults.EmptyBody(),
        faults.TruncatedJson(),
        faults.ResetBefore(),
        faults.ResetMidBody(),
        faults.ErrorReply("Execution Timeout Expired."),
    ],
    ids=lambda fault: type(fault).__name__,
)
@pytest.mark.parametrize("when", [is_count, is_page], ids=["count", "page"])
def test_a_passing_fault_is_tried_again(
    recorded: DemoArchive, fault: Fault, when: Callable[[Received], bool]
) -> None:
    recorded.misbehave(fault, times=2, when=when)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()
    asked = [received for received in recorded.requests if when(received)]
    assert len(asked) == 3
    assert len({received.text for received in asked}) == 1, "a retry is the identical request"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (faults.GatewayTimeout(), "HTTP 504"),
        (faults.HtmlPage(), "HTML instead of JSON"),
        (faults.EmptyBody(), "an empty body instead of JSON"),
        (faults.TruncatedJson(), "broken JSON instead of JSON"),
        (faults.ResetBefore(), "connection"),
        (faults.TooManyRequests(0), "HTTP 429"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, faults.Fault) else "",
)
def test_a_fault_that_stays_is_an_incomplete_answer_with_its_reason(
    recorded: DemoArchive, fault: Fault, words: str
) -> None:
    recorded.misbehave(fault, times=None, when=is_page)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert not fetched.items
    (problem,) = fetched.problems
    assert words in problem
    assert recorded.url not in problem


def test_retry_after_is_heeded_up_to_the_query_limit(recorded: DemoArchive) -> None:
    recorded.misbehave(faults.TooManyRequests(3600), times=1, when=is_page)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert "the next pause is 3600 s" in fetched.problems[0]
    assert len(pages(recorded)) == 1, "asking again sooner than told would be rude"


def test_retry_after_as_a_date_is_heeded(recorded: DemoArchive) -> None:
    recorded.misbehave(faults.TooManyRequests(datetime.now(UTC) + timedelta(hours=2)), times=1, when=is_page)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert "the next pause is" in fetched.problems[0]


@pytest.mark.parametrize("fault", [faults.Hang(), faults.Drip()], ids=["hang", "drip"])
def test_one_exchange_takes_no_longer_than_its_limit(recorded: DemoArchive, fault: Fault) -> None:
    recorded.misbehave(fault, times=1, when=is_page)
    fetched = ask_one(recorded, patience=replace(QUICK, request_timeout=0.3))
    assert fetched.is_complete, fetched.problems
    assert len(pages(recorded)) == 2


def test_a_query_that_executes_for_ever_ends_at_its_limit(recorded: DemoArchive) -> None:
    recorded.misbehave(faults.Executing(), times=None, when=is_page)
    fetched = ask_one(recorded, patience=replace(QUICK, query_timeout=0.5))
    assert not fetched.is_complete
    assert "did not complete the query within 0.5 s" in fetched.problems[0]
    assert len({received.text for received in pages(recorded)}) == 1


def test_after_two_failures_the_archive_is_left_alone(recorded: DemoArchive) -> None:
    recorded.misbehave(faults.GatewayTimeout(), times=None)
    with MastArchive(recorded.url, AGENT, patience=QUICK) as archive:
        for instrument in Instrument:
            ((_, fetched),) = archive.answers(PedigreeQuery(instrument, (1180,)), lambda _: {})
            assert not fetched.is_complete
    assert "not asked" in fetched.problems[0]
    asked = [received for received in recorded.requests if not is_columnsconfig(received)]
    assert len(asked) == 2 * QUICK.attempts


def test_nobody_listening_is_an_incomplete_answer() -> None:
    with DemoArchive(archive_at, DAY_2) as recorded:
        url = recorded.url
    with MastArchive(url, AGENT, patience=QUICK) as archive:
        ((_, fetched),) = archive.answers(NIRCAM_1180, lambda _: {})
    assert not fetched.is_complete
    assert "connection refused" in fetched.problems[0]


# Completeness


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (faults.TruncatedPage(3), "109 rows came, and the service counts 112"),
        (faults.WrongTotal(5), "the number of rows changed from 112 to 117"),
        (faults.WrongTotal(-5), "112 rows came, and the service counts 107"),
        (faults.DuplicateRow(), "rows came twice"),
        (faults.NoRows(), "the number of rows changed from 112 to 0"),
    ],
    ids=["short page", "larger total", "smaller total", "duplicate", "empty"],
)
def test_what_does_not_add_up_is_incomplete_and_still_brings_its_rows(
    recorded: DemoArchive, fault: Fault, words: str
) -> None:
    recorded.misbehave(fault, times=None, when=is_page)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert any(words in problem for problem in fetched.problems) or words in "; ".join(fetched.problems), (
        fetched.problems
    )
    assert names(fetched) <= expected()
    assert bool(fetched.items) is not isinstance(fault, faults.NoRows)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (faults.RepeatedPage(), "rows came twice"),
        (faults.MovingTotal(), "the number of rows changed"),
    ],
    ids=["same page twice", "total moves"],
)
def test_paging_that_does_not_add_up_is_incomplete(recorded: DemoArchive, fault: Fault, words: str) -> None:
    recorded.misbehave(fault, times=None, when=is_page)
    fetched = ask_one(recorded, page_rows=40)
    assert not fetched.is_complete
    assert words in "; ".join(fetched.problems)


def test_a_page_served_twice_is_noticed_among_known_rows_too(recorded: DemoArchive) -> None:
    known = {product.fingerprint: product.filename for product in ask_one(recorded).items}
    recorded.misbehave(faults.RepeatedPage(), times=None, when=is_page)
    fetched = ask_one(recorded, known=known, page_rows=40)
    assert not fetched.is_complete
    assert "rows came twice" in "; ".join(fetched.problems)


def test_a_reply_without_paging_is_held_against_the_count(recorded: DemoArchive) -> None:
    recorded.misbehave(faults.NoPaging(), times=None, when=is_page)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()


def test_an_increment_without_paging_is_counted(recorded: DemoArchive) -> None:
    recorded.misbehave(faults.NoPaging(), times=None, when=is_page)
    fetched = ask_one(recorded, replace(NIRCAM_1180, archived_since=DAY_2 - timedelta(days=1)))
    assert fetched.is_complete, fetched.problems
    assert [received for received in recorded.requests if is_count(received)]


def test_an_ignored_program_filter_is_noticed(recorded: DemoArchive) -> None:
    recorded.misbehave(faults.IgnoredFilter("program"), times=None)
    fetched = ask_one(recorded, PedigreeQuery(Instrument.NIRISS, (6434,)))
    assert not fetched.is_complete
    assert "of programs that were not asked for" in "; ".join(fetched.problems)
    assert not fetched.items


def test_an_ignored_date_filter_is_noticed(recorded: DemoArchive) -> None:
    recorded.misbehave(faults.IgnoredFilter("ingestCompletionDate_mjd"), times=None)
    fetched = ask_one(recorded, replace(NIRCAM_1180, archived_since=DAY_2 - timedelta(days=1)))
    assert fetched.ignored_limits
    assert names(fetched) == expected()


def test_a_date_filter_that_is_heeded_is_not_suspected(recorded: DemoArchive) -> None:
    assert not ask_one(recorded, replace(NIRCAM_1180, archived_since=DAY_2 - timedelta(days=1))).ignored_limits


# Columns


@pytest.mark.parametrize("still_configured", [True, False])
def test_a_column_that_the_service_has_no_more_is_dropped_with_a_warning(
    recorded: DemoArchive, still_configured: bool
) -> None:
    recorded.misbehave(faults.MissingColumn("crowdfld", is_still_configured=still_configured), times=None)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()
    (warning,) = fetched.warnings
    assert "NIRCam no longer has crowdfld" in warning


@pytest.mark.parametrize("column", ["date_mjd", "publicReleaseDate_mjd"])
def test_a_date_is_read_in_its_other_form_where_the_first_is_gone(column: str) -> None:
    rows = [
        {**row, "instrume": "FGS", "date": "/Date(1712689643699)/"} for row in bulk_rows(1180, Instrument.FGS, 3)
    ]
    with DemoArchive(always(rows), DAY_2) as recorded:
        recorded.misbehave(faults.MissingColumn(column, is_still_configured=False), times=None)
        fetched = ask_one(recorded, PedigreeQuery(Instrument.FGS, (1180,)))
    assert fetched.is_complete, fetched.problems
    if column == "date_mjd":
        assert {product.pedigree.date for product in fetched.items} == {
            datetime(2024, 4, 9, 19, 7, 23, 699000, UTC)
        }


def test_without_a_column_of_the_pedigree_there_is_no_answer(recorded: DemoArchive) -> None:
    recorded.misbehave(faults.MissingColumn("cal_ver", is_still_configured=True), times=None)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert "cal_ver" in fetched.problems[0]


def test_without_the_ingest_column_everything_is_asked_for(recorded: DemoArchive) -> None:
    recorded.misbehave(faults.MissingColumn("ingestCompletionDate_mjd", is_still_configured=False), times=None)
    ((part, fetched),) = ask(recorded, replace(NIRCAM_1180, archived_since=DAY_2))
    assert part.is_sweep
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()


@pytest.mark.parametrize("fault", [faults.EmptyBody(), faults.HtmlPage()], ids=["empty", "HTML"])
def test_a_failing_column_configuration_does_no_harm(recorded: DemoArchive, fault: Fault) -> None:
    recorded.misbehave(fault, times=None, when=is_columnsconfig)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()


def test_an_error_of_the_service_is_told_in_its_words(recorded: DemoArchive) -> None:
    recorded.misbehave(faults.ErrorReply("Incorrect syntax near '*'."), times=None, when=is_page)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert "Incorrect syntax near '*'" in fetched.problems[0]
    assert len(pages(recorded)) == 1, "a refusal is not asked again"


# Dialects


@pytest.mark.parametrize(
    "fault",
    [faults.TablesEnvelope(), faults.NumbersAsStrings(), faults.BooleansAsWords()],
    ids=lambda fault: type(fault).__name__,
)
def test_every_dialect_reads_the_same(recorded: DemoArchive, fault: Fault) -> None:
    plain = {product.filename: replace(product, fingerprint=b"") for product in ask_one(recorded).items}
    recorded.misbehave(fault, times=None, when=is_page)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert {product.filename: replace(product, fingerprint=b"") for product in fetched.items} == plain


def test_nulls_and_absent_keys_are_unknown_values(recorded: DemoArchive) -> None:
    for fault in (faults.NullValues, faults.MissingKeys):
        recorded.well_behaved()
        recorded.misbehave(fault(("isStale", "isRestricted", "date_mjd", "fileSize")), times=None, when=is_page)
        fetched = ask_one(recorded)
        assert fetched.is_complete, fetched.problems
        product = fetched.items[0]
        assert product.is_stale is None
        assert product.is_restricted is None
        assert product.size is None


def test_a_row_without_a_name_makes_the_answer_incomplete(recorded: DemoArchive) -> None:
    recorded.misbehave(faults.NullValues(("filename",)), times=None, when=is_page)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert "rows can't be read: a row without a file name" in "; ".join(fetched.problems)
