"""Each assumption broken by a server, and named by the examination: before any other, and each of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import archive_faults
import crds_faults
import faults
from examined_servers import examined, findings_of
from misbehaving import is_call_of, is_columnsconfig, is_count, is_invoke, is_missions, is_page, is_path
from pedigreed.demo.crds_story import crds_at
from pedigreed.demo.scenario import DAY_2
from pedigreed.doctor.assumption import Outcome
from pedigreed.doctor.examination import ASSUMPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults import Fault
    from misbehaving import FaultyArchive, FaultyCrds
    from pedigreed.demo.received import Received

IN_UTC = [
    [f"{each.at:%Y-%m-%d %H:%M:%S}", f"{each.context}.pmap", each.description]
    for each in crds_at(DAY_2).deliveries
]


def is_for_columns(columns: str) -> Callable[[Received], bool]:
    """Whether a request is for a page of these columns."""
    return lambda received: is_page(received) and received.params.get("columns") == columns


def is_large(received: Received) -> bool:
    """Whether a request is for a large page of all programs."""
    return is_for_every_program(received) and not is_small(received)


def is_small(received: Received) -> bool:
    """Whether it is for a few columns."""
    return is_for_columns("filename,program,ingestCompletionDate_mjd")(received)


def is_for_every_program(received: Received) -> bool:
    """Whether a request is for a page of all programs."""
    filters = [asked["paramName"] for asked in received.params.get("filters", ())]
    return is_page(received) and filters == ["ingestCompletionDate_mjd"]


def is_later_page(received: Received) -> bool:
    return is_page(received) and received.request["page"] > 1


BROKEN: tuple[tuple[str, Fault, Callable[[Received], bool] | None], ...] = (
    ("TLS and JSON", faults.GatewayTimeout(), is_invoke),
    ("TLS and JSON", faults.HtmlPage(), is_invoke),
    ("TLS and JSON", faults.ClientError(404), is_invoke),
    ("redirects", faults.Redirect("http://mast.example/"), is_invoke),
    ("columns configuration", faults.EmptyBody(), is_columnsconfig),
    ("columns configuration", faults.HtmlPage(), is_columnsconfig),
    ("columns configuration", archive_faults.UnconfiguredColumn("cal_ver"), None),
    ("columns", archive_faults.MissingColumn("isStale"), None),
    ("columns", archive_faults.MissingColumn("cal_ver", is_still_configured=True), None),
    ("columns", archive_faults.NullValues(("publicReleaseDate_mjd",)), is_page),
    ("columns", archive_faults.NullValues(("cal_ver",)), is_page),
    ("columns", archive_faults.NullValues(("date_mjd",), every=3), is_page),
    ("columns", archive_faults.NotANumber(), is_page),
    ("columns", archive_faults.NoRows(), is_page),
    ("columns", archive_faults.OtherValue("crds_ctx", "hst_1000.pmap"), is_page),
    ("columns", archive_faults.OtherValue("crds_ctx", "None"), is_page),
    ("columns", archive_faults.OtherValue("publicReleaseDate_mjd", "tomorrow"), is_page),
    ("words of a refused column", archive_faults.NamelessRefusal(), is_page),
    ("words of a refused column", archive_faults.UnknownIsIgnored(), is_page),
    ("rows and total", archive_faults.WrongTotal(3), is_page),
    ("rows and total", archive_faults.NoPaging(), is_page),
    ("rows and total", archive_faults.DuplicateRow(), is_page),
    ("rows and total", archive_faults.RepeatedRow(), is_page),
    ("rows and total", faults.OtherBody(b'{"status": "COMPLETE", "paging": {"rowsFiltered": 9}}'), is_page),
    ("rows and total", archive_faults.OverlappingPages(30), is_page),
    ("count", archive_faults.NoCount(), is_count),
    ("count", archive_faults.NoCount(0), is_count),
    ("paging of an empty answer", archive_faults.EmptyTable(has_paging=False), is_page),
    ("paging of an empty answer", faults.OtherBody(b'{"status": "COMPLETE"}'), is_page),
    ("order of pages", archive_faults.OverlappingPages(999), is_later_page),
    ("order of pages", archive_faults.MovingTotal(), is_page),
    ("filter on programs", archive_faults.IgnoredFilter("program"), is_page),
    ("filter on programs", archive_faults.AsText(), is_page),
    ("filter on programs", archive_faults.FirstValueAlone(), is_page),
    ("filter on programs", archive_faults.TooManyValues(10), is_page),
    ("range of observations", archive_faults.IgnoredFilter("observtn"), is_page),
    ("range of ingest", archive_faults.IgnoredFilter("ingestCompletionDate_mjd"), is_page),
    ("a question about every program", faults.ClientError(400), is_for_every_program),
    ("a question about every program", archive_faults.NoRows(), is_for_every_program),
    ("a question about every program", archive_faults.IgnoredFilter("ingestCompletionDate_mjd"), is_small),
    ("filter on isStale", archive_faults.IgnoredFilter("isStale"), is_page),
    ("a question asked again", faults.FromCache(), None),
    ("a question asked again", archive_faults.OldAnswers(), is_page),
    ("size and speed", faults.GatewayTimeout(), is_large),
    ("size and speed", archive_faults.SmallPages(10), is_large),
    ("clocks", faults.ClockOff(), None),
    ("clocks", faults.ClockOff(timedelta(minutes=3)), None),
    ("two forms of DATE", archive_faults.LocalDates(), is_page),
    ("two forms of DATE", archive_faults.DatesInWords(), is_for_columns("filename,date,date_mjd")),
    ("release dates", archive_faults.NullValues(("publicReleaseDate_mjd",), every=2), is_page),
    ("levels of an exposure", archive_faults.OtherLevels(), is_page),
    ("keyword record of one file", faults.ClientError(404), is_path("/viz/")),
    ("keyword record of one file", faults.HtmlPage(), is_path("/viz/")),
    ("keyword record of one file", faults.OtherBody(b"[]"), is_path("/viz/")),
    ("download of one file", faults.ClientError(404), is_path("/retrieve_product")),
    ("download of one file", archive_faults.WholeFile(), is_path("/retrieve_product")),
    ("download of one file", archive_faults.OtherBytes(), is_path("/retrieve_product")),
    ("columns of the Missions search", faults.HtmlPage(), is_path("/column_list")),
    ("Missions search", archive_faults.OtherMissions(), is_missions),
    ("Missions search", faults.ClientError(404), is_missions),
    ("CRDS: redirects", faults.Redirect("http://crds.example/"), None),
    ("CRDS: latest context", faults.HtmlPage(), None),
    ("CRDS: latest context", crds_faults.OtherResult("hst_0001.pmap"), is_call_of("get_default_context")),
    ("CRDS: context history", crds_faults.OtherResult([]), is_call_of("get_context_history")),
    ("CRDS: context history", crds_faults.OtherResult([["yesterday"]]), is_call_of("get_context_history")),
    ("CRDS: zone of the history", crds_faults.OtherResult(IN_UTC), is_call_of("get_context_history")),
    ("CRDS: context of a build", crds_faults.OtherResult("jwst_0001.pmap"), is_call_of("get_build_context")),
    ("CRDS: context of a build", crds_faults.RpcError(), is_call_of("get_build_context")),
    ("CRDS: files of a context", crds_faults.OtherResult([]), is_call_of("get_reference_names")),
    ("CRDS: files of a context", crds_faults.OtherResult({}), is_call_of("get_file_info_map")),
    ("CRDS: rule files of a context", crds_faults.RpcError(), is_call_of("get_mapping_names")),
    ("CRDS: rule files of a context", crds_faults.OtherResult([]), is_call_of("get_mapping_names")),
    ("CRDS: bad files", crds_faults.OtherResult({}), is_call_of("get_server_info")),
    ("CRDS: bad files", crds_faults.OtherResult({"bad_files_list": ["../x"]}), is_call_of("get_server_info")),
)
"""The assumption, the fault that breaks it, and the requests that meet the fault; all where that is None."""


@pytest.mark.parametrize(
    ("name", "fault", "when"), BROKEN, ids=[f"{name}-{type(fault).__name__}" for name, fault, _ in BROKEN]
)
def test_what_a_server_breaks_is_named_first(
    servers: tuple[FaultyArchive, FaultyCrds],
    name: str,
    fault: Fault,
    when: Callable[[Received], bool] | None,
) -> None:
    servers[name.startswith("CRDS")].misbehave(fault, times=None, when=when)
    first = next(finding for finding in findings_of(servers) if finding.outcome is Outcome.WRONG)
    assert first.assumption.name == name, first.came


def test_each_assumption_is_broken_by_a_server() -> None:
    assert {name for name, _, _ in BROKEN} == {assumption.name for assumption in ASSUMPTIONS}


def test_an_answer_that_differs_when_it_is_asked_for_again_is_named(
    servers: tuple[FaultyArchive, FaultyCrds],
) -> None:
    servers[0].misbehave(archive_faults.DroppedRows(), times=1, when=is_for_columns("filename,date_mjd"))
    wrong = [finding.assumption.name for finding in examined(servers) if finding.outcome is Outcome.WRONG]
    assert wrong == ["a question asked again"]


def test_one_bad_moment_ends_no_examination(servers: tuple[FaultyArchive, FaultyCrds]) -> None:
    servers[0].misbehave(faults.Unavailable(), times=1, when=is_page)
    assert {finding.outcome for finding in examined(servers)} == {Outcome.RIGHT}


def test_a_flag_of_restriction_that_is_gone_is_no_loss(servers: tuple[FaultyArchive, FaultyCrds]) -> None:
    servers[0].misbehave(archive_faults.MissingColumn("isRestricted"), times=None)
    assert {finding.outcome for finding in examined(servers)} == {Outcome.RIGHT}


def test_a_broken_crds_leaves_mast_right(servers: tuple[FaultyArchive, FaultyCrds]) -> None:
    servers[1].misbehave(faults.HtmlPage(), times=None)
    wrong = [finding.assumption.name for finding in examined(servers) if finding.outcome is Outcome.WRONG]
    assert len(wrong) > 1
    assert all(name.startswith("CRDS") for name in wrong)
