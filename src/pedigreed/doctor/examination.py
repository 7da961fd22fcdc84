"""The whole examination of MAST and CRDS, and its report for an issue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pedigreed.doctor import answers, columns, files, filters, missions, paging, rows
from pedigreed.doctor.assumption import Outcome
from pedigreed.doctor.control import Control
from pedigreed.doctor.crds import CRDS_ASSUMPTIONS, CrdsExamination
from pedigreed.model.failure import Unreadable, UpstreamUnavailable
from pedigreed.model.pedigree import version_of
from pedigreed.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pedigreed.doctor.assumption import Assumption, Finding
    from pedigreed.sources.crds.rpc import Rpc
    from pedigreed.sources.mast.portal import Portal

Check = tuple["Assumption", "Callable[[Control], Finding]"]

CHECKS: tuple[Check, ...] = (
    *answers.FIRST,
    *columns.CHECKS,
    *answers.CACHES,
    *paging.CHECKS,
    *filters.CHECKS,
    *answers.CHECKS,
    *rows.CHECKS,
    *files.CHECKS,
    *missions.CHECKS,
)
"""In the order of asking. What the later ones need the earlier ones have checked."""

_WITHOUT_ROWS = frozenset((*answers.FIRST, *columns.CHECKS, *paging.WITHOUT_ROWS, *filters.WITHOUT_ROWS))
"""What can be checked where there are no rows to hold the answers against."""

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

ASSUMPTIONS: tuple[Assumption, ...] = (*(assumption for assumption, _ in CHECKS), *CRDS_ASSUMPTIONS)


def examine(
    portal: Portal, url: str, program: int, rpc: Rpc | None, crds_url: str | None = None
) -> Iterator[Finding]:
    """Check everything, one assumption after the other. What can't be checked is a finding too.

    Args:
        portal: how MAST is asked.
        url: MAST's address.
        program: the control program, public and with a few hundred products.
        rpc: how CRDS is asked; None where it is not.
        crds_url: CRDS's address.
    """
    of = Control(portal, url, program)
    yield from _examine_mast(of)
    if rpc is not None and crds_url is not None:
        yield from CrdsExamination(rpc, crds_url, *_newest(of)).examine()


def _examine_mast(of: Control) -> Iterator[Finding]:
    stopped = ""
    does_answer = False
    for check in CHECKS:
        assumption, look = check
        if stopped or (not of.rows and check not in _WITHOUT_ROWS):
            yield assumption.unknown(f"not asked: {stopped or f'there are no rows of program {of.program}'}")
            continue
        finding = _checked(assumption, look, of)
        if assumption is answers.ANSWERS:
            does_answer = finding.outcome is Outcome.RIGHT
        elif not does_answer:
            stopped = "MAST does not answer"
        yield finding


def _checked(assumption: Assumption, look: Callable[[Control], Finding], of: Control) -> Finding:
    try:
        return look(of)
    except UpstreamUnavailable as error:
        return assumption.wrong(str(error)[:200])
    except Unreadable as error:
        return assumption.wrong(f"in a form that is not known: {error}"[:200])
    except Exception as error:  # noqa: BLE001  # whatever has another form than this expects is to be found out
        return assumption.wrong(f"in a form that is not known ({type(error).__name__})")


def _newest(of: Control) -> tuple[str | None, str | None]:
    """CAL_VER and CRDS_CTX of the product of the newest pipeline version, and of the latest DATE among those."""
    made = [
        (version, pedigree.date or _LONG_AGO, pedigree.cal_ver, pedigree.crds_ctx)
        for pedigree in of.pedigrees
        if pedigree.cal_ver and pedigree.crds_ctx and (version := version_of(pedigree.cal_ver)) is not None
    ]
    if not made:
        return None, None
    _, _, cal_ver, crds_ctx = max(made)
    return cal_ver, crds_ctx


def report_of(findings: Iterable[Finding], version: str, program: int) -> dict[str, Any]:
    """What an issue needs: statuses, key names, types, counts and timings.

    No token, path or address is in it, and no file name outside of the control program. Of what a configuration
    names, such as a mailbox, only the outcome is.
    """
    return {
        "pedigreed": version,
        "program": program,
        "findings": [
            {
                "assumption": finding.assumption.name,
                "outcome": finding.outcome.value,
                **({} if _is_private(finding) else {"came": _without_places(finding.came, program)}),
                "measured": _measured_without_places(finding.measured, program),
            }
            for finding in findings
        ],
    }


def _is_private(finding: Finding) -> bool:
    # What a configuration names rests on no evidence.
    return not finding.assumption.evidence


_PLACES = re.compile(
    r"""[a-z][a-z0-9+.-]*://\S+                             # an address
    | [\w.+-]+@[\w.-]+                                     # of a person
    | \b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b                 # of a machine
    | (?<![\w.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])
    | \b(?:[a-z0-9-]+\.)+(?!(?:[pir]map|fits|json)\b)[a-z]{2,}\b(?::\d+)?   # a name of one
    | \b[a-z][a-z0-9-]*:\d{2,5}\b
    | \b(?:token|password|passwd|pwd|secret|key|sid|session|authorization|bearer)\b\W{1,3}(?:token\s+)?\S+
    | \b(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{20,}\b            # what may be a token
    | \b[a-z]:\\[^\s"']+                                  # a path
    | \\\\[^\s"']+
    | (?<![\w.])~?/(?:[^\s"'/]+/)*[^\s"',;]+
    """,
    re.IGNORECASE | re.VERBOSE,
)
_FILE = re.compile(r"\bjw(\d{5})[\w-]*(?:\.\w+)*", re.IGNORECASE)
_LEFT_OUT = "(left out)"


def _without_places(text: str, program: int) -> str:
    """A server's words may name what is none of the issue's business."""
    text = _PLACES.sub(_LEFT_OUT, redact(text, any_address=True))
    return _FILE.sub(lambda found: found[0] if int(found[1]) == program else _LEFT_OUT, text)


def _measured_without_places(measured: object, program: int) -> object:
    """The same of all texts in what was measured: some are the server's, such as the name of a column."""
    if isinstance(measured, str):
        return _without_places(measured, program)
    if isinstance(measured, Mapping):
        return {
            _without_places(str(name), program): _measured_without_places(value, program)
            for name, value in measured.items()
        }
    if isinstance(measured, list | tuple):
        return [_measured_without_places(value, program) for value in measured]
    return measured
