"""What is assumed of MAST's search of file sets, which can stand in for a keyword service that is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.doctor.assumption import Assumption
from pedigreed.doctor.control import AGENT
from pedigreed.net.patience import Patience
from pedigreed.sources.mast.missions import COLUMNS, MissionsSearch

if TYPE_CHECKING:
    from pedigreed.doctor.assumption import Finding
    from pedigreed.doctor.control import Control

_PATIENCE = Patience(exchange_timeout=30.0, total_timeout=60.0, attempts=1)

MISSIONS_COLUMNS = Assumption(
    "columns of the Missions search",
    "the search of file sets lists its columns, those of the pedigree among them",
    "astroquery reads the same list; others read these columns",
    "with `fallback: missions`, it stands in for nothing; else nothing",
)


def _columns(of: Control) -> Finding:
    columns = _search(of).columns()
    lacking = sorted(set(COLUMNS) - columns)
    came = f"without {', '.join(lacking)}" if lacking else f"{len(columns):,} columns"
    return MISSIONS_COLUMNS.judged(not lacking, came, columns=len(columns), lacking=lacking)


MISSIONS = Assumption(
    "Missions search",
    "the search has each file set of a program, with the pedigree of one of its files",
    "one pedigree for a file set; seen in samples alone",
    "with `fallback: missions`, programs whose file sets it lacks are not checked by it; else nothing",
)


def _file_sets(of: Control) -> Finding:
    pedigrees: dict[str, set[tuple[object, object]]] = {}
    for row in of.rows.values():
        pedigrees.setdefault(str(row.get("fileSetName")), set()).add((row.get("cal_ver"), row.get("crds_ctx")))
    found = {each.name: (each.cal_ver, each.crds_ctx) for each in _search(of).file_sets(of.control, [of.program])}
    lacking = pedigrees.keys() - found.keys()
    differing = sum(found[name] not in mine for name, mine in pedigrees.items() if name in found)
    came = f"{len(found):,} file sets, {len(lacking):,} lacking, {differing:,} with another pedigree"
    return MISSIONS.judged(
        not lacking and not differing, came, file_sets=len(found), lacking=len(lacking), differing=differing
    )


def _search(of: Control) -> MissionsSearch:
    return MissionsSearch(of.url, AGENT, patience=_PATIENCE)


CHECKS = ((MISSIONS_COLUMNS, _columns), (MISSIONS, _file_sets))
