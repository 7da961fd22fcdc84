"""The versions that a plot and its table show: each a band, the newest first. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import Version

from pedigreed.model.build import build_of
from pedigreed.model.pedigree import version_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.web.cal_ver_days import CalVers, Day

MOST = 7
"""Versions that have a band of their own. The colours of more could not be told apart."""


@dataclass(frozen=True, slots=True)
class Band:
    """One or more versions.

    Attributes:
        name: as people read it.
        style: which colour it has: ``1`` for the newest version, ``2`` and so on; ``older`` or ``none``.
        build: the build of the archive's system that it belongs to; None where it is not known, or not one.
        cal_vers: which CAL_VER it counts.
    """

    name: str
    style: str
    build: str | None
    cal_vers: frozenset[str | None]

    def of(self, products: CalVers) -> int:
        """How many of some products are in it."""
        return sum(products.get(cal_ver, 0) for cal_ver in self.cal_vers)


def bands_of(days: Sequence[Day]) -> list[Band]:
    """A band for each version that any day has, the newest first; the oldest share one where there are many."""
    found = {cal_ver for day in days for cal_ver in day.products}
    versions = sorted((cal_ver for cal_ver in found if cal_ver is not None), key=_age, reverse=True)
    own, older = (versions, []) if len(versions) <= MOST else (versions[: MOST - 1], versions[MOST - 1 :])
    bands = [
        Band(cal_ver, str(number), _build(cal_ver), frozenset([cal_ver])) for number, cal_ver in enumerate(own, 1)
    ]
    if older:
        bands.append(Band(f"{len(older)} older versions", "older", None, frozenset(older)))
    if None in found:
        bands.append(Band("uncalibrated", "none", None, frozenset([None])))
    return bands


def _age(cal_ver: str) -> tuple[bool, Version, str]:
    version = version_of(cal_ver)
    return (version is not None, version or Version("0"), cal_ver)


def _build(cal_ver: str) -> str | None:
    build = build_of(cal_ver)
    return build.dms_build if build else None
