"""What goes where: pure, and safe with whatever a list says."""

from __future__ import annotations

import posixpath
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.changes.copies import Archived, compare_copies
from pedigreed.fetching.plan import Job, kept_name, plan_fetch, plan_renewal, public_copy, room_needed
from pedigreed.fetching.wanted_file import WantedFile
from pedigreed.model.instant import parse_instant
from pedigreed.model.instrument import Instrument
from pedigreed.model.local_file import LocalFile
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import Product

NAME = "jw01180007001_02101_00001_nrca1_cal.fits"
SEEN = parse_instant("2026-11-22T06:00:00")
OLD = Pedigree("1.20.2", "jwst_1464.pmap", parse_instant("2025-11-02T04:00:00"))
ARCHIVE = Pedigree("2.0.1", "jwst_1535.pmap", parse_instant("2026-11-21T09:00:00"))


def places(*names: str, is_flat: bool = False) -> list[str]:
    files = [WantedFile(name, 1180) for name in names]
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
    plan = plan_fetch([WantedFile(name, 1180)], {}, "/data", is_flat=False, includes_custom=False)
    assert not plan.jobs
    assert [(left.name, left.reason) for left in plan.left] == [(name, "it is no name of a JWST file")]


@given(st.text() | st.from_regex(r"jw[0-9]{5}[./\\\w-]*", fullmatch=True), st.booleans())
def test_no_name_leaves_the_folder(name: str, is_flat: bool) -> None:  # hypothesis gives it
    for place in places(name, is_flat=is_flat):
        assert posixpath.normpath(place) == place
        assert place.startswith("/data/")


def copy(cal_ver: str, crds_ctx: str, date: str) -> LocalFile:
    return LocalFile(f"/data/mine/{NAME}", Pedigree(cal_ver, crds_ctx, parse_instant(date)), 10, 1, SEEN)


@pytest.mark.parametrize(
    ("old", "is_replaced"),
    [
        (copy("1.20.2", "jwst_1464.pmap", "2025-11-02T04:00:00"), True),
        (copy("2.0.1", "jwst_1535.pmap", "2026-11-21T09:00:00"), True),
        (copy("2.0.1", "jwst_1535.pmap", "2027-01-01T00:00:00"), False),
        (copy("2.0.1", "jwst_1583.pmap", "2026-01-01T00:00:00"), False),
        (copy("2.0.2", "jwst_1535.pmap", "2026-01-01T00:00:00"), False),
        (copy("1.18.1.dev44+gabc", "jwst_1464.pmap", "2025-11-02T04:00:00"), False),
        (copy("1.20.2+mine", "jwst_1464.pmap", "2025-11-02T04:00:00"), False),
        (copy("1.20.2rc1", "jwst_1464.pmap", "2025-11-02T04:00:00"), False),
        (copy("1.20.2-14-g0a1b2c3", "jwst_1464.pmap", "2025-11-02T04:00:00"), False),
    ],
)
def test_what_is_newer_here_is_replaced_only_on_request(old: LocalFile, *, is_replaced: bool) -> None:
    file = WantedFile(NAME, 1180, pedigree=ARCHIVE)
    plan = plan_fetch([file], {NAME: [old]}, "/data", is_flat=False, includes_custom=False)
    assert plan.jobs == ([Job(file, old.path, old)] if is_replaced else [])
    assert [left.reason for left in plan.left] == ([] if is_replaced else ["yours is newer"])
    plan = plan_fetch([file], {NAME: [old]}, "/data", is_flat=False, includes_custom=True)
    assert plan.jobs == [Job(file, old.path, old)]


@pytest.mark.parametrize(("cal_ver", "is_replaced"), [("2.0.2", True), ("1.20.3.dev4+gabc", False)])
def test_a_list_without_pedigrees_replaces_no_work_of_ones_own(cal_ver: str, *, is_replaced: bool) -> None:
    old = copy(cal_ver, "jwst_1464.pmap", "2025-11-02T04:00:00")
    plan = plan_fetch([WantedFile(NAME, 1180)], {NAME: [old]}, "/data", is_flat=False, includes_custom=False)
    assert bool(plan.jobs) is is_replaced


def lying(path: str, size: int = 10) -> LocalFile:
    return LocalFile(path, OLD, size, 1, SEEN)


def archived(name: str) -> Product:
    return Product(name, Instrument.NIRCAM, 1180, 7, "2b", name[:25], ARCHIVE, size=2880, checksum="A" * 32)


def test_a_renewal_goes_to_where_the_old_files_lie() -> None:
    rate = NAME.replace("_cal", "_rate")
    files = [
        lying(f"/data/b/{NAME}"),
        replace(lying(f"/data/link/{NAME}"), lies_at=f"/data/a/{NAME}"),
        lying(f"/data/{rate}"),
        replace(lying(f"/data/c/{NAME}"), damage="it is empty", pedigree=Pedigree(None, None, None)),
    ]
    copies = compare_copies(files, Archived({NAME: archived(NAME)}, {1180}))
    plan = plan_renewal(copies, {rate: archived(rate)}, ["/data"], includes_custom=False)
    assert [(job.place, job.wanted.checksum) for job in plan.jobs] == [
        (place, "a" * 32) for place in (f"/data/b/{NAME}", f"/data/c/{NAME}", f"/data/{rate}", f"/data/a/{NAME}")
    ]
    assert plan.left == []
    (job, *_) = plan_renewal(copies[2:3], {}, ["/data"], includes_custom=False).jobs
    assert job.wanted == WantedFile(rate, 1180)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (lying(f"/data/{NAME}.gz"), "it is packed: unpack it, and call again"),
        (replace(lying(f"/data/{NAME}"), lies_at=f"/database/{NAME}"), "a link leads it out of the folder"),
        (
            replace(lying("/data/jw01180007001_02101_00009_nrca1_cal.fits"), damage="it is empty"),
            "it is damaged, and MAST does not list it",
        ),
        (copy("1.20.2+mine", "jwst_1464.pmap", "2025-11-02T04:00:00"), "yours is newer"),
        (
            replace(copy("2.0.2", "jwst_1464.pmap", "2025-11-02T04:00:00"), damage="it is cut off"),
            "it is cut off; and yours is newer",
        ),
    ],
)
def test_what_is_not_to_be_replaced_is_told(file: LocalFile, reason: str) -> None:
    copies = compare_copies([file], Archived({NAME: archived(NAME)}, {1180}))
    plan = plan_renewal(copies, {}, ["/data"], includes_custom=False)
    assert plan.jobs == []
    assert [(left.name, left.reason) for left in plan.left] == [(file.path, reason)]
    assert len(plan_renewal(copies, {}, ["/data"], includes_custom=True).jobs) == ("yours" in reason)


def test_the_room_that_is_needed_counts_what_lies_there_twice_on_the_way() -> None:
    def job(new: int, old: int | None) -> Job:
        return Job(WantedFile(NAME, 1180, size=new), "/data/x", None if old is None else lying("/data/x", old))

    assert room_needed([job(100, None)], keeps_old=False, at_once=2) == 100
    assert room_needed([job(100, 90)] * 5, keeps_old=False, at_once=2) == 50 + 180
    assert room_needed([job(100, 90)] * 5, keeps_old=True, at_once=2) == 500
    assert room_needed([job(10, 90)] * 5, keeps_old=False, at_once=2) == 20


@pytest.mark.parametrize(
    ("pedigree", "name"),
    [
        (ARCHIVE, f"{NAME}.2.0.1.jwst_1535.pmap"),
        (Pedigree("../x", None, None), f"{NAME}..._x"),
        (Pedigree("1.0" * 40, "jwst_1.pmap", None), f"{NAME}.{('1.0' * 40)[:40]}"),
        (Pedigree(None, None, None), f"{NAME}.old"),
    ],
)
def test_an_old_file_is_kept_under_a_name_with_its_pedigree(pedigree: Pedigree, name: str) -> None:
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
