"""Moments in the archive's three forms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.model.failure import Unreadable
from pedigreed.model.instant import (
    ROUNDING,
    from_milliseconds,
    from_mjd,
    iso,
    parse_instant,
    same_instant,
    to_milliseconds,
    to_mjd,
)

FIRST_MS = -62_135_596_800_000
LAST_MS = 253_402_300_799_999
milliseconds = st.integers(FIRST_MS, LAST_MS)
instants = milliseconds.map(from_milliseconds)
MOMENT = datetime(2024, 4, 9, 19, 7, 23, 699_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "/Date(1712689643699)/",
        "/Date(1712689643699+0000)/",
        60409.796802071746,
        "60409.796802071746",
        "2024-04-09T19:07:23.699",
        "2024-04-09T19:07:23.699Z",
        "2024-04-09T19:07:23.699+00:00",
        "2024-04-09T19:07:23.699-0000",
        "2024-04-09 19:07:23.6990000",
        "2024-04-09t19:07:23.699z",
        "  2024-04-09T19:07:23.699\n",
    ],
)
def test_the_three_forms_of_one_moment_are_one_instant(value: str | float) -> None:
    assert parse_instant(value) == MOMENT


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("/Date(0)/", datetime(1970, 1, 1, tzinfo=UTC)),
        ("/Date(-1)/", datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
        (f"/Date({FIRST_MS})/", datetime(1, 1, 1, tzinfo=UTC)),
        (40587, datetime(1970, 1, 1, tzinfo=UTC)),
        (0.5, datetime(1858, 11, 17, 12, tzinfo=UTC)),
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
        ("2026-03-30T17:53:13", datetime(2026, 3, 30, 17, 53, 13, tzinfo=UTC)),
        ("2025-12-03T19:44:10.707", datetime(2025, 12, 3, 19, 44, 10, 707_000, tzinfo=UTC)),
        ("2026-03-30T17:54:12.7510000", datetime(2026, 3, 30, 17, 54, 12, 751_000, tzinfo=UTC)),
        ("2022-07-02T22:16:43.890000", datetime(2022, 7, 2, 22, 16, 43, 890_000, tzinfo=UTC)),
        ("2024-12-31T23:59:59.9996", datetime(2025, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999", from_milliseconds(LAST_MS)),
    ],
)
def test_values_at_the_edges(value: str | float, instant: datetime) -> None:
    assert parse_instant(value) == instant


@pytest.mark.parametrize(
    ("fraction", "microseconds"),
    [
        *(("", 0), (".1", 100_000), (".12", 120_000), (".123", 123_000), (".1234", 123_000)),
        *((".12351", 124_000), (".123499", 123_000), (".1230001", 123_000), (".000", 0), (".0000004", 0)),
    ],
)
def test_fractions_of_any_length_are_rounded_to_the_millisecond(fraction: str, microseconds: int) -> None:
    assert parse_instant(f"2024-04-09T19:07:23{fraction}") == MOMENT.replace(microsecond=microseconds)


@given(milliseconds)
def test_milliseconds_are_read_back(ms: int) -> None:
    assert to_milliseconds(from_milliseconds(ms)) == ms
    assert to_milliseconds(parse_instant(f"/Date({ms})/")) == ms


@given(instants)
def test_an_mjd_is_read_back_to_the_millisecond(instant: datetime) -> None:
    assert from_mjd(to_mjd(instant)) == instant
    assert parse_instant(repr(to_mjd(instant))) == instant


@given(instants)
def test_iso_text_is_read_back(instant: datetime) -> None:
    assert parse_instant(iso(instant)) == instant
    assert len(iso(instant)) == len("2024-04-09T19:07:23.700Z")


@given(st.datetimes(timezones=st.just(UTC), max_value=datetime(9999, 12, 31)), st.integers(0, 7))  # noqa: DTZ001  # hypothesis wants a naive bound
def test_iso_with_up_to_seven_digits_is_within_half_a_millisecond(instant: datetime, digits: int) -> None:
    fraction = f"{instant.microsecond:06d}0"[:digits]
    text = instant.replace(tzinfo=None, microsecond=0).isoformat() + ("." + fraction if fraction else "")
    exact = instant.replace(microsecond=int((fraction or "0").ljust(6, "0")[:6]))
    assert abs(parse_instant(text) - exact) <= timedelta(microseconds=500)


@given(instants, instants)
def test_iso_text_sorts_as_the_instants_do(one: datetime, other: datetime) -> None:
    assert (iso(one) < iso(other)) is (one < other)


def test_iso_is_written_in_utc_whatever_the_zone() -> None:
    madrid = MOMENT.astimezone(timezone(timedelta(hours=2)))
    assert iso(madrid) == "2024-04-09T19:07:23.699Z"
    assert iso(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    "value",
    [
        *("", "never", "None", "/Date()/", "/Date(1712689643699)", "Date(1)", "/Date(12.5)/", "/Date(1e3)/"),
        *("2024-02-30", "2024-13-01", "0000-01-01", "2024-04-09T25:00:00", "2024-04-09T19:07", "2024-04-09T"),
        *("2024-04-09T19:07:23.", "2024-04-09T19:07:23+02:00", "2024-04-09T19:07:23.1234567890", "09-04-2024"),
        *(
            "9999-12-31T23:59:59.9999",
            "/Date(253402300800000)/",
            "/Date(-62135596800001)/",
            "/Date(999999999999999)/",
        ),
        *("nan", "inf", "-inf", "1e400", "9" * 5000, "-700000", "2973484", "1" + "\x00"),
        *(float("nan"), float("inf"), -float("inf"), 1e18, -1e18, 10**400, 10**5000, -(10**5000)),
        *(True, False),
    ],
    ids=lambda value: (
        str(value)[:30] if not isinstance(value, int) or isinstance(value, bool) else "a large number"
    ),
)
def test_what_is_no_date_is_unreadable(value: str | float) -> None:
    with pytest.raises(Unreadable):
        parse_instant(value)


@given(
    st.text()
    | st.floats()
    | st.integers()
    | st.from_regex(r"/Date\(-?\d{1,16}\)/|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{0,9}Z?")
)
def test_any_value_is_an_instant_or_unreadable(value: str | float) -> None:
    try:
        instant = parse_instant(value)
    except Unreadable:
        return
    assert instant.utcoffset() == timedelta(0)
    assert instant.microsecond % 1000 == 0


def test_milliseconds_outside_the_calendar_are_unreadable() -> None:
    with pytest.raises(Unreadable):
        from_milliseconds(10**30)


@given(st.integers(0, 299), st.datetimes(timezones=st.just(UTC), min_value=datetime(2016, 1, 1)))  # noqa: DTZ001  # as above
def test_the_archive_rounding_to_a_300th_of_a_second_is_no_difference(tick: int, second: datetime) -> None:
    second = second.replace(microsecond=0)
    exact = second + timedelta(microseconds=round(tick / 300 * 1e6))
    kept = second + timedelta(milliseconds=round(tick * 10 / 3))
    assert same_instant(exact, kept)
    assert same_instant(parse_instant(f"/Date({to_milliseconds(kept)})/"), from_mjd(to_mjd(exact)))


def test_the_rounding_has_an_edge() -> None:
    assert same_instant(MOMENT, MOMENT + ROUNDING)
    assert same_instant(MOMENT, MOMENT - ROUNDING)
    assert not same_instant(MOMENT, MOMENT + ROUNDING + timedelta(milliseconds=1))
    assert not same_instant(MOMENT, MOMENT - ROUNDING - timedelta(milliseconds=1))


def test_a_missing_instant_is_the_same_only_as_a_missing_one() -> None:
    assert same_instant(None, None)
    assert not same_instant(None, MOMENT)
    assert not same_instant(MOMENT, None)


@given(instants, instants)
def test_sameness_has_no_direction(one: datetime, other: datetime) -> None:
    assert same_instant(one, other) is same_instant(other, one)
    assert same_instant(one, one)
