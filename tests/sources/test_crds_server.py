"""What the CRDS server tells over time, read by the real client from a server on loopback."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

import crds_faults
import faults
from asking_crds import (
    AGENT,
    CAL_VER,
    HASTY,
    NOON,
    QUICK,
    Holding,
    about_files,
    always,
    delivered,
    grow,
    methods,
    of,
    read,
)
from misbehaving import FaultyCrds, is_call_of
from pedigreed.demo.crds_story import NEWLY_BAD, Reference, crds_at
from pedigreed.demo.scenario import DAY_1, DAY_2, DAY_3
from pedigreed.model.context_use import ContextsInUse
from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import ChangeLevel, Medium, NoticeKind
from pedigreed.sources.crds.server import MOST_ROWS, CrdsServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults import Fault
    from pedigreed.sources.source import Source

DARK_1 = Reference("jwst_miri_dark_0131.fits")
DARK_2 = Reference("jwst_miri_dark_0132.fits")
FLAT = Reference("jwst_nircam_flat_0101.fits")


@pytest.fixture
def crds() -> Iterator[FaultyCrds]:
    with FaultyCrds(crds_at, DAY_1) as server:
        yield server


@pytest.fixture
def holding() -> Holding:
    return Holding(always(delivered("jwst_1464", 30, FLAT), delivered("jwst_1478", 20, DARK_1)))


@pytest.fixture
def small(holding: Holding) -> Iterator[FaultyCrds]:
    with FaultyCrds(holding.at, NOON) as server:
        yield server


# The first reading


def test_the_server_is_a_source() -> None:
    source: Source = CrdsServer("https://crds.example/", AGENT, None, None)
    assert source.name == "CRDS"


def test_the_first_reading_tells_the_last_year_and_no_news_of_files(crds: FaultyCrds) -> None:
    first = read(crds)
    assert first.is_complete, first.problems
    assert not first.warnings
    assert [each.facts.context for each in first.announcements] == [
        "jwst_1464",
        "jwst_1478",
        "jwst_1503",
        "jwst_1497",
        "jwst_1506",
        "jwst_1535",
        "jwst_1558",
        "jwst_1571",
        "jwst_1580",
    ]
    assert {each.source for each in first.announcements} == {"CRDS"}
    assert {each.medium for each in first.announcements} == {Medium.SERVER}
    assert not about_files(first)
    assert not of(first, NoticeKind.BUILD)
    assert not of(first, NoticeKind.MARKED_BAD)


def test_the_tracks_are_given_at_the_first_reading(crds: FaultyCrds) -> None:
    since = datetime(2026, 11, 5, 15, 37, 44, tzinfo=UTC)
    assert read(crds).contexts == ContextsInUse("jwst_1580", since, "jwst_1535", CAL_VER)


def test_without_a_version_from_the_archive_the_build_is_not_asked_about(crds: FaultyCrds) -> None:
    reading = read(crds, cal_ver=None)
    assert reading.is_complete
    assert reading.contexts is not None
    assert (reading.contexts.build, reading.contexts.cal_ver) == (None, None)
    assert "get_build_context" not in methods(crds)


def test_a_rollback_is_told_as_such(crds: FaultyCrds) -> None:
    (back,) = of(read(crds), NoticeKind.ROLLBACK)
    assert back.facts.context == "jwst_1497"
    assert back.facts.before == "jwst_1503"
    assert "matched by subarrays" in back.text


def test_requests_are_serial(crds: FaultyCrds) -> None:
    read(crds)
    assert crds.most_at_once == 1
    assert methods(crds) == [
        "get_context_history",
        "get_build_context",
        "get_default_context",
        "get_server_info",
    ]


# The story


def test_a_delivery_is_told_with_its_files_under_the_same_context(crds: FaultyCrds) -> None:
    first = read(crds)
    crds.now = DAY_2
    second = read(crds, first.bookmark)
    assert second.is_complete, second.problems
    known = {each.identity for each in first.announcements}
    fresh = [each for each in second.announcements if each.identity not in known]
    row, files = fresh
    assert row.facts.context == files.facts.context == "jwst_1583"
    assert row.facts.kind is files.facts.kind is NoticeKind.DELIVERY
    assert row.title == "jwst_1583 became the latest context"
    assert row.text.startswith("MIRI imager: a dark")
    assert files.identity == "changes jwst_1580 jwst_1583 2026-11-21T19:40:16+00:00"
    assert files.title == "jwst_1583 has 9 new reference files and other rules of 3 types"
    assert files.facts.changed == (
        (Instrument.MIRI, "dark"),
        (Instrument.NIRCAM, "flat"),
        (Instrument.NIRCAM, "photom"),
    )
    assert files.facts.instruments == (Instrument.MIRI, Instrument.NIRCAM)
    assert files.facts.reference_types == ("dark", "flat", "photom")
    assert files.facts.change_level is ChangeLevel.SEVERE
    assert files.facts.files[:2] == ("jwst_miri_dark_0139.fits", "jwst_nircam_flat_0121.fits")
    assert len(files.facts.files) == 9
    assert files.facts.activated_at == row.facts.activated_at == datetime(2026, 11, 21, 19, 40, 16, tzinfo=UTC)
    assert files.facts.delivered_at == datetime(2026, 11, 18, 14, 40, 16, tzinfo=UTC)
    assert "jwst_nircam_photom_0071.fits: moderate, INFLIGHT 2022-06-20 2026-08-30" in files.text
    assert files.text.count("gradient of 2 percent") == 1, "a description that files share stands once"


def test_nothing_is_told_of_the_files_twice(crds: FaultyCrds) -> None:
    crds.now = DAY_2
    second = read(crds, read(crds).bookmark)
    assert not about_files(second)


NEXT = "2.1.0"


def test_a_build_change_is_told_once(crds: FaultyCrds) -> None:
    first = read(crds)
    early = read(crds, first.bookmark, cal_ver=NEXT, made="jwst_1535")
    assert not of(early, NoticeKind.BUILD), "no product was made with it yet"
    second = read(crds, early.bookmark, cal_ver=NEXT, made="jwst_1580")
    (build,) = of(second, NoticeKind.BUILD)
    assert build.facts.context == "jwst_1580"
    assert build.facts.before == "jwst_1535"
    assert build.facts.cal_ver == NEXT
    assert build.title == "The archive makes products with 2.1.0 and jwst_1580"
    assert second.contexts is not None
    assert second.contexts.build == "jwst_1580"
    crds.now = DAY_3
    assert not of(read(crds, second.bookmark, cal_ver=NEXT, made="jwst_1580"), NoticeKind.BUILD)


def test_products_that_crds_does_not_know_the_context_of_make_no_build(crds: FaultyCrds) -> None:
    first = read(crds, made="jwst_1535")
    assert not of(read(crds, first.bookmark, made="jwst_1560"), NoticeKind.BUILD)


def test_a_build_that_crds_had_before_the_products_is_told_when_they_come(crds: FaultyCrds) -> None:
    first = read(crds, made="jwst_1464")
    (build,) = of(read(crds, first.bookmark, made="jwst_1535"), NoticeKind.BUILD)
    assert (build.facts.before, build.facts.context) == ("jwst_1464", "jwst_1535")


def test_a_file_that_is_marked_bad_is_told_once(crds: FaultyCrds) -> None:
    first = read(crds)
    crds.now = DAY_3
    second = read(crds, first.bookmark)
    (bad,) = of(second, NoticeKind.MARKED_BAD)
    assert bad.facts.files == (NEWLY_BAD,)
    assert bad.facts.instruments == (Instrument.NIRSPEC,)
    assert bad.facts.reference_types == ("superbias",)
    assert bad.title == f"{NEWLY_BAD} was marked bad"
    assert bad.said_at is None
    crds.now += timedelta(days=2)
    assert not of(read(crds, second.bookmark), NoticeKind.MARKED_BAD)


# The bookmark


def test_the_same_bookmark_gives_the_same_identities(crds: FaultyCrds) -> None:
    first = read(crds)
    crds.now = DAY_3
    once, again = read(crds, first.bookmark), read(crds, first.bookmark)
    assert once.announcements == again.announcements
    assert once.bookmark == again.bookmark


@pytest.mark.parametrize("bookmark", ["", "no JSON", "[]", '{"version": 2}', '{"told_to": 1}', '{"told_to": "x"}'])
def test_a_bookmark_that_is_none_begins_anew(crds: FaultyCrds, bookmark: str) -> None:
    crds.now = DAY_3
    reading = read(crds, bookmark)
    assert reading.is_complete
    assert not about_files(reading)
    assert not of(reading, NoticeKind.BUILD)
    assert reading.bookmark == read(crds).bookmark


def test_the_list_of_bad_files_is_asked_for_once_a_day(crds: FaultyCrds) -> None:
    bookmark = None
    for _ in range(8):
        bookmark = read(crds, bookmark).bookmark
        crds.now += timedelta(hours=6)
    assert methods(crds).count("get_server_info") == 2


def test_a_clock_that_was_ahead_does_not_stop_the_asking(crds: FaultyCrds) -> None:
    crds.now = DAY_3
    ahead = read(crds)
    crds.now = DAY_1
    crds.requests.clear()
    assert read(crds, ahead.bookmark).is_complete
    assert "get_server_info" in methods(crds)


# Versions and builds


def build_news(crds: FaultyCrds, bookmark: str | None, cal_ver: str) -> tuple[list[str], str | None]:
    reading = read(crds, bookmark, cal_ver=cal_ver, made={"1.20.2": "jwst_1464"}.get(cal_ver, "jwst_1535"))
    assert reading.is_complete, reading.problems
    assert reading.contexts is not None
    assert reading.contexts.cal_ver == cal_ver
    return [each.title for each in of(reading, NoticeKind.BUILD)], reading.bookmark


def test_a_version_that_goes_down_is_no_news_and_neither_is_its_return(crds: FaultyCrds) -> None:
    news, bookmark = build_news(crds, None, "1.20.2")
    assert news == []
    news, bookmark = build_news(crds, bookmark, "2.0.1")
    assert news == ["The archive makes products with 2.0.1 and jwst_1535"]
    news, bookmark = build_news(crds, bookmark, "1.20.2")
    assert news == []
    news, bookmark = build_news(crds, bookmark, "2.0.1")
    assert news == []


def test_a_new_version_says_what_moved(crds: FaultyCrds) -> None:
    first = read(crds, cal_ver="1.20.2")
    (build,) = of(read(crds, first.bookmark, made="jwst_1535"), NoticeKind.BUILD)
    assert (build.facts.before, build.facts.context, build.facts.cal_ver) == ("jwst_1464", "jwst_1535", "2.0.1")


def test_a_version_that_crds_does_not_know_leaves_the_rest(crds: FaultyCrds) -> None:
    reading = read(crds, cal_ver="4.0.0")
    assert reading.is_complete
    assert reading.warnings == (
        "the archive's context for 4.0.0: CRDS answered: OtherError: no context is fixed for that version",
    )
    assert reading.contexts is not None
    assert reading.contexts.latest == "jwst_1580"
    assert reading.contexts.build is None
    assert len(reading.announcements) == 9


def test_a_development_version_is_asked_about_by_its_release(crds: FaultyCrds) -> None:
    reading = read(crds, cal_ver="2.0.1.dev12+gabc")
    assert reading.contexts is not None
    assert reading.contexts.build == "jwst_1535"


def test_the_build_that_is_known_is_given_while_it_cant_be_asked(crds: FaultyCrds) -> None:
    first = read(crds)
    crds.misbehave(crds_faults.RpcError(), when=is_call_of("get_build_context"))
    second = read(crds, first.bookmark)
    assert not second.is_complete
    assert second.contexts == first.contexts
    third = read(crds, second.bookmark, cal_ver=NEXT, made="jwst_1580")
    assert of(third, NoticeKind.BUILD), "the failure was no baseline"


# Trouble

EVERY_METHOD = (
    ("get_context_history", "the context history"),
    ("get_build_context", "the archive's context"),
    ("get_default_context", "the latest context"),
    ("get_mapping_names", "what jwst_1503 changes"),
    ("get_reference_names", "what jwst_1503 changes"),
    ("get_file_info_map", "what jwst_1503 changes"),
    ("get_server_info", "the list of bad files"),
)
TROUBLE: tuple[Fault, ...] = (
    crds_faults.RpcError(),
    faults.ServerError(),
    faults.HtmlPage(),
    faults.TruncatedJson(),
    faults.ResetMidBody(),
    faults.OtherBody(b"not JSON"),
    crds_faults.WrongId(),
    crds_faults.NullResult(),
    crds_faults.WithoutResult(),
    crds_faults.OtherResult({"jwst": ["hst"]}),
    crds_faults.OtherResult("hst_0001.pmap"),
    crds_faults.OtherEncoding(),
    crds_faults.CutEncoding(),
    crds_faults.ResultBomb(2_000_000),
)


UNKNOWN_FILE = crds_faults.OtherResult({"jwst": ["hst"]})
"""To the catalogue, it means no more than that it does not know the files that were asked for."""


@pytest.mark.parametrize(
    ("fault", "method", "part"),
    [
        pytest.param(fault, method, part, id=f"{type(fault).__name__}-{method}")
        for method, part in EVERY_METHOD
        for fault in TROUBLE
        if method != "get_file_info_map" or fault != UNKNOWN_FILE
    ],
)
def test_a_part_fails_alone(small: FaultyCrds, holding: Holding, fault: Fault, method: str, part: str) -> None:
    bookmark = read(small).bookmark
    grow(holding, "jwst_1503", DARK_2)
    holding.state = replace(holding.state, bad_files=(FLAT.name,), builds={CAL_VER: "jwst_1503"})
    small.now += timedelta(days=1)
    small.misbehave(fault, times=None, when=is_call_of(method))
    troubled = read(small, bookmark, patience=replace(QUICK, largest_answer=1_000_000))
    assert not troubled.is_complete
    (problem,) = troubled.problems
    assert problem.startswith(f"{part}: ")
    assert len(problem) < 300
    assert troubled.contexts is not None
    assert troubled.contexts.latest == "jwst_1503"
    small.well_behaved()
    sound = read(small, troubled.bookmark)
    assert sound.is_complete, sound.problems
    told = {each.identity for each in (*troubled.announcements, *sound.announcements)}
    small.requests.clear()
    assert told >= {each.identity for each in read(small, bookmark).announcements}


def test_a_server_that_is_down_is_told_and_keeps_the_bookmark(crds: FaultyCrds) -> None:
    first = read(crds)
    crds.misbehave(faults.Unavailable(), times=None)
    down = read(crds, first.bookmark)
    assert not down.is_complete
    assert down.announcements == ()
    assert down.contexts is None
    assert down.bookmark == first.bookmark
    assert down.problems == ("answered HTTP 503",)


def test_a_server_that_hangs_is_left(crds: FaultyCrds) -> None:
    crds.misbehave(faults.Hang(), times=None)
    reading = read(crds, patience=HASTY)
    assert reading.problems == ("no whole answer within 0.2 s",)


def test_a_history_without_a_readable_row_is_no_answer(crds: FaultyCrds) -> None:
    crds.misbehave(crds_faults.OtherResult([["x"], 7]), when=is_call_of("get_context_history"))
    reading = read(crds)
    assert not reading.is_complete
    assert reading.problems == (
        "the context history: 2 of 2 rows can't be read",
        "the context history: CRDS named no context in it",
    )


def test_a_history_with_a_row_that_cant_be_read_is_not_complete(crds: FaultyCrds) -> None:
    rows = [["2026-05-01 10:00:00", "jwst_1503.pmap", "Darks."], ["x"]]
    crds.misbehave(crds_faults.OtherResult(rows), when=is_call_of("get_context_history"))
    reading = read(crds)
    assert not reading.is_complete
    assert reading.problems[0] == "the context history: 1 of 2 rows can't be read"


def test_a_latest_context_that_is_not_in_the_history_is_told_all_the_same(crds: FaultyCrds) -> None:
    rows = [["2026-05-01 10:00:00", "jwst_1503.pmap", "Darks."]]
    crds.misbehave(crds_faults.OtherResult(rows), when=is_call_of("get_context_history"))
    reading = read(crds)
    assert reading.problems == ("the context history: jwst_1580, which is the latest context, is not in it",)
    (bare,) = [each for each in reading.announcements if each.facts.context == "jwst_1580"]
    assert (bare.title, bare.text, bare.said_at) == ("jwst_1580 is the latest context", "", None)


def test_the_bookmark_is_text_of_a_known_version(crds: FaultyCrds) -> None:
    kept = msgspec.json.decode(read(crds).bookmark or "")
    assert kept["version"] == 1
    assert kept["build"] == {"cal_ver": "2.0.1", "context": "jwst_1535"}


def test_a_history_without_end_is_not_believed(crds: FaultyCrds) -> None:
    rows = [["2026-05-01 10:00:00", "jwst_1503.pmap", "Darks."]] * (MOST_ROWS + 1)
    crds.misbehave(crds_faults.OtherResult(rows), when=is_call_of("get_context_history"))
    reading = read(crds)
    assert not reading.is_complete
    assert reading.problems[0] == "the context history: CRDS sent 20,001 rows, more than there can be"


def test_an_answer_is_no_larger_than_what_was_asked_for(crds: FaultyCrds) -> None:
    crds.misbehave(
        crds_faults.OtherResult("jwst_1503.pmap" + " " * 6_000_000), when=is_call_of("get_default_context")
    )
    reading = read(crds)
    assert reading.problems == ("the latest context: the answer is longer than 5,000,000 bytes",)
