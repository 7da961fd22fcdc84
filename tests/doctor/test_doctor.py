"""The examination of the recorded servers: all right as they are, and each fault is named first."""

from __future__ import annotations

import json
import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import archive_faults
import faults
from asking_mast import AGENT, QUICK
from commands import pedigreed
from misbehaving import FaultyArchive, FaultyCrds, is_columnsconfig, is_count, is_invoke, is_page
from pedigreed.demo.crds_story import crds_at
from pedigreed.demo.scenario import DAY_2, archive_at
from pedigreed.doctor.assumption import Outcome
from pedigreed.doctor.examination import ASSUMPTIONS, examine, report_of
from pedigreed.net.patience import Patience
from pedigreed.sources.crds.rpc import Rpc
from pedigreed.sources.mast.portal import Portal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from faults import Fault
    from pedigreed.demo.received import Received
    from pedigreed.doctor.assumption import Finding

PROGRAM = 1180
HEAD = """# What is assumed of MAST and CRDS

`pedigreed doctor` checks each of these against the servers. The first column is what it calls it.

| assumption | what is assumed | on what evidence | what happens if it is wrong |
|---|---|---|---|
"""
PAGE = Path(__file__).parents[2] / "docs" / "assumptions.md"


@pytest.fixture
def servers() -> Iterator[tuple[FaultyArchive, FaultyCrds]]:
    with ExitStack() as opened:
        archive = opened.enter_context(FaultyArchive(archive_at, DAY_2))
        yield archive, opened.enter_context(FaultyCrds(crds_at, DAY_2))


def examined(servers: tuple[FaultyArchive, FaultyCrds]) -> list[Finding]:
    archive, crds = servers
    portal = Portal(archive.url, AGENT, QUICK)
    rpc = Rpc(crds.url, AGENT, Patience(attempts=1))
    try:
        return list(examine(portal, archive.url, PROGRAM, rpc))
    finally:
        portal.close()


def wrong(findings: list[Finding]) -> list[str]:
    return [finding.assumption.name for finding in findings if finding.outcome is Outcome.WRONG]


def test_the_recorded_servers_are_all_right_in_some_forty_questions(
    servers: tuple[FaultyArchive, FaultyCrds],
) -> None:
    began = time.monotonic()
    findings = examined(servers)
    assert time.monotonic() - began < 20
    assert [finding.assumption for finding in findings] == list(ASSUMPTIONS)
    assert not wrong(findings), [finding.came for finding in findings if finding.outcome is Outcome.WRONG]
    assert len(servers[0].requests) <= 50


@pytest.mark.parametrize(
    ("fault", "when", "first"),
    [
        (faults.GatewayTimeout(), is_invoke, "MAST answers in JSON"),
        (faults.HtmlPage(), is_invoke, "MAST answers in JSON"),
        (faults.EmptyBody(), is_columnsconfig, "columns configuration"),
        (archive_faults.MissingColumn("isStale"), None, "columns"),
        (archive_faults.NullValues(("publicReleaseDate_mjd",)), is_page, "columns"),
        (archive_faults.WrongTotal(3), is_page, "rows and total"),
        (archive_faults.NoPaging(), is_page, "rows and total"),
        (archive_faults.NoCount(), is_count, "count"),
        (archive_faults.NoCount(0), is_count, "count"),
        (archive_faults.EmptyTable(has_paging=False), is_page, "paging of an empty answer"),
        (archive_faults.OverlappingPages(30), is_page, "rows and total"),
        (archive_faults.IgnoredFilter("observtn"), is_page, "range of observations"),
        (archive_faults.IgnoredFilter("ingestCompletionDate_mjd"), is_page, "range of ingest"),
        (archive_faults.IgnoredFilter("isStale"), is_page, "filter on isStale"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, faults.Fault) else None,
)
def test_a_broken_archive_is_named_by_what_it_breaks_first(
    servers: tuple[FaultyArchive, FaultyCrds], fault: Fault, when: Callable[[Received], bool] | None, first: str
) -> None:
    servers[0].misbehave(fault, times=None, when=when)
    assert wrong(examined(servers))[0] == first


def test_pages_that_overlap_are_named(servers: tuple[FaultyArchive, FaultyCrds]) -> None:
    servers[0].misbehave(
        archive_faults.OverlappingPages(999),
        times=None,
        when=lambda asked: is_page(asked) and asked.request["page"] > 1,
    )
    assert wrong(examined(servers)) == ["order of pages"]


def test_a_broken_crds_is_named_and_leaves_mast_right(servers: tuple[FaultyArchive, FaultyCrds]) -> None:
    servers[1].misbehave(faults.HtmlPage(), times=None)
    assert wrong(examined(servers))[0] == "CRDS: latest context"
    assert all(name.startswith("CRDS") for name in wrong(examined(servers)))


def test_the_report_has_no_address_and_no_other_files(servers: tuple[FaultyArchive, FaultyCrds]) -> None:
    servers[0].misbehave(faults.Unavailable(), times=1, when=is_count)
    text = json.dumps(report_of(examined(servers), "1.0"))
    assert servers[0].url not in text
    assert servers[1].url not in text
    assert "127.0.0.1" not in text
    assert ".fits" not in text
    assert len(text) < 60_000


def test_each_assumption_is_named_once() -> None:
    assert len({assumption.name for assumption in ASSUMPTIONS}) == len(ASSUMPTIONS)


def test_the_page_says_what_the_code_assumes() -> None:
    """``PEDIGREED_WRITE_GOLDEN=1`` writes it anew."""
    rows = (f"| {each.name} | {each.expected} | {each.evidence} | {each.if_wrong} |\n" for each in ASSUMPTIONS)
    page = HEAD + "".join(rows)
    if os.environ.get("PEDIGREED_WRITE_GOLDEN") == "1":
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page


@pytest.mark.process
def test_the_command_tells_each_assumption_and_ends_with_what_does_not_hold(
    servers: tuple[FaultyArchive, FaultyCrds], tmp_path: Path
) -> None:
    archive, crds = servers
    report = tmp_path / "report.json"
    asked: list[str | Path] = [
        "doctor",
        "--mast",
        archive.url,
        "--crds",
        crds.url,
        "--program",
        str(PROGRAM),
        "--report",
        report,
    ]
    well = pedigreed(*asked)
    assert well.code == 0, well.err
    assert well.out.count("\n") == len(ASSUMPTIONS) + 1
    assert "ok  filter on isStale:" in well.out
    # What the recorded archive does not serve is not called right.
    right = well.out.count("\nok  ") + well.out.startswith("ok  ")
    assert f"all right: {right} assumptions, in " in well.out
    assert f"; {len(ASSUMPTIONS) - right} could not be checked\n" in well.out
    assert len(json.loads(report.read_bytes())["findings"]) == len(ASSUMPTIONS)
    archive.misbehave(archive_faults.IgnoredFilter("isStale"), times=None)
    ill = pedigreed(*asked)
    assert ill.code == 69
    assert "NO  filter on isStale:" in ill.out
    assert "1 of 26 assumptions do not hold: filter on isStale first" in ill.err
