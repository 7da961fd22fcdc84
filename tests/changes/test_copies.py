"""Files on disk against the archive's, by MAST's rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pedigreed.changes.copies import OldCopies, compare_copies, group_copies
from pedigreed.model.digest import PedigreeSpan
from pedigreed.model.instrument import Instrument
from pedigreed.model.local_file import LocalFile
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import Product

THEN = datetime(2025, 11, 2, 4, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
OLD = Pedigree("1.20.2", "jwst_1464.pmap", THEN)
NEW = Pedigree("2.0.1", "jwst_1535.pmap", NOW)


def name(number: int, program: int = 1180) -> str:
    return f"jw{program:05d}007001_02101_{number:05d}_nrcb1_cal.fits"


def copy(filename: str, pedigree: Pedigree = OLD, folder: str = "/data") -> LocalFile:
    return LocalFile(f"{folder}/{filename}", pedigree, 8640, 0, NOW)


def archived(filename: str, pedigree: Pedigree = NEW, program: int = 1180) -> Product:
    return Product(filename, Instrument.NIRCAM, program, 7, "2b", filename[:36], pedigree)


@pytest.mark.parametrize(
    ("here", "archive", "is_older"),
    [
        (OLD, NEW, True),
        (NEW, OLD, False),
        (OLD, OLD, False),
        (OLD, Pedigree("1.20.10", "jwst_1464.pmap", THEN), True),
        (OLD, Pedigree("1.20.2", "jwst_1465.pmap", THEN), True),
        (OLD, Pedigree("1.20.2", "jwst_1464.pmap", THEN + timedelta(milliseconds=4)), False),
        (OLD, Pedigree("1.20.2", "jwst_1464.pmap", THEN + timedelta(seconds=1)), True),
        # One keyword is higher, whatever the other says.
        (Pedigree("2.0.1", "jwst_1464.pmap", NOW), Pedigree("1.20.2", "jwst_1535.pmap", THEN), True),
        (Pedigree(None, None, THEN), Pedigree(None, None, NOW), True),
        (Pedigree("1.20.2", "jwst_1464.pmap", None), OLD, False),
    ],
)
def test_a_copy_is_older_by_masts_rule(here: Pedigree, archive: Pedigree, is_older: bool) -> None:
    compared = compare_copies([copy(name(1), here)], {name(1): archived(name(1), archive)}, {1180})
    assert (len(compared.older), compared.as_new) == ((1, 0) if is_older else (0, 1))


def test_what_can_not_be_compared_is_counted() -> None:
    files = [copy(name(2)), copy(name(1, 1345)), copy(name(2, 1345)), copy(name(1, 87))]
    compared = compare_copies(files, {}, {1180})
    assert compared.older == ()
    assert (compared.as_new, compared.unlisted) == (0, 1)
    assert list(compared.unwatched.items()) == [(87, 1), (1345, 2)]


def test_old_copies_are_folded_by_folder_program_and_pedigrees() -> None:
    older = Pedigree("1.19.1", "jwst_1413.pmap", THEN - timedelta(days=90))
    files = [
        copy(name(1), folder="/data/b"),
        copy(name(2), older, folder="/data/a"),
        copy(name(3), folder="/data/a"),
        copy(name(4), Pedigree("1.20.2", "jwst_1464.pmap", THEN - timedelta(days=1)), folder="/data/a"),
        copy(name(1, 87), folder="/data/a"),
    ]
    products = {file.filename: archived(file.filename) for file in files}
    products[name(1, 87)] = archived(name(1, 87), program=87)
    compared = compare_copies(files, products, {1180, 87})
    assert [each.file.path for each in compared.older] == sorted(file.path for file in files)
    new = PedigreeSpan("2.0.1", "jwst_1535.pmap", NOW, NOW)
    old = PedigreeSpan("1.20.2", "jwst_1464.pmap", THEN, THEN)
    assert group_copies(compared.older) == (
        OldCopies("/data/a", 87, 1, old, new),
        OldCopies(
            "/data/a",
            1180,
            2,
            PedigreeSpan("1.20.2", "jwst_1464.pmap", THEN - timedelta(days=1), THEN),
            new,
        ),
        OldCopies("/data/a", 1180, 1, PedigreeSpan("1.19.1", "jwst_1413.pmap", older.date, older.date), new),
        OldCopies("/data/b", 1180, 1, old, new),
    )
