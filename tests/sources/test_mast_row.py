"""Rows of the keyword services in every form that they come in, real ones included."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields

from pedigreed.model.failure import Unreadable
from pedigreed.model.instant import to_milliseconds, to_mjd
from pedigreed.model.instrument import Instrument
from pedigreed.sources.mast.envelope import Page
from pedigreed.sources.mast.query import columns_for
from pedigreed.sources.mast.row import product_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pedigreed.model.product import Product

START, EARLY = datetime(2022, 7, 12, 1, 2, 3, tzinfo=UTC), datetime(2022, 7, 12, 1, 2, 2, 998_000, tzinfo=UTC)
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
        ("", None),
        (" ", None),
        ("maybe", None),
        (2, None),
        ([True], None),
    ],
)
def test_a_flag_is_read_in_every_form(value: object, read: bool | None) -> None:
    assert product_of(row(isStale=value), Instrument.NIRCAM).is_stale is read


@pytest.mark.parametrize(
    ("value", "read"), [(5, 5), ("5", 5), ("005", 5), (5.0, 5), ("x", None), ("5.5", None), (True, None)]
)
def test_a_count_is_read_in_every_form(value: object, read: int | None) -> None:
    assert product_of(row(ngroups=value), Instrument.NIRCAM).parameters.get("ngroups") == read


@pytest.mark.parametrize("column", ["isStale", "tsovisit", "crowdfld"])
def test_a_blank_flag_is_unknown(column: str) -> None:
    product = product_of(row(**{column: ""}), Instrument.NIRCAM)
    assert product.is_stale is None
    assert column not in product.parameters


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        (10**30, None),
        ("1e30", None),
        (1e30, None),
        (-(2**63) - 1, None),
        ("9" * 5000, None),
    ],
    ids=str,
)
def test_a_number_beyond_64_bits_is_unknown(value: object, read: int | None) -> None:
    product = product_of(row(fileSize=value, ngroups=value), Instrument.NIRCAM)
    assert product.size == read
    assert product.parameters.get("ngroups") == read


def test_an_observation_beyond_32_bits_is_unknown() -> None:
    assert product_of(row(filename="strange.fits", observtn=2**31), Instrument.NIRCAM).observation is None


@pytest.mark.parametrize("value", [0, -1, 100_000, 2**63, "many", [1180], True])
def test_what_is_no_program_is_unreadable(value: object) -> None:
    with pytest.raises(Unreadable, match="is no program"):
        product_of(row(program=value), Instrument.NIRCAM)


@pytest.mark.parametrize("value", [["1.20.2"], {"a": 1}, True, "\x00"])
def test_a_keyword_of_another_form_is_unreadable(value: object) -> None:
    for column in ("cal_ver", "crds_ctx"):
        with pytest.raises(Unreadable, match=f"{column}: .* is no text"):
            product_of(row(**{column: value}), Instrument.NIRCAM)


def test_control_characters_are_left_out() -> None:
    product = product_of(
        row(cal_ver="1.20.2\x00", crds_ctx="\x1b[31mjwst_1464.pmap", filter="F2\u202e00W\n", checksum="a\tb"),
        Instrument.NIRCAM,
    )
    assert product.pedigree.cal_ver == "1.20.2"
    assert product.pedigree.crds_ctx == "[31mjwst_1464.pmap"
    assert product.parameters["filter"] == "F200W"
    assert product.checksum == "a b"


@pytest.mark.parametrize("year", [1, 1899, 3000, 9999])
def test_a_date_that_no_clock_has_shown_is_unreadable(year: int) -> None:
    with pytest.raises(Unreadable, match=f"the year {year}"):
        product_of(row(date=f"{year:04d}-06-01"), Instrument.NIRCAM)


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


def test_what_a_program_is_about_is_read_as_one_short_line() -> None:
    nasty = "  NGC\t6552\x1b[2J\u202e\n " + "x" * 999
    product = product_of(row(targname=nasty, title=nasty, pi_name=7), Instrument.NIRCAM)
    assert product.target is not None
    assert product.target.startswith("NGC 6552[2J xxx")
    assert len(product.target) == 100
    assert product.proposal is not None
    assert len(product.proposal.title or "") == 300
    assert product.proposal.pi_name == "7"
    nothing = product_of(row(targname=" ", title=None, pi_name=[1]), Instrument.NIRCAM)
    assert (nothing.target, nothing.proposal) == (None, None)


JSON_NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
STRANGE_TEXT = (NAME, "\x00", "1e400", "/Date(1712689643699)/", "t", "60409.7", "9999-12-31")
JSON_TEXT = st.text() | st.sampled_from(STRANGE_TEXT)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | JSON_NUMBERS | JSON_TEXT | st.just(10**30),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def texts_of(product: Product) -> Iterator[str]:
    yield from filter(None, product.proposal or ())
    for noun in (product, product.pedigree):
        for field in fields(noun):
            value = getattr(noun, field.name)
            if isinstance(value, str):
                yield value
    yield from (value for value in product.parameters.values() if isinstance(value, str))


@given(
    st.dictionaries(st.sampled_from(columns_for(Instrument.MIRI)), JSON_VALUES)
    | st.fixed_dictionaries(
        {"filename": JSON_TEXT, "program": st.just(1180)},
        optional=dict.fromkeys(set(columns_for(Instrument.MIRI)) - {"filename", "program"}, JSON_VALUES),
    ),
    st.booleans(),
)
def test_any_json_row_is_read_or_refused_in_our_words(values: dict[str, Any], is_positional: bool) -> None:
    names = tuple(values) if is_positional else ()
    body = json.dumps(list(values.values()) if is_positional else values).encode()
    page = Page([], names)
    try:
        product = product_of(page.read(msgspec.Raw(body)), Instrument.MIRI)
    except Unreadable:
        return
    assert product.fileset
    assert 1 <= product.program <= 99_999
    assert product.observation is None or -(2**31) <= product.observation < 2**31
    numbers = [product.size, *product.parameters.values()]
    assert all(-(2**63) <= number < 2**63 for number in numbers if isinstance(number, int))
    assert all(text.isprintable() for text in texts_of(product))
    moments = (product.pedigree.date, product.public_at, product.archived_at, product.observation_start)
    assert all(1900 <= moment.year < 3000 for moment in moments if moment is not None)


@pytest.mark.parametrize(
    ("written", "is_read"),
    [
        (b'"fileSize": 1e400', True),
        (b'"fileSize": ' + b"9" * 5000, True),
        (b'"checksum": "\xff"', True),
        (b'"checksum": "\\ud800"', False),
        # Python 3.14 has room for it, and then it is no size.
        (b'"fileSize": ' + b"[" * 100_000 + b"]" * 100_000, sys.version_info >= (3, 14)),
        (b'"cal_ver": "\xff"', False),
        (b'"cal_ver": 1e400', False),
        (b'"filename": "\xff"', False),
        (b'"fileSize"', False),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else value,
)
def test_json_that_does_not_parse_is_the_trouble_of_its_own_value(written: bytes, is_read: bool) -> None:
    body = b'{"filename": "' + NAME.encode() + b'", "program": 1234, ' + written + b"}"
    try:
        product = product_of(Page([]).read(msgspec.Raw(body)), Instrument.NIRCAM)
    except Unreadable:
        assert not is_read
    else:
        assert is_read
        assert (product.size, product.checksum) == (None, None)


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


@pytest.mark.parametrize(
    ("values", "start"),
    [
        ({"expstart": to_mjd(START), "date_obs_mjd": to_mjd(EARLY)}, START),
        ({"expstart": None, "date_obs_mjd": to_mjd(EARLY)}, EARLY),
        ({"date_obs_mjd": to_mjd(EARLY)}, EARLY),
        ({}, None),
    ],
    ids=["both", "null", "absent", "neither"],
)
def test_an_observation_began_at_expstart_or_else_at_date_obs(values: dict[str, object], start: object) -> None:
    assert product_of(row(**values), Instrument.NIRCAM).observation_start == start
