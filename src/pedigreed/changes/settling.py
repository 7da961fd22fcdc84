"""What no digest covers yet: what it comes to, and what of it waits until its program has been quiet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from pedigreed.changes.campaigns import moved_at
from pedigreed.changes.compare import FLAGS, is_move, net_of
from pedigreed.model.change import ChangeKind
from pedigreed.model.packed_changes import packed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
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

History = list[tuple[int, "Change"]]
"""Key and change, of one product, by revision."""


@dataclass(frozen=True, slots=True)
class Uncovered:
    """The changes that no digest of a subscription covers yet, by file name and revision.

    Attributes:
        keys: of each its row id; 0 for a release that is not recorded yet.
        changes: those that are not selected too.
        kinds: those among them.
    """

    keys: tuple[int, ...]
    changes: Sequence[Change]
    kinds: frozenset[ChangeKind]

    @classmethod
    def of(cls, keyed: Iterable[tuple[int, Change]]) -> Uncovered:
        """Of keys and changes in this order, which are read once."""
        keys: list[int] = []
        kinds: set[ChangeKind] = set()

        def changes() -> Iterator[Change]:
            for key, change in keyed:
                keys.append(key)
                kinds.add(change.kind)
                yield change

        kept = packed(changes())
        return cls(tuple(keys), kept, frozenset(kinds))

    def __iter__(self) -> Iterator[tuple[int, Change]]:
        return zip(self.keys, self.changes, strict=True)


def in_history(change: Change) -> tuple[str, int]:
    """What changes are sorted by, so that those of a product come one after the other."""
    return change.filename, change.revision


@dataclass(frozen=True, slots=True)
class Settled:
    """What goes into the next digest, and what waits.

    Attributes:
        ready: net changes, sorted by file name.
        waiting: net changes of a later digest, sorted by file name.
        waits: the keys of the changes that the waiting ones come of.
    """

    ready: Sequence[Change]
    waiting: Sequence[Change] = ()
    waits: frozenset[int] = frozenset()


def settled(
    uncovered: Iterable[tuple[int, Change]],
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
        uncovered: key and change, of what the subscription is about and no digest of it covers yet, by file name
            and revision. It is gone through several times.
        settle: how long a program has to be quiet; None where nothing waits.
        answered: instrument and program -> the last complete answer, UTC. Nothing is quiet on less than that.
        now: UTC.
    """
    in_motion = frozenset() if settle is None else _in_motion(uncovered, settle, answered, now)
    if not in_motion:
        return Settled(packed(change for _, net in _folded(uncovered) for change in net))
    waits = frozenset(key for history, net in _folded(uncovered) for key in _waits(history, net, in_motion))
    return Settled(
        packed(each for _, net in _folded(uncovered) for each in net if not _is_waiting(each, net, in_motion)),
        packed(each for _, net in _folded(uncovered) for each in net if _is_waiting(each, net, in_motion)),
        waits,
    )


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
        uncovered: key and change, those among them that are not selected too, by file name and revision.
        coverage: what was asked of the archive.
        now: UTC.
        told_by_set: file name, CAL_VER and CRDS_CTX of products that it was told of as of reprocessed file sets.
            That they were reprocessed so is no news to it any more.
    """
    return settled(
        _News(selection, uncovered, told_by_set),
        settle=selection.settle,
        answered={place: state.complete_at for place, state in coverage.items() if state.complete_at},
        now=now,
    )


@dataclass(frozen=True, slots=True)
class _News:
    """What a subscription is about and was not told."""

    selection: Selection
    uncovered: Iterable[tuple[int, Change]]
    told_by_set: AbstractSet[tuple[str, str | None, str | None]]

    def __iter__(self) -> Iterator[tuple[int, Change]]:
        is_about = self.selection.is_about
        return (
            (key, change)
            for key, change in self.uncovered
            if is_about(change) and not _was_told(change, self.told_by_set)
        )


def _was_told(change: Change, told_by_set: AbstractSet[tuple[str, str | None, str | None]]) -> bool:
    before, after = change.before, change.after
    if change.kind is not ChangeKind.REPROCESSED or before is None or after is None:
        return False
    if (before.cal_ver, before.crds_ctx) == (after.cal_ver, after.crds_ctx):
        # Made anew with the same once more.
        return False
    return (change.filename, after.cal_ver, after.crds_ctx) in told_by_set


def _folded(uncovered: Iterable[tuple[int, Change]]) -> Iterator[tuple[History, tuple[Change, ...]]]:
    """Of each product what there was, and what it comes to."""
    for _, group in groupby(uncovered, key=lambda keyed: keyed[1].filename):
        history = list(group)
        yield history, tuple(net_of([change for _, change in history]))


def _is_remade(net: Iterable[Change]) -> bool:
    return any(change.kind is ChangeKind.REPROCESSED for change in net)


def _is_waiting(change: Change, net: Iterable[Change], in_motion: AbstractSet[int]) -> bool:
    """Whether a net change of a product waits."""
    return change.kind in _WAITING and change.program in in_motion and _is_remade(net)


def _waits(history: History, net: Iterable[Change], in_motion: AbstractSet[int]) -> Iterator[int]:
    """The keys of what is waited with of a product."""
    kinds = {change.kind for change in net if _is_waiting(change, net, in_motion)}
    for key, change in history:
        if (ChangeKind.REPROCESSED in kinds and is_move(change)) or (
            ChangeKind.NO_LONGER_STALE in kinds and change.kind in FLAGS
        ):
            yield key


@dataclass(slots=True)
class _Moving:
    """The moves of a program: when the newest was, when the first was seen (UTC), and where they are."""

    newest: datetime
    first_seen: datetime
    places: set[tuple[Instrument, int]]

    def add(self, move: Change) -> None:
        self.newest = max(self.newest, moved_at(move))
        self.first_seen = min(self.first_seen, move.seen_at)
        self.places.add((move.instrument, move.program))


def _in_motion(
    uncovered: Iterable[tuple[int, Change]],
    settle: timedelta,
    answered: Mapping[tuple[Instrument, int], datetime],
    now: datetime,
) -> frozenset[int]:
    """The programs that have not been quiet for long enough, and do not wait for too long."""
    moving: dict[int, _Moving] = {}
    for history, net in _folded(uncovered):
        if _is_remade(net):
            for _, change in history:
                if is_move(change):
                    moving.setdefault(change.program, _Moving(moved_at(change), change.seen_at, set())).add(change)
    return frozenset(program for program, moves in moving.items() if not _is_ready(moves, settle, answered, now))


def _is_ready(
    moves: _Moving, settle: timedelta, answered: Mapping[tuple[Instrument, int], datetime], now: datetime
) -> bool:
    """Whether a program has been quiet for long enough, or waits for too long."""
    if all(place in answered and min(answered[place], now) - moves.newest >= settle for place in moves.places):
        return True
    return now - moves.first_seen >= max(LIMIT, LIMIT_IN_SETTLES * settle)
