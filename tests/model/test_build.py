"""Which build a pipeline version belongs to."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.model.pedigree import Build, build_of, builds, context_number, version_of


@pytest.mark.parametrize(
    "build",
    [
        Build("3.0.0", "B13.0", "jwst_1584.pmap", date(2026, 6, 23)),
        Build("1.19.2", "B12.0.2", "jwst_1408.pmap", date(2025, 9, 11)),
        Build("1.9.6", "B9.1.2", "jwst_1068.pmap", date(2023, 3, 9)),
        Build("1.7.2", "B8.1.2", "jwst_0984.pmap", date(2022, 9, 12)),
        Build("1.12.4", None, None, date(2023, 10, 12)),
        Build("0.8.0", "B7.1", "jwst_0422.pmap", date(2017, 11, 6)),
        Build("0.7.7", "B7.0", "jwst_0303.pmap", date(2016, 12, 13)),
    ],
    ids=lambda build: build.cal_ver,
)
def test_a_known_version_has_its_row(build: Build) -> None:
    assert build_of(build.cal_ver) == build


@pytest.mark.parametrize(
    "cal_ver",
    ["", "99.0.0", "1.15.1.dev12+gabc", "1.15.1.dev12", "3.0.0rc1", "1.15.1+local", " 1.15.1", "v1.15.1", "B11.0"],
)
def test_a_version_outside_the_table_has_no_build(cal_ver: str) -> None:
    assert build_of(cal_ver) is None


@given(st.text())
def test_any_text_has_an_answer(cal_ver: str) -> None:
    build = build_of(cal_ver)
    assert build is None or build.cal_ver == cal_ver


def test_the_table_holds_every_release_once_from_the_first_to_the_newest() -> None:
    assert len(builds()) == 116
    assert list(builds()) == sorted(builds(), key=lambda cal_ver: version_of(cal_ver) or 0, reverse=True)
    assert (next(iter(builds())), list(builds())[-1]) == ("3.0.0", "0.7.7")


def test_every_row_is_of_its_form() -> None:
    for build in builds().values():
        assert build.dms_build is None or re.fullmatch(r"B\d+(\.\d+)*(\.x)?(rc\d)?", build.dms_build)
        assert build.crds_ctx is None or re.fullmatch(r"jwst_\d{4}\.pmap", build.crds_ctx)


def test_contexts_only_grow_with_the_version() -> None:
    contexts = [context_number(build.crds_ctx) or 0 for build in builds().values() if build.crds_ctx]
    assert contexts == sorted(contexts, reverse=True)


def test_the_table_cannot_be_changed_by_who_reads_it() -> None:
    with pytest.raises(TypeError):
        builds()["1.0.0"] = None  # type: ignore[index]  # the point of the test
