"""Reprocessing campaigns: which products moved to one pedigree, and what is to come."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pedigreed.model.campaign import Campaign, Moved, Pace, Stretch
from pedigreed.model.change import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from pedigreed.changes.selection import Selection
    from pedigreed.model.change import Change
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


def programs_moving(selection: Selection, told: Iterable[Moved]) -> frozenset[int]:
    """The programs whose progress is told with some moves: all of the subscription's, which move together.

    Where each waits until it has been quiet, those that did are told, and the others tell nothing of them.
    """
    if selection.settle is None:
        return selection.program_numbers
    return frozenset(move.program for move in told)


def stretches_of(
    selection: Selection, told: Sequence[Moved], moves: Iterable[Moved], now: datetime
) -> dict[Keywords, Stretch]:
    """(CAL_VER, CRDS_CTX) that products are told as reprocessed to -> how long that campaign has taken so far.

    It is one of all the programs whose progress is told.

    Args:
        selection: what is watched.
        told: what moved of the changes that are told, however long ago they were seen.
        moves: what moved in the last months.
        now: UTC.
    """
    programs = programs_moving(selection, told)
    by_target: defaultdict[Keywords, list[Moved]] = defaultdict(list)
    for move in (*(each for each in moves if each.program in programs and selection.is_about(each)), *told):
        by_target[move.cal_ver, move.crds_ctx].append(move)
    targets = {(move.cal_ver, move.crds_ctx) for move in told}
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
