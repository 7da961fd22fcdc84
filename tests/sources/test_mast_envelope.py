"""Replies of the portal, in both envelopes and in none."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.model.failure import Unreadable, UpstreamRefused, UpstreamUnavailable
from pedigreed.sources.mast.envelope import Page, read_reply

if TYPE_CHECKING:
    from pathlib import Path

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def read_page(body: bytes) -> Page:
    return read_reply(body).page()


def read_count(body: bytes) -> int:
    return read_reply(body).count()


def first_row(body: bytes) -> dict[str, object]:
    page = read_page(body)
    return page.read(page.rows[0])


def reply(**parts: object) -> bytes:
    return json.dumps({"status": "COMPLETE", "msg": "", **parts}).encode()


@given(st.lists(st.dictionaries(st.text(), JSON_VALUES, max_size=4), max_size=5))
def test_rows_come_back_as_they_were_sent(rows: list[dict[str, object]]) -> None:
    page = read_page(reply(data=rows))
    assert [page.read(row) for row in page.rows] == rows


@given(st.lists(st.text(), unique=True, max_size=4), st.data())
def test_positional_rows_have_their_columns(names: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.lists(JSON_VALUES, min_size=len(names), max_size=len(names)), max_size=4))
    body = json.dumps({"Tables": [{"Fields": [{"name": name} for name in names], "Rows": rows}]}).encode()
    page = read_page(body)
    if names:
        assert [page.read(row) for row in page.rows] == [dict(zip(names, row, strict=True)) for row in rows]


def test_a_fingerprint_stands_for_the_bytes_and_their_columns() -> None:
    page = read_page(reply(data=[{"a": 1}, {"a": 2}, {"a": 1}]))
    first, second, third = (page.fingerprint(row) for row in page.rows)
    assert first == third != second
    as_a = read_page(b'{"Tables": [{"Fields": [{"name": "a"}], "Rows": [[1]]}]}')
    as_b = read_page(b'{"Tables": [{"Fields": [{"name": "b"}], "Rows": [[1]]}]}')
    assert as_a.fingerprint(as_a.rows[0]) != as_b.fingerprint(as_b.rows[0])


@pytest.mark.parametrize("row", [b"[1]", b"[1, 2, 3]", b"[]", b'{"a": 1}', b"1", b"[1, 2"])
def test_a_positional_row_of_another_length_is_unreadable(row: bytes) -> None:
    with pytest.raises(Unreadable):
        Page([], ("a", "b")).read(msgspec.Raw(row))


def test_paging_that_does_not_say_how_many_pages_there_are_is_not_taken_for_one() -> None:
    assert read_page(reply(data=[])).pages is None
    assert read_page(reply(data=[], paging={"pagesFiltered": 0})).pages == 0


def test_paging_is_read_also_where_numbers_are_words() -> None:
    page = read_page(reply(data=[], paging={"page": "2", "pagesFiltered": "3", "rowsFiltered": "120"}))
    assert (page.number, page.pages, page.total) == (2, 3, 120)


@pytest.mark.parametrize("said", [66, 66.0, "66", "66.0", " 66 "])
def test_a_total_is_read_however_it_is_written(said: object) -> None:
    assert read_page(reply(data=[], paging={"rowsFiltered": said})).total == 66
    assert read_count(reply(data=[{"Column1": said}])) == 66


@pytest.mark.parametrize("said", ["", "many", None, [], 6.5, "NaN"])
def test_a_total_that_is_no_number_is_as_good_as_none(said: object) -> None:
    page = read_page(reply(data=[{"a": 1}], paging={"page": said, "rowsFiltered": said}))
    assert (page.number, page.total, len(page.rows)) == (None, None, 1)


def test_a_total_with_commas_is_read() -> None:
    assert read_page(reply(data=[], paging={"rowsFiltered": "1,066"})).total == 1066


@pytest.mark.parametrize(
    "body",
    [
        reply(fields=[{"name": "a", "type": "int"}, {"name": "b"}], data=[[1, 2]]),
        b'{"Tables": [{"Fields": [{"name": "a"}, {"name": "b"}], "Rows": [{"a": 1, "b": 2}]}]}',
        reply(data=[{"a": 1, "b": 2}]) + b"\r\n\0",
    ],
)
def test_either_envelope_may_have_either_kind_of_rows(body: bytes) -> None:
    page = read_page(body)
    assert [page.read(row) for row in page.rows] == [{"a": 1, "b": 2}]


@pytest.mark.parametrize("fields", [{}, {"fields": []}, {"fields": ["a"]}, {"fields": None}])
def test_rows_without_the_names_of_their_columns_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises((UpstreamUnavailable, Unreadable)):
        first_row(reply(data=[[1, 2]], **fields))


def test_undefined_is_null() -> None:
    page = read_page(b'{"status": "COMPLETE", "data": [{"a": undefined, "b": "undefined"}]}')
    assert [page.read(row) for row in page.rows] == [{"a": None, "b": "undefined"}]


def test_a_count_is_read() -> None:
    assert read_count(reply(data=[{"Column1": 496}])) == 496
    assert read_count(reply(data=[{"Column1": "496"}])) == 496


@pytest.mark.parametrize("data", [[], [{}], [{"Column1": None}], [{"Column1": 1}, {"Column1": 2}]])
def test_what_is_no_count_is_refused(data: list[object]) -> None:
    with pytest.raises(UpstreamUnavailable, match="how many rows"):
        read_count(reply(data=data))


def test_an_error_is_a_refusal_in_the_service_s_words() -> None:
    with pytest.raises(UpstreamRefused, match="Invalid column name 'x'"):
        read_page(reply(status="ERROR", msg="Invalid column name 'x'."))


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"[1, 2]", b'"text"', b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(UpstreamUnavailable):
        read_reply(body)


@pytest.mark.parametrize(
    "body", [b"{}", b'{"data": 5}', b'{"data": null}', b'{"Tables": [{}]}', b'{"paging": {"rowsFiltered": 0}}']
)
def test_a_reply_without_a_table_is_refused(body: bytes) -> None:
    with pytest.raises(UpstreamUnavailable):
        read_page(body)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_in_our_words(body: bytes) -> None:
    for read in (read_reply, read_page, read_count):
        with contextlib.suppress(UpstreamUnavailable):
            read(body)


def test_a_real_envelope_is_read(shared: Path) -> None:
    captured = json.loads((shared / "data/mast/envelope.json").read_text())
    rows = captured["two_column_rows_example"]
    body = json.dumps(
        {
            "status": captured["status"],
            "msg": captured["msg"],
            "paging": captured["paging"],
            "fields": [],
            "data": rows,
        }
    ).encode()
    page = read_page(body)
    assert (page.number, page.pages, page.total) == (1, 1, 496)
    assert [page.read(row) for row in page.rows] == rows
