"""What goes where: pure, and safe with whatever a list says."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.fetching.plan import Job, OldFile, kept_name, plan_fetch, public_copy, room_needed
from pedigreed.fetching.wanted import Wanted
from pedigreed.model.instant import parse_instant
from pedigreed.model.pedigree import Pedigree

NAME = "jw01180007001_02101_00001_nrca1_cal.fits"
ARCHIVE = Pedigree("2.0.1", "jwst_1535.pmap", parse_instant("2026-11-21T09:00:00"))


def places(*names: str, is_flat: bool = False) -> list[str]:
    files = [Wanted(name, 1180) for name in names]
    return [job.place for job in plan_fetch(files, {}, "/data", is_flat=is_flat, includes_custom=False).jobs]


def test_a_new_file_goes_to_the_folder_of_its_program_or_into_the_folder_itself() -> None:
    assert places(NAME, NAME) == [f"/data/jw01180/{NAME}"]
    assert places(NAME, is_flat=True) == [f"/data/{NAME}"]


@pytest.mark.parametrize(
    "name",
    [
        "../jw01180007001_02101_00001_nrca1_cal.fits",
        "/etc/passwd",
        "jw01180/../../etc/passwd",
        "jw01180007001/x_cal.fits",
        "jw01180007001_\n_cal.fits",
        "jw01180007001_\x1b[31m_cal.fits",
        "jw01180007001_02101_00001_nrca1_cal.fits\0",
        "jw01180007001_02101_00001_nrca1_cal.fits.part",
        "jw01180007001_02101_00001_nrca1_cal.fits.part.md5",
        ".bashrc",
        "",
        "jw01180_" + "x" * 300,
        "jw\u0660\u0661\u0661\u0668\u0660_cal.fits",
    ],
)
def test_a_name_that_is_none_of_jwst_is_left_out(name: str) -> None:
    plan = plan_fetch([Wanted(name, 1180)], {}, "/data", is_flat=False, includes_custom=False)
    assert not plan.jobs
    assert [(left.name, left.reason) for left in plan.left] == [(name, "it is no name of a JWST file")]


@given(st.text() | st.from_regex(r"jw[0-9]{5}[./\\\w-]*", fullmatch=True), st.booleans())
def test_no_name_leaves_the_folder(name: str, is_flat: bool) -> None:  # hypothesis gives it
    for place in places(name, is_flat=is_flat):
        assert posixpath.normpath(place) == place
        assert place.startswith("/data/")


def copy(cal_ver: str, crds_ctx: str, date: str) -> OldFile:
    return OldFile(f"/data/mine/{NAME}", 10, 1, Pedigree(cal_ver, crds_ctx, parse_instant(date)))


@pytest.mark.parametrize(
    ("old", "is_replaced"),
    [
        (copy("1.20.2", "jwst_1464.pmap", "2025-11-02T04:00:00"), True),
        (copy("2.0.1", "jwst_1535.pmap", "2026-11-21T09:00:00"), True),
        (copy("2.0.1", "jwst_1535.pmap", "2027-01-01T00:00:00"), True),
        (copy("2.0.1", "jwst_1583.pmap", "2026-01-01T00:00:00"), False),
        (copy("2.0.2", "jwst_1535.pmap", "2026-01-01T00:00:00"), False),
        (copy("1.18.1.dev44+gabc", "jwst_1464.pmap", "2025-11-02T04:00:00"), False),
        (copy("1.20.2+mine", "jwst_1464.pmap", "2025-11-02T04:00:00"), False),
    ],
)
def test_what_is_newer_here_is_replaced_only_on_request(old: OldFile, *, is_replaced: bool) -> None:
    file = Wanted(NAME, 1180, pedigree=ARCHIVE)
    plan = plan_fetch([file], {NAME: [old]}, "/data", is_flat=False, includes_custom=False)
    assert plan.jobs == ([Job(file, old.path, old)] if is_replaced else [])
    assert [left.reason for left in plan.left] == ([] if is_replaced else ["yours is newer"])
    plan = plan_fetch([file], {NAME: [old]}, "/data", is_flat=False, includes_custom=True)
    assert plan.jobs == [Job(file, old.path, old)]


def test_the_room_that_is_needed_counts_what_lies_there_twice_on_the_way() -> None:
    def job(new: int, old: int | None) -> Job:
        return Job(Wanted(NAME, 1180, size=new), "/data/x", None if old is None else OldFile("/data/x", old, 1))

    assert room_needed([job(100, None)], keeps_old=False, at_once=2) == 100
    assert room_needed([job(100, 90)] * 5, keeps_old=False, at_once=2) == 50 + 180
    assert room_needed([job(100, 90)] * 5, keeps_old=True, at_once=2) == 500
    assert room_needed([job(10, 90)] * 5, keeps_old=False, at_once=2) == 20


@pytest.mark.parametrize(
    ("pedigree", "name"),
    [
        (ARCHIVE, f"{NAME}.2.0.1.jwst_1535.pmap"),
        (Pedigree("../x", None, None), f"{NAME}..._x"),
        (Pedigree("1.0" * 40, "jwst_1.pmap", None), f"{NAME}.{'1.0' * 10}"),
        (None, f"{NAME}.old"),
    ],
)
def test_an_old_file_is_kept_under_a_name_with_its_pedigree(pedigree: Pedigree | None, name: str) -> None:
    assert kept_name(NAME, pedigree) == name


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (
            "jw02731001001_02101_00001_nrcb1_cal.fits",
            "jwst/public/jw02731/jw02731001001/jw02731001001_02101_00001_nrcb1_cal.fits",
        ),
        (
            "jw02727-o002_t062_nircam_clear-f277w_i2d.fits",
            "jwst/public/jw02727/L3/t/o002/jw02727-o002_t062_nircam_clear-f277w_i2d.fits",
        ),
        ("jw02727-o002_s000000001_nircam_f277w_x1d.fits", None),
        ("jw02727_20220702t204540_pool.csv", None),
        ("other.fits", None),
    ],
)
def test_the_public_copy_has_files_by_visit_and_by_association(name: str, path: str | None) -> None:
    assert public_copy(name) == path
