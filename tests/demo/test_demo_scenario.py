from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from pedigreed.demo.columnsconfig import columns_of
from pedigreed.demo.scenario import (
    AFTER,
    BEFORE,
    DAY_1,
    DAY_2,
    DAY_3,
    DAYS,
    PROGRAMS,
    UNKNOWN_PROGRAM,
    archive_at,
    rows_at,
)
from pedigreed.model.instant import from_mjd, parse_instant, same_instant
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product_name import parse_product_name, product_type_of

if TYPE_CHECKING:
    from pedigreed.demo.filters import Row

LOOKS = (BEFORE, *DAYS, AFTER)


def listed(now: datetime, program: int) -> dict[str, Row]:
    return {str(row["filename"]): row for row in archive_at(now) if row["program"] == program}


def pedigree(row: Row) -> Pedigree:
    cal_ver, crds_ctx, date = row["cal_ver"], row["crds_ctx"], row["date_mjd"]
    assert cal_ver is None or isinstance(cal_ver, str)
    assert crds_ctx is None or isinstance(crds_ctx, str)
    assert isinstance(date, float)
    return Pedigree(cal_ver, crds_ctx, from_mjd(date))


def remade(before: datetime, now: datetime, program: int) -> dict[str, tuple[Pedigree, Pedigree]]:
    """The products whose pedigree is another: before and after."""
    old, new = listed(before, program), listed(now, program)
    pairs = {name: (pedigree(old[name]), pedigree(new[name])) for name in old.keys() & new.keys()}
    return {name: pair for name, pair in pairs.items() if not pair[0].same_as(pair[1])}


def observations(names: object) -> set[int | None]:
    assert isinstance(names, dict)
    return {parse_product_name(name).observation for name in names}


def flagged(now: datetime, program: int, flag: str) -> set[str]:
    return {name for name, row in listed(now, program).items() if row[flag] is True}


@pytest.mark.parametrize("now", LOOKS)
def test_every_name_fits_the_grammar_and_agrees_with_its_row(now: datetime) -> None:
    for row in archive_at(now):
        name = parse_product_name(str(row["filename"]))
        assert name.is_recognised
        assert (name.program, name.level) == (row["program"], row["productLevel"])
        assert name.observation in {row["observtn"], None}
        assert row["dataURI"] == f"mast:JWST/product/{name.text}"


@pytest.mark.parametrize("now", LOOKS)
def test_rows_are_different_and_have_the_columns_of_their_instrument_in_their_types(now: datetime) -> None:
    rows = archive_at(now)
    assert len({row["filename"] for row in rows}) == len(rows)
    types = {"string": str, "int": int, "float": float, "boolean": bool, "date": str}
    for row in rows:
        columns = columns_of(Instrument(str(row["instrume"]).lower()))
        assert tuple(row) == tuple(columns)
        assert all(value is None or type(value) is types[columns[name]] for name, value in row.items())


def test_there_are_a_few_hundred_products_of_all_five_instruments_and_six_programs() -> None:
    rows = archive_at(DAY_3)
    assert 200 < len(rows) < 500
    assert {row["instrume"] for row in rows} == {instrument.upper() for instrument in Instrument}
    assert {row["program"] for row in rows} == set(PROGRAMS)
    assert len({product_type_of(str(row["filename"])) for row in rows}) >= 8
    assert {row["productLevel"] for row in rows} == {"1b", "2a", "2b", "2c", "3"}


@pytest.mark.parametrize("now", LOOKS)
def test_the_two_forms_of_a_date_are_one_moment_and_none_is_in_the_future(now: datetime) -> None:
    for row in archive_at(now):
        for column in ("date", "ingestStartDate", "ingestCompletionDate"):
            written = row[f"{column}_mjd"]
            assert isinstance(written, float)
            assert from_mjd(written) <= now
            if row["instrume"] == "FGS":
                assert same_instant(parse_instant(str(row[column])), from_mjd(written))


def test_the_archive_at_a_moment_is_always_the_same() -> None:
    before = archive_at(DAY_2)
    rows_at.cache_clear()
    assert archive_at(DAY_2) == before


def test_day_1_is_as_it_was_before() -> None:
    assert archive_at(DAY_1) == archive_at(BEFORE)


def test_a_campaign_begins_on_day_2_with_three_observations_of_1180() -> None:
    moved = remade(DAY_1, DAY_2, 1180)
    assert len(moved) == 66
    assert observations(moved) == {7, 9, 10}
    assert Counter(product_type_of(name) for name in moved) == {
        "rate": 30,
        "cal": 30,
        "i2d": 6,
    }
    assert {(old.cal_ver, old.crds_ctx) for old, _ in moved.values()} == {("1.20.2", "jwst_1464.pmap")}
    assert {(new.cal_ver, new.crds_ctx) for _, new in moved.values()} == {("2.0.1", "jwst_1535.pmap")}


def test_the_campaign_goes_on_on_day_3_and_is_not_done() -> None:
    moved = remade(DAY_2, DAY_3, 1180)
    assert len(moved) == 34
    assert observations(moved) == {11, 12}
    in_the_last_hours = [new for _, new in moved.values() if new.date and new.date > DAY_3 - timedelta(hours=6)]
    assert 0 < len(in_the_last_hours) < len(moved)
    assert len(remade(DAY_3, AFTER, 1180)) == 12
    assert {row["cal_ver"] for row in listed(AFTER, 1180).values()} == {"2.0.1"}


def test_products_of_several_observations_are_made_last() -> None:
    mosaics = {
        name
        for name in listed(AFTER, 1180)
        if parse_product_name(name).level == "3" and parse_product_name(name).observation is None
    }
    assert len(mosaics) == 2
    assert mosaics <= remade(DAY_3, AFTER, 1180).keys()


def test_what_waits_for_the_campaign_is_stale_until_it_is_made() -> None:
    waiting = flagged(DAY_2, 1180, "isStale")
    assert len(waiting) == 44
    assert flagged(DAY_1, 1180, "isStale") == set()
    assert flagged(DAY_3, 1180, "isStale") == waiting - remade(DAY_2, DAY_3, 1180).keys()
    assert flagged(AFTER, 1180, "isStale") == set()


def test_a_stale_flag_is_set_and_cleared_without_a_new_version() -> None:
    marked = flagged(DAY_2, 1345, "isStale")
    assert len(marked) == 4
    assert flagged(DAY_3, 1345, "isStale") == set()
    assert not marked & remade(DAY_1, DAY_3, 1345).keys()


def test_a_known_program_gets_a_new_observation_on_day_2() -> None:
    new = listed(DAY_2, 1181).keys() - listed(DAY_1, 1181).keys()
    assert len(new) == 8
    assert {parse_product_name(name).observation for name in new} == {5}


def test_a_program_gets_its_first_data_on_day_3() -> None:
    assert [len(listed(now, 6434)) for now in LOOKS] == [0, 0, 0, 8, 8]
    assert len(flagged(DAY_3, 6434, "isRestricted")) == 8


def test_an_observation_becomes_public_on_day_2_and_nothing_else_of_it_changes() -> None:
    exclusive = flagged(DAY_1, 1210, "isRestricted")
    assert len(exclusive) == 9
    assert observations(dict.fromkeys(exclusive)) == {3}
    assert flagged(DAY_2, 1210, "isRestricted") == set()
    assert remade(DAY_1, DAY_2, 1210) == {}


def test_two_spectra_go_down_on_day_3_though_they_are_later() -> None:
    moved = remade(DAY_2, DAY_3, 1181)
    assert len(moved) == 2
    for old, new in moved.values():
        assert new.went_down_from(old)
        assert (new.cal_ver, new.crds_ctx) == ("1.20.2", "jwst_1464.pmap")
        assert old.date is not None
        assert new.date is not None
        assert new.date > old.date


def test_one_file_is_missing_from_day_2_on() -> None:
    had = listed(DAY_1, 1345).keys()
    gone = "jw01345002001_02101_00004_mirimage_i2d.fits"
    assert [had - listed(now, 1345).keys() for now in (DAY_2, DAY_3, AFTER)] == [{gone}] * 3


def test_no_other_program_loses_anything() -> None:
    for program in set(PROGRAMS) - {1345}:
        for before, now in pairwise(LOOKS):
            assert listed(before, program).keys() <= listed(now, program).keys()


def test_what_changes_between_the_looks_is_as_before_at_each() -> None:
    assert all(listed(now, 2738) == listed(BEFORE, 2738) for now in LOOKS)


def test_one_flap_is_too_short_for_a_look_every_six_hours() -> None:
    every_six_hours = [BEFORE + n * timedelta(hours=6) for n in range(17)]
    seen = {name for now in every_six_hours for name in remade(BEFORE, now, 2738)}
    assert seen == {"jw02738002001_02101_00003_guider1_rate.fits"}
    assert remade(BEFORE, datetime.fromisoformat("2026-11-21T13:30Z"), 2738).keys() == {
        "jw02738001001_02101_00002_guider1_cal.fits"
    }


def test_one_flap_is_seen_within_day_3_and_gone_at_its_end() -> None:
    noon, evening = (datetime.fromisoformat(f"2026-11-22T{hour}:00Z") for hour in ("12", "18"))
    assert len(remade(DAY_2, noon, 2738)) == len(remade(DAY_2, evening, 2738)) == 1


def test_one_pipeline_version_stands_with_two_contexts() -> None:
    pairs = Counter((row["cal_ver"], row["crds_ctx"]) for row in listed(DAY_1, 1210).values())
    assert pairs["1.13.3", "jwst_1210.pmap"] == 7
    assert pairs["1.13.3", "jwst_1225.pmap"] == 6


def test_an_exposure_that_was_never_calibrated_has_no_version_and_no_context() -> None:
    (raw,) = (row for row in archive_at(DAY_1) if row["productLevel"] == "1b")
    assert raw["filename"] == "jw01345022001_02101_00001_mirimage_uncal.fits"
    assert (raw["cal_ver"], raw["crds_ctx"]) == (None, None)


def test_the_unknown_program_is_never_listed() -> None:
    assert all(listed(now, UNKNOWN_PROGRAM) == {} for now in LOOKS)
