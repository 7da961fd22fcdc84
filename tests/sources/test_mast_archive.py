"""The real client against the recorded archive, well behaved and not."""

from __future__ import annotations

import gzip
import importlib
import re
import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec import structs

import archive_faults
import faults
from asking_mast import AGENT, NIRCAM_1180, QUICK, ask, ask_one, expected, held, is_of_a_part, kinds, names, pages
from misbehaving import FaultyArchive, is_count, is_page
from pedigreed.demo.scenario import DAY_2, DAY_3, PROGRAMS, UNKNOWN_PROGRAM, archive_at
from pedigreed.model.instrument import Instrument
from pedigreed.sources.mast.archive import MastArchive
from pedigreed.sources.mast.query import PedigreeQuery
from raw_server import raw_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults import Fault
    from pedigreed.demo.received import Received
    from pedigreed.model.coverage import Fetched
    from pedigreed.model.product import Product


def whole_rows(recorded: FaultyArchive) -> list[Received]:
    """The requests for all columns of all observations."""
    return [received for received in pages(recorded) if not is_of_a_part(received)]


# Good conduct


def test_every_row_of_a_program_is_read(recorded: FaultyArchive) -> None:
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()
    assert not fetched.warnings


def test_requests_are_serial_and_say_who_asks(recorded: FaultyArchive) -> None:
    for instrument in Instrument:
        ask(recorded, PedigreeQuery(instrument, PROGRAMS))
    assert recorded.most_at_once == 1
    agents = {received.user_agent for received in recorded.requests}
    assert all(agent.startswith("pedigreed/test ") and "astroquery" in agent for agent in agents), agents


def test_several_programs_share_a_request(recorded: FaultyArchive) -> None:
    fetched = ask_one(recorded, PedigreeQuery(Instrument.NIRSPEC, PROGRAMS))
    assert {product.program for product in fetched.items} == {1181}
    assert fetched.is_complete
    assert len(pages(recorded)) == 1


def test_a_program_that_the_archive_does_not_know_is_a_complete_empty_answer(recorded: FaultyArchive) -> None:
    fetched = ask_one(recorded, PedigreeQuery(Instrument.MIRI, (UNKNOWN_PROGRAM,)))
    assert fetched.is_complete
    assert fetched.rows == 0
    assert kinds(recorded) == ["columnsconfig", "page"]


def test_polls_repeat_the_identical_request() -> None:
    with FaultyArchive(archive_at, DAY_2, executing_polls=3) as recorded:
        fetched = ask_one(recorded)
        assert fetched.is_complete
        assert names(fetched) == expected()
        asked = pages(recorded)
        assert len(asked) == 4
        assert len({received.text for received in asked}) == 1


def test_each_query_breaks_the_service_cache(recorded: FaultyArchive) -> None:
    first = ask_one(recorded)
    recorded.now = DAY_3
    second = ask_one(recorded)
    assert names(first) == names(second)
    assert {p.pedigree for p in first.items} != {p.pedigree for p in second.items}


def test_pages_of_one_query_share_the_cache_breaker(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.SmallPages(40), times=None, when=is_page)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()
    asked = pages(recorded)
    assert len(asked) == 3
    assert len({received.request["cacheBreaker"] for received in asked}) == 1


def test_a_large_question_is_asked_in_parts(recorded: FaultyArchive) -> None:
    parts = ask(recorded, PedigreeQuery(Instrument.NIRISS, (1180, 1210, 2738, 6434)), page_rows=10)
    assert all(fetched.is_complete for _, fetched in parts)
    assert sorted(program for part, _ in parts for program in part.programs) == [1180, 1210, 2738, 6434]
    assert set().union(*(names(fetched) for _, fetched in parts)) == expected(1210)


def test_a_page_that_would_fill_by_what_other_programs_have_is_not_asked_for() -> None:
    rows = [row for program in range(1101, 1119) for row in held(program, 10)]
    with (
        FaultyArchive(lambda _: rows, DAY_2) as recorded,
        MastArchive(recorded.url, AGENT, patience=QUICK, page_rows=45) as archive,
    ):
        for first in (1101, 1107, 1113):
            query = PedigreeQuery(Instrument.NIRCAM, tuple(range(first, first + 6)))
            parts = list(archive.answers(query, lambda _: {}))
            assert [(len(part.programs), fetched.rows) for part, fetched in parts] == [(3, 30), (3, 30)]
            assert all(fetched.is_complete for _, fetched in parts)
        asked = [len(received.params["filters"][0]["values"]) for received in pages(recorded)]
    assert asked == [6, 3, 3, 3, 3, 3, 3], "only the first question brought a page that was thrown away"


def test_rows_that_are_known_by_their_bytes_are_not_read_again(recorded: FaultyArchive) -> None:
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


def test_an_increment_asks_only_for_what_is_younger(recorded: FaultyArchive) -> None:
    since = DAY_2 - timedelta(days=1)
    fetched = ask_one(recorded, replace(NIRCAM_1180, archived_since=since))
    assert fetched.is_complete
    assert 0 < len(fetched.items) < len(expected())
    assert all(product.archived_at is not None and product.archived_at >= since for product in fetched.items)
    assert not [received for received in recorded.requests if is_count(received)]


def test_a_product_carries_what_the_row_says(recorded: FaultyArchive) -> None:
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
        archive_faults.ErrorReply("Execution Timeout Expired."),
    ],
    ids=lambda fault: type(fault).__name__,
)
@pytest.mark.parametrize("when", [is_count, is_page], ids=["count", "page"])
def test_a_passing_fault_is_tried_again(
    recorded: FaultyArchive, fault: Fault, when: Callable[[Received], bool]
) -> None:
    recorded.misbehave(fault, times=2, when=when)
    if when is is_count:
        recorded.misbehave(archive_faults.NoPaging(), times=None, when=is_page)
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
    recorded: FaultyArchive, fault: Fault, words: str
) -> None:
    recorded.misbehave(fault, times=None, when=is_page)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert not fetched.items
    (problem,) = fetched.problems
    assert words in problem
    assert recorded.url not in problem


def test_retry_after_is_heeded_up_to_the_query_limit(recorded: FaultyArchive) -> None:
    recorded.misbehave(faults.TooManyRequests(3600), times=1, when=is_page)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert "HTTP 429, and asked for a pause of 3600 s" in fetched.problems[0]
    assert len(pages(recorded)) == 1, "asking again sooner than told would be rude"


def test_retry_after_as_a_date_is_heeded(recorded: FaultyArchive) -> None:
    recorded.misbehave(faults.TooManyRequests(datetime.now(UTC) + timedelta(hours=2)), times=1, when=is_page)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert "HTTP 429, and asked for a pause of 7" in fetched.problems[0]


@pytest.mark.failure("MAST does not answer")
@pytest.mark.parametrize("fault", [faults.Hang(), faults.Drip()], ids=["hang", "drip"])
def test_one_exchange_takes_no_longer_than_its_limit(recorded: FaultyArchive, fault: Fault) -> None:
    recorded.misbehave(fault, times=1, when=is_page)
    fetched = ask_one(recorded, patience=replace(QUICK, exchange_timeout=0.3))
    assert fetched.is_complete, fetched.problems
    assert len(pages(recorded)) == 2


@pytest.mark.failure("MAST does not answer")
def test_a_query_that_executes_for_ever_ends_at_its_limit(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.Executing(), times=None, when=is_page)
    fetched = ask_one(recorded, patience=replace(QUICK, total_timeout=0.5))
    assert not fetched.is_complete
    assert "did not complete the query within 0.5 s" in fetched.problems[0]
    assert len({received.text for received in whole_rows(recorded)}) == 1


def test_nobody_listening_is_an_incomplete_answer() -> None:
    with FaultyArchive(archive_at, DAY_2) as recorded:
        url = recorded.url
    with MastArchive(url, AGENT, patience=QUICK) as archive:
        ((_, fetched),) = archive.answers(NIRCAM_1180, lambda _: {})
    assert not fetched.is_complete
    assert "connection refused" in fetched.problems[0]


# Completeness


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (archive_faults.TruncatedPage(3), "109 rows came, and the service counts 112"),
        (archive_faults.WrongTotal(5), "112 rows came, and the service counts 117"),
        (archive_faults.WrongTotal(-5), "112 rows came, and the service counts 107"),
        (archive_faults.DuplicateRow(), "1 row came twice"),
    ],
    ids=["short page", "larger total", "smaller total", "duplicate"],
)
def test_what_does_not_add_up_is_incomplete_and_still_brings_its_rows(
    recorded: FaultyArchive, fault: Fault, words: str
) -> None:
    recorded.misbehave(fault, times=None, when=is_page)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert any(words in problem for problem in fetched.problems) or words in "; ".join(fetched.problems), (
        fetched.problems
    )
    assert names(fetched) <= expected()
    assert fetched.items


@pytest.mark.parametrize(
    ("fault", "rows", "words"),
    [
        (archive_faults.RepeatedPage(), 40, "80 rows came, 40 of them different, and the service counts 112"),
        (archive_faults.MovingTotal(), 10, "the number of rows changed"),
    ],
    ids=["same page twice", "total moves"],
)
def test_paging_that_does_not_add_up_is_incomplete(
    recorded: FaultyArchive, fault: Fault, rows: int, words: str
) -> None:
    recorded.misbehave(fault, times=None, when=is_page)
    recorded.misbehave(archive_faults.SmallPages(rows), times=None, when=is_page)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert words in "; ".join(fetched.problems)


def test_a_page_served_twice_is_noticed_among_known_rows_too(recorded: FaultyArchive) -> None:
    known = {product.fingerprint: product.filename for product in ask_one(recorded).items}
    recorded.misbehave(archive_faults.RepeatedPage(), times=None, when=is_page)
    recorded.misbehave(archive_faults.SmallPages(40), times=None, when=is_page)
    fetched = ask_one(recorded, known=known)
    assert not fetched.is_complete
    assert "40 of them different" in "; ".join(fetched.problems)


def test_a_reply_without_paging_is_held_against_the_count(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.NoPaging(), times=None, when=is_page)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()


def test_pages_without_paging_are_read_until_they_reach_the_count(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.NoPaging(), times=None, when=is_page)
    recorded.misbehave(archive_faults.SmallPages(40), times=None, when=is_page)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()
    assert len(pages(recorded)) == 3


def test_pages_of_the_service_s_own_size_are_read_to_the_end(recorded: FaultyArchive) -> None:
    for without_paging in (False, True):
        recorded.well_behaved()
        recorded.misbehave(archive_faults.SmallPages(30), times=None, when=is_page)
        if without_paging:
            recorded.misbehave(archive_faults.NoPaging(), times=None, when=is_page)
        fetched = ask_one(recorded)
        assert fetched.is_complete, fetched.problems
        assert names(fetched) == expected()


@pytest.mark.parametrize(
    ("fault", "most"),
    [(archive_faults.RepeatedPage(), 2), (archive_faults.WrongTotal(1000), 4)],
    ids=["repeats", "ends early"],
)
def test_no_more_pages_are_asked_for_once_one_brings_nothing(
    recorded: FaultyArchive, fault: Fault, most: int
) -> None:
    recorded.misbehave(fault, times=None)
    recorded.misbehave(archive_faults.NoPaging(), times=None, when=is_page)
    recorded.misbehave(archive_faults.SmallPages(40), times=None, when=is_page)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert len(whole_rows(recorded)) == most


def test_a_page_that_repeats_is_the_last_however_many_are_said_to_come(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.RepeatedPage(), times=None, when=is_page)
    recorded.misbehave(archive_faults.SmallPages(20), times=None, when=is_page)
    assert not ask_one(recorded).is_complete
    assert len(whole_rows(recorded)) == 2


def test_an_increment_without_paging_is_counted(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.NoPaging(), times=None, when=is_page)
    fetched = ask_one(recorded, replace(NIRCAM_1180, archived_since=DAY_2 - timedelta(days=1)))
    assert fetched.is_complete, fetched.problems
    assert [received for received in recorded.requests if is_count(received)]


def test_an_ignored_program_filter_is_noticed(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.IgnoredFilter("program"), times=None)
    fetched = ask_one(recorded, PedigreeQuery(Instrument.NIRISS, (6434,)))
    assert not fetched.is_complete
    assert "of programs that were not asked for" in "; ".join(fetched.problems)
    assert not fetched.items


def test_an_ignored_date_filter_is_noticed(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.IgnoredFilter("ingestCompletionDate_mjd"), times=None)
    fetched = ask_one(recorded, replace(NIRCAM_1180, archived_since=DAY_2 - timedelta(days=1)))
    assert fetched.ignored_limits
    assert names(fetched) == expected()


def test_a_date_filter_that_is_heeded_is_not_suspected(recorded: FaultyArchive) -> None:
    assert not ask_one(recorded, replace(NIRCAM_1180, archived_since=DAY_2 - timedelta(days=1))).ignored_limits


# Dialects


@pytest.mark.parametrize(
    "fault",
    [archive_faults.TablesEnvelope(), archive_faults.NumbersAsStrings(), archive_faults.BooleansAsWords()],
    ids=lambda fault: type(fault).__name__,
)
def test_every_dialect_reads_the_same(recorded: FaultyArchive, fault: Fault) -> None:
    plain = {product.filename: structs.replace(product, fingerprint=b"") for product in ask_one(recorded).items}
    recorded.misbehave(fault, times=None, when=is_page)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert {product.filename: structs.replace(product, fingerprint=b"") for product in fetched.items} == plain


def test_nulls_and_absent_keys_are_unknown_values(recorded: FaultyArchive) -> None:
    for fault in (archive_faults.NullValues, archive_faults.MissingKeys):
        recorded.well_behaved()
        recorded.misbehave(fault(("isStale", "publicReleaseDate_mjd", "fileSize")), times=None, when=is_page)
        fetched = ask_one(recorded)
        assert fetched.is_complete, fetched.problems
        product = fetched.items[0]
        assert product.is_stale is None
        assert product.public_at is None
        assert product.size is None


def test_a_row_without_a_name_makes_the_answer_incomplete(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.NullValues(("filename",)), times=None, when=is_page)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert "rows can't be read: a row without a file name" in "; ".join(fetched.problems)


def test_where_the_time_runs_out_between_attempts_the_failure_is_told() -> None:
    with FaultyArchive(archive_at, DAY_2) as recorded:
        url = recorded.url
    patience = replace(QUICK, attempts=9, first_pause=0.2, longest_pause=5.0, total_timeout=0.5)
    with MastArchive(url, AGENT, patience=patience) as archive:
        ((_, fetched),) = archive.answers(NIRCAM_1180, lambda _: {})
    assert fetched.problems == ("MAST did not answer: connection refused",)


def test_who_waits_is_told_soon_that_nobody_is_there() -> None:
    with FaultyArchive(archive_at, DAY_2) as recorded:
        url = recorded.url
    told: list[str] = []
    patience = replace(QUICK, attempts=5, attempts_unreached=2, tell=told.append)
    with MastArchive(url, AGENT, patience=patience) as archive:
        for instrument in Instrument:
            ((_, fetched),) = archive.answers(replace(NIRCAM_1180, instrument=instrument), lambda _: {})
            assert fetched.problems == ("MAST did not answer: connection refused",)
    assert len(told) == 2


# No more than was asked for


def zeros(count: int) -> bytes:
    """Many bytes in few."""
    return gzip.compress(b" " * count)


def from_raw(*pieces: bytes) -> Fetched[Product]:
    with raw_server(pieces) as server:
        archive = MastArchive(server.url, AGENT, patience=QUICK, page_rows=100, most_rows=1_000)
        with archive:
            [(_, fetched)] = archive.answers(NIRCAM_1180, lambda _: {})
    return fetched


@pytest.mark.parametrize("status", ["200 OK", "400 No", "500 Oh", "302 Found\r\nLocation: /there"])
def test_a_small_reply_that_expands_without_end_takes_little_memory(status: str) -> None:
    head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Encoding: gzip\r\n\r\n".encode()
    body = zeros(100_000_000)
    importlib.import_module("pedigreed.sources.mast.portal")  # which takes memory too
    tracemalloc.start()
    try:
        fetched = from_raw(head, body)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()
    assert not fetched.is_complete


@pytest.mark.failure("MAST's reply has no end")
def test_a_reply_is_no_longer_than_the_rows_and_columns_that_were_asked_for_may_be() -> None:
    fetched = from_raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", *[b" " * 1_000_000] * 30)
    [problem] = fetched.problems
    assert re.fullmatch(r"MAST sent more than [45],\d{3},\d{3} bytes", problem)


@pytest.mark.failure("MAST's reply has no end")
def test_a_reply_may_be_longer_the_more_rows_are_known() -> None:
    """The first page has room for as many again."""
    longest = []
    for rows in (1, 2_000):
        known = {
            bytes([row % 256, row // 256]): f"jw01180001001_02101_{row:05}_nrca1_cal.fits" for row in range(rows)
        }
        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
        with (
            raw_server((head, *[b" " * 1_000_000] * 60)) as server,
            MastArchive(server.url, AGENT, patience=QUICK) as archive,
        ):
            [(_, fetched)] = archive.answers(NIRCAM_1180, lambda _: known)  # noqa: B023  # used at once
        [problem] = fetched.problems
        longest.append(int(re.fullmatch(r"MAST sent more than ([\d,]+) bytes", problem)[1].replace(",", "")))  # type: ignore[index]
    assert longest[0] < longest[1] < 50_000_000


def test_a_reply_in_single_bytes_is_given_up() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    began = time.process_time()
    fetched = from_raw(head, b"1\r\n \r\n" * 2_000_000)
    assert fetched.problems == ("MAST's reply comes in too many small pieces",)
    assert time.process_time() - began < 5


# Redirects


def redirect(to: str, status: int = 307) -> tuple[bytes]:
    return (f"HTTP/1.1 {status} Go\r\nContent-Length: 0\r\nConnection: close\r\nLocation: {to}\r\n\r\n".encode(),)


NOTHING_READY = (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",)


@pytest.mark.failure("MAST redirects")
def test_a_redirect_is_followed_with_the_question_and_without_the_token_to_another_host() -> None:
    with raw_server(NOTHING_READY) as there, raw_server(NOTHING_READY) as here:
        other = there.url.replace("127.0.0.1", "localhost")
        here.answers = [redirect(f"{other}/moved")]
        with MastArchive(here.url, AGENT, patience=QUICK, token="hunter2hunter2") as archive:
            list(archive.answers(NIRCAM_1180, lambda _: {}))
    assert all(b"hunter2hunter2" in asked for asked in here.requests)
    assert all(asked.startswith(b"POST /moved ") for asked in there.requests)
    assert any(b"1180" in asked for asked in there.requests)
    assert not any(b"hunter2" in asked or b"authorization" in asked.lower() for asked in there.requests)


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://127.1:{port}/",
        "http://169.254.169.254/latest",
    ],
)
def test_a_redirect_of_an_archive_elsewhere_leads_into_no_private_network(
    to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with raw_server(NOTHING_READY) as inside, raw_server(NOTHING_READY) as proxy:
        proxy.answers = [redirect(to.format(port=inside.url.rpartition(":")[2]))]
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with MastArchive("http://mast.example", AGENT, patience=QUICK) as archive:
            [(_, fetched)] = archive.answers(NIRCAM_1180, lambda _: {})
    assert fetched.problems == ("MAST can't be asked: it redirects into a private network",)
    assert inside.requests == []


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("/again", "it redirects more than 5 times"),
        ("//", "it redirects more than 5 times"),
        ("file:///etc/passwd", "it redirects to what is no web address"),
        ("http://[::1", "it redirects to what is no web address"),
        ("http://127.0.0.1:99999999/", "it redirects to what is no web address"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_told(to: str, words: str) -> None:
    with raw_server(redirect(to)) as server, MastArchive(server.url, AGENT, patience=QUICK) as archive:
        [(_, fetched)] = archive.answers(NIRCAM_1180, lambda _: {})
    assert fetched.problems == (f"MAST can't be asked: {words}",)
