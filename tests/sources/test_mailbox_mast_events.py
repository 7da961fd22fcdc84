"""What MAST's subscription mails say is understood, and nothing else is taken for it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from list_mails import event
from pedigreed.model.news_source import ArchiveEvent
from pedigreed.sources.mailbox.mast_events import MOST_EVENTS, events_in

if TYPE_CHECKING:
    from pathlib import Path

FILE = "jw01345001001_02201_00001_mirimage_cal.fits"


def one(**changes: Any) -> tuple[ArchiveEvent, ...]:  # noqa: ANN401  # JSON
    return events_in([json.dumps([event(**changes)])])


def test_an_event_is_read() -> None:
    at = datetime(2026, 11, 2, 8, 15, 10, 707_000, UTC)
    assert one() == (ArchiveEvent(1345, FILE, "Reprocessed", at),)


def test_the_events_that_mast_sent_are_read(shared: Path) -> None:
    sent = (shared / "data/mast/subscription_email_attachment.json").read_text()
    assert [(seen.program, seen.event_type, seen.archived_at) for seen in events_in([sent])] == [
        (5893, "Reprocessed", datetime(2025, 12, 3, 19, 44, 10, 707_000, UTC)),
        (5105, "New", datetime(2026, 3, 30, 17, 53, 19, 695_000, UTC)),
        (5105, "Public", datetime(2026, 3, 30, 17, 54, 12, 751_000, UTC)),
    ]


@pytest.mark.parametrize(
    ("said", "milliseconds"),
    [("2026-11-02T08:15:10", 0), ("2026-11-02T08:15:10.7510000", 751), ("2026-11-02 08:15:10.707Z", 707)],
)
def test_a_fraction_may_have_any_length(said: str, milliseconds: int) -> None:
    [seen] = one(archived_date=said)
    assert seen.archived_at == datetime(2026, 11, 2, 8, 15, 10, milliseconds * 1000, UTC)


@pytest.mark.parametrize("said", [None, "", "soon", 5, [], "2026-99-02T08:15:10", {"at": 1}])
def test_an_event_without_a_date_counts(said: object) -> None:
    [seen] = one(archived_date=said)
    assert seen.archived_at is None


def test_unknown_keys_and_writings_do_no_harm() -> None:
    [seen] = one(mission="jwst ", event_type="NEW", program="01345", size=[1, {"a": None}])
    assert (seen.program, seen.event_type) == (1345, "New")


@pytest.mark.parametrize(
    "change",
    [
        *({"mission": "HST"}, {"mission": None}, {"mission": 5}),
        *({"program": 0}, {"program": 100_000}, {"program": -1345}, {"program": True}, {"program": 13.45}),
        *({"program": "1345:5"}, {"program": None}, {"program": [1345]}, {"program": 10**4000}),
        *({"event_type": "Deleted"}, {"event_type": None}),
        *({"filename": ""}, {"filename": None}, {"filename": "x" * 300}, {"filename": "\u202e\x1b[1m"}),
    ],
)
def test_what_is_no_event_of_jwst_is_passed_over(change: dict[str, object]) -> None:
    document = json.dumps([event(**change), event(program=2)])
    assert [seen.program for seen in events_in([document])] == [2]


def test_a_file_name_steers_nothing() -> None:
    [seen] = one(filename="jw\x1b[31m\u202e01345\r\n.fits")
    assert seen.filename == "jw01345 .fits"


@pytest.mark.parametrize(
    "document",
    [
        *("", "null", "1", '"text"', "{}", "[[]]", '[{"program": 1345}]', "[1, 2", '{"events": 5}', "NaN"),
        *("[" * 100_000, '{"a":' * 100_000, "[" + "9" * 100_000 + "]"),
    ],
)
def test_other_json_is_ignored(document: str) -> None:
    assert events_in([document]) == ()


@pytest.mark.parametrize("around", ["{}", '{{"events": [{}]}}', '{{"data": [{}]}}', "[1, null, {}, [{}]]"])
def test_what_stands_around_an_event_is_no_matter(around: str) -> None:
    assert len(events_in([around.replace("{}", json.dumps(event())).replace("{{", "{").replace("}}", "}")])) == 1


def test_each_event_counts_once() -> None:
    document = json.dumps([event(), event(event_id="another")])
    assert len(events_in([document, document])) == 1


def test_events_have_a_limit() -> None:
    rows = [event(filename=f"{number}.fits") for number in range(MOST_EVENTS + 1)]
    assert len(events_in([json.dumps(rows)])) == MOST_EVENTS


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
KEYS = st.sampled_from(["mission", "program", "filename", "event_type", "archived_date", "events"])


@given(st.lists(st.dictionaries(KEYS, VALUES | st.sampled_from(["JWST", "New", 1345])), max_size=4) | VALUES)
def test_no_json_is_too_strange(read: object) -> None:
    for seen in events_in([json.dumps(read)]):
        assert 1 <= seen.program <= 99_999
        assert seen.filename


@given(st.text())
def test_no_text_is_too_strange(document: str) -> None:
    assert events_in([document, "[" + document, "{" + document]) == ()
