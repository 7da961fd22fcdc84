"""Reprocessing campaigns: which products moved to one pedigree, since when, and how many are still to come."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.model.campaign import Campaign, Moved, Stretch
from pedigreed.model.change import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pedigreed.changes.selection import Selection
    from pedigreed.model.change import Change
    from pedigreed.model.product import Holding

PAUSE = timedelta(days=3)
"""A campaign in which nothing moved for longer than this is over, and what comes then is another."""

LOOKS_BACK = timedelta(days=90)
"""How far the begin of a campaign is looked for. STScI reprocesses the whole archive about every three months."""

Keywords = tuple[str | None, str | None]
"""CAL_VER and CRDS_CTX."""


def moved_at(change: Change) -> datetime:
    """When the archive took in the new version, UTC; where it does not say, when it was seen."""
    return change.archived_at or change.seen_at


def moved_of(changes: Iterable[Change]) -> list[Moved]:
    """What is reprocessed among changes."""
    return [
        Moved(
            change.instrument,
            change.program,
            change.observation,
            change.level,
            change.after.cal_ver,
            change.after.crds_ctx,
            earliest=moved_at(change),
            latest=moved_at(change),
        )
        for change in changes
        if change.kind is ChangeKind.REPROCESSED and change.after is not None
    ]


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


def programs_moving(selection: Selection, ready: Iterable[Change]) -> frozenset[int]:
    """The programs whose progress is told with some changes: all of the subscription's, which move together.

    Where each waits until it has been quiet, those that did are told, and the others tell nothing of them.
    """
    if selection.settle is None:
        return selection.program_numbers
    return frozenset(move.program for move in moved_of(ready))


def stretches_of(selection: Selection, ready: Iterable[Change], moves: Iterable[Moved]) -> dict[Keywords, Stretch]:
    """(CAL_VER, CRDS_CTX) that products are told as reprocessed to -> how long that campaign has taken so far.

    It is one of all the programs whose progress is told.

    Args:
        selection: what is watched.
        ready: the changes that are told. They are moves too, however long ago they were seen.
        moves: what moved in the last months.
    """
    ready = tuple(ready)
    mine = moved_of(ready)
    programs = programs_moving(selection, ready)
    by_target: defaultdict[Keywords, list[Moved]] = defaultdict(list)
    for move in (*(each for each in moves if each.program in programs and selection.is_about(each)), *mine):
        by_target[move.cal_ver, move.crds_ctx].append(move)
    targets = {(move.cal_ver, move.crds_ctx) for move in mine}
    return {target: newest_stretch(by_target[target], _pause(selection)) for target in targets}


def campaigns_waiting(
    selection: Selection, waiting: Iterable[Change], moves: Iterable[Moved], holdings: Iterable[Holding]
) -> list[Campaign]:
    """The campaigns that wait to be told: programs by number, most products first within one.

    Args:
        selection: what is watched.
        waiting: the changes that wait. They are moves too, however long ago they were seen.
        moves: what moved in the last months.
        holdings: what the archive has of what is watched.
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
    numbers = Counter((move.program, (move.cal_ver, move.crds_ctx)) for move in mine)
    campaigns = []
    for (program, target), products in numbers.items():
        stretch = newest_stretch(by_campaign[program, target], _pause(selection))
        campaigns.append(
            Campaign(
                program,
                *target,
                began=stretch.began,
                newest=stretch.newest,
                moved=moved[program, target],
                total=calibrated[program],
                waiting=products,
            )
        )
    return sorted(campaigns, key=lambda each: (each.program, -each.waiting, str((each.cal_ver, each.crds_ctx))))


def _pause(selection: Selection) -> timedelta:
    return max(PAUSE, selection.settle or PAUSE)
