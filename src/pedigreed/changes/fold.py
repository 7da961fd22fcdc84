"""Several changes of a product in one period -> what they come to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from pedigreed.model.change import Change, ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

FLAGS = frozenset((ChangeKind.STALE, ChangeKind.NO_LONGER_STALE))
"""What MAST says of a product that stays as it is."""

_BESIDE_MOVES = frozenset((ChangeKind.PUBLIC, ChangeKind.RELISTED))

_MADE_ANEW = frozenset((ChangeKind.REPROCESSED, ChangeKind.REGRESSED))


def fold(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The net changes, sorted by file name.

    A value that goes and comes back is no change. A product that appears and is reprocessed is new, with its last
    pedigree. Several reprocessings are one, from the first pedigree to the last.
    A product that came or went has no flags to tell. A flag is told with the product's last pedigree.
    A product that came in the place of a lower level is told as that, and not as new.
    """
    by_product: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        by_product[change.filename].append(change)
    return tuple(
        net
        for _, history in sorted(by_product.items())
        for net in _net(sorted(history, key=lambda change: change.revision))
    )


def without_implied(net: Iterable[Change]) -> tuple[Change, ...]:
    """Net changes without the flags that MAST took away from products that are told as made anew."""
    changes = tuple(net)
    made_anew = {change.filename for change in changes if change.kind in _MADE_ANEW}
    return tuple(
        change
        for change in changes
        if change.kind is not ChangeKind.NO_LONGER_STALE or change.filename not in made_anew
    )


def still_public(net: Iterable[Change], exclusive: AbstractSet[str]) -> tuple[Change, ...]:
    """Net changes without products that were public for a while in the period, and are exclusive again.

    Args:
        net: the changes.
        exclusive: the file names of products whose release is ahead now.
    """
    return tuple(
        change for change in net if change.kind is not ChangeKind.PUBLIC or change.filename not in exclusive
    )


def is_move(change: Change) -> bool:
    """Whether the product itself became another: it came, went, or was made anew."""
    return change.kind not in FLAGS and change.kind not in _BESIDE_MOVES


def _net(history: list[Change]) -> Iterator[Change]:
    moves = [change for change in history if is_move(change)]
    public = [change for change in history if change.kind is ChangeKind.PUBLIC]
    flags = [change for change in history if change.kind in FLAGS]
    relisted = [change for change in history if change.kind is ChangeKind.RELISTED]
    move = _net_move(moves) if moves else None
    is_there = history[-1].after is not None
    if relisted and is_there and (move is None or move.before is None):
        yield replace(relisted[-1], before=relisted[0].before, after=history[-1].after)
    elif move is not None:
        yield move
    if moves and (moves[0].before is None or moves[-1].after is None):
        return
    last = history[-1].after
    if public:
        yield replace(public[-1], before=last, after=last)
    # Set and cleared, however often, comes to nothing; an odd number of moves comes to the last.
    if len(flags) % 2:
        yield replace(flags[-1], before=last, after=last)


def _net_move(moves: list[Change]) -> Change | None:
    first, last = moves[0], moves[-1]
    if first.before is None:
        if last.after is None:
            return None
        return replace(last, kind=first.kind, before=None)
    if last.after is None:
        return replace(last, before=first.before)
    if last.after.same_as(first.before):
        return None
    down = last.after.went_down_from(first.before)
    return replace(last, kind=ChangeKind.REGRESSED if down else ChangeKind.REPROCESSED, before=first.before)
