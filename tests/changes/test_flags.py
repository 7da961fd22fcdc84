"""How long stale flags lasted, from what is recorded of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pedigreed.changes.flags import ENOUGH, flag_history
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.digest import FlagHistory
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
PEDIGREE = Pedigree("1.20.2", "jwst_1464.pmap", BEGIN)


def change(kind: ChangeKind, number: int, day: float, *, archived: float | None = None) -> Change:
    return Change(
        kind=kind,
        filename=f"{number}_cal.fits",
        instrument=Instrument.NIRCAM,
        program=1180,
        observation=1,
        level="2b",
        fileset="",
        revision=int(day) + 1,
        before=PEDIGREE,
        after=PEDIGREE,
        seen_at=BEGIN + timedelta(days=day),
        archived_at=None if archived is None else BEGIN + timedelta(days=archived),
    )


def flagged(number: int, days: float) -> list[Change]:
    return [
        change(ChangeKind.STALE, number, 0),
        change(ChangeKind.REPROCESSED, number, days + 1, archived=days),
        change(ChangeKind.NO_LONGER_STALE, number, days + 1),
    ]


def test_it_goes_by_when_the_archive_took_in_what_was_made_anew() -> None:
    changes = [each for number in range(11) for each in flagged(number, 8 if number == 4 else 2)]
    assert flag_history(changes) == FlagHistory(11, timedelta(days=2), timedelta(days=8))


def test_a_few_say_nothing() -> None:
    few = [each for number in range(ENOUGH - 1) for each in flagged(number, 2)]
    assert flag_history(few) is None
    # A flag that was taken away, and one that is still there, end in nothing.
    taken = [change(ChangeKind.STALE, 98, 0), change(ChangeKind.NO_LONGER_STALE, 98, 3)]
    assert flag_history([*few, *taken, change(ChangeKind.STALE, 99, 0)]) is None
    again = [*taken, change(ChangeKind.REPROCESSED, 98, 9)]
    assert flag_history([*few, *again]) is None
