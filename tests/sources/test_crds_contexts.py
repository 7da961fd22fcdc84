"""CRDS's context history: rows in, activations in the order of time out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.model.failure import Unreadable
from pedigreed.model.notice import Medium, NoticeKind
from pedigreed.model.pedigree import context_number
from pedigreed.sources.crds.contexts import read_history, read_time

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://crds.example"


def row(day: int, context: str, why: str = "Darks.") -> list[object]:
    return [f"2026-05-{day:02d} 10:00:00", context, why]


def test_a_row_says_what_when_and_why() -> None:
    (activation,), unreadable = read_history(
        [["2026-04-07 10:15:48", "jwst_1535.pmap", "NIRISS:\r\nnew\x1b[31m traces"]]
    )
    assert unreadable == 0
    said = activation.announced("CRDS", URL)
    assert said.medium is Medium.SERVER
    assert said.identity == "jwst_1535 2026-04-07 10:15:48"
    assert said.said_at == said.facts.activated_at == datetime(2026, 4, 7, 14, 15, 48, tzinfo=UTC)
    assert said.title == "jwst_1535 became the latest context"
    assert said.text == "NIRISS:\nnew traces"
    assert said.link == "https://crds.example/browse/jwst_1535.pmap"
    assert said.facts.kind is NoticeKind.DELIVERY
    assert said.facts.context == "jwst_1535"
    assert said.facts.before is None


@given(st.permutations([row(1, "jwst_1503.pmap"), row(2, "jwst_1497.pmap"), row(3, "jwst_1506.pmap")]))
def test_the_order_is_that_of_time_whatever_that_of_the_rows(rows: list[list[object]]) -> None:
    activations, _ = read_history([*rows, rows[0]])
    assert [each.context for each in activations] == ["jwst_1503", "jwst_1497", "jwst_1506"]
    assert [each.before for each in activations] == [None, "jwst_1503", "jwst_1497"]
    assert [each.goes_back for each in activations] == [False, True, False]


def test_a_step_back_is_a_rollback_that_names_both() -> None:
    activations, _ = read_history([row(1, "jwst_1503.pmap"), row(2, "jwst_1497.pmap")])
    said = activations[1].announced("CRDS", URL)
    assert said.facts.kind is NoticeKind.ROLLBACK
    assert said.facts.before == "jwst_1503"
    assert said.title == "CRDS went back from jwst_1503 to jwst_1497"


def test_a_context_that_comes_back_after_a_step_back_is_a_delivery_of_its_own() -> None:
    activations, _ = read_history([row(1, "jwst_0175.pmap"), row(2, "jwst_0167.pmap"), row(3, "jwst_0175.pmap")])
    said = [each.announced("CRDS", URL) for each in activations]
    assert [each.facts.kind for each in said] == [NoticeKind.DELIVERY, NoticeKind.ROLLBACK, NoticeKind.DELIVERY]
    assert len({each.identity for each in said}) == 3


@pytest.mark.parametrize(
    "odd",
    [
        None,
        {},
        [],
        ["2026-05-01 10:00:00"],
        {"start_date": "2026-05-01 10:00:00"},
        ["someday", "jwst_1503.pmap", ""],
        ["", "jwst_1503.pmap", ""],
        [20260501, "jwst_1503.pmap", ""],
        ["2026-05-01 10:00:00", "hst_1503.pmap", ""],
        ["2026-05-01 10:00:00", None, ""],
        ["0001-01-01 00:00:00+14:00", "jwst_1503.pmap", ""],
        ["9999-12-31 23:59:59", "jwst_1503.pmap", ""],
        ["2" * 5000, "jwst_1503.pmap", ""],
    ],
)
def test_a_row_that_is_none_is_counted_and_stops_nothing(odd: object) -> None:
    activations, unreadable = read_history([row(1, "jwst_1503.pmap"), odd, row(2, "jwst_1506.pmap")])
    assert unreadable == 1
    assert [each.context for each in activations] == ["jwst_1503", "jwst_1506"]


@pytest.mark.parametrize(
    "said",
    [
        ["2026-05-01 10:00:00", "jwst_1503.pmap", None],
        ["2026-05-01 10:00:00", "jwst_1503.pmap"],
        ["2026-05-01 10:00:00", " JWST_1503.pmap ", "", "and more"],
        {"start_date": "2026-05-01 10:00:00", "context": "jwst_1503.pmap"},
    ],
)
def test_a_row_of_another_shape_that_says_which_and_when_is_read(said: object) -> None:
    (activation,), unreadable = read_history([said])
    assert unreadable == 0
    assert (activation.context, activation.description) == ("jwst_1503", "")
    assert activation.started_at == datetime(2026, 5, 1, 14, tzinfo=UTC)


def test_an_identity_has_no_steering_characters() -> None:
    (activation,), _ = read_history([["2026-05-01\x1f10:00:00", "jwst_1503.pmap", ""]])
    assert activation.announced("CRDS", URL).identity.isprintable()


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2022-03-21 10:23:31", datetime(2022, 3, 21, 14, 23, 31, tzinfo=UTC)),
        ("2022-01-21 10:23:31", datetime(2022, 1, 21, 15, 23, 31, tzinfo=UTC)),
        ("2024-09-11", datetime(2024, 9, 11, 4, tzinfo=UTC)),
        ("2024-09-11T10:00:00Z", datetime(2024, 9, 11, 10, tzinfo=UTC)),
        ("2024-09-11 10:00:00.250000", datetime(2024, 9, 11, 14, 0, 0, 250000, tzinfo=UTC)),
    ],
)
def test_times_without_a_zone_are_those_of_the_institute(written: str, moment: datetime) -> None:
    assert read_time(written) == moment


def test_what_is_no_time_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        read_time("none")


def real_rows(shared: Path) -> list[list[object]]:
    history = shared / "data" / "crds" / "context_history_2012-2019.json"
    if not history.exists():
        pytest.skip("the real context history is not beside this checkout")
    return [[each["start_date"], each["context"], each["description"]] for each in json.loads(history.read_text())]


def test_the_real_history_is_read_whole_with_its_four_steps_back(shared: Path) -> None:
    rows = real_rows(shared)
    activations, unreadable = read_history(reversed(rows))
    assert unreadable == 0
    assert len(activations) == len(rows) == 150
    back = [(each.before, each.context) for each in activations if each.goes_back]
    assert back == [
        ("jwst_0175", "jwst_0167"),
        ("jwst_0365", "jwst_0361"),
        ("jwst_0457", "jwst_0456"),
        ("jwst_0462", "jwst_0461"),
    ]
    assert sum(context_number(each.context) is None for each in activations) == 1, "the first has no number"
    identities = {each.announced("CRDS", URL).identity for each in activations}
    assert len(identities) == 150


def test_the_real_start_dates_lie_in_the_working_hours_of_the_institute(shared: Path) -> None:
    """What the reading of times without a zone rests on."""
    hours = [int(str(each[0])[11:13]) for each in real_rows(shared) if not str(each[0]).endswith("00:00:00")]
    assert len(hours) == 145
    assert sum(8 <= hour < 18 for hour in hours) == 132


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("Nov. 20, 2026, 10:00 a.m.", datetime(2026, 11, 20, 15, tzinfo=UTC)),
        ("Nov. 20, 2026, 1:05 p.m.", datetime(2026, 11, 20, 18, 5, tzinfo=UTC)),
        ("May 3, 2026, noon", datetime(2026, 5, 3, 16, tzinfo=UTC)),
        ("Sept. 3, 2026, midnight", datetime(2026, 9, 3, 4, tzinfo=UTC)),
        ("July 3, 2026", datetime(2026, 7, 3, 4, tzinfo=UTC)),
        ("Friday, Nov. 20, 2026, 10:00:05 A.M.", datetime(2026, 11, 20, 15, 0, 5, tzinfo=UTC)),
        ("Fri, 20 Nov 2026 10:00:00 GMT", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("20 November 2026", datetime(2026, 11, 20, 5, tzinfo=UTC)),
        ("11/20/2026 1:00 PM", datetime(2026, 11, 20, 18, tzinfo=UTC)),
        ("2026/11/20 10:00", datetime(2026, 11, 20, 15, tzinfo=UTC)),
        ("2026-07-20 10:00:00 EDT", datetime(2026, 7, 20, 14, tzinfo=UTC)),
        ("2026-11-20 10:00:00 UTC", datetime(2026, 11, 20, 10, tzinfo=UTC)),
    ],
)
def test_a_date_in_another_form_is_read(written: str, moment: datetime) -> None:
    assert read_time(written) == moment


@pytest.mark.parametrize(
    "written",
    ["Foo. 20, 2026, 10 a.m.", "Nov. 31, 2026", "Nov. 20, 2026, 10:75 a.m.", "13/20/2026", "2026-11-20 10 rows"],
)
def test_what_only_looks_like_such_a_date_is_none(written: str) -> None:
    with pytest.raises(Unreadable):
        read_time(written)
