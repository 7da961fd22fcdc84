"""The examination of the recorded servers, its report, and the page that has the same assumptions."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import archive_faults
import faults
from commands import pedigreed
from examined_servers import PROGRAM, examined, findings_of
from misbehaving import is_count, is_page
from pedigreed.doctor.assumption import Outcome
from pedigreed.doctor.examination import ASSUMPTIONS, report_of
from pedigreed.doctor.installation import OF_AN_INSTALLATION

if TYPE_CHECKING:
    from misbehaving import FaultyArchive, FaultyCrds
    from pedigreed.demo.received import Received

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


def test_the_recorded_servers_are_all_right_in_some_forty_questions(
    servers: tuple[FaultyArchive, FaultyCrds],
) -> None:
    findings = examined(servers)
    assert [finding.assumption for finding in findings] == list(ASSUMPTIONS)
    assert not [finding for finding in findings if finding.outcome is not Outcome.RIGHT]
    assert len(servers[0].requests) <= 50


def names_a_program(received: Received) -> bool:
    asked = [each["paramName"] for each in received.params.get("filters", ())]
    return is_page(received) and "program" in asked


def test_an_archive_that_lacks_the_control_program_is_examined_by_another(
    servers: tuple[FaultyArchive, FaultyCrds],
) -> None:
    findings = list(findings_of(servers, 2733))
    assert {finding.outcome for finding in findings} == {Outcome.RIGHT}
    assert any("of program 1180 in place of 2733" in finding.came for finding in findings)


def test_an_archive_that_knows_no_program_by_its_number_is_named(
    servers: tuple[FaultyArchive, FaultyCrds],
) -> None:
    servers[0].misbehave(archive_faults.NoRows(), times=None, when=names_a_program)
    wrong = [finding.assumption.name for finding in examined(servers) if finding.outcome is Outcome.WRONG]
    assert wrong[0] == "filter on programs"


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
    assert {line.split()[0] for line in well.out.splitlines()[1 : len(ASSUMPTIONS) + 1]} == {"ok"}
    assert f"all right: {len(ASSUMPTIONS)} assumptions, in " in well.out
    assert len(json.loads(report.read_bytes())["findings"]) == len(ASSUMPTIONS)
    archive.misbehave(archive_faults.IgnoredFilter("isStale"), times=None)
    ill = pedigreed(*asked)
    assert ill.code == 69
    assert "NO  filter on isStale" in ill.out
    assert "   so: stale flags are seen by sweeps alone" in ill.out
    assert f"1 of {len(ASSUMPTIONS)} assumptions do not hold: filter on isStale first" in ill.err
