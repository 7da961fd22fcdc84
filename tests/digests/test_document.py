from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from hypothesis import given

from any_digest import DIGESTS
from any_notice import delivery
from made_digest import make_digest
from pedigreed.digests.attachments import manifest_of
from pedigreed.digests.document import MOST_CHANGES, document_of
from pedigreed.digests.render import render
from pedigreed.model.campaign import Campaign, Pace
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.digest import (
    Baseline,
    Checked,
    Digest,
    OnDisk,
    PedigreeSpan,
    SourceCheck,
    StoodIn,
    Suspect,
    Unchecked,
)
from pedigreed.model.download import Download, DownloadState
from pedigreed.model.impact import Changed, Impact, Remade, Switch
from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import Quotation
from pedigreed.model.program import AboutProgram, ProgramSelection

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = "jw01180007001_02101_00001_nrca1_cal.fits"
ENDS = datetime(2026, 11, 22, 6, tzinfo=UTC)
PACE = Pace(300, timedelta(days=3))
DOCUMENT = (Path(__file__).parents[2] / "docs" / "webhook.md").read_text(encoding="utf-8")


def document(digest: Digest) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(document_of(digest, "subject", "text"))
    return parsed


def of(changes: list[Change], **fields: Any) -> Digest:  # noqa: ANN401  # of compose
    plain: dict[str, Any] = {
        "subscription": "jades",
        "selections": [ProgramSelection(1180), ProgramSelection(1181, (5, 7))],
        "starts": ENDS - timedelta(days=1),
        "ends": ENDS,
        "timezone": "Europe/Madrid",
        "holdings": {("2.0.1", "jwst_1535.pmap"): 12},
        "checked": Checked(2, 2, last_complete=ENDS),
    }
    return make_digest(changes=changes, **(plain | fields))


def keys(value: Any) -> Any:  # noqa: ANN401  # any JSON
    """The shape: keys, and for a list the shape of its first item."""
    if isinstance(value, dict):
        return {key: keys(inner) for key, inner in value.items()}
    return [keys(value[0])] if isinstance(value, list) and value else None


def test_the_document_has_the_shape_that_is_told(change: Callable[..., Change]) -> None:
    start = DOCUMENT.index("    {\n")
    shown = json.loads(dedent(DOCUMENT[start : DOCUMENT.index("\n    }\n", start) + 7]))
    span = PedigreeSpan("2.0.1", "jwst_1535.pmap", ENDS, ENDS)
    digest = of(
        [change(ChangeKind.REPROCESSED, FILE)],
        baselines=[Baseline(5105, 12, ((span, 12),))],
        suspects=[Suspect(1210, 40, 900, ENDS, ENDS)],
        checked=Checked(
            1,
            2,
            unchecked=(Unchecked(1181, "no", ENDS),),
            unknown=(9999,),
            notes=("note",),
            swept_since=ENDS,
            flags_since=ENDS,
            sources=(SourceCheck("CRDS", is_checked=False, reason="no", last_complete=ENDS),),
            stood_in=(StoodIn(Instrument.FGS, (1180,), "no", ENDS, 0),),
        ),
        on_disk=[OnDisk("/data/jades", older=212, checked=3911, newly=212)],
        downloads=[Download(FILE, 1180, ENDS, DownloadState.FETCHED, 1, size=117_204_480)],
        fetched_to="/data/jades",
        notices=[
            replace(
                delivery(changed=((Instrument.MIRI, "flat"),)),
                heard=delivery().heard[:1],
                quotations=(Quotation(("CRDS",), ENDS, "Flat fields."),),
            )
        ],
        settle=timedelta(days=1),
        in_motion=[Campaign(1211, "2.0.1", "jwst_1535.pmap", ENDS, ENDS, moved=3, total=4, waiting=3, pace=PACE)],
    )
    impact = Impact("jwst_1582", "jwst_1583", 1, 1, (("flat", 1),), places=(Changed(1180, 7, 1),))
    digest = replace(
        digest,
        switches=(Switch("jwst_1582", "jwst_1583", impact),),
        remade=Remade((Switch("jwst_1464", "jwst_1535", None, "no"),), {FILE: ("flat",)}),
        about=(AboutProgram(1180, targets=frozenset({(7, "GOODS-S")})),),
        bad_files=(Switch("", "jwst_miri_flat_0804.fits", None, "no", ENDS),),
    )
    assert keys(document(digest)) == keys(shown)


def test_a_change_tells_both_pedigrees_and_when(change: Callable[..., Change]) -> None:
    (told,) = document(of([change(ChangeKind.REPROCESSED, FILE)]))["changes"]
    assert told["before"] == {
        "cal_ver": "1.20.2",
        "crds_ctx": "jwst_1464.pmap",
        "date": "2025-11-02T08:00:00.000Z",
    }
    assert told["after"] == {"cal_ver": "2.0.1", "crds_ctx": "jwst_1535.pmap", "date": "2026-11-21T14:30:00.000Z"}
    assert told["archived_date"] == "2026-11-21T14:34:10.707Z"


def test_changes_are_named_as_in_the_manifest(change: Callable[..., Change]) -> None:
    changes = [
        change(kind, f"jw01180007001_02101_0000{place}_nrca1_cal.fits") for place, kind in enumerate(ChangeKind)
    ]
    told = {entry["event_id"]: entry for entry in document(of(changes))["changes"]}
    assert len(told) == len(changes)
    listing = manifest_of(changes)
    for event in map(json.loads, listing.rows):
        same = told[event["event_id"]]
        names = ("mission", "fileset", "filename", "program", "event_type")
        assert {name: same[name] for name in names} == {name: event[name] for name in names}
    withdrawn = next(entry for entry in told.values() if entry["kind"] == "withdrawn")
    assert withdrawn["event_type"] is None
    assert withdrawn["after"] is None


def test_what_is_too_much_is_counted(change: Callable[..., Change]) -> None:
    changes = [change(ChangeKind.NEW, f"{number:06d}_cal.fits") for number in range(MOST_CHANGES + 7)]
    told = document(of(changes))
    assert len(told["changes"]) == MOST_CHANGES
    assert told["changes_left_out"] == 7
    assert told["counts"] == {"new": MOST_CHANGES + 7}


@given(DIGESTS)
def test_the_counts_are_those_of_the_changes(digest: Digest) -> None:
    told = document(digest)
    assert sum(told["counts"].values()) == len(digest.changes) == len(told["changes"])
    assert {entry["kind"] for entry in told["changes"]} == set(told["counts"])


@given(DIGESTS)
def test_a_document_is_the_same_every_time_and_ascii(digest: Digest) -> None:
    first, second = (render(digest, configuration="pedigreed.yaml", has_document=True).document for _ in range(2))
    assert first == second
    assert first.isascii()
    assert json.loads(first)["digest_id"] == digest.digest_id


def test_only_who_feeds_a_program_has_a_document(change: Callable[..., Change]) -> None:
    digest = of([change(ChangeKind.NEW, FILE)])
    assert render(digest, configuration="pedigreed.yaml").document == b""
