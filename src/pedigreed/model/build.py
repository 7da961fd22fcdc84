"""Which DMS build a pipeline version belongs to.

The figures in ``builds.csv`` are those of the table "Software vs DMS build version map"
in the README of spacetelescope/jwst at commit 9c979f9 (2026-08-21).
That table lists 0.8.0 twice, as B7.1 and as its patch B7.1.1, with one context and one release date.
CAL_VER can't tell the two apart, so 0.8.0 is given the build that it was released for, B7.1.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Build:
    """One release of the pipeline.

    Attributes:
        cal_ver: the pipeline's version, as CAL_VER has it.
        dms_build: the build of the archive's data management system, ``B12.1.1``; None for a release that
            belongs to none.
        crds_ctx: the context at release, as CRDS_CTX has it; None where the table has none.
            The archive may have used later ones.
        released: when the version was released.
    """

    cal_ver: str
    dms_build: str | None
    crds_ctx: str | None
    released: date


def build_of(cal_ver: str) -> Build | None:
    """The build of a version as CAL_VER has it.

    None for a version that is not in the table: a newer one, a development version, or any other text.
    """
    return builds().get(cal_ver)


@cache
def builds() -> Mapping[str, Build]:
    """The whole table by version, newest first."""
    text = resources.files("pedigreed.model").joinpath("builds.csv").read_text(encoding="utf-8")
    return MappingProxyType({row["cal_ver"]: _build(row) for row in csv.DictReader(text.splitlines())})


def _build(row: dict[str, str]) -> Build:
    return Build(
        cal_ver=row["cal_ver"],
        dms_build=row["dms_build"] or None,
        crds_ctx=row["crds_ctx"] or None,
        released=date.fromisoformat(row["released"]),
    )
