from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.demo.columnsconfig import columns_of
from pedigreed.demo.filters import Filter, like, predicate_of
from pedigreed.model.failure import Unreadable
from pedigreed.model.instrument import Instrument

if TYPE_CHECKING:
    from pedigreed.demo.filters import Row

COLUMNS = columns_of(Instrument.FGS)
ROW: Row = {
    "filename": "jw02738001001_02101_00001_guider1_cal.fits",
    "program": 2738,
    "date_mjd": 60409.5,
    "expstart": 60300.25,
    "isStale": False,
    "tsovisit": "t",
    "lamp": None,
    "category": "GO;COM",
}


def passes(column: str, *values: Any, free_text: str | None = None, separator: str | None = None) -> bool:  # noqa: ANN401  # as JSON
    return predicate_of(Filter(column, list(values), free_text, separator), COLUMNS)(ROW)


@pytest.mark.parametrize("value", ["2738", "02738"])
def test_a_program_may_have_leading_zeros(value: str) -> None:
    assert passes("program", value)
    assert not passes("program", "1345")


def test_values_are_alternatives() -> None:
    assert passes("program", "1345", "2738")


@pytest.mark.parametrize("value", [2738, 2738.0, True, None, ["2738"]])
def test_a_discrete_value_that_is_no_string_is_refused(value: object) -> None:
    with pytest.raises(Unreadable, match="must be a string"):
        passes("program", value)


def test_a_program_that_is_no_number_is_refused_in_the_words_of_sql() -> None:
    with pytest.raises(Unreadable, match=r"converting the varchar value 'abc' to data type int\."):
        passes("program", "abc")


@pytest.mark.parametrize("column", ["date_mjd", "expstart"])
def test_a_range_has_both_ends_in_it(column: str) -> None:
    value = ROW[column]
    assert isinstance(value, float)
    assert passes(column, {"min": value, "max": value})
    assert not passes(column, {"min": value + 0.001, "max": 99999})
    assert not passes(column, {"min": 0, "max": value - 0.001})


@pytest.mark.parametrize(
    ("column", "asked"),
    [("date_mjd", {"min": 1}), ("date_mjd", {"min": "x", "max": 2}), ("lamp", {"min": 1, "max": 2})],
)
def test_a_range_that_makes_no_sense_is_refused(column: str, asked: dict[str, object]) -> None:
    with pytest.raises(Unreadable):
        passes(column, asked)


@pytest.mark.parametrize("column", ["date_obs", "date", "publicReleaseDate"])
def test_a_filter_on_a_date_without_mjd_is_ignored(column: str) -> None:
    assert passes(column, "1990-01-01")
    assert predicate_of(Filter(column, ["1990-01-01"]), columns_of(Instrument.NIRCAM))({})


def test_a_column_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(Unreadable, match=r"Invalid column name 'pupil'\."):
        passes("pupil", "CLEAR")


def test_letters_match_in_either_case() -> None:
    assert passes("tsovisit", "T")
    assert passes("TSOVISIT", "t")


def test_null_matches_nothing() -> None:
    assert not passes("lamp", "None")
    assert not passes("lamp", free_text="%")


def test_a_flag_is_filtered_by_a_word() -> None:
    assert passes("isStale", "false")
    assert not passes("isStale", "T")


def test_a_separator_looks_into_a_list() -> None:
    assert passes("category", "COM", separator=";")
    assert not passes("category", "COM")


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("%cal.fits", True),
        ("jw02738001001_02101_0000[12]_guider1_[cr]a%[le].fits", True),
        ("%guider_\\_cal.fits", False),
        ("%guider__cal.fits", True),
        ("%_0000[^2]_guider1_cal.fits", True),
        ("%_0000[^1]_guider1_cal.fits", False),
        ("cal.fits", False),
        ("%[c-d]al.fits", True),
    ],
)
def test_free_text_is_sqls_like(pattern: str, fits: bool) -> None:
    assert passes("filename", free_text=pattern) is fits


@given(st.text(st.characters(exclude_characters="[%_", codec="utf-8")))
def test_text_without_wildcards_is_like_itself(text: str) -> None:
    assert like(text).fullmatch(text)


@given(st.text(max_size=20))
def test_any_pattern_can_be_asked(text: str) -> None:
    like(text)
