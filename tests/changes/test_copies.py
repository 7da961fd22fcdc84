"""Files on disk against the archive's, by MAST's rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from pedigreed.changes.copies import (
    Archived,
    Copy,
    OldCopies,
    Standing,
    compare_copies,
    count_copies,
    group_copies,
    judge,
    judges_of,
    renewal,
)
from pedigreed.model.digest import PedigreeSpan
from pedigreed.model.instrument import Instrument
from pedigreed.model.local_file import LocalFile
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import Product

THEN = datetime(2025, 11, 2, 4, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
OLD = Pedigree("1.20.2", "jwst_1464.pmap", THEN)
NEW = Pedigree("2.0.1", "jwst_1535.pmap", NOW)
EXPOSURE = "jw01180007001_02101_00001_nrcb1"


def name(number: int, program: int = 1180) -> str:
    return f"jw{program:05d}007001_02101_{number:05d}_nrcb1_cal.fits"


def copy(filename: str, pedigree: Pedigree = OLD, folder: str = "/data") -> LocalFile:
    return LocalFile(f"{folder}/{filename}", pedigree, 8640, 0, NOW)


def archived(filename: str, pedigree: Pedigree = NEW, program: int = 1180) -> Product:
    return Product(filename, Instrument.NIRCAM, program, 7, "2b", filename[:36], pedigree, size=8640)


def listing(*products: Product) -> Archived:
    return Archived({product.filename: product for product in products}, {product.program for product in products})


def stands(file: LocalFile, *products: Product) -> Standing:
    return judge(file, listing(*products)).standing


@pytest.mark.parametrize(
    ("here", "archive", "standing"),
    [
        (OLD, NEW, Standing.OLDER),
        (NEW, OLD, Standing.NEWER),
        (OLD, OLD, Standing.SAME),
        (OLD, Pedigree("1.20.10", "jwst_1464.pmap", THEN), Standing.OLDER),
        (OLD, Pedigree("1.20.2", "jwst_1465.pmap", THEN), Standing.OLDER),
        (OLD, Pedigree("1.20.2", "jwst_1464.pmap", THEN + timedelta(milliseconds=4)), Standing.SAME),
        (OLD, Pedigree("1.20.2", "jwst_1464.pmap", THEN + timedelta(seconds=1)), Standing.OLDER),
        (OLD, Pedigree("1.20.2", "jwst_1464.pmap", THEN - timedelta(seconds=1)), Standing.NEWER),
        # Made with more in one keyword than the archive ever had with the other: by somebody's own processing.
        (Pedigree("2.0.1", "jwst_1464.pmap", NOW), Pedigree("1.20.2", "jwst_1535.pmap", THEN), Standing.NEWER),
        (Pedigree("1.20.2", "jwst_1583.pmap", THEN), NEW, Standing.NEWER),
        (Pedigree("1.18.1.dev44+g1a2b3c", "jwst_1364.pmap", THEN), NEW, Standing.NEWER),
        (Pedigree("1.20.2+mine", "jwst_1464.pmap", THEN), NEW, Standing.NEWER),
        (Pedigree("1.20.2rc1", "jwst_1464.pmap", THEN), NEW, Standing.NEWER),
        (Pedigree("1.20.2-14-g0a1b2c3", "jwst_1464.pmap", THEN), NEW, Standing.NEWER),
        # What the archive has itself is nobody's own.
        (
            Pedigree("1.5.3.dev1", "jwst_0900.pmap", THEN),
            Pedigree("1.5.3.dev1", "jwst_0900.pmap", THEN),
            Standing.SAME,
        ),
        (Pedigree("unknown", "jwst_1464.pmap", THEN), NEW, Standing.OLDER),
        (Pedigree(None, None, THEN), Pedigree(None, None, NOW), Standing.OLDER),
        (Pedigree("1.20.2", "jwst_1464.pmap", None), OLD, Standing.SAME),
        (Pedigree("1.20.2", "jwst_1464.pmap", None), NEW, Standing.OLDER),
        # The contexts of another server are no numbers of this one's: the rest decides.
        (Pedigree("1.20.2", "jwst_pub_0979.pmap", THEN), OLD, Standing.UNKNOWN),
        (Pedigree("1.20.2", "jwst_pub_0979.pmap", THEN), NEW, Standing.OLDER),
        (
            Pedigree("1.20.2", "jwst_pub_0979.pmap", THEN),
            Pedigree("1.20.2", "jwst_0913.pmap", NOW),
            Standing.OLDER,
        ),
    ],
)
def test_a_copy_stands_by_masts_rule(here: Pedigree, archive: Pedigree, standing: Standing) -> None:
    assert stands(copy(name(1), here), archived(name(1), archive)) is standing


def test_a_copy_of_the_archives_version_has_its_size() -> None:
    cut = replace(copy(name(1), NEW), size=5760)
    assert judge(cut, listing(archived(name(1)))) == Copy(
        cut, Standing.DAMAGED, archived(name(1)), "it has 5,760 bytes, and the archive's has 8,640"
    )
    assert stands(replace(cut, path=f"/data/{name(1)}.gz"), archived(name(1))) is Standing.SAME
    # Of an older version, the size is not known.
    assert stands(replace(copy(name(1)), size=5760), archived(name(1))) is Standing.OLDER


def test_damage_stands_above_all_else() -> None:
    page = replace(copy(name(1), Pedigree(None, None, None)), damage="it is a page of the web, and no FITS file")
    assert stands(page, archived(name(1))) is Standing.DAMAGED
    assert judge(page, Archived()).reason == "it is a page of the web, and no FITS file"


def test_what_the_archive_does_not_list_is_told_by_what_is_known_of_that() -> None:
    assert stands(copy(name(2)), archived(name(1))) is Standing.UNLISTED
    assert stands(copy(name(1, 1345)), archived(name(1))) is Standing.UNKNOWN
    assert judge(copy(name(2)), Archived({}, {1180}, {name(2)})).standing is Standing.WITHDRAWN


@pytest.mark.parametrize(
    ("product_type", "here", "standing"),
    [
        ("rate", OLD, Standing.OLDER),
        ("rateints", Pedigree("2.0.1", "jwst_1535.pmap", NOW - timedelta(hours=5)), Standing.SAME),
        # The same pipeline and context, and another run.
        ("rate", Pedigree("2.0.1", "jwst_1535.pmap", NOW - timedelta(days=3)), Standing.OLDER),
        ("rate", Pedigree("2.0.1", "jwst_1535.pmap", None), Standing.SAME),
        ("rate", Pedigree("2.0.1", "jwst_1583.pmap", THEN), Standing.NEWER),
        ("o007_crf", OLD, Standing.OLDER),
        ("c1001_crf", Pedigree("2.0.1", "jwst_1535.pmap", NOW + timedelta(days=2)), Standing.SAME),
        ("uncal", Pedigree(None, None, THEN), Standing.UNKNOWN),
        # It is of the level that is listed: the archive has it no more.
        ("i2d", OLD, Standing.UNLISTED),
    ],
)
def test_a_lower_level_is_judged_by_the_product_of_its_exposure(
    product_type: str, here: Pedigree, standing: Standing
) -> None:
    file = copy(f"{EXPOSURE}_{product_type}.fits", here)
    other = archived(f"{EXPOSURE.replace('nrcb1', 'nrcb2')}_cal.fits", OLD)
    cal = archived(f"{EXPOSURE}_cal.fits")
    found = judge(file, listing(cal, other))
    assert found.standing is standing
    assert found.is_judged_by_another is (found.product is not None)
    assert stands(file, other) is Standing.UNLISTED


def test_its_own_row_comes_before_that_of_its_exposure() -> None:
    rate = f"{EXPOSURE}_rate.fits"
    cal = archived(f"{EXPOSURE}_cal.fits")
    assert stands(copy(rate), archived(rate, OLD), cal) is Standing.SAME
    asked = Archived({cal.filename: cal}, {1180}, frozenset(), {rate: archived(rate, OLD)})
    assert judge(copy(rate), asked).standing is Standing.SAME


def test_an_uncalibrated_file_goes_by_date_and_by_what_made_it() -> None:
    uncal = f"{EXPOSURE}_uncal.fits"
    here = replace(copy(uncal, Pedigree(None, None, None)), sdp_ver="2023_4b")
    there = structs.replace(archived(uncal, Pedigree(None, None, NOW)), sdp_ver="2026_1a")
    assert stands(here, there) is Standing.OLDER
    assert stands(replace(here, sdp_ver="2026_1a"), there) is Standing.SAME
    assert stands(replace(here, sdp_ver=None), there) is Standing.SAME
    assert stands(replace(here, sdp_ver="2026_1a", pedigree=Pedigree(None, None, THEN)), there) is Standing.OLDER


def test_guide_stars_and_products_of_several_exposures_are_judged_by_themselves_alone() -> None:
    assert judges_of("jw00729011001_gs-id_1_image_cal.fits") == ()
    assert judges_of("jw01345-o001_t021_nircam_clear-f444w_i2d.fits") == ()
    assert judges_of(f"{EXPOSURE}_cal.fits") == ()
    assert judges_of("jw01091002001_03102_00001-seg001_nis_rateints.fits")[0] == (
        "jw01091002001_03102_00001-seg001_nis_cal.fits"
    )


def test_old_copies_are_folded_by_program_type_and_pedigrees() -> None:
    older = Pedigree("1.19.1", "jwst_1413.pmap", THEN - timedelta(days=90))
    files = [
        copy(name(1), folder="/data/b"),
        copy(name(2), older, folder="/data/a"),
        copy(name(4), Pedigree("1.20.2", "jwst_1464.pmap", THEN - timedelta(days=1)), folder="/data/a"),
        copy(name(1).replace("_cal", "_rate"), folder="/data/a"),
        copy(name(1, 87), folder="/data/a"),
        copy(name(5), NEW),
    ]
    products = [archived(file.filename, program=int(file.filename[2:7])) for file in files if "_cal" in file.path]
    copies = compare_copies(files, listing(*products))
    assert [each.file.path for each in copies] == sorted(file.path for file in files)
    assert count_copies(copies) == {87: {Standing.OLDER: 1}, 1180: {Standing.OLDER: 4, Standing.SAME: 1}}
    assert renewal(copies) == (4 * 8640, 1)
    new = PedigreeSpan("2.0.1", "jwst_1535.pmap", NOW, NOW)
    old = PedigreeSpan("1.20.2", "jwst_1464.pmap", THEN, THEN)
    assert group_copies(each for each in copies if each.standing is Standing.OLDER) == (
        OldCopies(87, "cal", None, 1, old, new),
        OldCopies(
            1180,
            "cal",
            None,
            2,
            PedigreeSpan("1.20.2", "jwst_1464.pmap", THEN - timedelta(days=1), THEN),
            new,
        ),
        OldCopies(1180, "cal", None, 1, PedigreeSpan("1.19.1", "jwst_1413.pmap", older.date, older.date), new),
        OldCopies(1180, "rate", "cal", 1, old, new),
    )
