from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pedigreed.demo import protocol
from pedigreed.demo.columnsconfig import columns_of
from pedigreed.model.failure import Unreadable
from pedigreed.model.instrument import Instrument

if TYPE_CHECKING:
    from pedigreed.demo.filters import Row

COLUMNS = columns_of(Instrument.MIRI)


def miri_row(exposure: int) -> Row:
    filename = f"jw01345001001_02101_{exposure:05d}_mirimage_cal.fits"
    return {"filename": filename, "program": 1345, "instrume": "MIRI", "lamp": None}


OTHER_ROW: Row = {"filename": "jw01180001001_02101_00001_nrcb1_cal.fits", "program": 1180, "instrume": "NIRCAM"}
ROWS = [*(miri_row(exposure) for exposure in range(1, 8)), OTHER_ROW]


def asked(columns: str = "filename,program", **overrides: Any) -> protocol.Query:  # noqa: ANN401  # as JSON
    request = {"service": "Mast.Jwst.Filtered.Miri", "params": {"columns": columns, "filters": []}, **overrides}
    return protocol.parse_query(json.dumps(request))


def answered(query: protocol.Query) -> protocol.Answer:
    return protocol.answer(query, ROWS, COLUMNS)


@pytest.mark.parametrize(
    ("service", "instrument"),
    [
        ("Mast.Jwst.Filtered.Nircam", Instrument.NIRCAM),
        ("Mast.Jwst.Filtered.NIRSpec", Instrument.NIRSPEC),
        ("mast.jwst.filtered.FGS", Instrument.FGS),
    ],
)
def test_services_are_named_in_any_case(service: str, instrument: Instrument) -> None:
    assert protocol.instrument_of(service) is instrument


@pytest.mark.parametrize("service", ["Mast.Jwst.Filtered.Wss", "Mast.Caom.Filtered", "nircam", ""])
def test_other_services_are_unknown(service: str) -> None:
    with pytest.raises(Unreadable, match="Unknown service"):
        protocol.instrument_of(service)


def test_a_request_without_page_and_size_has_the_services_defaults() -> None:
    query = asked()
    assert (query.page, query.pagesize, query.drops_null_columns) == (1, 1000, False)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"service": "Mast.Jwst.Filtered.Miri"}', '{"service": 1, "params": {"columns": "*"}}'],
)
def test_a_request_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="Invalid request"):
        protocol.parse_query(text)


def test_a_page_below_one_is_refused() -> None:
    with pytest.raises(Unreadable, match="start at 1"):
        asked(page=0)


def test_a_service_has_its_own_rows_only() -> None:
    assert {row["program"] for row in answered(asked()).rows} == {1345}


def test_pages_hold_every_row_once_and_say_how_many_there_are() -> None:
    pages = [answered(asked(page=page, pagesize=3)) for page in (1, 2, 3)]
    assert [row["filename"] for page in pages for row in page.rows] == [row["filename"] for row in ROWS[:7]]
    assert [page.paging for page in pages] == [
        {"page": n, "pageSize": 3, "pagesFiltered": 3, "rows": rows, "rowsFiltered": 7, "rowsTotal": 7}
        for n, rows in ((1, 3), (2, 3), (3, 1))
    ]


def test_a_page_past_the_last_is_empty() -> None:
    assert answered(asked(page=4, pagesize=3)).rows == []


def test_an_empty_answer_still_has_its_fields() -> None:
    filters = [{"paramName": "program", "values": ["9990"]}]
    query = asked(params={"columns": "filename", "filters": filters})
    nothing = answered(query)
    assert nothing.rows == []
    assert nothing.fields == (("filename", "string"),)
    assert nothing.paging is not None
    assert nothing.paging["rowsFiltered"] == 0


@pytest.mark.parametrize("count", ["COUNT_BIG(*)", "count_big( * )"])
def test_a_count_stands_in_column1(count: str) -> None:
    counted = answered(asked(count, pagesize=3))
    assert counted.rows == [{"Column1": 7}]
    assert counted.fields == (("Column1", "int"),)


def test_a_star_is_every_column() -> None:
    assert [name for name, _ in answered(asked("*")).fields] == list(COLUMNS)


def test_a_column_may_have_an_alias_and_spaces() -> None:
    assert answered(asked("filename as file , Program")).rows[0] == {
        "file": ROWS[0]["filename"],
        "Program": 1345,
    }


def test_every_unknown_column_is_named() -> None:
    with pytest.raises(Unreadable) as refusal:
        answered(asked("filename,texptime,pupil"))
    assert str(refusal.value) == "Invalid column name 'texptime'.\r\nInvalid column name 'pupil'."


@pytest.mark.parametrize("columns", ["", "filename,,program", "filename program", "MAX(program)"])
def test_what_is_no_column_list_is_a_syntax_error(columns: str) -> None:
    with pytest.raises(Unreadable, match="Incorrect syntax near"):
        answered(asked(columns))


def test_null_columns_are_left_out_only_when_asked() -> None:
    kept = answered(asked("filename,lamp"))
    dropped = answered(asked("filename,lamp", removenullcolumns=True))
    assert kept.rows[0] == {"filename": ROWS[0]["filename"], "lamp": None}
    assert dropped.rows[0] == {"filename": ROWS[0]["filename"]}
    assert dropped.fields == (("filename", "string"),)


def test_a_complete_reply_has_status_paging_fields_and_data() -> None:
    reply = json.loads(protocol.encode(answered(asked("filename,program", pagesize=1))))
    assert reply["status"] == "COMPLETE"
    assert reply["paging"]["rowsFiltered"] == 7
    assert reply["fields"] == [{"name": "filename", "type": "string"}, {"name": "program", "type": "int"}]
    assert reply["data"] == [{"filename": ROWS[0]["filename"], "program": 1345}]


def test_every_column_is_one_of_the_real_services(shared_columns: dict[str, set[str]]) -> None:
    for instrument in Instrument:
        # The list leaves out what has a form in MJD too. Real rows of the same months have `date`.
        assert set(columns_of(instrument)) - {"date"} <= shared_columns[instrument.value]
