from __future__ import annotations

import json

import pytest

from bulk_rows import NARROW_COLUMNS, bulk_reply, bulk_rows
from pedigreed.demo.columnsconfig import columns_of
from pedigreed.model.instrument import Instrument
from pedigreed.model.product_name import parse_product_name
from pedigreed.sources.mast.query import columns_for


@pytest.mark.parametrize("instrument", Instrument)
def test_bulk_rows_are_different_products_of_one_program_and_instrument(instrument: Instrument) -> None:
    rows = list(bulk_rows(1180, instrument, 3000))
    names = [parse_product_name(str(row["filename"])) for row in rows]
    assert len({name.text for name in names}) == 3000
    assert {name.program for name in names} == {1180}
    assert tuple(rows[0]) == columns_for(instrument)


@pytest.mark.parametrize("remade", [0, 1, 30, 2999, 3000])
def test_so_many_bulk_rows_have_a_later_pedigree(remade: int) -> None:
    before = list(bulk_rows(1180, Instrument.NIRCAM, 3000))
    after = list(bulk_rows(1180, Instrument.NIRCAM, 3000, remade=remade))
    assert sum(old != new for old, new in zip(before, after, strict=True)) == remade
    assert sum(row["cal_ver"] == "2.0.1" for row in after) == remade


def test_bulk_rows_may_have_every_column() -> None:
    everything = tuple(columns_of(Instrument.MIRI))
    assert tuple(next(bulk_rows(1345, Instrument.MIRI, 1, columns=everything))) == everything


def test_a_bulk_reply_is_one_complete_page() -> None:
    reply = json.loads(bulk_reply(1180, Instrument.NIRCAM, 200, columns=NARROW_COLUMNS))
    assert reply["data"] == list(bulk_rows(1180, Instrument.NIRCAM, 200, columns=NARROW_COLUMNS))
    assert reply["paging"] == {
        "page": 1,
        "pageSize": 200,
        "pagesFiltered": 1,
        "rows": 200,
        "rowsFiltered": 200,
        "rowsTotal": 200,
    }
    assert tuple(field["name"] for field in reply["fields"]) == NARROW_COLUMNS


def test_the_same_bulk_reply_has_the_same_bytes() -> None:
    assert bulk_reply(1180, Instrument.FGS, 50) == bulk_reply(1180, Instrument.FGS, 50)
