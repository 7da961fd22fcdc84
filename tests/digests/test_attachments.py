from __future__ import annotations

import csv
import io
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pedigreed.digests.attachments import attachments_of
from pedigreed.digests.compose import compose
from pedigreed.digests.manifest import count_downloads, manifest_of
from pedigreed.digests.table import table_of
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.digest import Checked
from pedigreed.model.instant import parse_instant

if TYPE_CHECKING:
    from collections.abc import Callable

    from pedigreed.model.digest import Digest

ENDS = datetime(2026, 11, 22, 6, tzinfo=UTC)
NAME = "jw01180007001_02101_00001_nrca1_cal.fits"


def digest(
    changes: list[Change],
    subscription: str = "jades",
    timezone: str = "UTC",
    length: timedelta = timedelta(days=1),
) -> Digest:
    return compose(
        subscription=subscription,
        selections=[],
        starts=ENDS - length,
        ends=ENDS,
        timezone=timezone,
        changes=changes,
        holdings={},
        checked=Checked(1, 1),
    )


def test_an_event_has_the_keys_and_forms_of_a_mast_subscription(change: Callable[..., Change]) -> None:
    (event,) = json.loads(manifest_of([change(ChangeKind.REPROCESSED, NAME)]))
    assert list(event) == [
        "event_id",
        "mission",
        "fileset",
        "filename",
        "program",
        "event_type",
        "archived_date",
        "public_release_date",
    ]
    assert uuid.UUID(event["event_id"]).version == 5
    assert event["mission"] == "JWST"
    assert event["fileset"] == "jw01180007001_02101_00001"
    assert event["filename"] == NAME
    assert event["program"] == 1180
    assert event["archived_date"] == "2026-11-21T14:34:10.707"
    assert parse_instant(event["public_release_date"]) == datetime(2024, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "event_type"),
    [
        (ChangeKind.FIRST, "New"),
        (ChangeKind.NEW, "New"),
        (ChangeKind.REPROCESSED, "Reprocessed"),
        (ChangeKind.REGRESSED, "Reprocessed"),
        (ChangeKind.PUBLIC, "Public"),
        (ChangeKind.WITHDRAWN, None),
        (ChangeKind.STALE, None),
        (ChangeKind.NO_LONGER_STALE, None),
    ],
)
def test_the_manifest_has_what_can_be_downloaded(
    change: Callable[..., Change], kind: ChangeKind, event_type: str | None
) -> None:
    events = json.loads(manifest_of([change(kind, NAME)]))
    assert [event["event_type"] for event in events] == ([event_type] if event_type else [])


def test_the_same_change_has_the_same_event_id_and_another_has_another(change: Callable[..., Change]) -> None:
    one, same, other = (
        json.loads(manifest_of([change(ChangeKind.NEW, NAME, revision=revision)]))[0]["event_id"]
        for revision in (1, 1, 2)
    )
    assert one == same != other


def test_a_file_that_changed_twice_is_one_download(change: Callable[..., Change]) -> None:
    changes = [
        change(ChangeKind.REPROCESSED, NAME),
        change(ChangeKind.PUBLIC, NAME),
        change(ChangeKind.STALE, "x.fits"),
    ]
    assert count_downloads(changes) == 1


def test_an_unknown_date_is_null(change: Callable[..., Change]) -> None:
    (event,) = json.loads(manifest_of([change(ChangeKind.NEW, NAME, archived_at=None)]))
    assert event["archived_date"] is None


def test_the_table_has_the_old_and_new_pedigree_of_every_change(change: Callable[..., Change]) -> None:
    (row,) = csv.DictReader(io.StringIO(table_of([change(ChangeKind.REPROCESSED, NAME)]).decode()))
    assert row == {
        "kind": "reprocessed",
        "program": "1180",
        "observation": "7",
        "instrument": "nircam",
        "level": "2b",
        "product_type": "cal",
        "filename": NAME,
        "fileset": "jw01180007001_02101_00001",
        "old_cal_ver": "1.20.2",
        "old_crds_ctx": "jwst_1464.pmap",
        "old_date": "2025-11-02T08:00:00.000Z",
        "new_cal_ver": "2.0.1",
        "new_crds_ctx": "jwst_1535.pmap",
        "new_date": "2026-11-21T14:30:00.000Z",
        "archived": "2026-11-21T14:34:10.707Z",
        "public": "2024-10-01T00:00:00.000Z",
    }


def test_what_is_not_known_is_an_empty_cell(change: Callable[..., Change]) -> None:
    (row,) = csv.DictReader(
        io.StringIO(table_of([change(ChangeKind.WITHDRAWN, NAME, observation=None, public_at=None)]).decode())
    )
    assert (row["observation"], row["new_cal_ver"], row["new_date"], row["public"]) == ("", "", "", "")


@settings(deadline=None)
@given(text=st.text(st.sampled_from("=+-@'\"\uff1d\uff0b\t\r\n ,;|a1")))
def test_no_cell_begins_like_a_formula_and_the_text_can_be_had_back(
    change: Callable[..., Change], text: str
) -> None:
    table = table_of([change(ChangeKind.NEW, NAME, level=text)]).decode()
    assert table.count("\n") == 2
    (row,) = csv.DictReader(io.StringIO(table))
    assert not row["level"].lstrip(" ").startswith(("=", "+", "-", "@", "\uff1d", "\uff0b"))
    shown = text.replace("\t", "\\t").replace("\r", "\\r").replace("\n", "\\n")
    assert row["level"].removeprefix("'") == shown


def test_the_table_alone_is_attached_where_nothing_can_be_downloaded(change: Callable[..., Change]) -> None:
    attached = attachments_of(digest([change(ChangeKind.STALE, NAME)]))
    assert [(file.filename, file.media_type) for file in attached] == [("jades-2026-11-22.csv", "text/csv")]


def test_nothing_is_attached_where_nothing_changed() -> None:
    assert attachments_of(digest([])) == ()


@pytest.mark.parametrize(
    ("timezone", "length", "stem"),
    [
        ("UTC", timedelta(days=1), "jades-2026-11-22"),
        ("UTC", timedelta(days=7), "jades-2026-11-22"),
        ("UTC", timedelta(hours=23), "jades-2026-11-22"),
        ("America/Los_Angeles", timedelta(days=1), "jades-2026-11-21"),
        ("Pacific/Auckland", timedelta(hours=6), "jades-2026-11-22-1900"),
    ],
)
def test_a_file_is_named_by_the_local_day_that_the_period_ends_on(
    change: Callable[..., Change], timezone: str, length: timedelta, stem: str
) -> None:
    attached = attachments_of(digest([change(ChangeKind.NEW, NAME)], timezone=timezone, length=length))
    assert [file.filename for file in attached] == [f"{stem}.json", f"{stem}.csv"]


@pytest.mark.parametrize(
    ("subscription", "start"),
    [
        ("../../etc/passwd", "etc-passwd-"),
        ("Équipe 1", "Equipe-1-"),
        ("星系", "digest-"),
        ("a\r\nb: c", "a-b-c-"),
        (".", "digest-"),
    ],
)
def test_a_file_name_is_plain_whatever_the_subscription_is_called(
    change: Callable[..., Change], subscription: str, start: str
) -> None:
    (file, _) = attachments_of(digest([change(ChangeKind.NEW, NAME)], subscription=subscription))
    assert file.filename == f"{start}2026-11-22.json"
