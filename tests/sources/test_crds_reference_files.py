"""The files of new contexts and the bad files, read by the real client from a CRDS on loopback."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import crds_faults
import faults
from asking_crds import (
    NOON,
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
from pedigreed.demo.crds_story import Reference
from pedigreed.impact.mapping import members_of, read_rule_file
from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import ChangeLevel, NoticeKind
from pedigreed.sources.crds import reference_files, server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pedigreed.model.news_source import Reading

DARK_1 = Reference("jwst_miri_dark_0131.fits")
DARK_2 = Reference("jwst_miri_dark_0132.fits")
FLAT = Reference("jwst_nircam_flat_0101.fits")


@pytest.fixture
def holding() -> Holding:
    return Holding(always(delivered("jwst_1464", 30, FLAT), delivered("jwst_1478", 20, DARK_1)))


@pytest.fixture
def small(holding: Holding) -> Iterator[FaultyCrds]:
    with FaultyCrds(holding.at, NOON) as server:
        yield server


# New files


def test_a_context_of_rules_only_has_no_files_to_tell(small: FaultyCrds, holding: Holding) -> None:
    first = read(small)
    grow(holding, "jwst_1503")
    second = read(small, first.bookmark)
    assert second.is_complete, second.problems
    assert not about_files(second)


def test_a_step_back_has_no_new_files(small: FaultyCrds, holding: Holding) -> None:
    first = read(small)
    grow(holding, "jwst_1464")
    second = read(small, first.bookmark)
    assert second.is_complete
    assert of(second, NoticeKind.ROLLBACK)
    assert "get_reference_names" not in methods(small)


def test_a_failure_keeps_the_announcement_and_the_files_come_the_next_time(
    small: FaultyCrds, holding: Holding
) -> None:
    first = read(small)
    grow(holding, "jwst_1503", DARK_2)
    small.misbehave(crds_faults.RpcError(), when=is_call_of("get_file_info_map"))
    second = read(small, first.bookmark)
    assert second.problems == ("what jwst_1503 changes: CRDS answered: OtherError: database is locked",)
    assert second.announcements[-1].facts.context == "jwst_1503"
    assert not about_files(second)
    third = read(small, second.bookmark)
    assert third.is_complete
    (files,) = about_files(third)
    assert files.facts.files == (DARK_2.name,)


def test_files_wait_as_long_as_the_server_is_away(small: FaultyCrds, holding: Holding) -> None:
    bookmark = read(small).bookmark
    grow(holding, "jwst_1503", DARK_2)
    for _ in range(server.MOST_REFUSALS + 3):
        small.misbehave(faults.Unavailable(), times=None, when=is_call_of("get_reference_names"))
        bookmark = read(small, bookmark).bookmark
    small.well_behaved()
    assert len(about_files(read(small, bookmark))) == 1


def test_files_that_the_catalogue_never_tells_of_are_told_by_their_names(
    small: FaultyCrds, holding: Holding
) -> None:
    bookmark = read(small).bookmark
    grow(holding, "jwst_1503", DARK_2)
    small.misbehave(crds_faults.RpcError(), times=None, when=is_call_of("get_file_info_map"))
    for _ in range(server.MOST_REFUSALS):
        reading = read(small, bookmark)
        assert not about_files(reading)
        bookmark = reading.bookmark
    reading = read(small, bookmark)
    (files,) = about_files(reading)
    assert files.facts.files == (DARK_2.name,)
    assert files.facts.instruments == (Instrument.MIRI,)
    assert files.facts.change_level is None
    assert reading.is_complete
    assert len(reading.warnings) == 1
    assert not about_files(read(small, reading.bookmark))


def test_a_context_whose_files_are_never_told_is_given_up(small: FaultyCrds, holding: Holding) -> None:
    bookmark = read(small).bookmark
    grow(holding, "jwst_1503", DARK_2)
    small.misbehave(crds_faults.OtherResult([]), times=None, when=is_call_of("get_reference_names"))
    readings: list[Reading] = []
    for _ in range(server.MOST_REFUSALS + 2):
        readings.append(read(small, bookmark))
        bookmark = readings[-1].bookmark
    assert [reading.is_complete for reading in readings] == [False] * (server.MOST_REFUSALS + 1) + [True]
    assert "is not asked any more" in readings[-2].warnings[0]


def test_several_new_contexts_are_asked_about_by_and_by(small: FaultyCrds, holding: Holding) -> None:
    bookmark = read(small).bookmark
    for nth in range(server.CONTEXTS_A_LOOK + 2):
        grow(holding, f"jwst_{1500 + nth}", Reference(f"jwst_miri_flat_{nth:04d}.fits"))
    told = []
    for _ in range(3):
        reading = read(small, bookmark)
        assert reading.is_complete, reading.problems
        told.append([each.facts.context for each in about_files(reading)])
        bookmark = reading.bookmark
    assert told == [["jwst_1500", "jwst_1501", "jwst_1502", "jwst_1503"], ["jwst_1504", "jwst_1505"], []]
    assert methods(small).count("get_reference_names") == 5 + 3, "each context's files are listed once a look"


def test_no_more_contexts_wait_than_a_year_has(small: FaultyCrds, holding: Holding) -> None:
    bookmark = read(small).bookmark
    for nth in range(server.MOST_WAITING + 3):
        grow(holding, f"jwst_{1500 + nth}")
    reading = read(small, bookmark)
    assert reading.warnings == ("what 3 new contexts change is not asked",)


def test_many_files_are_asked_about_in_batches(small: FaultyCrds, holding: Holding) -> None:
    bookmark = read(small).bookmark
    many = tuple(Reference(f"jwst_miri_flat_{nth:04d}.fits") for nth in range(reference_files.BATCH * 2 + 1))
    grow(holding, "jwst_1503", *many)
    small.requests.clear()
    (files,) = about_files(read(small, bookmark))
    assert len(files.facts.files) == len(many)
    assert methods(small).count("get_file_info_map") == 3


def test_more_files_than_are_told_is_said(small: FaultyCrds, holding: Holding) -> None:
    bookmark = read(small).bookmark
    many = tuple(Reference(f"jwst_miri_flat_{nth:04d}.fits") for nth in range(reference_files.MOST_NEW_FILES + 5))
    grow(holding, "jwst_1503", *many)
    reading = read(small, bookmark)
    (files,) = about_files(reading)
    assert len(files.facts.files) == reference_files.MOST_NEW_FILES
    assert reading.warnings == ("jwst_1503 has 1,005 new files, of which 1,000 are told",)


@pytest.mark.parametrize(
    "said",
    [
        {DARK_2.name: "NOT FOUND"},
        {},
        {DARK_2.name: {"change_level": 7, "instrument": ["miri"], "filekind": {}, "delivery_date": "none"}},
        {DARK_2.name: {"change_level": "n/a", "instrument": "SYSTEM", "filekind": "a b", "description": None}},
    ],
)
def test_what_the_catalogue_does_not_say_is_not_guessed(
    small: FaultyCrds, holding: Holding, said: dict[str, object]
) -> None:
    bookmark = read(small).bookmark
    grow(holding, "jwst_1503", DARK_2)
    small.misbehave(crds_faults.OtherResult(said), when=is_call_of("get_file_info_map"))
    (files,) = about_files(read(small, bookmark))
    assert files.facts.reference_types == ("dark",)
    assert files.facts.change_level is None
    assert files.facts.delivered_at is None
    assert files.text == DARK_2.name


def test_the_catalogue_tells_of_what_the_name_does_not(small: FaultyCrds, holding: Holding) -> None:
    odd = Reference("jwst_odd_name_7.asdf")
    bookmark = read(small).bookmark
    grow(holding, "jwst_1503", odd)
    said = {odd.name: {"instrument": "FGS", "reference_file_type": "Distortion", "change_level": "trivial"}}
    small.misbehave(crds_faults.OtherResult(said), when=is_call_of("get_file_info_map"))
    (files,) = about_files(read(small, bookmark))
    assert files.facts.instruments == (Instrument.FGS,)
    assert files.facts.reference_types == ("distortion",)
    assert files.facts.change_level is ChangeLevel.TRIVIAL


def test_a_start_that_lies_ahead_hides_no_files(small: FaultyCrds, holding: Holding) -> None:
    holding.state = replace(
        holding.state,
        deliveries=(
            *holding.state.deliveries,
            delivered("jwst_1999", -3000, Reference("jwst_fgs_dark_0001.fits")),
        ),
    )
    small.now = NOON - timedelta(days=15)
    bookmark = read(small).bookmark
    grow(holding, "jwst_1503", DARK_2)
    holding.state = replace(
        holding.state, deliveries=tuple(sorted(holding.state.deliveries, key=lambda each: each.at))
    )
    told = [each.facts.context for each in about_files(read(small, bookmark))]
    assert "jwst_1503" in told


def test_the_rules_that_differ_name_all_that_real_switches_changed_and_no_more(shared: Path) -> None:
    crds = shared / "data" / "crds"
    switches = [json.loads(line) for line in (crds / "transitions_2013-2019.jsonl").read_text().splitlines()]
    folder = crds / "mappings" / "jwst"
    compared = 0
    named: set[tuple[str, str, str]] = set()
    known: set[tuple[str, str, str]] = set()
    for switch in switches:
        if (folder / switch["old"]).exists() and (folder / switch["new"]).exists():
            compared += 1
            pairs = reference_files.changed_pairs(_rules(folder, switch["old"]), _rules(folder, switch["new"]))
            named.update((switch["new"], instrument.value, kind) for instrument, kind in pairs)
            known.update((switch["new"], each["instrument"], each["reftype"]) for each in switch["changed"])
    assert compared == 22
    assert named == {each for each in known if each[1] in set(Instrument)}, "precision and recall are 1.00"
    assert len(named) == 82


def _rules(folder: Path, context: str) -> list[str]:
    imaps = members_of(read_rule_file((folder / context).read_text())).values()
    texts = [(folder / imap).read_text() for imap in imaps if imap.endswith(".imap")]
    members = [name for text in texts for name in members_of(read_rule_file(text)).values()]
    return [name for name in members if name.endswith(".rmap")]


# Bad files


def test_a_name_that_is_missing_once_is_no_news_when_it_is_back(small: FaultyCrds, holding: Holding) -> None:
    holding.state = replace(holding.state, bad_files=(DARK_1.name, DARK_2.name))
    bookmark = read(small).bookmark
    for bad in ((DARK_1.name,), (DARK_1.name, DARK_2.name)):
        holding.state = replace(holding.state, bad_files=bad)
        small.now += timedelta(days=1)
        reading = read(small, bookmark)
        assert not of(reading, NoticeKind.MARKED_BAD)
        bookmark = reading.bookmark


def test_files_that_are_marked_together_are_told_together(small: FaultyCrds, holding: Holding) -> None:
    bookmark = read(small).bookmark
    rules = "jwst_niriss_wfssbkg_0007.rmap"
    holding.state = replace(holding.state, bad_files=(FLAT.name, rules, DARK_1.name, "<script>"))
    small.now += timedelta(days=1)
    reading = read(small, bookmark)
    (bad,) = of(reading, NoticeKind.MARKED_BAD)
    assert bad.title == "3 files were marked bad"
    assert bad.facts.files == (DARK_1.name, FLAT.name, rules)
    assert bad.facts.instruments == (Instrument.MIRI, Instrument.NIRCAM, Instrument.NIRISS)
    assert bad.facts.reference_types == ("dark", "flat", "wfssbkg")
    assert reading.warnings == ("the list of bad files: names that are no files of JWST: 1",)


def test_a_file_of_no_instrument_names_none(small: FaultyCrds, holding: Holding) -> None:
    bookmark = read(small).bookmark
    holding.state = replace(holding.state, bad_files=("jwst_system_calver_0047.rmap", "jwst_1503.pmap"))
    small.now += timedelta(days=1)
    (bad,) = of(read(small, bookmark), NoticeKind.MARKED_BAD)
    assert bad.facts.instruments == ()
    assert bad.facts.reference_types == ("calver",)


def test_a_list_of_bad_files_without_end_is_not_kept(small: FaultyCrds) -> None:
    names = ["jwst_miri_dark_0131.fits"] * (reference_files.MOST_BAD_FILES + 1)
    small.misbehave(crds_faults.OtherResult({"bad_files_list": names}), when=is_call_of("get_server_info"))
    assert read(small).problems == ("the list of bad files: CRDS lists more than 50,000 bad files",)
