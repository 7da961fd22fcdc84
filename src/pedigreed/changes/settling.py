"""Which reprocessed products go into the next digest, and which wait until their program has been quiet."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.changes.campaigns import moved_at
from pedigreed.changes.fold import FLAGS, fold, is_move
from pedigreed.model.change import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from pedigreed.changes.selection import Selection
    from pedigreed.model.change import Change
    from pedigreed.model.coverage import Coverage
    from pedigreed.model.instrument import Instrument

LIMIT = timedelta(days=7)
LIMIT_IN_SETTLES = 7
"""A program that does not come to rest is told after so long, and so many times the quiet that is asked for."""

_WAITING = frozenset((ChangeKind.REPROCESSED, ChangeKind.NO_LONGER_STALE))
"""Of a product that waits: that it was made anew, and what follows from that."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What goes into the next digest, and what waits.

    Attributes:
        ready: net changes, sorted by file name.
        waiting: net changes of a later digest, sorted by file name.
        waits: the keys of the changes that the waiting ones come of.
    """

    ready: tuple[Change, ...]
    waiting: tuple[Change, ...] = ()
    waits: frozenset[int] = frozenset()


def settled(
    uncovered: Sequence[tuple[int, Change]],
    *,
    settle: timedelta | None,
    answered: Mapping[tuple[Instrument, int], datetime],
    now: datetime,
) -> Settled:
    """Fold what no digest covers yet, and hold back what is reprocessed of the programs in motion.

    A product waits whole: what it comes to is told once, from its first pedigree to its last.
    What is more than a reprocessing (a product that came, went, or went back) is told at once, with all that
    led to it, and so is everything else of a product that waits.

    Args:
        uncovered: key and change, of what the subscription is about and no digest of it covers yet.
        settle: how long a program has to be quiet; None where nothing waits.
        answered: instrument and program -> the last complete answer, UTC. Nothing is quiet on less than that.
        now: UTC.
    """
    net = fold(change for _, change in uncovered)
    if settle is None:
        return Settled(net)
    remade = {change.filename for change in net if change.kind is ChangeKind.REPROCESSED}
    moving: defaultdict[int, list[Change]] = defaultdict(list)
    for _, change in uncovered:
        if change.filename in remade and is_move(change):
            moving[change.program].append(change)
    in_motion = {program for program, moves in moving.items() if not _is_ready(moves, settle, answered, now)}
    waiting = tuple(
        change
        for change in net
        if change.filename in remade and change.program in in_motion and change.kind in _WAITING
    )
    moves = {change.filename for change in waiting if change.kind is ChangeKind.REPROCESSED}
    flags = {change.filename for change in waiting if change.kind is ChangeKind.NO_LONGER_STALE}
    waits = frozenset(
        key
        for key, change in uncovered
        if (change.filename in moves and is_move(change)) or (change.filename in flags and change.kind in FLAGS)
    )
    held = frozenset(waiting)
    return Settled(tuple(change for change in net if change not in held), waiting, waits)


def settled_for(
    selection: Selection,
    uncovered: Iterable[tuple[int, Change]],
    coverage: Mapping[tuple[Instrument, int], Coverage],
    now: datetime,
) -> Settled:
    """What a subscription is told now of what no digest of it covers yet, and what waits.

    Args:
        selection: what it watches.
        uncovered: key and change, those among them that are not selected too.
        coverage: what was asked of the archive.
        now: UTC.
    """
    return settled(
        [(key, change) for key, change in uncovered if selection.is_about(change)],
        settle=selection.settle,
        answered={place: state.complete_at for place, state in coverage.items() if state.complete_at},
        now=now,
    )


def _is_ready(
    moves: Iterable[Change],
    settle: timedelta,
    answered: Mapping[tuple[Instrument, int], datetime],
    now: datetime,
) -> bool:
    """Whether a program has been quiet for long enough, or waits for too long."""
    moves = list(moves)
    newest = max(map(moved_at, moves))
    places = {(move.instrument, move.program) for move in moves}
    if all(place in answered and min(answered[place], now) - newest >= settle for place in places):
        return True
    return now - min(move.seen_at for move in moves) >= max(LIMIT, LIMIT_IN_SETTLES * settle)
