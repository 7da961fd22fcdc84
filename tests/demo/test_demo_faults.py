"""Each fault, as it is seen at the other end of a real socket."""

from __future__ import annotations

import http.client
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

import archive_faults
import faults
from archive_faults import FALSE_WORDS, TRUE_WORDS
from misbehaving import FaultyArchive, is_about, is_columnsconfig, is_count, is_for, is_page
from pedigreed.demo.received import COLUMNSCONFIG_PATH, INVOKE_PATH
from pedigreed.demo.scenario import DAY_1, archive_at
from pedigreed.model.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pedigreed.demo.received import Received

ROWS = 51
COLUMNS = "filename,observtn,cal_ver,crds_ctx,date_mjd,isStale,checksum"
PROGRAM = {"paramName": "program", "values": ["1345"]}


@pytest.fixture
def archive() -> Iterator[FaultyArchive]:
    with FaultyArchive(archive_at, now=DAY_1) as served:
        yield served


def post(
    archive: FaultyArchive, path: str, body: str, timeout: float = 20
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(urlsplit(archive.url).netloc, timeout=timeout)
    try:
        connection.request("POST", path, body, {"Content-type": "application/x-www-form-urlencoded"})
        reply = connection.getresponse()
        return reply, reply.read()
    finally:
        connection.close()


def request_of(columns: str, **overrides: Any) -> str:  # noqa: ANN401  # as JSON
    request = {
        "service": "Mast.Jwst.Filtered.Miri",
        "params": {"columns": columns, "filters": [PROGRAM]},
        "pagesize": 20,
        **overrides,
    }
    return f"request={json.dumps(request)}"


def invoke(
    archive: FaultyArchive,
    columns: str = COLUMNS,
    timeout: float = 20,
    **overrides: Any,  # noqa: ANN401  # as JSON
) -> tuple[http.client.HTTPResponse, bytes]:
    return post(archive, INVOKE_PATH, request_of(columns, **overrides), timeout)


def read(archive: FaultyArchive, columns: str = COLUMNS, **overrides: Any) -> dict[str, Any]:  # noqa: ANN401  # as JSON
    reply, body = invoke(archive, columns, **overrides)
    assert reply.status == 200
    answer = json.loads(body)
    assert isinstance(answer, dict)
    return answer


def count(archive: FaultyArchive) -> int:
    counted = read(archive, "COUNT_BIG(*)")["data"][0]["Column1"]
    assert isinstance(counted, int)
    return counted


def is_second_page(request: Received) -> bool:
    return is_page(request) and request.request.get("page") == 2


def columnsconfig(archive: FaultyArchive) -> bytes:
    return post(archive, COLUMNSCONFIG_PATH, "colConfigId=Mast.Jwst.Filtered.Miri")[1]


def names(answer: dict[str, Any]) -> list[str]:
    return [row["filename"] for row in answer["data"]]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (faults.GatewayTimeout(), 504),
        (faults.Unavailable(), 503),
        (faults.ClientError(), 413),
        (faults.ClientError(403), 403),
        (faults.TooManyRequests(), 429),
        (faults.ServerError(), 500),
        (faults.HtmlPage(), 200),
    ],
)
def test_html_comes_with_its_status_and_then_the_archive_behaves(
    archive: FaultyArchive, fault: faults.Fault, status: int
) -> None:
    archive.misbehave(fault, times=2)
    for _ in range(2):
        reply, body = invoke(archive)
        assert (reply.status, reply.getheader("Content-Type")) == (status, "text/html")
        assert body.startswith(b"<html>")
    assert read(archive)["status"] == "COMPLETE"


@pytest.mark.parametrize(
    ("retry_after", "header"),
    [
        (7, "7"),
        (datetime.fromisoformat("2026-11-21T06:00:30Z"), "Sat, 21 Nov 2026 06:00:30 GMT"),
        (None, None),
    ],
)
def test_429_says_when_to_come_again(
    archive: FaultyArchive, retry_after: int | datetime | None, header: str | None
) -> None:
    archive.misbehave(faults.TooManyRequests(retry_after))
    assert invoke(archive)[0].getheader("Retry-After") == header


def test_an_empty_body_comes_with_status_200(archive: FaultyArchive) -> None:
    archive.misbehave(faults.EmptyBody())
    reply, body = invoke(archive)
    assert (reply.status, body) == (200, b"")


def test_truncated_json_is_a_whole_http_reply_that_does_not_parse(archive: FaultyArchive) -> None:
    archive.misbehave(faults.TruncatedJson())
    reply, body = invoke(archive)
    assert reply.status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_a_reset_before_the_reply_brings_nothing(archive: FaultyArchive) -> None:
    archive.misbehave(faults.ResetBefore())
    with pytest.raises(ConnectionResetError) as failure:
        invoke(archive)
    assert failure.type is ConnectionResetError  # not its subclass, which is an orderly end
    assert read(archive)["status"] == "COMPLETE"


def test_a_reset_in_mid_body_breaks_the_reply_off(archive: FaultyArchive) -> None:
    archive.misbehave(faults.ResetMidBody())
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        invoke(archive)
    assert read(archive)["status"] == "COMPLETE"


def test_a_hang_ends_when_the_archive_closes() -> None:
    with FaultyArchive(archive_at, now=DAY_1) as archive:
        archive.misbehave(faults.Hang())
        with pytest.raises(TimeoutError):
            invoke(archive, timeout=0.2)
        assert read(archive)["status"] == "COMPLETE"


def test_a_drip_is_cut_off_when_the_archive_closes() -> None:
    with FaultyArchive(archive_at, now=DAY_1) as archive:
        archive.misbehave(faults.Drip())
        connection = http.client.HTTPConnection(urlsplit(archive.url).netloc, timeout=20)
        connection.request("POST", INVOKE_PATH, request_of(COLUMNS))
        reply = connection.getresponse()
        assert reply.status == 200
        assert reply.read(1) == b"{"
    with pytest.raises(http.client.IncompleteRead):
        reply.read()
    connection.close()


def test_an_error_comes_with_its_message_and_status_200(archive: FaultyArchive) -> None:
    archive.misbehave(archive_faults.ErrorReply("Incorrect syntax near '*'."))
    answer = read(archive)
    assert (answer["status"], answer["msg"]) == ("ERROR", "Incorrect syntax near '*'.")


def test_executing_lasts_until_the_archive_behaves(archive: FaultyArchive) -> None:
    archive.misbehave(archive_faults.Executing(), times=None)
    assert {read(archive)["status"] for _ in range(5)} == {"EXECUTING"}
    archive.well_behaved()
    assert read(archive)["status"] == "COMPLETE"


def test_the_other_envelope_holds_the_same_rows(archive: FaultyArchive) -> None:
    rows = read(archive)["data"]
    archive.misbehave(archive_faults.TablesEnvelope())
    answer = read(archive)
    (table,) = answer["Tables"]
    fields = [field["name"] for field in table["Fields"]]
    assert "data" not in answer
    assert [dict(zip(fields, row, strict=True)) for row in table["Rows"]] == rows


def test_an_answer_may_lack_its_paging(archive: FaultyArchive) -> None:
    archive.misbehave(archive_faults.NoPaging())
    answer = read(archive)
    assert "paging" not in answer
    assert len(answer["data"]) == 20


def test_a_column_may_be_left_out_of_the_configuration_alone(archive: FaultyArchive) -> None:
    archive.misbehave(archive_faults.UnconfiguredColumn("cal_ver"), times=None)
    assert "cal_ver" in read(archive)["data"][0]
    configured = json.loads(columnsconfig(archive))
    assert "cal_ver" not in configured
    assert "crds_ctx" in configured


def test_any_body_can_stand_in_for_the_reply(archive: FaultyArchive) -> None:
    archive.misbehave(faults.OtherBody(b"[]"))
    assert columnsconfig(archive) == b"[]"
    archive.misbehave(faults.OtherBody())
    assert json.loads(columnsconfig(archive))["status"] == "ERROR"


@pytest.mark.parametrize("is_still_configured", [True, False])
def test_a_missing_column_is_refused_by_name(archive: FaultyArchive, is_still_configured: bool) -> None:
    archive.misbehave(archive_faults.MissingColumn("checksum", is_still_configured), times=None)
    answer = read(archive)
    assert (answer["status"], answer["msg"]) == ("ERROR", "Invalid column name 'checksum'.")
    assert "checksum" not in read(archive, "*")["data"][0]
    assert ("checksum" in json.loads(columnsconfig(archive))) is is_still_configured


def test_a_truncated_page_has_fewer_rows_than_it_says(archive: FaultyArchive) -> None:
    archive.misbehave(archive_faults.TruncatedPage(missing=3))
    answer = read(archive)
    assert len(answer["data"]) == 17
    assert (answer["paging"]["rows"], answer["paging"]["rowsFiltered"]) == (20, ROWS)


def test_small_pages_are_cut_to_the_archives_own_size(archive: FaultyArchive) -> None:
    archive.misbehave(archive_faults.SmallPages(8), times=None)
    pages = [read(archive, page=page) for page in (1, 2)]
    assert [len(page["data"]) for page in pages] == [8, 8]
    assert not set(names(pages[0])) & set(names(pages[1]))
    assert pages[0]["paging"]["rowsFiltered"] == ROWS


def test_a_short_row_lacks_its_last_value(archive: FaultyArchive) -> None:
    archive.misbehave(archive_faults.ShortRow())
    (table,) = read(archive)["Tables"]
    columns = len(table["Fields"])
    assert [len(row) for row in table["Rows"][:3]] == [columns - 1, columns, columns]


@pytest.mark.parametrize("by", [5, -5])
def test_a_wrong_total_is_wrong_in_pages_and_in_counts(archive: FaultyArchive, by: int) -> None:
    archive.misbehave(archive_faults.WrongTotal(by), times=None)
    assert read(archive)["paging"]["rowsFiltered"] == ROWS + by
    assert count(archive) == ROWS + by


def test_a_moving_total_grows_with_every_page(archive: FaultyArchive) -> None:
    archive.misbehave(archive_faults.MovingTotal(by=2), times=None)
    totals = [read(archive, page=page)["paging"]["rowsFiltered"] for page in (1, 2, 3)]
    assert totals == [ROWS, ROWS + 2, ROWS + 4]
    assert count(archive) == ROWS


def test_a_repeated_page_says_that_it_is_the_one_asked_for(archive: FaultyArchive) -> None:
    archive.misbehave(archive_faults.RepeatedPage(), times=None)
    pages = [read(archive, page=page) for page in (1, 2)]
    assert names(pages[0]) == names(pages[1])
    assert [page["paging"]["page"] for page in pages] == [1, 2]


def test_a_duplicate_row_leaves_the_number_of_rows_right(archive: FaultyArchive) -> None:
    whole = names(read(archive))
    archive.misbehave(archive_faults.DuplicateRow())
    spoiled = names(read(archive))
    assert len(spoiled) == len(whole) == 20
    assert set(whole) - set(spoiled) == {whole[-1]}


def test_an_ignored_filter_lets_all_rows_through(archive: FaultyArchive) -> None:
    never = {"paramName": "date_mjd", "values": [{"min": 99998, "max": 99999}]}
    asked = {"columns": COLUMNS, "filters": [PROGRAM, never]}
    archive.misbehave(archive_faults.IgnoredFilter("date_mjd"))
    assert read(archive, params=asked)["paging"]["rowsFiltered"] == ROWS
    assert read(archive, params=asked)["paging"]["rowsFiltered"] == 0
    archive.misbehave(archive_faults.IgnoredFilter())
    everything = {"columns": COLUMNS, "filters": [{"paramName": "program", "values": ["9990"]}]}
    assert read(archive, params=everything)["paging"]["rowsFiltered"] == ROWS


def test_no_rows_is_a_complete_and_empty_answer(archive: FaultyArchive) -> None:
    archive.misbehave(archive_faults.NoRows(), times=None)
    answer = read(archive)
    assert (answer["status"], answer["data"], answer["paging"]["rowsFiltered"]) == ("COMPLETE", [], 0)
    assert count(archive) == 0


def test_numbers_may_be_strings(archive: FaultyArchive) -> None:
    plain = read(archive)["data"]
    archive.misbehave(archive_faults.NumbersAsStrings(), times=None)
    spoiled = read(archive)["data"]
    assert [(row["observtn"], row["date_mjd"]) for row in spoiled] == [
        (str(row["observtn"]), str(row["date_mjd"])) for row in plain
    ]
    assert {type(row["isStale"]) for row in spoiled} == {bool}
    assert read(archive, "COUNT_BIG(*)")["data"] == [{"Column1": str(ROWS)}]


def test_booleans_may_be_words_of_any_spelling(archive: FaultyArchive) -> None:
    archive.misbehave(archive_faults.BooleansAsWords())
    assert {row["isStale"] for row in read(archive)["data"]} == set(FALSE_WORDS)
    archive.misbehave(archive_faults.BooleansAsWords())
    archive.now = datetime.fromisoformat("2026-11-22T06:00Z")
    stale = {"paramName": "isStale", "values": ["true"]}
    rows = read(archive, params={"columns": "isStale", "filters": [PROGRAM, stale]})["data"]
    assert [row["isStale"] for row in rows] == list(TRUE_WORDS[:4])


def test_values_may_be_null(archive: FaultyArchive) -> None:
    archive.misbehave(archive_faults.NullValues(("cal_ver", "date_mjd")))
    rows = read(archive)["data"]
    assert {(row["cal_ver"], row["date_mjd"]) for row in rows} == {(None, None)}
    assert None not in {row["crds_ctx"] for row in rows}


def test_rows_may_lack_keys_that_the_fields_name(archive: FaultyArchive) -> None:
    archive.misbehave(archive_faults.MissingKeys(("isStale",)))
    answer = read(archive)
    assert ["isStale" in row for row in answer["data"][:4]] == [False, True, False, True]
    assert "isStale" in {field["name"] for field in answer["fields"]}


@pytest.mark.parametrize(
    ("fault", "body"),
    [(faults.EmptyBody(), b""), (faults.HtmlPage(), b"<html>"), (faults.ServerError(), b"<html>")],
)
def test_the_columns_configuration_can_fail_alone(
    archive: FaultyArchive, fault: faults.Fault, body: bytes
) -> None:
    archive.misbehave(fault, times=None, when=is_columnsconfig)
    assert columnsconfig(archive)[:6] == body
    assert read(archive)["status"] == "COMPLETE"


def test_a_fault_can_be_for_one_kind_of_request_or_one_instrument(archive: FaultyArchive) -> None:
    archive.misbehave(faults.GatewayTimeout(), when=is_count)
    archive.misbehave(faults.Unavailable(), when=is_second_page)
    archive.misbehave(faults.ServerError(), when=is_for(Instrument.FGS))
    assert invoke(archive)[0].status == 200
    assert invoke(archive, page=2)[0].status == 503
    assert invoke(archive, "COUNT_BIG(*)")[0].status == 504
    assert invoke(archive, service="Mast.Jwst.Filtered.Fgs")[0].status == 500


def test_a_fault_can_be_for_the_requests_about_one_program(archive: FaultyArchive) -> None:
    archive.misbehave(faults.ServerError(), times=None, when=is_about(1180))
    assert invoke(archive)[0].status == 200
    both = {"columns": COLUMNS, "filters": [{"paramName": "program", "values": ["1180", "1345"]}]}
    assert invoke(archive, params=both)[0].status == 500
    assert columnsconfig(archive).startswith(b"{")


def test_a_spoiled_answer_is_not_kept_in_the_cache(archive: FaultyArchive) -> None:
    archive.misbehave(archive_faults.TruncatedPage())
    assert len(read(archive, cacheBreaker="one")["data"]) == 19
    assert len(read(archive, cacheBreaker="one")["data"]) == 20
