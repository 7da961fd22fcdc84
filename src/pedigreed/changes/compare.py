"""What an answer of the archive says against what was known: changes, and what is known from now on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.instant import same_instant
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import KnownProduct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from pedigreed.model.product import Product


@dataclass(frozen=True, slots=True)
class Comparison:
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
) -> Comparison:
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
            state = KnownProduct(product, is_exclusive=_is_ahead(product.public_at, now))
            if product.program not in baseline:
                kind = ChangeKind.FIRST if product.program in first_data else ChangeKind.NEW
                state = replace(state, revision=1)
                changes.append(_change(kind, state, None, now))
            kept.append(state)
            continue
        after = _filled(product, before.product)
        if not is_complete and _moves_back(before.product, after, now):
            held.append(product)
            continue
        state = KnownProduct(
            after,
            before.revision,
            # A release that has passed and is not recorded yet is left for `release`.
            is_exclusive=before.is_exclusive or _is_ahead(after.public_at, now),
        )
        for kind, pedigree_before in _differences(before, after):
            state = replace(state, revision=state.revision + 1)
            changes.append(_change(kind, state, pedigree_before, now))
        kept.append(state)
    return Comparison(tuple(changes), tuple(kept), tuple(held))


def withdrawal(missing: KnownProduct, now: datetime) -> tuple[Change, KnownProduct]:
    """The change that tells a missing product as withdrawn, and its state from then on."""
    state = replace(missing, revision=missing.revision + 1, withdrawn_at=now)
    change = _change(ChangeKind.WITHDRAWN, state, missing.product.pedigree, now)
    return replace(change, after=None), state


def release(exclusive: KnownProduct, now: datetime) -> tuple[Change, KnownProduct]:
    """The change that tells a product as public whose release has passed, and its state from then on."""
    state = replace(exclusive, revision=exclusive.revision + 1, is_exclusive=False)
    return _change(ChangeKind.PUBLIC, state, exclusive.product.pedigree, now), state


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
    return after.same_as(
        Pedigree(before.cal_ver or after.cal_ver, before.crds_ctx or after.crds_ctx, before.date or after.date)
    )


def _filled(product: Product, was: Product) -> Product:
    """The product, with what the archive does not say any more as it was.

    A keyword that is missing in one answer says nothing: the file has not lost it.
    A DATE keeps its first reading, so that many roundings never add up to a change.
    """
    said, before = product.pedigree, was.pedigree
    date = before.date if same_instant(said.date, before.date) else said.date or before.date
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


def _change(kind: ChangeKind, state: KnownProduct, before: Pedigree | None, now: datetime) -> Change:
    product = state.product
    return Change(
        kind=kind,
        filename=product.filename,
        instrument=product.instrument,
        program=product.program,
        observation=product.observation,
        level=product.level,
        fileset=product.fileset,
        revision=state.revision,
        before=before,
        after=product.pedigree,
        seen_at=now,
        archived_at=product.archived_at,
        public_at=product.public_at,
    )
