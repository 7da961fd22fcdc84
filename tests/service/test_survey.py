"""Which programs the archive knows, and what it costs to ask."""

from __future__ import annotations

import pytest

import archive_faults
import faults
from asking_mast import AGENT, QUICK, held
from misbehaving import FaultyArchive, is_page
from pedigreed.demo.rows import always
from pedigreed.demo.scenario import DAY_2
from pedigreed.model.failure import UpstreamUnavailable
from pedigreed.model.instrument import Instrument
from pedigreed.service.survey import unknown_programs
from pedigreed.sources.mast.archive import MastArchive

PROGRAMS = tuple(range(1101, 1301))


def unknown(
    recorded: FaultyArchive, programs: tuple[int, ...] = PROGRAMS, page_rows: int = 50_000
) -> tuple[int, ...]:
    with MastArchive(recorded.url, AGENT, patience=QUICK, page_rows=page_rows) as archive:
        return unknown_programs(programs, archive, lambda _: None)


def requests_for(recorded: FaultyArchive, page_rows: int) -> int:
    recorded.requests.clear()
    assert unknown(recorded, page_rows=page_rows) == ()
    return sum(is_page(received) for received in recorded.requests)


def test_two_hundred_known_programs_cost_a_handful_of_requests() -> None:
    on_one = [row for program in PROGRAMS for row in held(program, 5)]
    with FaultyArchive(always(on_one), DAY_2) as recorded:
        assert requests_for(recorded, page_rows=1000) == 1
        assert requests_for(recorded, page_rows=100) == 10, "1,000 rows, program by program, in pages of 100"
    instruments = list(Instrument)
    on_five = [row for program in PROGRAMS for row in held(program, 5, instruments[program % 5])]
    with FaultyArchive(always(on_five), DAY_2) as recorded:
        assert requests_for(recorded, page_rows=1000) == 5
    mixed = sorted(on_one, key=lambda row: str(row["checksum"]))
    with FaultyArchive(always(mixed), DAY_2) as recorded:
        assert requests_for(recorded, page_rows=100) <= 10


def test_a_large_program_costs_one_page() -> None:
    with FaultyArchive(always([*held(1101, 500), *held(1102, 1)]), DAY_2) as recorded:
        assert unknown(recorded, (1101, 1102), page_rows=50) == ()
        assert sum(is_page(received) for received in recorded.requests) == 2


def test_unknown_programs_are_told_by_the_word_of_every_instrument() -> None:
    with FaultyArchive(always([*held(1101, 3), *held(1102, 3, Instrument.FGS)]), DAY_2) as recorded:
        assert unknown(recorded, (1101, 1102, 1103, 1104)) == (1103, 1104)
        assert sum(is_page(received) for received in recorded.requests) == 5


@pytest.mark.parametrize(
    "fault", [archive_faults.NoPaging(), archive_faults.NumbersAsStrings(), archive_faults.TablesEnvelope()]
)
def test_every_dialect_is_understood(fault: faults.Fault) -> None:
    with FaultyArchive(always([*held(1101, 3), *held(1102, 3)]), DAY_2) as recorded:
        recorded.misbehave(fault, times=None, when=is_page)
        assert unknown(recorded, (1101, 1102, 1103)) == (1103,)


@pytest.mark.parametrize(
    "fault",
    [
        archive_faults.IgnoredFilter("program"),
        archive_faults.TruncatedPage(9),
        faults.Unavailable(),
        archive_faults.ErrorReply("no"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_program_is_not_called_unknown_on_the_word_of_a_strange_answer(fault: faults.Fault) -> None:
    with FaultyArchive(always(held(1101, 9)), DAY_2) as recorded:
        recorded.misbehave(fault, times=None, when=is_page)
        programs = (1999,) if isinstance(fault, archive_faults.IgnoredFilter) else (1101,)
        with pytest.raises(UpstreamUnavailable):
            unknown(recorded, programs, page_rows=5)
