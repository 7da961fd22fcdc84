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
import crds_faults
import faults
from asking_mast import AGENT, QUICK
from commands import pedigreed
from misbehaving import (
    FaultyArchive,
    FaultyCrds,
    is_call_of,
    is_columnsconfig,
    is_count,
    is_invoke,
    is_missions,
    is_page,
    is_path,
)
from pedigreed.demo.crds_story import crds_at
from pedigreed.demo.scenario import DAY_2, archive_at
from pedigreed.doctor.assumption import Outcome
from pedigreed.doctor.examination import ASSUMPTIONS, examine, report_of
from pedigreed.doctor.installation import OF_AN_INSTALLATION
from pedigreed.net.patience import Patience
from pedigreed.sources.crds.rpc import Rpc
from pedigreed.sources.mast.portal import Portal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from faults import Fault
    from pedigreed.demo.received import Received
    from pedigreed.doctor.assumption import Finding

PROGRAM = 1180
IN_UTC = [
    [f"{each.at:%Y-%m-%d %H:%M:%S}", f"{each.context}.pmap", each.description]
    for each in crds_at(DAY_2).deliveries
]
HEAD = """# What is assumed of MAST and CRDS

`pedigreed doctor` checks each of these against the servers. The first column is what it calls it.

| assumption | what is assumed | on what evidence | what happens if it is wrong |
|---|---|---|---|
"""
HEAD_OF_AN_INSTALLATION = """
## With a configuration

With `--config FILE` it looks at what is named there, too, and sends nothing without `--send`.

| what is looked at | what is expected | what happens otherwise |
|---|---|---|
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
        return list(examine(portal, archive.url, PROGRAM, rpc, crds.url))
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
        (faults.GatewayTimeout(), is_invoke, "TLS and JSON"),
        (faults.HtmlPage(), is_invoke, "TLS and JSON"),
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
        (faults.Redirect("http://mast.example/"), is_invoke, "redirects"),
        (faults.ClientError(404), is_path("/viz/"), "keyword record of one file"),
        (faults.ClientError(404), is_path("/retrieve_product"), "download of one file"),
        (archive_faults.WholeFile(), is_path("/retrieve_product"), "download of one file"),
        (archive_faults.OtherBytes(), is_path("/retrieve_product"), "download of one file"),
        (faults.HtmlPage(), is_path("/column_list"), "columns of the Missions search"),
        (archive_faults.OtherMissions(), is_missions, "Missions search"),
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


@pytest.mark.parametrize(
    ("fault", "when", "name"),
    [
        (faults.Redirect("http://crds.example/"), None, "CRDS: redirects"),
        (crds_faults.RpcError(), is_call_of("get_mapping_names"), "CRDS: rule files of a context"),
        (crds_faults.OtherResult([]), is_call_of("get_mapping_names"), "CRDS: rule files of a context"),
        (crds_faults.OtherResult(IN_UTC), is_call_of("get_context_history"), "CRDS: zone of the history"),
    ],
)
def test_what_crds_breaks_is_named(
    servers: tuple[FaultyArchive, FaultyCrds], fault: Fault, when: Callable[[Received], bool] | None, name: str
) -> None:
    servers[1].misbehave(fault, times=None, when=when)
    assert wrong(examined(servers))[0] == name


def test_a_broken_crds_is_named_and_leaves_mast_right(servers: tuple[FaultyArchive, FaultyCrds]) -> None:
    servers[1].misbehave(faults.HtmlPage(), times=None)
    assert wrong(examined(servers))[0] == "CRDS: latest context"
    assert all(name.startswith("CRDS") for name in wrong(examined(servers)))


def test_the_report_has_no_address_and_no_other_files(servers: tuple[FaultyArchive, FaultyCrds]) -> None:
    servers[0].misbehave(faults.Unavailable(), times=1, when=is_count)
    text = json.dumps(report_of(examined(servers), "1.0", PROGRAM))
    assert servers[0].url not in text
    assert servers[1].url not in text
    assert "127.0.0.1" not in text
    assert ".fits" not in text
    assert len(text) < 60_000


def test_each_assumption_is_named_once() -> None:
    every = (*ASSUMPTIONS, *OF_AN_INSTALLATION)
    assert len({assumption.name for assumption in every}) == len(every)
    assert {bool(each.evidence) for each in ASSUMPTIONS} == {True}


def test_the_page_says_what_the_code_assumes() -> None:
    """``PEDIGREED_WRITE_GOLDEN=1`` writes it anew."""
    rows = (f"| {each.name} | {each.expected} | {each.evidence} | {each.if_wrong} |\n" for each in ASSUMPTIONS)
    own = (f"| {each.name} | {each.expected} | {each.if_wrong} |\n" for each in OF_AN_INSTALLATION)
    page = HEAD + "".join(rows) + HEAD_OF_AN_INSTALLATION + "".join(own)
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
    assert [line.split()[0] for line in well.out.splitlines()[1:32]] == [*["ok"] * 16, "?", *["ok"] * 14]
    assert f"all right: {len(ASSUMPTIONS) - 1} assumptions, in " in well.out
    assert "; 1 could not be checked\n" in well.out, "NIRCam has DATE in one form alone"
    assert len(json.loads(report.read_bytes())["findings"]) == len(ASSUMPTIONS)
    archive.misbehave(archive_faults.IgnoredFilter("isStale"), times=None)
    ill = pedigreed(*asked)
    assert ill.code == 69
    assert "NO  filter on isStale" in ill.out
    assert "   so: stale flags are seen by sweeps alone" in ill.out
    assert f"1 of {len(ASSUMPTIONS)} assumptions do not hold: filter on isStale first" in ill.err
