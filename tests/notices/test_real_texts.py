"""The real texts of CRDS's history."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import Announcement, ChangeLevel, Facts, Heard, Medium, NoticeKind
from pedigreed.notices.merging import notices_of
from pedigreed.notices.reading import facts_of
from pedigreed.notices.writing import summary_of
from pedigreed.sources.plain_text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIRI, NIRCAM, NIRISS, NIRSPEC = Instrument.MIRI, Instrument.NIRCAM, Instrument.NIRISS, Instrument.NIRSPEC


@pytest.fixture(scope="module")
def in_flight(shared: Path) -> dict[str, str]:
    """The texts of four contexts of 2024, by context."""
    found = json.loads((shared / "data/crds/context_descriptions_2024.json").read_text())
    return {entry["context"].removesuffix(".pmap"): entry["description"] for entry in found["context_history"]}


@pytest.fixture(scope="module")
def history(shared: Path) -> list[dict[str, str]]:
    return list(json.loads((shared / "data/crds/context_history_2012-2019.json").read_text()))


def _mail(text: str) -> Announcement:
    return Announcement("list", Medium.MAIL, "<1@lists.example.org>", None, "", text)


@pytest.mark.parametrize(
    ("context", "instruments", "types", "modes"),
    [
        (
            "jwst_1281",
            (MIRI, NIRCAM, NIRISS, NIRSPEC),
            ("apcorr", "flat", "mask", "pathloss", "persat", "photom", "trapdensity"),
            ("BOTS", "FS", "MRS", "coronagraphy", "imaging"),
        ),
        (
            "jwst_1276",
            (MIRI, NIRSPEC),
            (
                *("dark", "pars-detector1pipeline", "pars-image2pipeline", "pars-outlierdetectionstep"),
                *("pars-spec2pipeline", "superbias"),
            ),
            ("TSO",),
        ),
        (
            "jwst_1274",
            (MIRI, NIRCAM),
            (
                *("extract1d", "pars-darkcurrentstep", "pars-detector1pipeline", "pars-extract1dstep"),
                *("pars-nscleanstep", "pars-spec2pipeline", "pars-spec3pipeline", "pars-spectralleakstep"),
            ),
            ("FS", "IFU", "LRS", "MRS"),
        ),
        (
            "jwst_1263",
            (MIRI, NIRCAM, NIRISS),
            ("apcorr", "dark", "mask", "photom", "specwcs"),
            ("LRS", "MRS", "WFSS"),
        ),
    ],
)
def test_a_text_of_2024_is_read(
    in_flight: dict[str, str],
    context: str,
    instruments: tuple[Instrument, ...],
    types: tuple[str, ...],
    modes: tuple[str, ...],
) -> None:
    facts = facts_of(_mail(in_flight[context]))
    assert facts.kind is NoticeKind.DELIVERY
    assert (facts.instruments, facts.reference_types, facts.modes) == (instruments, types, modes)


def test_the_deleted_files_are_named(in_flight: dict[str, str]) -> None:
    facts = facts_of(_mail(in_flight["jwst_1281"]))
    assert facts.files == ("jwst_niriss_persat_0001.fits", "jwst_niriss_trapdensity_0001.fits")


def test_the_fields_of_a_delivery_form_are_read(shared: Path) -> None:
    filled = (shared / "data/crds/delivery_form_filled_example.txt").read_text()
    begin, end = filled.index("s['file_type']"), filled.index("The assignments")
    facts = facts_of(_mail(plain(f"s['instrument'] = 'miri'\n{filled[begin:end]}")))
    assert (facts.instruments, facts.reference_types) == ((MIRI,), ("dark",))
    assert facts.change_level is ChangeLevel.MODERATE


def test_the_summary_begins_where_the_header_ends(in_flight: dict[str, str]) -> None:
    for context, sentences_before in (("jwst_1281", 3), ("jwst_1274", 2)):
        text = in_flight[context]
        first = text.split(". ")[sentences_before]
        assert summary_of(text).startswith(first), context


def test_rollbacks_of_the_history_are_read(history: list[dict[str, str]]) -> None:
    rolled_back = {entry["context"] for entry in history if _with_context(entry).kind is NoticeKind.ROLLBACK}
    assert rolled_back == {"jwst_0167.pmap", "jwst_0361.pmap", "jwst_0456.pmap", "jwst_0461.pmap"}


def _with_context(entry: dict[str, str]) -> Facts:
    told = Facts(context=entry["context"])
    return facts_of(Announcement("list", Medium.MAIL, "<1@x>", None, "", entry["description"], facts=told))


def _thrice(entries: list[tuple[str, str, datetime]]) -> Iterator[Heard]:
    """Each text as the server has it, as a feed has it, and as a mail quotes it."""
    for number, (context, text, at) in enumerate(entries):
        told = Facts(context=context, activated_at=at)
        quoted = "\n".join(f"> {line}" for line in text.splitlines())
        mail = f"Dear all,\n\nplease see below.\n\n{quoted}\n\nThe calibration desk"
        for key, announcement in enumerate(
            (
                Announcement("CRDS", Medium.SERVER, context, at, f"Context {context}", text, facts=told),
                Announcement("feed", Medium.FEED, f"https://example.org/{number}", at, "", text),
                Announcement("list", Medium.MAIL, f"<{number}@lists.example.org>", at, "New files", mail),
            )
        ):
            yield Heard(3 * number + key, announcement, at)


def test_the_server_a_feed_and_a_mail_are_one_notice_of_each_text(in_flight: dict[str, str]) -> None:
    days = {"jwst_1281": 11, "jwst_1276": 7, "jwst_1274": 5, "jwst_1263": 1}
    entries = [(name, text, datetime(2024, 9, days[name], tzinfo=UTC)) for name, text in in_flight.items()]
    notices = notices_of(_thrice(entries))
    assert [(notice.name, len(notice.heard)) for notice in notices] == [
        ("jwst_1281", 3),
        ("jwst_1276", 3),
        ("jwst_1274", 3),
        ("jwst_1263", 3),
    ]


def test_no_two_contexts_of_the_history_become_one(history: list[dict[str, str]]) -> None:
    """Some contexts have the text of another: those can't tell whose a mail without a context is."""
    entries = [
        (entry["context"].removesuffix(".pmap"), entry["description"], _utc(entry["start_date"]))
        for entry in history
    ]
    texts = [text for _, text, _ in entries]
    notices = notices_of(_thrice(entries))
    for notice in notices:
        contexts = {each.announcement.facts.context for each in notice.heard} - {None}
        assert len(contexts) <= 1
        told = {texts[each.key // 3] for each in notice.heard}
        assert len(told) == 1 or notice.name == "jwst_0175"  # which came to be the latest twice
    assert sum(len(notice.heard) == 3 for notice in notices) >= 145


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_instruments_of_the_history_are_read_with_precision(shared: Path) -> None:
    """The benchmark `notice_accuracy` has the whole of the figures."""
    lines = (shared / "data/crds/transitions_2013-2019.jsonl").read_text().splitlines()
    right = wrong = 0
    for transition in map(json.loads, lines):
        changed = _changed(transition)
        read = set(map(str, facts_of(_mail(transition["description"])).instruments))
        right += len(read & changed)
        wrong += len(read - changed)
    assert right > 150
    assert right / (right + wrong) >= 0.95


def _changed(transition: dict[str, Any]) -> set[str]:
    return {each["instrument"] for each in transition["changed"]} - {"system"}
