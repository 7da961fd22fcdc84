"""Reprocessing campaigns: which products moved to one pedigree, what is to come, and what waits for the end."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pedigreed.changes.compare import FLAGS, fold, is_move
from pedigreed.model.campaign import Campaign, Moved, Pace, Stretch
from pedigreed.model.change import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from pedigreed.changes.selection import Selection
    from pedigreed.model.change import Change
    from pedigreed.model.coverage import Coverage
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.pedigree import Pedigree
    from pedigreed.model.product import Holding


PAUSE = timedelta(days=3)
"""A campaign in which nothing moved for longer than this is over, and what comes then is another."""

LOOKS_BACK = timedelta(days=90)
"""How far the begin of a campaign is looked for. STScI reprocesses the whole archive about every three months."""

PACE_OVER = timedelta(days=3)
"""The days that a pace is taken of. Products come in bursts, so that one day says little of the next."""

_DAY = timedelta(days=1)

Keywords = tuple[str | None, str | None]
"""CAL_VER and CRDS_CTX."""


def moved_at(change: Change) -> datetime:
    """When the archive took in the new version, UTC; where it does not say, when it was seen."""
    return change.archived_at or change.seen_at


def moved_of(changes: Iterable[Change]) -> list[Moved]:
    """What is reprocessed among changes, gathered by what one answer showed alike."""
    spans: dict[tuple[Any, ...], tuple[datetime, datetime]] = {}
    for change, after in _remade(changes):
        at = moved_at(change)
        alike = (
            change.instrument,
            change.program,
            change.observation,
            change.level,
            after.cal_ver,
            after.crds_ctx,
            change.seen_at,
        )
        earliest, latest = spans.get(alike, (at, at))
        spans[alike] = min(earliest, at), max(latest, at)
    return [
        Moved(instrument, program, observation, level, cal_ver, crds_ctx, earliest, latest)
        for (instrument, program, observation, level, cal_ver, crds_ctx, _), (earliest, latest) in spans.items()
    ]


def _remade(changes: Iterable[Change]) -> Iterator[tuple[Change, Pedigree]]:
    for change in changes:
        if change.kind is ChangeKind.REPROCESSED and change.after is not None:
            yield change, change.after


def newest_stretch(moves: Iterable[Moved], pause: timedelta = PAUSE) -> Stretch:
    """Since when the newest campaign runs, and its newest move.

    Args:
        moves: to one pedigree, at least one.
        pause: what ends a campaign.
    """
    newest_first = sorted(moves, key=lambda move: move.latest, reverse=True)
    newest = began = newest_first[0].latest
    for move in newest_first:
        if began - move.latest > pause:
            break
        began = min(began, move.earliest)
    return Stretch(began, newest)


def pace_of(moves: Iterable[Moved], began: datetime, now: datetime) -> Pace | None:
    """How fast a campaign goes at a moment (UTC).

    Of one that has not lasted for as long, or brought nothing on one of these days, nothing is said.

    Args:
        moves: to its pedigree.
        began: its first move, UTC.
        now: UTC.
    """
    if began > now - PACE_OVER:
        return None
    arrived: Counter[int] = Counter()
    for move in moves:
        ago = now - move.latest
        if move.arrived and timedelta(0) <= ago < PACE_OVER:
            arrived[ago // _DAY] += move.arrived
    return Pace(arrived.total(), PACE_OVER) if len(arrived) == PACE_OVER // _DAY else None


def programs_moving(selection: Selection, ready: Iterable[Change]) -> frozenset[int]:
    """The programs whose progress is told with some changes: all of the subscription's, which move together.

    Where each waits until it has been quiet, those that did are told, and the others tell nothing of them.
    """
    if selection.settle is None:
        return selection.program_numbers
    return frozenset(move.program for move in moved_of(ready))


def stretches_of(
    selection: Selection, ready: Iterable[Change], moves: Iterable[Moved], now: datetime
) -> dict[Keywords, Stretch]:
    """(CAL_VER, CRDS_CTX) that products are told as reprocessed to -> how long that campaign has taken so far.

    It is one of all the programs whose progress is told.

    Args:
        selection: what is watched.
        ready: the changes that are told. They are moves too, however long ago they were seen.
        moves: what moved in the last months.
        now: UTC.
    """
    ready = tuple(ready)
    mine = moved_of(ready)
    programs = programs_moving(selection, ready)
    by_target: defaultdict[Keywords, list[Moved]] = defaultdict(list)
    for move in (*(each for each in moves if each.program in programs and selection.is_about(each)), *mine):
        by_target[move.cal_ver, move.crds_ctx].append(move)
    targets = {(move.cal_ver, move.crds_ctx) for move in mine}
    return {target: _stretch(by_target[target], selection, now) for target in targets}


def _stretch(moves: Sequence[Moved], selection: Selection, now: datetime) -> Stretch:
    stretch = newest_stretch(moves, max(PAUSE, selection.settle or PAUSE))
    return replace(stretch, pace=pace_of(moves, stretch.began, now))


def campaigns_waiting(
    selection: Selection,
    waiting: Sequence[Change],
    moves: Iterable[Moved],
    holdings: Iterable[Holding],
    now: datetime,
) -> list[Campaign]:
    """The campaigns that wait to be told: programs by number, most products first within one.

    Args:
        selection: what is watched.
        waiting: the changes that wait. They are moves too, however long ago they were seen.
        moves: what moved in the last months.
        holdings: what the archive has of what is watched.
        now: UTC.
    """
    mine = moved_of(waiting)
    by_campaign: defaultdict[tuple[int, Keywords], list[Moved]] = defaultdict(list)
    for move in (*(each for each in moves if selection.is_about(each)), *mine):
        by_campaign[move.program, (move.cal_ver, move.crds_ctx)].append(move)
    moved: Counter[tuple[int, Keywords]] = Counter()
    calibrated: Counter[int] = Counter()
    for held in holdings:
        if held.crds_ctx is not None:
            moved[held.program, (held.cal_ver, held.crds_ctx)] += held.products
            calibrated[held.program] += held.products
    numbers = Counter((change.program, (after.cal_ver, after.crds_ctx)) for change, after in _remade(waiting))
    campaigns = []
    for (program, target), products in numbers.items():
        stretch = _stretch(by_campaign[program, target], selection, now)
        campaigns.append(
            Campaign(
                program,
                *target,
                began=stretch.began,
                newest=stretch.newest,
                moved=moved[program, target],
                total=calibrated[program],
                waiting=products,
                pace=stretch.pace,
            )
        )
    return sorted(campaigns, key=lambda each: (each.program, -each.waiting, str((each.cal_ver, each.crds_ctx))))


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
    told_by_set: AbstractSet[tuple[str, str | None, str | None]] = frozenset(),
) -> Settled:
    """What a subscription is told now of what no digest of it covers yet, and what waits.

    Args:
        selection: what it watches.
        uncovered: key and change, those among them that are not selected too.
        coverage: what was asked of the archive.
        now: UTC.
        told_by_set: file name, CAL_VER and CRDS_CTX of products that it was told of as of reprocessed file sets.
            That they were reprocessed so is no news to it any more.
    """
    return settled(
        [
            (key, change)
            for key, change in uncovered
            if selection.is_about(change) and not _was_told(change, told_by_set)
        ],
        settle=selection.settle,
        answered={place: state.complete_at for place, state in coverage.items() if state.complete_at},
        now=now,
    )


def _was_told(change: Change, told_by_set: AbstractSet[tuple[str, str | None, str | None]]) -> bool:
    before, after = change.before, change.after
    if change.kind is not ChangeKind.REPROCESSED or before is None or after is None:
        return False
    if (before.cal_ver, before.crds_ctx) == (after.cal_ver, after.crds_ctx):
        # Made anew with the same once more.
        return False
    return (change.filename, after.cal_ver, after.crds_ctx) in told_by_set


def _is_ready(
    moves: Collection[Change],
    settle: timedelta,
    answered: Mapping[tuple[Instrument, int], datetime],
    now: datetime,
) -> bool:
    """Whether a program has been quiet for long enough, or waits for too long."""
    newest = max(map(moved_at, moves))
    places = {(move.instrument, move.program) for move in moves}
    if all(place in answered and min(answered[place], now) - newest >= settle for place in places):
        return True
    return now - min(move.seen_at for move in moves) >= max(LIMIT, LIMIT_IN_SETTLES * settle)
