"""`pedigreed doctor`: whether MAST and CRDS are as pedigreed assumes, one line for each assumption."""

import json
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from pedigreed import __version__
from pedigreed.cli.options import MAST_URL, USER_AGENT, ConfigFile, MastUrl, load, open_store_if_there
from pedigreed.cli.output import echo, print_table, progress, table
from pedigreed.model.failure import UpstreamUnavailable, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pedigreed.config.load import LoadedConfig
    from pedigreed.doctor.assumption import Finding

_CRDS_URL = "https://jwst-crds.stsci.edu"
_CONTROL_PROGRAM = 2733
"""Early-release observations of a nebula, public since July 2022, with NIRCam and MIRI."""
_NOT_HEEDED = "`pedigreed doctor` found the filter on isStale unheeded: stale flags are seen by sweeps alone"
_SIGNS = {"right": ("ok", "green"), "wrong": ("NO", "bold red"), "unknown": ("?", "yellow")}


def doctor(
    *,
    config: ConfigFile = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="Write what was found as JSON, to be attached to an issue."),
    ] = None,
    program: Annotated[
        int, typer.Option("--program", metavar="NUMBER", min=1, max=99_999, help="The control program; public.")
    ] = _CONTROL_PROGRAM,
    mast: MastUrl = None,
    send: Annotated[
        bool, typer.Option("--send", help="Send a test message by each channel of the configuration, too.")
    ] = False,
    crds: Annotated[
        str | None,
        typer.Option(envvar="PEDIGREED_CRDS_URL", metavar="URL", help="CRDS's address.", show_default=False),
    ] = None,
) -> None:
    """Check what pedigreed assumes of MAST and CRDS, in some fifty small questions.

    It needs no configuration. With one, it asks the servers that are named there, looks at the mailbox, feeds,
    channels, folders and store too, and keeps what it learnt.
    """
    from pedigreed.doctor.assumption import Outcome
    from pedigreed.doctor.examination import examine, report_of
    from pedigreed.net.patience import Patience
    from pedigreed.sources.crds.rpc import Rpc
    from pedigreed.sources.mast.portal import Portal
    from pedigreed.sources.mast.session import QueryLimits

    loaded = load(config) if config is not None else None
    if send and loaded is None:
        raise Usage("--send needs channels to send by: give --config FILE, too")
    if loaded is not None:
        mast = mast or loaded.config.sources.mast.url
        crds = crds or loaded.config.sources.crds.url or "none"
    portal = Portal(
        mast or MAST_URL, USER_AGENT, QueryLimits(attempts=2, attempts_unreached=1, total_timeout=180.0)
    )
    rpc = (
        None if crds == "none" else Rpc(crds or _CRDS_URL, USER_AGENT, Patience(attempts=2, attempts_unreached=1))
    )
    findings: list[Finding] = []
    try:
        with progress("asking MAST and CRDS") as shown:
            found = examine(portal, mast or MAST_URL, program, rpc, crds or _CRDS_URL)
            for finding in chain(found, _of_installation(loaded, is_to_send=send)):
                shown.tell(f"checked {finding.assumption.name}")
                findings.append(finding)
    finally:
        portal.close()
    _print(findings)
    if report is not None:
        try:
            document = report_of(findings, __version__, program)
            report.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise Usage(f"--report {report}: {(error.strerror or type(error).__name__).lower()}") from None
    if loaded is not None:
        _keep(loaded, findings)
    wrong = [finding.assumption.name for finding in findings if finding.outcome is Outcome.WRONG]
    if wrong:
        raise UpstreamUnavailable(f"{len(wrong)} of {len(findings)} assumptions do not hold: {wrong[0]} first")
    right = sum(finding.outcome is Outcome.RIGHT for finding in findings)
    unknown = len(findings) - right
    rest = f"; {unknown} could not be checked" if unknown else ""
    echo(f"all right: {right} assumptions, in {portal.requests} requests to MAST{rest}")


def _of_installation(loaded: "LoadedConfig | None", *, is_to_send: bool) -> "Iterator[Finding]":
    """What the configuration names beside MAST and CRDS."""
    if loaded is None:
        return
    from pedigreed.cli.send_test import trial_sent
    from pedigreed.doctor.installation import examine_installation

    yield from examine_installation(
        loaded.config,
        lambda: open_store_if_there(loaded),
        (lambda channel: trial_sent(loaded, channel)) if is_to_send else None,
        datetime.now(UTC),
    )


def _print(findings: "Sequence[Finding]") -> None:
    """A line for each, and then what follows from those that do not hold."""
    from rich.text import Text

    from pedigreed.doctor.assumption import Outcome

    made = table("", "what is assumed", "what came")
    for finding in findings:
        sign, style = _SIGNS[finding.outcome.value]
        name = " ".join(filter(None, (finding.assumption.name, finding.subject)))
        made.add_row(Text(sign, style), name, finding.came)
    print_table(made)
    for finding in findings:
        if finding.outcome is not Outcome.WRONG:
            continue
        assumption = finding.assumption
        said = {"expected": assumption.expected, "evidence": assumption.evidence, "so": assumption.if_wrong}
        echo()
        echo(" ".join(filter(None, ("NO", assumption.name, finding.subject))))
        for title, text in said.items():
            if text:
                echo(fill(f"{title}: {text}", 79, initial_indent="   ", subsequent_indent="      "))
    echo()


def _keep(loaded: "LoadedConfig", findings: "Iterable[Finding]") -> None:
    """Keep in the store what the daemon would else find out itself."""
    from pedigreed.doctor.assumption import Outcome
    from pedigreed.doctor.filters import STALE
    from pedigreed.model.instrument import Instrument
    from pedigreed.service.learning import keep_stale_filter_ignored

    is_not_heeded = any(each.assumption is STALE and each.outcome is Outcome.WRONG for each in findings)
    store = open_store_if_there(loaded) if is_not_heeded else None
    if store is None:
        return
    with store, store.writing() as connection:
        for instrument in Instrument:
            keep_stale_filter_ignored(connection, instrument, _NOT_HEEDED, datetime.now(UTC))
