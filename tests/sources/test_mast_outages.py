"""A service that is down costs the others nothing, and a MAST that is down gets few requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archive_faults
import faults
from asking_mast import AGENT, QUICK, ask_one, held, kinds
from misbehaving import FaultyArchive, is_about, is_for, is_page
from pedigreed.demo.rows import always
from pedigreed.demo.scenario import DAY_2
from pedigreed.model.instrument import Instrument
from pedigreed.sources.mast.archive import MastArchive, Outages
from pedigreed.sources.mast.query import PedigreeQuery

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = (1180, 1181, 1182)


@pytest.fixture
def five_services() -> Iterator[FaultyArchive]:
    rows = [row for program in PROGRAMS for instrument in Instrument for row in held(program, 2, instrument)]
    with FaultyArchive(always(rows), DAY_2) as recorded:
        yield recorded


def cycle(recorded: FaultyArchive) -> dict[Instrument, list[str]]:
    """Instrument -> what became of a query for each of its programs: the problem, or nothing."""
    came: dict[Instrument, list[str]] = {instrument: [] for instrument in Instrument}
    with MastArchive(recorded.url, AGENT, patience=QUICK) as archive:
        for instrument in Instrument:
            for program in PROGRAMS:
                ((_, fetched),) = archive.answers(PedigreeQuery(instrument, (program,)), lambda _: {})
                came[instrument].append("; ".join(fetched.problems))
    return came


@pytest.mark.parametrize("down", list(Instrument))
def test_one_service_that_is_down_rests_alone(five_services: FaultyArchive, down: Instrument) -> None:
    five_services.misbehave(faults.Unavailable(), times=None, when=is_for(down))
    came = cycle(five_services)
    failed = "MAST answered HTTP 503"
    assert came.pop(down) == [failed, failed, "not asked: the service did not answer before"]
    assert all(problems == ["", "", ""] for problems in came.values())


def test_two_services_that_are_down_do_not_stop_the_others(five_services: FaultyArchive) -> None:
    for down in (Instrument.NIRCAM, Instrument.NIRISS):
        five_services.misbehave(faults.Unavailable(), times=None, when=is_for(down))
    came = cycle(five_services)
    assert [instrument for instrument, problems in came.items() if not any(problems)] == [
        Instrument.NIRSPEC,
        Instrument.MIRI,
        Instrument.FGS,
    ]


def test_a_mast_that_is_down_gets_few_requests(five_services: FaultyArchive) -> None:
    five_services.misbehave(faults.GatewayTimeout(), times=None)
    came = cycle(five_services)
    assert all(problems[-1].startswith("not asked") for problems in came.values())
    queries = [kind for kind in kinds(five_services) if kind != "columnsconfig"]
    looks_for_less = 3
    assert len(queries) == 2 * QUICK.attempts + QUICK.attempts + looks_for_less + 3
    assert kinds(five_services).count("columnsconfig") == 2


def test_a_query_that_fails_now_and_then_rests_nothing(five_services: FaultyArchive) -> None:
    five_services.misbehave(faults.GatewayTimeout(), times=None, when=is_about(PROGRAMS[1]))
    came = cycle(five_services)
    assert all(problems[0] == problems[2] == "" != problems[1] for problems in came.values())


@pytest.mark.parametrize("status", [400, 413, 414])
def test_a_question_that_is_refused_is_no_outage(five_services: FaultyArchive, status: int) -> None:
    five_services.misbehave(faults.ClientError(status), times=None, when=is_page)
    came = cycle(five_services)
    assert {problem for problems in came.values() for problem in problems} == {f"MAST answered HTTP {status}"}
    assert kinds(five_services).count("page") == len(PROGRAMS) * len(Instrument), "it is not tried again"


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_archive_that_lets_nobody_in_is_left_alone(five_services: FaultyArchive, status: int) -> None:
    five_services.misbehave(faults.ClientError(status), times=None)
    came = cycle(five_services)
    assert all(problems[-1].startswith("not asked") for problems in came.values())


def test_a_service_that_ignores_the_programs_is_left_alone(five_services: FaultyArchive) -> None:
    five_services.misbehave(archive_faults.IgnoredFilter("program"), times=None)
    problem = ask_one(five_services, PedigreeQuery(Instrument.NIRCAM, PROGRAMS[:2])).problems[-1]
    assert "2 rows came of programs that were not asked for" in problem
    assert cycle(five_services)[Instrument.NIRCAM][2].startswith("not asked")


@given(st.lists(st.tuples(st.sampled_from(Instrument), st.booleans())))
def test_a_sound_service_is_always_asked(events: list[tuple[Instrument, bool]]) -> None:
    outages = Outages()
    failed: dict[Instrument, bool] = {}
    for instrument, answers in events:
        if outages.rests(instrument):
            assert failed[instrument], "only what failed rests"
            continue
        failed[instrument] = not answers
        (outages.answered if answers else outages.failed)(instrument)
    assert not any(outages.rests(instrument) for instrument in Instrument if not failed.get(instrument))
