"""What the search of file sets has, against the products that are known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from folding import fold
from pedigreed.changes.file_sets import compare_file_sets, set_remade
from pedigreed.model.change import ChangeKind
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import FileSet, KnownProduct

if TYPE_CHECKING:
    from collections.abc import Callable

    from pedigreed.changes.file_sets import Keywords
    from pedigreed.model.product import Product

NOW = datetime(2026, 11, 22, 5, 58, tzinfo=UTC)
OLD, NEW = ("1.20.2", "jwst_1464.pmap"), ("2.0.1", "jwst_1535.pmap")
NONE = (None, None)


@pytest.mark.parametrize(
    ("known", "found", "is_remade"),
    [
        ([OLD], NEW, True),
        ([OLD], OLD, False),
        ([NEW], OLD, False),
        ([OLD, NEW], NEW, False),
        ([OLD, NEW], OLD, False),
        ([OLD, NEW], ("2.0.1", "jwst_1600.pmap"), True),
        ([OLD], ("1.20.2", "jwst_1500.pmap"), True),
        ([("1.9.6", "jwst_1464.pmap")], ("1.13.3", "jwst_1464.pmap"), True),
        ([NONE], NEW, False),
        ([NONE, OLD], NEW, False),
        ([OLD], ("main", "jwst_1464.pmap"), False),
    ],
)
def test_a_set_was_remade_where_it_has_more_than_each_known_product(
    known: list[Keywords], found: Keywords, is_remade: bool
) -> None:
    compared = compare_file_sets([FileSet("a", 1180, *found)], {(1180, "a"): set(known)})
    assert bool(compared.remade) is is_remade
    assert not compared.lacking
    assert not compared.unknown


def test_what_is_lacking_and_what_is_not_known_is_counted() -> None:
    found = [FileSet("a", 1, *OLD), FileSet("b", 1, *NONE), FileSet("d", 1, *NEW), FileSet("e", 1, *NONE)]
    known: dict[tuple[int, str], set[Keywords]] = {(1, "a"): {OLD}, (1, "b"): {OLD}, (2, "c"): {OLD}}
    compared = compare_file_sets(found, known)
    assert (compared.remade, dict(compared.lacking), dict(compared.unknown)) == ({}, {1: 1, 2: 1}, {1: 1})


def test_the_same_is_the_same_change_each_day(product: Callable[..., Product]) -> None:
    known = KnownProduct(product(), revision=3)
    first, again = (set_remade(known, FileSet("a", 1180, *NEW), at) for at in (NOW, NOW.replace(year=2027)))
    assert first.identity == again.identity
    assert set_remade(known, FileSet("a", 1180, "3.0.0", NEW[1]), NOW).identity != first.identity


def test_what_rows_said_later_is_told_instead(product: Callable[..., Product]) -> None:
    by_set = set_remade(KnownProduct(product(), revision=1), FileSet("a", 1180, *NEW), NOW)
    later = set_remade(KnownProduct(product(), revision=1), FileSet("a", 1180, "3.0.0", NEW[1]), NOW)
    row = replace(by_set, kind=ChangeKind.REPROCESSED, revision=2, after=Pedigree(*NEW, NOW))
    assert fold([by_set]) == (by_set,)
    assert fold([by_set, later]) == (replace(later, before=by_set.before),)
    assert fold([by_set, row]) == (row,)
    after_it = replace(later, revision=2)
    assert fold([row, after_it]) == (row, after_it)
