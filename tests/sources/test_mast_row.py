"""Rows of the keyword services in every form that they come in, real ones included."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.model.failure import Unreadable
from pedigreed.model.instant import to_milliseconds, to_mjd
from pedigreed.model.instrument import Instrument
from pedigreed.sources.mast.columns import columns_for
from pedigreed.sources.mast.row import product_of

if TYPE_CHECKING:
    from pathlib import Path

NAME = "jw01234005001_02101_00002_nrca1_cal.fits"


def row(**values: object) -> dict[str, object]:
    return {"filename": NAME, "program": 1234, **values}


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (True, True),
        (False, False),
        ("t", True),
        ("F", False),
        ("True", True),
        ("0", False),
        (1, True),
        (None, None),
        ("maybe", None),
        (2, None),
    ],
)
def test_a_flag_is_read_in_every_form(value: object, read: bool | None) -> None:
    assert product_of(row(isStale=value), Instrument.NIRCAM).is_stale is read


@pytest.mark.parametrize(
    ("value", "read"), [(5, 5), ("5", 5), ("005", 5), (5.0, 5), ("x", None), ("5.5", None), (True, None)]
)
def test_a_count_is_read_in_every_form(value: object, read: int | None) -> None:
    assert product_of(row(ngroups=value), Instrument.NIRCAM).parameters.get("ngroups") == read


def test_an_empty_keyword_is_a_missing_one() -> None:
    pedigree = product_of(row(cal_ver="  ", crds_ctx=""), Instrument.NIRCAM).pedigree
    assert (pedigree.cal_ver, pedigree.crds_ctx) == (None, None)


def test_the_observation_is_that_of_the_name() -> None:
    assert product_of(row(observtn=9), Instrument.NIRCAM).observation == 5
    several = row(filename="jw01234-c1001_t001_nircam_clear-f200w_i2d.fits", observtn=9)
    assert product_of(several, Instrument.NIRCAM).observation is None
    strange = row(filename="something.fits", observtn="9")
    assert product_of(strange, Instrument.NIRCAM).observation == 9


def test_the_program_is_taken_from_the_name_where_the_row_has_none() -> None:
    assert product_of({"filename": NAME}, Instrument.NIRCAM).program == 1234
    with pytest.raises(Unreadable, match="without a program"):
        product_of({"filename": "something.fits"}, Instrument.NIRCAM)


def test_a_date_that_is_none_is_told_with_its_file_and_column() -> None:
    with pytest.raises(Unreadable, match=f"{NAME}: date_mjd: 'soon' is no date"):
        product_of(row(date_mjd="soon"), Instrument.NIRCAM)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)))  # noqa: DTZ001  # hypothesis wants naive bounds
def test_both_forms_of_a_date_are_one_moment(moment: datetime) -> None:
    instant = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    by_mjd = product_of(row(date_mjd=to_mjd(instant)), Instrument.NIRCAM).pedigree.date
    by_call = product_of(row(date=f"/Date({to_milliseconds(instant)})/"), Instrument.NIRCAM).pedigree.date
    assert by_mjd == by_call == instant


@given(
    st.dictionaries(
        st.sampled_from(columns_for(Instrument.MIRI)),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    )
)
def test_any_row_is_read_or_refused_in_our_words(values: dict[str, Any]) -> None:
    try:
        product = product_of(values, Instrument.MIRI)
    except Unreadable:
        return
    assert product.filename == str(values["filename"]).strip()
    assert product.fileset


def test_real_rows_are_read(shared: Path) -> None:
    rows = json.loads((shared / "data/mast/niriss_rows_2024-05-02.json").read_text())
    products = [product_of(each, Instrument.NIRISS) for each in rows]
    assert len(products) == len(rows) > 0
    for product, each in zip(products, rows, strict=True):
        assert product.program == each["program"]
        assert product.observation == each["observtn"]
        assert product.level == each["productLevel"]
        assert product.pedigree.cal_ver == each["cal_ver"]
        assert product.pedigree.date is not None
        assert abs(to_milliseconds(product.pedigree.date) - int(each["date"][6:-2])) <= 4
        assert product.is_stale is False


def test_a_real_keyword_record_is_read(shared: Path) -> None:
    record = json.loads((shared / "data/mast/viz_keywords_search.json").read_text())
    product = product_of(record, Instrument.MIRI)
    assert product.filename == record["filename"]
    assert product.observation == 4
    assert product.pedigree.date == datetime(2022, 7, 2, 22, 16, 43, 890000, UTC)


def test_the_columns_are_those_that_each_service_has(shared: Path) -> None:
    listed = yaml.safe_load((shared / "data/mast/columns_by_instrument.yaml").read_text())
    names = {"nircam": "NRC", "niriss": "NIS", "nirspec": "NRS", "miri": "MIR", "fgs": "FGS"}
    for instrument in Instrument:
        assert set(columns_for(instrument)) <= set(listed[names[instrument]]["all"])
