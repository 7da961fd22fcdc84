"""What is learnt of MAST's services is used the next time, and not believed for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

import archive_faults
import faults
from misbehaving import is_for, is_page
from pedigreed.model.instant import to_mjd
from pedigreed.model.instrument import Instrument
from pedigreed.model.problem import ProblemKind
from pedigreed.service.learning import columns_given
from pedigreed.service.status import read_status
from watcher import DAY_0, Watcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults import Fault
    from pedigreed.demo.received import Received
    from pedigreed.model.problem import Problem

PROGRAMS = list(range(1101, 1121))
STALE = {"programs": [1180], "events": ["stale", "no longer stale", "reprocessed"]}


def day(number: float) -> datetime:
    return DAY_0 + timedelta(days=number)


def asks_for_stale(received: Received) -> bool:
    return any(asked["paramName"] == "isStale" for asked in received.params.get("filters", ()))


def asked_for(watcher: Watcher, now: datetime) -> list[int]:
    """How many programs each question of a cycle is about."""
    watcher.recorded.requests.clear()
    config = watcher.configured({"programs": PROGRAMS})
    assert all(answer.fetched.is_complete for answer in watcher.cycle(now, config).answers)
    return [
        len(received.params["filters"][0]["values"]) for received in watcher.recorded.requests if is_page(received)
    ]


def test_a_question_that_was_too_much_is_asked_smaller_for_a_month(watcher: Watcher) -> None:
    for program in PROGRAMS:
        watcher.holdings.add(program, 2)
    watcher.recorded.misbehave(archive_faults.TooManyValues(6), times=None, when=is_page)
    assert max(asked_for(watcher, day(0))) == 20
    assert max(asked_for(watcher, day(1))) <= 6, "what worked is asked at once"
    assert max(asked_for(watcher, day(29))) <= 6
    watcher.recorded.well_behaved()
    assert max(asked_for(watcher, day(31))) > 6


@pytest.mark.parametrize("programs", [PROGRAMS, PROGRAMS[:2]], ids=["many", "two"])
def test_a_program_that_is_never_answered_keeps_no_other_from_it(watcher: Watcher, programs: list[int]) -> None:
    for program in programs:
        watcher.holdings.add(program, 2)
    slow = programs[0]
    watcher.recorded.misbehave(archive_faults.SlowProgram(slow), times=None, when=is_page)
    config = watcher.configured({"programs": programs})
    watcher.cycle(day(0), config)
    answers = watcher.cycle(day(1), config).answers
    unanswered = {program for each in answers if not each.fetched.is_complete for program in each.query.programs}
    assert unanswered == {slow}


# Stale flags


def test_a_flag_is_seen_the_next_day_without_a_sweep(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 20)
    config = watcher.configured(STALE)
    watcher.told(day(0), config)
    watcher.holdings.set(names[:3], isStale=True)
    cycle = watcher.cycle(day(1), config)
    assert not [answer for answer in cycle.answers if answer.query.is_sweep]
    assert "MARKED STALE   3 products" in next(
        each.rendered.text for each in cycle.outgoing.closed if each.rendered
    )
    watcher.holdings.remake(names[:3], at=day(1.5))
    watcher.holdings.set(names[:3], isStale=False)
    assert "REPROCESSED    3 of 20 products" in watcher.told(day(2), config)["a"]
    assert watcher.told(day(3), config) == {}


def test_flags_are_known_as_of_the_question_for_them_once_it_was_seen_to_find_any(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 20)
    config = watcher.configured(STALE, empty="always")
    watcher.told(day(0), config)
    watcher.told(day(1), config)
    assert "stale flags as of 20 Nov" in watcher.told(day(2), config)["a"], "an empty answer proves nothing"
    watcher.holdings.set(names[:3], isStale=True)
    told = watcher.told(day(3), config)["a"]
    assert "stale flags as of" not in told
    assert "flags taken back as of 20 Nov" in told
    watcher.recorded.misbehave(archive_faults.IgnoredFilter("isStale"), times=None, when=asks_for_stale)
    watcher.told(day(4), config)
    assert "stale flags as of 23 Nov" in watcher.told(day(5), config)["a"]


def test_flags_that_a_sweep_finds_and_the_question_does_not_end_the_belief_in_it(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 20)
    config = watcher.configured(STALE, empty="always")
    watcher.told(day(0), config)
    watcher.holdings.set(names[:3], isStale=True)
    watcher.told(day(1), config)
    assert "stale flags as of" not in watcher.told(day(2), config)["a"]
    watcher.holdings.set(names[3:7], isStale=True)
    watcher.recorded.misbehave(archive_faults.DroppedRows(4), times=None, when=asks_for_stale)
    told = [watcher.told(day(number), config)["a"] for number in range(3, 9)]
    assert len([text for text in told if "MARKED STALE   4 products" in text]) == 1, "a sweep finds them"
    assert "stale flags as of" in watcher.told(day(9), config)["a"]
    with watcher.store.reading() as connection:
        (source, *_) = read_status(connection, config, day(9)).sources
    assert source.flags_by_sweeps is not None
    assert source.flags_by_sweeps.startswith(
        "the filter on isStale misses 4 of 7 products that a sweep finds marked"
    )
    asked = [each for each in watcher.recorded.requests if asks_for_stale(each)]
    watcher.told(day(10), config)
    assert [each for each in watcher.recorded.requests if asks_for_stale(each)] == asked


def test_flags_that_a_sweep_finds_and_the_question_for_them_too_are_no_contradiction(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 20)
    config = watcher.configured(STALE, sweep="1d", empty="always")
    watcher.told(day(0), config)
    other = watcher.configured(STALE, empty="always")
    watcher.holdings.set(names[:3], isStale=True)
    watcher.told(day(0.5), other)
    watcher.holdings.set(names[3:7], isStale=True)
    assert "MARKED STALE   7 products" in watcher.told(day(1.5), config)["a"]
    with watcher.store.reading() as connection:
        assert {each.flags_by_sweeps for each in read_status(connection, config, day(2)).sources} == {None}
    assert asks_for_stale(watcher.recorded.requests[-1])


def test_a_flag_is_told_with_how_long_the_earlier_ones_lasted(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 20)
    config = watcher.configured(STALE)
    watcher.told(day(0), config)
    watcher.holdings.set(names[:10], isStale=True)
    assert "after the flag" not in watcher.told(day(1), config)["a"]
    watcher.holdings.set(names[:10], isStale=False)
    watcher.holdings.remake(names[:10], at=day(2.9))
    watcher.told(day(3), config)
    watcher.holdings.set(names[10:], isStale=True)
    text = " ".join(watcher.told(day(4), config)["a"].split())
    assert "MAST remade such files 2 days after the flag (median of 10 in your programs, 2 at most)" in text


def test_what_nobody_asks_for_is_not_asked(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 20)
    for number in range(3):
        watcher.cycle(day(number))
    assert not list(filter(asks_for_stale, watcher.recorded.requests))


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(archive_faults.IgnoredFilter("isStale"), id="ignored"),
        *(
            pytest.param(fault, id=name, marks=pytest.mark.long)
            for name, fault in {
                "refused": archive_faults.ErrorReply("Invalid column name '1'."),
                "refused by 400": archive_faults.ColumnRefusedByHttp("isStale", 400),
                "refused by 500": archive_faults.ColumnRefusedByHttp("isStale", 500, is_json=True),
                "400": faults.ClientError(400),
            }.items()
        ),
    ],
)
def test_a_filter_that_is_not_heeded_is_not_used_for_a_month(watcher: Watcher, fault: Fault) -> None:
    names = watcher.holdings.add(1180, 20)
    config = watcher.configured(STALE)
    watcher.told(day(0), config)
    watcher.recorded.misbehave(fault, times=None, when=asks_for_stale)
    assert watcher.cycle(day(1), config).is_complete
    asked = len(list(filter(asks_for_stale, watcher.recorded.requests)))
    assert asked <= 2, "once more without the column, where that may be what is refused"
    for number in range(2, 14):
        assert watcher.cycle(day(number), config).is_complete
    assert len(list(filter(asks_for_stale, watcher.recorded.requests))) == asked
    watcher.recorded.well_behaved()
    watcher.holdings.set(names[:3], isStale=True)
    told = [watcher.told(day(number), config).get("a", "") for number in range(14, 24)]
    assert len([text for text in told if "MARKED STALE   3 products" in text]) == 1, "a sweep sees it"
    watcher.cycle(day(32), config)
    watcher.cycle(day(33), config)
    assert len([each for each in watcher.recorded.requests if asks_for_stale(each)]) > 1


# A service that is gone


def test_a_service_that_is_gone_for_ever_is_told_once_and_the_others_go_on(watcher: Watcher) -> None:
    names = {each: watcher.holdings.add(1180, 20, each) for each in Instrument}
    watch = {"programs": [1180], "instruments": [each.value for each in Instrument]}
    config = watcher.configured(watch)
    config = config.model_copy(update={"operator": config.subscriptions[0].deliver})
    watcher.cycle(day(0), config)
    watcher.recorded.misbehave(faults.ClientError(404), times=None, when=is_for(Instrument.MIRI))
    begun: list[Problem] = []
    for number in range(1, 11):
        remade = [mine[number] for mine in names.values()]
        watcher.holdings.remake(remade, at=day(number - 0.2))
        cycle = watcher.cycle(day(number), config)
        begun += cycle.outgoing.news.begun
        (text,) = (closed.rendered.text for closed in cycle.outgoing.closed if closed.rendered)
        assert "REPROCESSED    4 " in text
        assert "MIRI: " in text
        assert "404" in text
    assert [(problem.kind, problem.name, problem.reason) for problem in begun] == [
        (ProblemKind.SOURCE, "MAST MIRI", "MAST answered HTTP 404")
    ]


# Columns


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("isStale", "no values in isStale, so it can't be told which products MAST marks as stale"),
        (
            "publicReleaseDate_mjd",
            "no values in publicReleaseDate_mjd, so it can't be told when products become public",
        ),
    ],
)
@pytest.mark.parametrize(
    "fault",
    [archive_faults.MissingColumn, lambda column: archive_faults.NullValues((column,))],
    ids=["absent", "null"],
)
def test_a_column_without_values_is_told_once_with_what_can_t_be_told(
    watcher: Watcher, column: str, words: str, fault: Callable[[str], Fault]
) -> None:
    watcher.holdings.add(1180, 20, publicReleaseDate_mjd=to_mjd(day(99)))
    config = watcher.configured({"programs": [1180]}, sweep="1h")
    config = config.model_copy(
        update={"operator": watcher.configured({"programs": [1180]}).subscriptions[0].deliver}
    )
    watcher.cycle(day(0), config)
    watcher.recorded.misbehave(fault(column), times=None)
    begun = [problem for number in (1, 2, 3) for problem in watcher.cycle(day(number), config).outgoing.news.begun]
    assert [(problem.kind, problem.name, problem.reason) for problem in begun] == [
        (ProblemKind.COLUMNS, "MAST NIRCam", words)
    ]
    watcher.recorded.well_behaved()
    assert [problem.name for problem in watcher.cycle(day(4), config).outgoing.news.over] == ["MAST NIRCam"]


def test_a_column_that_crds_matches_by_and_the_service_dropped_is_known_as_such(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 20)
    config = watcher.configured({"programs": [1180]}, sweep="1h")

    def given(number: int) -> frozenset[str]:
        watcher.cycle(day(number), config)
        with watcher.store.reading() as connection:
            return columns_given(connection)[Instrument.NIRCAM]

    every = given(0)
    assert "readpatt" in every
    watcher.recorded.misbehave(archive_faults.MissingColumn("readpatt"), times=None)
    watcher.holdings.remake(watcher.holdings.add(1180, 3), at=day(0.8))
    assert given(1) == every - {"readpatt"}
    # A column that is null in every row is there.
    watcher.recorded.well_behaved()
    watcher.recorded.misbehave(archive_faults.NullValues(("readpatt",)), times=None)
    watcher.holdings.add(1180, 3)
    assert given(2) == every
