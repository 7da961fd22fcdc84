"""How the daemon says in one line how it is."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from pedigreed.daemon.notify import status_line
from pedigreed.model.work import Work
from pedigreed.service.agenda import Agenda

MADRID = ZoneInfo("Europe/Madrid")
AT = datetime(2026, 11, 23, 6, tzinfo=UTC)
WELL = dict.fromkeys(Work, 0)


def agenda(*, waiting: int = 0, is_muted: bool = False) -> Agenda:
    return Agenda(frozenset(), None if is_muted else ("jades", AT), AT, waiting, 7)


def test_idle_it_says_what_is_told_next_and_when_there() -> None:
    assert status_line(agenda(), MADRID, busy=(), faults=WELL) == "next digest jades 2026-11-23 07:00 CET"


def test_with_nobody_to_tell_it_says_so() -> None:
    assert status_line(agenda(is_muted=True), MADRID, busy=(), faults=WELL) == "every subscription is muted"


@pytest.mark.parametrize(
    ("waiting", "words"),
    [(1, "1 delivery waiting"), (2, "2 deliveries waiting"), (1234, "1,234 deliveries waiting")],
)
def test_what_waits_is_counted(waiting: int, words: str) -> None:
    line = status_line(agenda(waiting=waiting), MADRID, busy=(), faults=WELL)
    assert line == f"next digest jades 2026-11-23 07:00 CET, {words}"


def test_what_it_does_and_what_fails_is_said() -> None:
    line = status_line(agenda(), MADRID, busy=(Work.TELL, Work.ASK), faults={Work.ASK: 1, Work.TELL: 3})
    assert line.split("; ")[1:] == [
        "asking MAST",
        "telling",
        "asking MAST failed once",
        "telling failed 3 times in a row",
    ]
