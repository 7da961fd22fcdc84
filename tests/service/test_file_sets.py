"""A keyword service that is gone, and MAST's search of file sets in its place."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

import faults
from misbehaving import is_for, is_missions
from pedigreed.model.change import ChangeKind
from pedigreed.model.instrument import Instrument
from pedigreed.model.problem import ProblemKind
from pedigreed.service.status import read_status
from pedigreed.store import changes as stored_changes
from watcher import DAY_0, Watcher

if TYPE_CHECKING:
    from pedigreed.config.settings import Config
    from pedigreed.model.problem import Problem

MIRI = Instrument.MIRI
SET = {"fileSetName": "jw01180001001_02101_00001"}
GONE = faults.ClientError(404)


def day(number: float) -> datetime:
    return DAY_0 + timedelta(days=number)


def of_miri(watcher: Watcher, fallback: str = "missions", **digest: str) -> Config:
    """A configuration that watches two instruments, told to an operator too."""
    watcher.fallback = fallback
    config = watcher.configured({"programs": [1180], "instruments": ["nircam", "miri"]}, **digest)
    return config.model_copy(update={"operator": config.subscriptions[0].deliver})


def kinds(watcher: Watcher) -> list[tuple[str, str]]:
    """Every change on record: its kind and its file."""
    with watcher.store.reading() as connection:
        found = stored_changes.history(connection, [1180])
    return sorted((change.kind.value, change.filename) for change in found)


def by_set(names: list[str]) -> list[tuple[str, str]]:
    return sorted(("file set reprocessed", name) for name in names)


def added(watcher: Watcher, count: int) -> list[str]:
    """So many more products of MIRI; the others stay as they are."""
    before = dict(watcher.holdings.rows)
    names = watcher.holdings.add(1180, 6 + count, MIRI)[6:]
    watcher.holdings.rows = {name: watcher.holdings.rows[name] for name in names} | before
    return names


def text_of(told: dict[str, str]) -> str:
    """The one digest, on one line."""
    return " ".join(told.get("a", "").split())


@pytest.fixture
def miri(watcher: Watcher) -> list[str]:
    """Six products of MIRI, of which the first three are of one file set, beside those of NIRCam."""
    watcher.holdings.add(1180, 6)
    names = watcher.holdings.add(1180, 6, MIRI)
    watcher.holdings.set(names[:3], **SET)
    return names


def retire(watcher: Watcher) -> None:
    watcher.recorded.misbehave(GONE, times=None, when=is_for(MIRI))


def test_without_a_fallback_a_service_that_is_gone_is_not_checked_and_told_once(
    watcher: Watcher, miri: list[str]
) -> None:
    config = of_miri(watcher, "none")
    watcher.told(day(0), config)
    retire(watcher)
    watcher.holdings.remake(miri[:3], at=day(0.5))
    begun: list[Problem] = []
    for number in range(1, 6):
        cycle = watcher.cycle(day(number), config)
        begun += cycle.outgoing.news.begun
        assert not cycle.is_complete
    assert [(problem.kind, problem.name) for problem in begun] == [(ProblemKind.SOURCE, "MAST MIRI")]
    assert not [received for received in watcher.recorded.requests if is_missions(received)]
    assert kinds(watcher) == []


def test_the_search_stands_in_and_says_what_it_does_not_see(watcher: Watcher, miri: list[str]) -> None:
    config = of_miri(watcher)
    watcher.told(day(0), config)
    retire(watcher)
    watcher.holdings.remake(miri[:3], at=day(0.5))
    cycle = watcher.cycle(day(1), config)
    assert cycle.is_complete
    (text,) = (" ".join(closed.rendered.text.split()) for closed in cycle.outgoing.closed if closed.rendered)
    assert "REPROCESSED SETS 3 products of file sets that have a newer file" in text
    assert "CAL_VER 1.20.2 -> 2.0.1" in text
    assert "CHECKED 1 of 1 program" in text
    assert "MIRI by MAST Missions' search of file sets, 06:00Z, in the place of its keyword service" in text
    assert "(MAST answered HTTP 404)" in text
    assert "with the same CAL_VER and CRDS_CTX is not seen, nor what is new, stale or withdrawn" in text
    assert "NOT CHECKED" not in text
    assert kinds(watcher) == by_set(miri[:3])


def test_what_it_shows_every_day_is_told_once_and_so_is_that_the_service_is_gone(
    watcher: Watcher, miri: list[str]
) -> None:
    config = of_miri(watcher, empty="never")
    watcher.told(day(0), config)
    retire(watcher)
    watcher.holdings.remake(miri[:3], at=day(0.5))
    begun: list[Problem] = []
    told = []
    for number in range(1, 7):
        cycle = watcher.cycle(day(number), config)
        begun += cycle.outgoing.news.begun
        told.append([closed.rendered.subject for closed in cycle.outgoing.closed if closed.rendered])
    assert told == [["[pedigreed] a: 3 in reprocessed file sets"], [], [], [], [], []]
    assert [(problem.name, problem.reason) for problem in begun] == [("MAST MIRI", "MAST answered HTTP 404")]


def test_who_is_never_told_of_nothing_is_told_when_it_begins_to_stand_in_and_when_it_ends(
    watcher: Watcher, miri: list[str]
) -> None:
    assert miri
    config = of_miri(watcher, empty="never")
    watcher.told(day(0), config)
    retire(watcher)
    told = [bool(watcher.told(day(number), config)) for number in (1, 2, 3)]
    watcher.recorded.well_behaved()
    told += [bool(watcher.told(day(number), config)) for number in (4, 5)]
    assert told == [True, False, False, True, False]


def test_a_set_whose_files_differ_is_not_told_as_remade(watcher: Watcher, miri: list[str]) -> None:
    """Two of three files were made anew before the service went: the search has the pedigree of one of those."""
    watcher.holdings.remake(miri[:2], at=day(-3))
    config = of_miri(watcher)
    watcher.told(day(0), config)
    retire(watcher)
    watcher.told(day(1), config)
    assert kinds(watcher) == []
    watcher.holdings.remake(miri[2:3], at=day(1.5), cal_ver="3.0.0", context=1600)
    watcher.told(day(2), config)
    assert kinds(watcher) == by_set(miri[:3])


def test_a_search_that_is_behind_takes_nothing_back(watcher: Watcher, miri: list[str]) -> None:
    config = of_miri(watcher)
    watcher.told(day(0), config)
    retire(watcher)
    watcher.holdings.remake(miri, at=day(-99), cal_ver="1.15.1", context=1300)
    watcher.told(day(1), config)
    assert kinds(watcher) == []


def test_nothing_is_new_or_withdrawn_by_it(watcher: Watcher, miri: list[str]) -> None:
    config = of_miri(watcher, empty="always")
    watcher.told(day(0), config)
    retire(watcher)
    lost = miri[3]
    row = watcher.holdings.rows.pop(lost)
    for number in range(1, 6):
        text = text_of(watcher.told(day(number), config))
        assert "NOT CHECKED" in text
        assert "Missions' search lacks 1 of 3 file sets" in text
    watcher.holdings.rows[lost] = row
    added(watcher, 3)
    text = text_of(watcher.told(day(6), config))
    assert "It has 2 file sets that were not known" in text
    assert kinds(watcher) == []


def test_a_program_that_was_never_seen_is_not_checked_by_it(watcher: Watcher, miri: list[str]) -> None:
    assert miri
    retire(watcher)
    text = text_of(watcher.told(day(0), of_miri(watcher)))
    assert "NOT CHECKED 1 of 1 program" in text
    assert kinds(watcher) == []


@pytest.mark.parametrize("fault", [faults.Unavailable(), GONE, faults.HtmlPage(), faults.OtherBody(b"[]")])
def test_a_search_that_fails_too_leaves_it_not_checked_for_both_reasons(
    watcher: Watcher, miri: list[str], fault: faults.Fault
) -> None:
    config = of_miri(watcher)
    watcher.told(day(0), config)
    retire(watcher)
    watcher.recorded.misbehave(fault, times=None, when=is_missions)
    watcher.holdings.remake(miri[:3], at=day(0.5))
    text = text_of(watcher.told(day(1), config))
    assert "NOT CHECKED 1 of 1 program" in text
    assert "MAST answered HTTP 404; Missions' search" in text
    assert kinds(watcher) == []


def test_a_service_that_is_back_tells_the_rest_and_nothing_twice(watcher: Watcher, miri: list[str]) -> None:
    config = of_miri(watcher)
    watcher.told(day(0), config)
    retire(watcher)
    for number in range(1, 8):
        if number == 2:
            watcher.holdings.remake(miri[:2], at=day(1.5))
        watcher.told(day(number), config)
    assert kinds(watcher) == by_set(miri[:3])
    # What the search can't see: made anew with the same. And a product that is new.
    watcher.holdings.remake(miri[5:], at=day(7.5), cal_ver="1.20.2", context=1464)
    late = added(watcher, 1)
    watcher.recorded.well_behaved()
    text = text_of(watcher.told(day(8), config))
    assert "REPROCESSED SETS" not in text
    assert "REPROCESSED 1 product" in text
    assert "NEW 1 product" in text
    assert "by MAST Missions' search" not in text
    remade = [("reprocessed", name) for name in (*miri[:2], *miri[5:])]
    assert kinds(watcher) == sorted([*by_set(miri[:3]), *remade, *(("new", name) for name in late)])
    assert not watcher.told(day(9), config)


def test_another_subscription_that_was_not_told_by_set_is_told_when_the_service_is_back(
    watcher: Watcher, miri: list[str]
) -> None:
    daily = of_miri(watcher)
    watcher.told(day(0), daily)
    retire(watcher)
    watcher.holdings.remake(miri[:3], at=day(0.5))
    watcher.told(day(1), daily)
    watch = {"programs": [1180], "instruments": ["nircam", "miri"]}
    both = watcher.configured(watch, watch)
    watcher.told(day(2), both)
    watcher.recorded.well_behaved()
    told = watcher.told(day(3), both)
    assert "REPROCESSED" not in told.get("a", "")
    assert "REPROCESSED    3 " in told["b"]


def test_a_week_in_one_digest_tells_what_the_rows_said_in_the_end(watcher: Watcher, miri: list[str]) -> None:
    config = of_miri(watcher, every="week")
    for number in (0, 3):
        watcher.told(day(number), config)
    retire(watcher)
    watcher.holdings.remake(miri[:2], at=day(3.5))
    for number in (4, 5, 6):
        watcher.told(day(number), config)
    watcher.recorded.well_behaved()
    told = [watcher.told(day(number), config) for number in range(7, 12)]
    (text,) = (text_of(each) for each in told if each)
    assert "REPROCESSED 2 of 12 products" in text
    assert "REPROCESSED SETS 1 product" in text, "the third file of the set stayed as it was"


def test_status_says_since_when_it_stands_in(watcher: Watcher, miri: list[str]) -> None:
    assert miri
    config = of_miri(watcher)
    watcher.told(day(0), config)
    retire(watcher)
    watcher.told(day(1), config)
    with watcher.store.reading() as connection:
        status = read_status(connection, config, day(1))
    told = {source.instrument: source.stood_in_at for source in status.sources}
    assert told == {MIRI: day(1), Instrument.NIRCAM: None}
    assert status.subscriptions[0].checked.programs == 1


def test_events_of_reprocessing_have_those_of_file_sets(watcher: Watcher) -> None:
    config = watcher.configured({"programs": [1180], "events": ["reprocessed"]})
    assert ChangeKind.SET_REPROCESSED in config.subscriptions[0].watch.events
