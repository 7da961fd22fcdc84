"""Moves to one pedigree -> since when they are one campaign."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.model.campaign import Moved, Stretch
from pedigreed.model.change import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pedigreed.model.change import Change

PAUSE = timedelta(days=3)
"""A campaign in which nothing moved for longer than this is over, and what comes then is another."""


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
