"""Examine an archive and a CRDS server as `pedigreed doctor` does, with little patience."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asking_mast import AGENT, QUICK
from pedigreed.doctor.examination import examine
from pedigreed.net.patience import Patience
from pedigreed.sources.crds.rpc import Rpc
from pedigreed.sources.mast.portal import Portal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from misbehaving import FaultyArchive, FaultyCrds
    from pedigreed.doctor.assumption import Finding

PROGRAM = 1180


def findings_of(servers: tuple[FaultyArchive, FaultyCrds], program: int = PROGRAM) -> Iterator[Finding]:
    """One finding after the other, each as it is found out."""
    archive, crds = servers
    portal = Portal(archive.url, AGENT, QUICK)
    rpc = Rpc(crds.url, AGENT, Patience(attempts=1))
    try:
        yield from examine(portal, archive.url, program, rpc, crds.url)
    finally:
        portal.close()


def examined(servers: tuple[FaultyArchive, FaultyCrds]) -> list[Finding]:
    """All of them."""
    return list(findings_of(servers))
