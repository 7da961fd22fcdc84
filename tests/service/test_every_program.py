"""`programs: all`: every program of the archive is watched, and a new one is told with its first data."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import faults
from misbehaving import is_about, is_page
from pedigreed.model.change import ChangeKind
from pedigreed.model.instant import to_mjd
from pedigreed.model.instrument import Instrument
from pedigreed.service.learning import BELIEVED_FOR, programs_known
from pedigreed.sources.mast.query import PROGRAMS_A_QUERY
from pedigreed.store import changes as stored_changes
from pedigreed.store import programs as stored_programs
from watcher import DAY_0

if TYPE_CHECKING:
    from pedigreed.config.settings import Config
    from pedigreed.demo.received import Received
    from watcher import Watcher

NIRCAM, MIRI = Instrument.NIRCAM, Instrument.MIRI
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
EVERYTHING = {"programs": "all"}


@pytest.fixture
def config(watcher: Watcher) -> Config:
    return watcher.configured(EVERYTHING)


def asks_for_programs(received: Received) -> bool:
    return received.params.get("columns") == "program"


def of_all(watcher: Watcher) -> Config:
    return watcher.configured({"programs": "all", "instruments": [each.value for each in Instrument]})


def changes(watcher: Watcher) -> list[tuple[ChangeKind, int]]:
    with watcher.store.reading() as connection:
        return sorted({(each.kind, each.program) for each in stored_changes.history(connection, [])})


def found(watcher: Watcher) -> set[int]:
    with watcher.store.reading() as connection:
        return stored_programs.archived(connection)


def test_every_program_is_watched_from_the_first_sight_on(watcher: Watcher, config: Config) -> None:
    names = watcher.holdings.add(1180, 20)
    watcher.holdings.add(4321, 3)
    watcher.holdings.add(2222, 3, MIRI)
    first = watcher.told(DAY_0, config)["a"]
    assert "all 2 programs of the archive" in first
    assert "1180" in first
    assert "4321" in first
    assert found(watcher) == {1180, 4321}, "nobody watches MIRI"
    assert changes(watcher) == []
    watcher.holdings.remake(names[:7], DAY_0 + DAY - HOUR)
    text = watcher.told(DAY_0 + DAY, config)["a"]
    assert "7 of 23" in text
    assert "2 of 2 programs" in text


def test_a_new_program_is_told_with_its_first_data(watcher: Watcher) -> None:
    config = of_all(watcher)
    watcher.holdings.add(1180, 5)
    watcher.cycle(DAY_0, config)
    came = to_mjd(DAY_0 + DAY - HOUR)
    watcher.holdings.add(9876, 4, MIRI, ingestCompletionDate_mjd=came, date_mjd=came)
    text = watcher.told(DAY_0 + DAY, config)["a"]
    assert changes(watcher) == [(ChangeKind.FIRST, 9876)]
    assert "first data of 9876" in text.lower() or "FIRST DATA" in text, text
    assert "NOW WATCHING" not in text
    assert "all 2 programs of the archive" in text
    # It is told once, and from then on watched as the others are.
    assert watcher.told(DAY_0 + 2 * DAY, config) == {}


def test_a_new_program_that_somebody_watches_by_its_number_is_told_to_both(watcher: Watcher) -> None:
    config = watcher.configured(EVERYTHING, {"programs": [9876]})
    watcher.holdings.add(1180, 5)
    watcher.cycle(DAY_0, config)
    came = to_mjd(DAY_0 + DAY - HOUR)
    watcher.holdings.add(9876, 4, ingestCompletionDate_mjd=came, date_mjd=came)
    told = watcher.told(DAY_0 + DAY, config)
    assert set(told) == {"a", "b"}
    assert all("4 new" in text.lower() or "4 first" in text.lower() or "NEW" in text for text in told.values())


def test_what_is_younger_is_asked_of_the_whole_service_at_once(watcher: Watcher, config: Config) -> None:
    programs = list(range(2000, 2000 + 2 * PROGRAMS_A_QUERY + 5))
    names = {program: watcher.holdings.add(program, 1) for program in programs}
    watcher.cycle(DAY_0, config)
    watcher.recorded.requests.clear()
    watcher.holdings.remake(names[2003] + names[2150], DAY_0 + 2 * HOUR)
    cycle = watcher.cycle(DAY_0 + 3 * HOUR, config)
    swept = [program for answer in cycle.answers if answer.query.is_sweep for program in answer.query.programs]
    (younger,) = (answer.query for answer in cycle.answers if not answer.query.is_sweep)
    assert sorted([*swept, *younger.programs]) == programs
    assert len(swept) < PROGRAMS_A_QUERY, "a few have their turn in each of the week's hours"
    assert sum(answer.changes for answer in cycle.answers) == 2
    (page,) = [
        received
        for received in watcher.recorded.requests
        if is_page(received) and "filename" in received.params["columns"] and not is_about(swept[0])(received)
    ]
    assert [each["paramName"] for each in page.params["filters"]] == ["ingestCompletionDate_mjd"]
    assert len(watcher.recorded.requests) < 8, "they do not grow with the programs"


def test_more_than_a_page_of_what_is_younger_is_asked_by_program(watcher: Watcher, config: Config) -> None:
    programs = list(range(2000, 2000 + PROGRAMS_A_QUERY + 5))
    names = [name for program in programs for name in watcher.holdings.add(program, 1)]
    watcher.cycle(DAY_0, config)
    watcher.page_rows = 60
    watcher.holdings.remake(names, DAY_0 + 2 * HOUR)
    cycle = watcher.cycle(DAY_0 + 3 * HOUR, config)
    assert sum(answer.changes for answer in cycle.answers) == len(names)
    assert all(answer.is_checked for answer in cycle.answers)


def test_who_watches_all_is_told_when_the_programs_were_not_asked_for(watcher: Watcher, config: Config) -> None:
    names = watcher.holdings.add(1180, 5)
    watcher.cycle(DAY_0, config)
    watcher.holdings.remake(names[:1], DAY_0 + DAY - HOUR)
    watcher.recorded.misbehave(faults.ServerError(), times=None, when=asks_for_programs)
    text = watcher.told(DAY_0 + DAY, config)["a"]
    assert "NIRCam was last asked for new programs on" in text


def test_all_programs_are_searched_anew_after_a_month(watcher: Watcher, config: Config) -> None:
    watcher.holdings.add(1180, 5)
    watcher.cycle(DAY_0, config)
    watcher.holdings.add(4321, 5)
    watcher.cycle(DAY_0 + DAY, config)
    assert found(watcher) == {1180}, "it came long ago, they say now"
    watcher.cycle(DAY_0 + BELIEVED_FOR + DAY, config)
    assert found(watcher) == {1180, 4321}
    assert changes(watcher) == [], "what is found late is no news"
    with watcher.store.reading() as connection:
        known = programs_known(connection, DAY_0 + BELIEVED_FOR + DAY)
    assert {of: (each.until, each.is_all) for of, each in known.items()} == {
        NIRCAM: (DAY_0 + BELIEVED_FOR + DAY, True)
    }


def test_the_first_search_goes_on_where_it_was_broken_off(watcher: Watcher, config: Config) -> None:
    watcher.most_rows = 5
    for number in range(4):
        ingested = to_mjd(DAY_0 - 200 * (number + 1) * DAY)
        watcher.holdings.add(1000 + number, 4, ingestCompletionDate_mjd=ingested)
    seen = 0

    def is_later(received: Received) -> bool:
        nonlocal seen
        seen += asks_for_programs(received)
        return asks_for_programs(received) and seen > 11

    watcher.recorded.misbehave(faults.ServerError(), times=None, when=is_later)
    text = watcher.told(DAY_0, config)["a"]
    some = found(watcher)
    assert set() < some < {1000, 1001, 1002, 1003}
    assert "NIRCam was not asked yet for all of its programs" in text
    watcher.recorded.well_behaved()
    text = watcher.told(DAY_0 + DAY, config)["a"]
    assert found(watcher) == {1000, 1001, 1002, 1003}
    assert "NIRCam was" not in text
    assert changes(watcher) == [], "a first sight is no news, be it in two parts"


def test_a_digest_of_many_programs_is_no_longer_than_a_screen_or_two(watcher: Watcher, config: Config) -> None:
    names = [name for program in range(2000, 2150) for name in watcher.holdings.add(program, 1)]
    first = watcher.told(DAY_0, config)["a"]
    watcher.holdings.remake(names, DAY_0 + DAY - HOUR)
    second = watcher.told(DAY_0 + DAY, config)["a"]
    assert "150 of 150 products" in second
    assert max(len(text.splitlines()) for text in (first, second)) < 120
