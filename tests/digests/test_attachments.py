from __future__ import annotations

import csv
import gzip
import io
import json
import random
import uuid
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made_digest import make_digest
from pedigreed.digests.attachments import (
    PIECE,
    AttachmentLimits,
    attached_to,
    counted,
    downloads_of,
    manifest_of,
    table_of,
    write,
)
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.digest import Checked
from pedigreed.model.impact import Remade
from pedigreed.model.instant import parse_instant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pedigreed.model.digest import Attachment, Digest

ENDS = datetime(2026, 11, 22, 6, tzinfo=UTC)
NAME = "jw01180007001_02101_00001_nrca1_cal.fits"


def digest(
    changes: list[Change],
    subscription: str = "jades",
    timezone: str = "UTC",
    length: timedelta = timedelta(days=1),
) -> Digest:
    return make_digest(
        subscription=subscription,
        selections=[],
        starts=ENDS - length,
        ends=ENDS,
        timezone=timezone,
        changes=changes,
        holdings={},
        checked=Checked(1, 1),
    )


REMADE = Remade(types={NAME: ("dark", "flat"), NAME.replace("nrca1", "nrca2"): ()})


def events_of(changes: list[Change]) -> list[dict[str, Any]]:
    content = write(manifest_of(changes), plain=10**9, most=10**9).content
    assert content.isascii()
    return cast("list[dict[str, Any]]", json.loads(content))


def csv_of(changes: list[Change]) -> str:
    return write(table_of(changes, REMADE), plain=10**9, most=10**9).content.decode()


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def unpacked(file: Attachment) -> bytes:
    return gzip.decompress(file.content) if file.filename.endswith(".gz") else file.content


def test_an_event_has_the_keys_and_forms_of_a_mast_subscription(change: Callable[..., Change]) -> None:
    (event,) = events_of([change(ChangeKind.REPROCESSED, NAME)])
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
    events = events_of([change(kind, NAME)])
    assert [event["event_type"] for event in events] == ([event_type] if event_type else [])


def test_astroquery_finds_in_the_manifest_what_it_downloads_by(change: Callable[..., Change]) -> None:
    """Its development version (August 2026) makes a table of the events, and drops repeated file names.

    Of each row it reads `filename`, `mission`, and `fileset` for the folder. It would prefer `uri` and `dataset`.
    """
    missions = import_module("astroquery.mast.utils")
    table = import_module("astropy.table").Table(
        rows=events_of(
            [
                change(ChangeKind.REPROCESSED, NAME),
                change(ChangeKind.PUBLIC, NAME, archived_at=None),
                change(ChangeKind.NEW, NAME.replace("cal", "rate"), public_at=None),
            ]
        )
    )
    downloads = missions.remove_duplicate_products(table, "filename")
    assert [(row["mission"].lower(), row["fileset"], row["filename"]) for row in downloads] == [
        ("jwst", "jw01180007001_02101_00001", NAME),
        ("jwst", "jw01180007001_02101_00001", NAME.replace("cal", "rate")),
    ]
    assert not {"uri", "dataset"} & set(downloads.colnames)


def test_an_event_is_of_the_form_of_one_that_mast_sent(change: Callable[..., Change], shared: Path) -> None:
    sent = json.loads((shared / "data/mast/subscription_email_attachment.json").read_text())
    for event in events_of([change(ChangeKind.REPROCESSED, NAME)]):
        assert list(event) == list(sent[0])
        assert {key: type(value) for key, value in event.items()} == {
            key: type(value) for key, value in sent[0].items()
        }


def test_the_same_change_has_the_same_event_id_and_another_has_another(change: Callable[..., Change]) -> None:
    one, same, other = (
        events_of([change(ChangeKind.NEW, NAME, revision=revision)])[0]["event_id"] for revision in (1, 1, 2)
    )
    assert one == same != other


def test_a_file_that_changed_twice_is_one_download(change: Callable[..., Change]) -> None:
    changes = [
        change(ChangeKind.REPROCESSED, NAME),
        change(ChangeKind.PUBLIC, NAME),
        change(ChangeKind.STALE, "x.fits"),
    ]
    files, _ = counted(downloads_of(changes))
    assert files == 1


def test_an_unknown_date_is_null(change: Callable[..., Change]) -> None:
    (event,) = events_of([change(ChangeKind.NEW, NAME, archived_at=None)])
    assert event["archived_date"] is None


def test_the_table_has_the_old_and_new_pedigree_of_every_change(change: Callable[..., Change]) -> None:
    (row,) = rows_of(csv_of([change(ChangeKind.REPROCESSED, NAME)]))
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
        "other_reference_types": "dark flat",
    }


def test_types_are_told_of_what_was_made_anew_alone_and_none_is_told_apart_from_not_known(
    change: Callable[..., Change],
) -> None:
    changes = [
        change(ChangeKind.REPROCESSED, NAME.replace("nrca1", "nrca2")),
        change(ChangeKind.REPROCESSED, NAME.replace("nrca1", "nrca3")),
        change(ChangeKind.STALE, NAME),
    ]
    assert [row["other_reference_types"] for row in rows_of(csv_of(changes))] == ["none", "", ""]


def test_what_is_not_known_is_an_empty_cell(change: Callable[..., Change]) -> None:
    (row,) = rows_of(csv_of([change(ChangeKind.WITHDRAWN, NAME, observation=None, public_at=None)]))
    assert (row["observation"], row["new_cal_ver"], row["new_date"], row["public"]) == ("", "", "", "")


@settings(deadline=None)
@given(text=st.text(st.sampled_from("=+-@'\"\uff1d\uff0b\t\r\n ,;|a1")))
def test_no_cell_begins_like_a_formula_and_the_text_can_be_had_back(
    change: Callable[..., Change], text: str
) -> None:
    table = csv_of([change(ChangeKind.NEW, NAME, level=text)])
    assert table.count("\n") == 2
    (row,) = rows_of(table)
    assert not row["level"].lstrip(" ").startswith(("=", "+", "-", "@", "\uff1d", "\uff0b"))
    shown = text.replace("\t", "\\t").replace("\r", "\\r").replace("\n", "\\n")
    assert row["level"].removeprefix("'") == shown


def files_of(digest: Digest, limits: AttachmentLimits | None = None) -> list[Attachment]:
    return [each.attachment for each in attached_to(digest, limits)]


def test_the_table_alone_is_attached_where_nothing_can_be_downloaded(change: Callable[..., Change]) -> None:
    attached = files_of(digest([change(ChangeKind.STALE, NAME)]))
    assert [(file.filename, file.media_type) for file in attached] == [("jades-2026-11-22.csv", "text/csv")]


def test_nothing_is_attached_where_nothing_changed() -> None:
    assert files_of(digest([])) == []


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
    attached = files_of(digest([change(ChangeKind.NEW, NAME)], timezone=timezone, length=length))
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
    (file, _) = files_of(digest([change(ChangeKind.NEW, NAME)], subscription=subscription))
    assert file.filename == f"{start}2026-11-22.json"


def many(change: Callable[..., Change], count: int) -> list[Change]:
    """Half of them are two changes of one file."""
    kinds = (ChangeKind.REPROCESSED, ChangeKind.PUBLIC, ChangeKind.NEW, ChangeKind.STALE)
    return [
        change(
            kinds[number % 4],
            f"jw01180{number // 8 % 999 + 1:03d}001_02101_{number - (number % 4 == 1):05d}_nrca1_cal.fits",
        )
        for number in range(count)
    ]


def test_what_is_large_is_packed_and_has_the_same_content(change: Callable[..., Change]) -> None:
    changes = many(change, 900)
    plain = files_of(digest(changes))
    packed = files_of(digest(changes), AttachmentLimits(plain=50_000))
    assert [(file.filename, file.media_type) for file in packed] == [
        ("jades-2026-11-22.json.gz", "application/gzip"),
        ("jades-2026-11-22.csv.gz", "application/gzip"),
    ]
    assert [unpacked(file) for file in packed] == [file.content for file in plain]
    assert sum(len(file.content) for file in packed) * 4 < sum(len(file.content) for file in plain)


def test_what_is_packed_tells_no_time_and_no_name(change: Callable[..., Change]) -> None:
    """Bytes 3 to 7 of gzip's header are its flags and the time (RFC 1952)."""
    for file in files_of(digest(many(change, 400)), AttachmentLimits(plain=1)):
        assert file.content[:8] == b"\x1f\x8b\x08" + bytes(5)


def test_only_the_larger_list_is_packed(change: Callable[..., Change]) -> None:
    changes = many(change, 40)
    sizes = [len(file.content) for file in files_of(digest(changes))]
    assert sizes[0] != sizes[1]
    packed = files_of(digest(changes), AttachmentLimits(plain=min(sizes)))
    assert sorted(file.filename.endswith(".gz") for file in packed) == [False, True]


@pytest.mark.parametrize("most", [1, 5_000, 10_000, 10**9])
def test_what_is_cut_is_well_formed_and_counted(change: Callable[..., Change], most: int) -> None:
    told = digest(many(change, 4_000))
    manifest, table = attached_to(told, AttachmentLimits(plain=1, table=most, both=2 * most))
    rows = rows_of(unpacked(table.attachment).decode())
    events = json.loads(unpacked(manifest.attachment))
    assert (len(rows), len({event["filename"] for event in events})) == (table.holds, manifest.holds)
    assert [row["filename"] for row in rows] == [change.filename for change in told.changes[: table.holds]]
    assert [event["filename"] for event in events] == [change.filename for change in downloads_of(told.changes)][
        : len(events)
    ]
    assert (table.of, manifest.of) == (4_000, 2_000)
    assert (table.holds == 4_000) == (manifest.holds == 2_000) == (most == 10**9)


def test_attachments_pass_their_limit_by_less_than_a_piece(change: Callable[..., Change]) -> None:
    """Names and times that do not repeat, which is what compresses least."""
    chance = random.Random(1)
    changes = [
        change(
            ChangeKind.REPROCESSED,
            f"jw01180001001_02101_{chance.randrange(10**12):012d}_nrca1_cal.fits",
            archived_at=ENDS - timedelta(milliseconds=chance.randrange(10**12)),
        )
        for _ in range(8_000)
    ]
    limits = AttachmentLimits(plain=100_000, table=120_000, both=200_000)
    attached = attached_to(digest(changes), limits)
    assert all(0 < each.holds < each.of for each in attached)
    assert limits.both <= sum(len(each.attachment.content) for each in attached) <= limits.both + PIECE


def test_a_mail_with_all_that_may_be_attached_is_below_10_mb() -> None:
    """Base64 makes lines of 78 bytes out of 57."""
    assert (AttachmentLimits().both + PIECE) * 78 / 57 < 9_900_000
