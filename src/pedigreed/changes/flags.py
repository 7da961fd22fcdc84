"""How long MAST's stale flags lasted before: from a flag to the product being made anew."""

from __future__ import annotations

from datetime import timedelta
from statistics import median_low
from typing import TYPE_CHECKING

from pedigreed.changes.campaigns import moved_at
from pedigreed.model.change import ChangeKind
from pedigreed.model.digest import FlagHistory

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pedigreed.model.change import Change

_NO_TIME = timedelta(0)
ENOUGH = 10
"""Fewer flags than this say nothing of the next one."""


def flag_history(changes: Iterable[Change]) -> FlagHistory | None:
    """What the flags that ended in a reprocessing say; None where they were few.

    Args:
        changes: of products that were flagged, oldest first for each product.
    """
    flagged: dict[str, datetime] = {}
    lasted = []
    for change in changes:
        if change.kind is ChangeKind.STALE:
            flagged.setdefault(change.filename, change.seen_at)
        elif change.kind is ChangeKind.REPROCESSED and change.filename in flagged:
            lasted.append(max(moved_at(change) - flagged.pop(change.filename), _NO_TIME))
        elif change.kind is ChangeKind.NO_LONGER_STALE:
            flagged.pop(change.filename, None)
    if len(lasted) < ENOUGH:
        return None
    return FlagHistory(len(lasted), median_low(lasted), max(lasted))
