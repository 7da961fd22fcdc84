"""The whole examination of MAST and CRDS, and its report for an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pedigreed.doctor.crds import CRDS_ASSUMPTIONS, CrdsExamination
from pedigreed.doctor.mast import CHECKS, MastExamination, examine_mast
from pedigreed.model.pedigree import version_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pedigreed.doctor.assumption import Assumption, Finding
    from pedigreed.sources.crds.rpc import Rpc
    from pedigreed.sources.mast.portal import Portal

ASSUMPTIONS: tuple[Assumption, ...] = (*(assumption for assumption, _ in CHECKS), *CRDS_ASSUMPTIONS)


def examine(portal: Portal, url: str, program: int, rpc: Rpc | None) -> Iterator[Finding]:
    """Check everything, one assumption after the other.

    Args:
        portal: how MAST is asked.
        url: MAST's address.
        program: the control program, public and with a few hundred products.
        rpc: how CRDS is asked; None where it is not.
    """
    mast = MastExamination(portal, url, program)
    yield from examine_mast(mast)
    if rpc is not None:
        yield from CrdsExamination(rpc, *_newest(mast)).examine()


def _newest(mast: MastExamination) -> tuple[str | None, str | None]:
    """CAL_VER and CRDS_CTX of the product of the newest pipeline version, and of the latest DATE among those."""
    made = [
        (version, float(str(row.get("date_mjd") or 0)), str(row["cal_ver"]), str(row["crds_ctx"]))
        for row in mast.rows.values()
        if row.get("cal_ver") and row.get("crds_ctx") and (version := version_of(str(row["cal_ver"]))) is not None
    ]
    if not made:
        return None, None
    _, _, cal_ver, crds_ctx = max(made)
    return cal_ver, crds_ctx


def report_of(findings: Iterable[Finding], version: str) -> dict[str, Any]:
    """What an issue needs: statuses, key names, types, counts and timings.

    No token, path or address is in it, and no file name outside of the control program.
    """
    return {
        "pedigreed": version,
        "findings": [
            {
                "assumption": finding.assumption.name,
                "outcome": finding.outcome.value,
                "came": finding.came,
                "measured": dict(finding.measured),
            }
            for finding in findings
        ],
    }
