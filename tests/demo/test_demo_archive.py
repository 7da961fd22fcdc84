"""The recorded archive as clients see it: astroquery's own portal client first."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests
from astroquery.exceptions import NoResultsWarning, RemoteServiceError
from astroquery.mast.discovery_portal import PortalAPI

from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.received import COLUMNSCONFIG_PATH, INVOKE_PATH, RequestKind
from pedigreed.demo.rows import always
from pedigreed.demo.scenario import DAY_1, DAY_2, archive_at
from pedigreed.model.instrument import Instrument
from pedigreed.sources.mast.query import columns_for, service_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from pedigreed.demo.filters import Row

MIRI = "Mast.Jwst.Filtered.Miri"


@pytest.fixture
def archive() -> Iterator[DemoArchive]:
    with DemoArchive(archive_at, now=DAY_1) as served:
        yield served


def astroquery_of(archive: DemoArchive) -> PortalAPI:
    client = PortalAPI()
    client.MAST_REQUEST_URL = archive.url + INVOKE_PATH
    client.COLUMNS_CONFIG_URL = archive.url + COLUMNSCONFIG_PATH
    client._column_configs = {}
    return client


def params(columns: str, *programs: str) -> dict[str, Any]:
    return {"columns": columns, "filters": [{"paramName": "program", "values": list(programs)}]}


def ask(archive: DemoArchive, request: dict[str, Any]) -> dict[str, Any]:
    body = {"request": json.dumps(request)}
    reply = requests.post(archive.url + INVOKE_PATH, data=body, timeout=20)
    assert reply.status_code == 200
    answer = reply.json()
    assert isinstance(answer, dict)
    return answer


@pytest.mark.parametrize("instrument", Instrument)
def test_astroquery_reads_the_columns_that_pedigreed_asks_for(
    archive: DemoArchive, instrument: Instrument
) -> None:
    columns = columns_for(instrument)
    asked = params(",".join(columns), "1180", "01181", "1210", "1345", "2738")
    table = astroquery_of(archive).service_request(service_of(instrument), asked)
    rows = [row for row in archive_at(DAY_1) if row["instrume"] == instrument.upper()]
    assert list(table["filename"]) == [row["filename"] for row in rows]
    assert tuple(table.colnames) == columns
    assert list(table["date_mjd"]) == [row["date_mjd"] for row in rows]
    assert list(table["isStale"]) == [row["isStale"] for row in rows]


def test_astroquery_counts(archive: DemoArchive) -> None:
    table = astroquery_of(archive).service_request(MIRI, params("COUNT_BIG(*)", "1345"))
    assert table["Column1"][0] == 51
    assert [request.kind for request in archive.requests] == [RequestKind.COLUMNSCONFIG, RequestKind.COUNT]


def test_astroquery_pages(archive: DemoArchive) -> None:
    table = astroquery_of(archive).service_request(MIRI, params("filename", "1345"), pagesize=20)
    pages = [request.request["page"] for request in archive.requests if request.kind is RequestKind.PAGE]
    assert pages == [1, 2, 3]
    assert len(set(table["filename"])) == 51


def test_astroquery_polls_with_the_identical_request_until_it_is_answered() -> None:
    with DemoArchive(archive_at, now=DAY_1, executing_polls=3) as archive:
        table = astroquery_of(archive).service_request(MIRI, params("filename", "1345"))
        polls = [request.text for request in archive.requests if request.kind is RequestKind.PAGE]
    assert len(table) == 51
    assert len(polls) == 4
    assert len(set(polls)) == 1


def test_astroquery_is_told_of_a_column_that_is_not_there(archive: DemoArchive) -> None:
    with pytest.raises(RemoteServiceError, match="Invalid column name 'pupil'"):
        astroquery_of(archive).service_request(MIRI, params("filename,pupil", "1345"))


def test_astroquery_warns_of_no_results(archive: DemoArchive) -> None:
    with pytest.warns(NoResultsWarning):
        astroquery_of(archive).service_request(MIRI, params("filename", "9990"))


def test_astroquery_makes_filters_of_the_columns_configuration(archive: DemoArchive) -> None:
    client = astroquery_of(archive)
    filters = client.build_filter_set(MIRI, program=["1345"], date_mjd=[60000, 70000])
    assert filters == [
        {"paramName": "program", "values": ["1345"]},
        {"paramName": "date_mjd", "values": [{"min": 60000, "max": 70000}]},
    ]
    table = client.service_request(MIRI, {"columns": "filename", "filters": filters})
    assert len(table) == 51


def test_an_unknown_columns_configuration_is_empty(archive: DemoArchive) -> None:
    reply = requests.post(archive.url + COLUMNSCONFIG_PATH, data="colConfigId=Mast.Nothing", timeout=20)
    assert reply.json() == {}


def test_a_request_may_be_a_get(archive: DemoArchive) -> None:
    request = json.dumps({"service": MIRI, "params": params("filename", "1345")})
    reply = requests.get(archive.url + INVOKE_PATH, params={"request": request}, timeout=20)
    assert len(reply.json()["data"]) == 51


def test_another_path_is_not_found(archive: DemoArchive) -> None:
    assert requests.get(archive.url + "/portal", timeout=20).status_code == 404


def test_what_is_no_request_is_an_error_with_status_200(archive: DemoArchive) -> None:
    reply = requests.post(archive.url + INVOKE_PATH, data={"request": "{"}, timeout=20)
    assert (reply.status_code, reply.json()["status"]) == (200, "ERROR")


def test_a_filter_value_that_is_no_string_is_an_error(archive: DemoArchive) -> None:
    filters = [{"paramName": "program", "values": [1345]}]
    answer = ask(archive, {"service": MIRI, "params": {"columns": "filename", "filters": filters}})
    assert answer["status"] == "ERROR"
    assert "string" in answer["msg"]


def test_the_identical_request_is_answered_as_before_though_the_archive_moved_on(archive: DemoArchive) -> None:
    request = {"service": MIRI, "params": params("filename", "1345"), "cacheBreaker": "one"}
    before = ask(archive, request)
    archive.now = DAY_2
    assert ask(archive, request) == before
    assert ask(archive, {**request, "cacheBreaker": "two"}) != before


def test_requests_are_kept_in_order_with_their_agent(archive: DemoArchive) -> None:
    headers = {"User-Agent": "pedigreed/1 (+mailto:me@obs.example)"}
    for page in (1, 2):
        request = json.dumps({"service": MIRI, "params": params("filename", "1345"), "page": page})
        requests.post(archive.url + INVOKE_PATH, data={"request": request}, headers=headers, timeout=20)
    assert [request.request["page"] for request in archive.requests] == [1, 2]
    assert {request.user_agent for request in archive.requests} == {headers["User-Agent"]}
    assert archive.requests[0].params == params("filename", "1345")


def test_a_serial_client_is_seen_to_be_serial(archive: DemoArchive) -> None:
    for number in range(30):
        ask(archive, {"service": MIRI, "params": params("filename", "1345"), "cacheBreaker": str(number)})
    assert archive.most_at_once == 1


def test_two_requests_at_once_are_seen() -> None:
    together = threading.Barrier(2, timeout=20)

    def rows_at(_now: datetime) -> Sequence[Row]:
        together.wait()
        return []

    with DemoArchive(rows_at, now=DAY_1) as archive, ThreadPoolExecutor(2) as threads:
        asked = [{"service": MIRI, "params": params("filename", "1"), "cacheBreaker": n} for n in "ab"]
        assert all(answer["data"] == [] for answer in threads.map(lambda each: ask(archive, each), asked))
        assert archive.most_at_once == 2


def test_an_archive_of_given_rows_does_not_change() -> None:
    rows = archive_at(DAY_1)
    with DemoArchive(always(rows), now=DAY_1) as archive:
        archive.now = DAY_2
        answer = ask(archive, {"service": MIRI, "params": params("*", "1345")})
    assert answer["data"] == [row for row in rows if row["program"] == 1345]


def test_there_is_no_url_before_the_archive_is_served() -> None:
    with pytest.raises(AssertionError):
        _ = DemoArchive(archive_at, now=DAY_1).url
