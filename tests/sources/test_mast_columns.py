"""Which columns the real client asks for, and what it does about those that are not there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

import archive_faults
import faults
from asking_mast import AGENT, QUICK, ask_one, expected, held, kinds, names, pages
from misbehaving import FaultyArchive, is_columnsconfig, is_page
from pedigreed.demo.rows import always
from pedigreed.demo.scenario import DAY_2
from pedigreed.model.instrument import Instrument
from pedigreed.sources.mast.archive import MastArchive
from pedigreed.sources.mast.query import PedigreeQuery

if TYPE_CHECKING:
    from faults import Fault


@pytest.mark.parametrize("still_configured", [True, False])
def test_a_column_that_the_service_has_no_more_is_dropped_with_a_warning(
    recorded: FaultyArchive, still_configured: bool
) -> None:
    recorded.misbehave(archive_faults.MissingColumn("crowdfld", is_still_configured=still_configured), times=None)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()
    (warning,) = fetched.warnings
    assert "NIRCam no longer has crowdfld" in warning


@pytest.mark.parametrize("column", ["date_mjd", "publicReleaseDate_mjd"])
def test_a_date_is_read_in_its_other_form_where_the_first_is_gone(column: str) -> None:
    rows = held(1180, 3, Instrument.FGS, date="/Date(1712689643699)/")
    with FaultyArchive(always(rows), DAY_2) as recorded:
        recorded.misbehave(archive_faults.MissingColumn(column, is_still_configured=False), times=None)
        fetched = ask_one(recorded, PedigreeQuery(Instrument.FGS, (1180,)))
    assert fetched.is_complete, fetched.problems
    if column == "date_mjd":
        assert {product.pedigree.date for product in fetched.items} == {
            datetime(2024, 4, 9, 19, 7, 23, 699000, UTC)
        }


def test_without_a_column_of_the_pedigree_there_is_no_answer(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.MissingColumn("cal_ver", is_still_configured=True), times=None)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert "cal_ver" in fetched.problems[0]


@pytest.mark.parametrize("still_configured", [True, False])
def test_without_the_ingest_column_everything_is_asked_for_at_once(
    recorded: FaultyArchive, still_configured: bool
) -> None:
    fault = archive_faults.MissingColumn("ingestCompletionDate_mjd", is_still_configured=still_configured)
    recorded.misbehave(fault, times=None)
    with MastArchive(recorded.url, AGENT, patience=QUICK) as archive:
        for program in (1180, 1210):
            query = PedigreeQuery(Instrument.NIRCAM, (program,), DAY_2)
            ((part, fetched),) = archive.answers(query, lambda _: {})
            assert part.is_sweep
            assert fetched.is_complete, fetched.problems
            assert "no longer has ingestCompletionDate_mjd" in fetched.warnings[0]
    refused = [received for received in recorded.requests if "ingestCompletionDate_mjd" in received.text]
    assert len(refused) == 1, "a refusal is remembered"


@pytest.mark.parametrize(
    "fault",
    [
        faults.EmptyBody(),
        faults.HtmlPage(),
        faults.Unavailable(),
        faults.ClientError(404),
        faults.OtherBody(),
        faults.OtherBody(b"{}"),
        faults.OtherBody(b"[]"),
        faults.OtherBody(b'{"filename": 1, "program": 2}'),
        faults.OtherBody(b'{"filename": "\xff"}'),
        faults.OtherBody(b'{"filename": ' + b"[" * 100_000),
    ],
    ids=["empty", "HTML", "503", "404", "ERROR", "no column", "list", "two columns", "no UTF-8", "nested"],
)
def test_a_failing_column_configuration_does_no_harm(recorded: FaultyArchive, fault: Fault) -> None:
    recorded.misbehave(fault, times=None, when=is_columnsconfig)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert names(fetched) == expected()
    assert not fetched.warnings
    assert kinds(recorded).count("columnsconfig") == 1


@pytest.mark.parametrize("delivery", [faults.Hang(), faults.Drip()], ids=["hang", "drip"])
def test_a_column_configuration_that_does_not_come_leaves_the_query_its_time(
    recorded: FaultyArchive, delivery: Fault
) -> None:
    recorded.misbehave(delivery, times=None, when=is_columnsconfig)
    fetched = ask_one(recorded, patience=replace(QUICK, exchange_timeout=60.0, total_timeout=4.0))
    assert fetched.is_complete, fetched.problems


def test_a_pause_that_is_asked_for_instead_of_the_configuration_is_heeded(recorded: FaultyArchive) -> None:
    recorded.misbehave(faults.TooManyRequests(3600), times=1, when=is_columnsconfig)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert kinds(recorded) == ["columnsconfig"]


@pytest.mark.parametrize(
    "column",
    ["filename", "program", "cal_ver", "crds_ctx", "productLevel", "date_mjd", "ingestCompletionDate_mjd"],
)
def test_what_matters_is_asked_for_though_the_configuration_has_it_not(
    recorded: FaultyArchive, column: str
) -> None:
    plain = {product.filename: product.pedigree for product in ask_one(recorded).items}
    recorded.misbehave(archive_faults.UnconfiguredColumn(column), times=None)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert {product.filename: product.pedigree for product in fetched.items} == plain


def test_what_does_not_matter_is_not_asked_for_where_the_configuration_has_it_not(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.UnconfiguredColumn("crowdfld"), times=None)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert not [received for received in recorded.requests if "crowdfld" in received.text]


@pytest.mark.parametrize("column", ["filename", "program", "cal_ver", "crds_ctx", "date_mjd"])
def test_a_row_without_a_key_of_its_pedigree_is_incomplete(recorded: FaultyArchive, column: str) -> None:
    recorded.misbehave(archive_faults.MissingKeys((column,)), times=None, when=is_page)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert f"a row without {column}" in fetched.problems[0]
    assert 0 < len(fetched.items) < len(expected()), "the rows that have it are read"


def test_a_pedigree_of_nulls_is_that_of_an_uncalibrated_product(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.NullValues(("cal_ver", "crds_ctx")), times=None, when=is_page)
    fetched = ask_one(recorded)
    assert fetched.is_complete, fetched.problems
    assert {product.pedigree.crds_ctx for product in fetched.items} == {None}


def test_an_error_of_the_service_is_told_in_its_words(recorded: FaultyArchive) -> None:
    recorded.misbehave(archive_faults.ErrorReply("Incorrect syntax near '*'."), times=None, when=is_page)
    fetched = ask_one(recorded)
    assert not fetched.is_complete
    assert "Incorrect syntax near '*'" in fetched.problems[0]
    assert len(pages(recorded)) == 1, "a refusal is not asked again"
