"""What counts as a change: an answer of the archive against what was known, and what several changes come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pedigreed.model.change import MADE_ANEW, Change, ChangeKind
from pedigreed.model.instant import same_instant
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import KnownProduct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from pedigreed.model.product import Product


@dataclass(frozen=True, slots=True)
class Compared:
    """The outcome of comparing one answer.

    Attributes:
        changes: what became different; empty for what is seen for the first time in a baseline.
        known: the products whose state is to be kept, changed or not.
        held: products that an answer that is not complete would move backwards: to an older pedigree, or from
            public to exclusive. They stay as they were.
    """

    changes: tuple[Change, ...]
    known: tuple[KnownProduct, ...]
    held: tuple[Product, ...]


def compare(
    products: Iterable[Product],
    known: Mapping[str, KnownProduct],
    *,
    baseline: AbstractSet[int],
    first_data: AbstractSet[int],
    is_complete: bool,
    now: datetime,
) -> Compared:
    """Compare what an answer brought with what was known.

    Args:
        products: the rows of the answer that are not known byte for byte.
        known: file name -> what is known of it.
        baseline: programs that are seen for the first time. Their new products are no changes.
        first_data: programs that were known to have no data at all. Their new products are the first.
        is_complete: whether the answer was proven complete. If not, nothing moves backwards on its word.
        now: when the answer came, UTC.
    """
    changes: list[Change] = []
    kept: list[KnownProduct] = []
    held: list[Product] = []
    for product in products:
        before = known.get(product.filename)
        if before is None:
            is_news = product.program not in baseline
            if is_news:
                kind = ChangeKind.FIRST if product.program in first_data else ChangeKind.NEW
                changes.append(change_of(kind, product, 1, None, now))
            kept.append(KnownProduct(product, int(is_news), is_exclusive=_is_ahead(product.public_at, now)))
            continue
        after = _filled(product, before.product)
        if not is_complete and _moves_back(before.product, after, now):
            held.append(product)
            continue
        # A release that has passed and is not recorded yet is left for `release`.
        is_exclusive = before.is_exclusive or _is_ahead(after.public_at, now)
        revision = before.revision
        for kind, pedigree_before in _differences(before, after):
            revision += 1
            changes.append(change_of(kind, after, revision, pedigree_before, now))
        kept.append(KnownProduct(after, revision, is_exclusive=is_exclusive))
    return Compared(tuple(changes), tuple(kept), tuple(held))


def withdrawal(missing: KnownProduct, now: datetime) -> tuple[Change, KnownProduct]:
    """The change that tells a missing product as withdrawn, and its state from then on."""
    state = replace(missing, revision=missing.revision + 1, withdrawn_at=now)
    change = change_of(ChangeKind.WITHDRAWN, state.product, state.revision, state.product.pedigree, now)
    return replace(change, after=None), state


def release(exclusive: KnownProduct, now: datetime) -> tuple[Change, KnownProduct]:
    """The change that tells a product as public whose release has passed, and its state from then on."""
    state = replace(exclusive, revision=exclusive.revision + 1, is_exclusive=False)
    return change_of(ChangeKind.PUBLIC, state.product, state.revision, state.product.pedigree, now), state


def _differences(before: KnownProduct, after: Product) -> Iterator[tuple[ChangeKind, Pedigree | None]]:
    was = before.product
    if before.withdrawn_at is not None:
        yield ChangeKind.NEW, None
    elif not _agrees(was.pedigree, after.pedigree):
        down = after.pedigree.went_down_from(was.pedigree)
        yield ChangeKind.REGRESSED if down else ChangeKind.REPROCESSED, was.pedigree
    if was.is_stale is False and after.is_stale:
        yield ChangeKind.STALE, after.pedigree
    if was.is_stale and after.is_stale is False:
        yield ChangeKind.NO_LONGER_STALE, after.pedigree


def _is_ahead(public_at: datetime | None, now: datetime) -> bool:
    return public_at is not None and public_at > now


def _moves_back(was: Product, after: Product, now: datetime) -> bool:
    """Whether a product that differs is not shown to be newer, or is public no longer."""
    if was.public_at is not None and was.public_at <= now and _is_ahead(after.public_at, now):
        return True
    if _agrees(was.pedigree, after.pedigree):
        return False
    return after.pedigree.went_down_from(was.pedigree) or not after.pedigree.is_newer_than(was.pedigree)


def _agrees(before: Pedigree, after: Pedigree) -> bool:
    """Whether the archive says the same of the file, and at most a value more that it did not say before."""
    return (
        (not before.cal_ver or after.cal_ver == before.cal_ver)
        and (not before.crds_ctx or after.crds_ctx == before.crds_ctx)
        and (before.date is None or same_instant(after.date, before.date))
    )


def _filled(product: Product, was: Product) -> Product:
    """The product, with what the archive does not say any more as it was.

    A keyword that is missing in one answer says nothing: the file has not lost it.
    A DATE keeps its first reading, so that many roundings never add up to a change.
    """
    said, before = product.pedigree, was.pedigree
    date = before.date if same_instant(said.date, before.date) else said.date or before.date
    if (
        date is said.date
        and _says_all(product)
        and (was.parameters is product.parameters or was.parameters.keys() <= product.parameters.keys())
    ):
        return product
    pedigree = Pedigree(said.cal_ver or before.cal_ver, said.crds_ctx or before.crds_ctx, date)
    return replace(
        product,
        pedigree=pedigree,
        is_stale=was.is_stale if product.is_stale is None else product.is_stale,
        public_at=product.public_at or was.public_at,
        archived_at=product.archived_at or was.archived_at,
        observation_start=product.observation_start or was.observation_start,
        parameters={**was.parameters, **product.parameters},
    )


def _says_all(product: Product) -> bool:
    """Whether the archive left nothing out that was known before."""
    return None not in (
        product.pedigree.cal_ver,
        product.pedigree.crds_ctx,
        product.is_stale,
        product.public_at,
        product.archived_at,
        product.observation_start,
    )


def change_of(kind: ChangeKind, product: Product, revision: int, before: Pedigree | None, now: datetime) -> Change:
    """The `revision`-th change of a product, to what it is from the pedigree before; seen at `now`, UTC."""
    return Change(
        kind,
        product.filename,
        product.instrument,
        product.program,
        product.observation,
        product.level,
        product.fileset,
        revision,
        before,
        product.pedigree,
        now,
        product.archived_at,
        product.public_at,
    )


FLAGS = frozenset((ChangeKind.STALE, ChangeKind.NO_LONGER_STALE))
"""What MAST says of a product that stays as it is."""

_BESIDE_MOVES = frozenset((ChangeKind.PUBLIC, ChangeKind.RELISTED, ChangeKind.SET_REPROCESSED))


def net_of(history: Sequence[Change]) -> Iterator[Change]:
    """The net changes of one product, of those in the order of their revisions.

    A value that goes and comes back is no change. A product that appears and is reprocessed is new, with its last
    pedigree. Several reprocessings are one, from the first pedigree to the last.
    A product that came or went has no flags to tell. A flag is told with the product's last pedigree.
    A product that came in the place of a lower level is told as that, and not as new.
    """
    if len(history) == 1 and is_move(history[0]):
        # So it is with nearly all of a campaign.
        if (move := _net_move(history)) is not None:
            yield move
        return
    rows = [change for change in history if change.kind is not ChangeKind.SET_REPROCESSED]
    if rows:
        yield from _net_of_rows(rows)
    moved = max((change.revision for change in rows if is_move(change)), default=0)
    # What a row said later says more.
    sets = [change for change in history if change not in rows and change.revision >= moved]
    if sets:
        yield replace(sets[-1], before=sets[0].before)


def without_implied(net: Iterable[Change]) -> tuple[Change, ...]:
    """Net changes of one product, without the flag that MAST took away where it is told as made anew."""
    changes = tuple(net)
    is_made_anew = any(change.kind in MADE_ANEW for change in changes)
    return tuple(each for each in changes if not is_made_anew or each.kind is not ChangeKind.NO_LONGER_STALE)


def still_public(net: Iterable[Change], exclusive: AbstractSet[str]) -> Iterator[Change]:
    """Net changes without products that were public for a while in the period, and are exclusive again.

    Args:
        net: the changes.
        exclusive: the file names of products whose release is ahead now.
    """
    return (change for change in net if change.kind is not ChangeKind.PUBLIC or change.filename not in exclusive)


def is_move(change: Change) -> bool:
    """Whether the product itself became another: it came, went, or was made anew."""
    return change.kind not in FLAGS and change.kind not in _BESIDE_MOVES


def _net_of_rows(history: Sequence[Change]) -> Iterator[Change]:
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


def _net_move(moves: Sequence[Change]) -> Change | None:
    first, last = moves[0], moves[-1]
    kind = last.kind
    if first.before is None:
        if last.after is None:
            return None
        kind = first.kind
    elif last.after is not None:
        if last.after.same_as(first.before):
            return None
        down = last.after.went_down_from(first.before)
        kind = ChangeKind.REGRESSED if down else ChangeKind.REPROCESSED
    return last if first is last and kind is last.kind else replace(last, kind=kind, before=first.before)
