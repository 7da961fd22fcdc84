"""The net changes that a digest tells, and what is counted of them: the same for all who are told the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from pedigreed.changes.campaigns import moved_of
from pedigreed.changes.compare import still_public, without_implied
from pedigreed.digests.transitions import keywords_of, rank_of, transitions_of
from pedigreed.model.change import ChangeKind
from pedigreed.model.packed_changes import packed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from pedigreed.digests.transitions import Keywords
    from pedigreed.model.campaign import Moved
    from pedigreed.model.change import Change
    from pedigreed.model.digest import Transition


RECENT = timedelta(hours=6)
"""A reprocessing that brought products so shortly before the period's end is called running."""


@dataclass(frozen=True, slots=True)
class NetChanges:
    """Net changes of a period, counted. They may be very many, so each is looked at as seldom as can be.

    Attributes:
        changes: by file name, and by kind where a product has several.
        transitions: the same, folded for reading.
        moved: what was reprocessed of them, gathered by what one answer showed alike.
        remade: (CAL_VER, CRDS_CTX) that products were reprocessed to, without uncalibrated ones -> how many, and
            how many of them the archive took in shortly before the period's end.
    """

    changes: Sequence[Change]
    transitions: tuple[Transition, ...]
    moved: tuple[Moved, ...]
    remade: Mapping[Keywords, tuple[int, int]]


def net_changes(
    ready: Iterable[Change], kinds: AbstractSet[ChangeKind], exclusive: AbstractSet[str], ends: datetime
) -> NetChanges:
    """Count what a digest tells.

    Args:
        ready: net changes, sorted by file name.
        kinds: those that are told.
        exclusive: the file names of products whose release is ahead now.
        ends: of the period, UTC.
    """
    chosen = still_public(_in_order(change for change in ready if change.kind in kinds), exclusive)
    remade = _Remade(ends)
    changes = packed(map(remade.counted, chosen))
    return NetChanges(changes, transitions_of(changes), tuple(moved_of(changes)), remade.numbers)


def _in_order(changes: Iterable[Change]) -> Iterator[Change]:
    """Of each product what is not implied, the kinds in reading order."""
    for _, group in groupby(changes, attrgetter("filename")):
        net = without_implied(group)
        # So it is with nearly all of a campaign.
        yield from net if len(net) == 1 else sorted(net, key=_place)


def _place(change: Change) -> tuple[int, int]:
    return rank_of(change.kind), change.revision


class _Remade:
    """Counts what was reprocessed, as changes go by."""

    def __init__(self, ends: datetime) -> None:
        self._ends = ends
        self.numbers: dict[Keywords, tuple[int, int]] = {}

    def counted(self, change: Change) -> Change:
        to = keywords_of(change.after)
        if change.kind is ChangeKind.REPROCESSED and to is not None and to[1] is not None:
            products, recent = self.numbers.get(to, (0, 0))
            self.numbers[to] = products + 1, recent + _is_recent(change, self._ends)
        return change


def _is_recent(change: Change, ends: datetime) -> bool:
    made = change.archived_at or (change.after.date if change.after else None)
    return made is not None and ends - RECENT <= made
