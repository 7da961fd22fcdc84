from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from rich.cells import cell_len

from any_digest import DIGESTS, WORDS
from made_digest import make_digest
from pedigreed.digests.render import render
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.digest import ALL_KINDS, Baseline, Checked, Digest, Suspect, Unchecked
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.program import ProgramSelection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pedigreed.model.digest import RenderedDigest

ENDS = datetime(2026, 11, 22, 6, tzinfo=UTC)


def told(digest: Digest, operator: str | None = None) -> RenderedDigest:
    return render(digest, configuration="pedigreed.yaml", operator=operator)


def told_text(digest: Digest) -> str:
    return told(digest).text


def plain(
    changes: list[Change],
    holdings: Mapping[tuple[str | None, str | None], int] | None = None,
    *,
    checked: Checked | None = None,
    baselines: tuple[Baseline, ...] = (),
    suspects: tuple[Suspect, ...] = (),
    subscription: str = "jades",
) -> Digest:
    return make_digest(
        subscription=subscription,
        selections=[ProgramSelection(1180), ProgramSelection(1181)],
        starts=ENDS - timedelta(days=1),
        ends=ENDS,
        timezone="UTC",
        changes=changes,
        holdings=holdings or {},
        checked=checked or Checked(2, 2, last_complete=ENDS),
        baselines=baselines,
        suspects=suspects,
    )


@settings(deadline=None)
@given(DIGESTS, WORDS, st.none() | WORDS)
def test_whatever_is_told_keeps_its_lines_short_and_plain(
    digest: Digest, configuration: str, operator: str | None
) -> None:
    text = render(digest, configuration=configuration, operator=operator).text
    lines = text.split("\n")
    assert text.endswith("\n")
    assert lines[-2]
    for line in lines:
        assert cell_len(line) <= 78
        assert line == line.rstrip()
        assert not {unicodedata.category(character) for character in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@settings(deadline=None)
@given(DIGESTS)
def test_a_subject_is_one_short_line(digest: Digest) -> None:
    subject = told(digest).subject
    assert subject.startswith("[pedigreed] ")
    assert len(subject) <= 70
    assert subject.isprintable()
    if any(not source.is_checked for source in digest.checked.sources) or digest.unread_folders:
        assert subject.endswith(" not read")
    elif digest.checked.unchecked:
        assert subject.endswith("unchecked")


@settings(deadline=None)
@given(DIGESTS)
def test_a_digest_reads_the_same_every_time(digest: Digest) -> None:
    assert told(digest) == told(digest)


@settings(deadline=None)
@given(DIGESTS)
def test_the_manifest_is_a_list_of_events_with_the_same_keys(digest: Digest) -> None:
    for attachment in told(digest).attachments:
        if attachment.filename.endswith(".json"):
            events = json.loads(attachment.content)
            assert events
            assert {tuple(event) for event in events} == {
                (
                    "event_id",
                    "mission",
                    "fileset",
                    "filename",
                    "program",
                    "event_type",
                    "archived_date",
                    "public_release_date",
                )
            }


@settings(deadline=None)
@given(st.lists(st.sampled_from(ChangeKind), unique=True))
def test_only_kinds_that_happened_have_a_section(change: Callable[..., Change], kinds: list[ChangeKind]) -> None:
    titles = {
        ChangeKind.FIRST: "FIRST DATA",
        ChangeKind.REGRESSED: "REGRESSED",
        ChangeKind.REPROCESSED: "REPROCESSED",
        ChangeKind.SET_REPROCESSED: "REPROCESSED SETS",
        ChangeKind.NEW: "NEW",
        ChangeKind.RELISTED: "HIGHER LEVEL",
        ChangeKind.PUBLIC: "PUBLIC",
        ChangeKind.WITHDRAWN: "WITHDRAWN",
        ChangeKind.STALE: "MARKED STALE",
        ChangeKind.NO_LONGER_STALE: "NO LONGER STALE",
    }
    text = told(plain([change(kind, f"{kind.name}_cal.fits") for kind in kinds])).text
    seen = re.findall(r"^([A-Z]+(?: [A-Z]+)*)  +", text, re.MULTILINE)
    assert seen == [title for kind, title in titles.items() if kind in kinds] + ["NO CHANGE"] * (not kinds) + [
        "CHECKED"
    ]


def test_what_a_program_of_a_hundred_transitions_does_not_show_is_counted(change: Callable[..., Change]) -> None:
    changes = [
        change(
            ChangeKind.NEW,
            f"jw01180001001_02101_{number:05d}_nrca1_cal.fits",
            after=Pedigree("2.0.1", f"jwst_{1000 + number}.pmap", None),
        )
        for number in range(1, 101)
    ]
    text = told(plain(changes)).text
    assert "and 96 more transitions, 96 products: see the attached CSV" in text
    assert len(text.splitlines()) < 40


def test_a_keyword_that_did_not_change_stands_once(change: Callable[..., Change]) -> None:
    before = Pedigree("2.0.1", "jwst_1464.pmap", datetime(2026, 11, 21, 8, tzinfo=UTC))
    after = structs.replace(before, crds_ctx="jwst_1535.pmap", date=datetime(2026, 11, 21, 16, tzinfo=UTC))
    text = told(plain([change(ChangeKind.REPROCESSED, "a_cal.fits", before=before, after=after)])).text
    lines = [line.split() for line in text.splitlines()]
    assert ["CAL_VER", "2.0.1", "B12.3.1"] in lines
    assert ["CRDS_CTX", "jwst_1464", "->", "jwst_1535"] in lines
    assert "21 Nov 2026 08:00:00Z -> 21 Nov 2026 16:00:00Z" in text


def test_a_version_of_no_known_build_is_shown_as_it_is(change: Callable[..., Change]) -> None:
    after = Pedigree("77.0.1", "jwst_9999.pmap", ENDS)
    text = told(plain([change(ChangeKind.REPROCESSED, "a_cal.fits", after=after)])).text
    assert re.search(r"CAL_VER +1\.20\.2 +-> 77\.0\.1 +B12\.1\.1 -> \?$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("moved", "share"), [(1, "<1%"), (100, "10%"), (999, "99%"), (1000, "100%"), (0, None), (1001, None)]
)
def test_progress_is_told_where_the_counts_make_sense(
    change: Callable[..., Change], moved: int, share: str | None
) -> None:
    held: dict[tuple[str | None, str | None], int] = {
        ("2.0.1", "jwst_1535.pmap"): moved,
        ("1.20.2", "jwst_1464.pmap"): 1000 - moved,
    }
    text = told(plain([change(ChangeKind.REPROCESSED, "a_cal.fits")], held)).text
    assert re.findall(r"\((<?\d+%)", text) == ([share] if share and moved <= 1000 else [])


def test_nothing_is_said_to_be_unchanged_where_nothing_was_checked() -> None:
    lost = tuple(Unchecked(program, "connection reset", None) for program in (1180, 1181))
    digest = plain([], checked=Checked(0, 2, unchecked=lost))
    assert "NO CHANGE" not in told(digest).text
    assert told(digest).subject == "[pedigreed] jades: 2 of 2 programs unchecked"


def test_the_first_sight_of_a_program_is_not_called_unchanged() -> None:
    assert "NO CHANGE" not in told(plain([], baselines=(Baseline(1180, 5, ()), Baseline(1181, 0, ())))).text


@pytest.mark.parametrize(
    ("digest", "subject"),
    [
        (plain([]), "[pedigreed] jades: nothing new"),
        (plain([], suspects=(Suspect(1180, 846, 900, ENDS, ENDS),)), "[pedigreed] jades: 846 missing"),
        (plain([], baselines=(Baseline(1180, 846, ()),)), "[pedigreed] jades: now watching 1 program"),
    ],
)
def test_a_subject_without_changes_says_what_there_is(digest: Digest, subject: str) -> None:
    assert told(digest).subject == subject


def test_a_subject_says_where_a_reprocessing_goes(change: Callable[..., Change]) -> None:
    changes = [change(ChangeKind.REPROCESSED, f"{number}_cal.fits") for number in range(1204)]
    changes += [change(ChangeKind.NEW, f"{number}_rate.fits") for number in range(22)]
    assert told(plain(changes)).subject == "[pedigreed] jades: 1,204 reprocessed (2.0.1, jwst_1535), 22 new"


def test_a_subject_says_whose_first_data_there_is(change: Callable[..., Change]) -> None:
    changes = [change(ChangeKind.FIRST, f"{number}_cal.fits", program=4567) for number in range(3)]
    assert told(plain(changes)).subject == "[pedigreed] jades: first data of 4567"


@pytest.mark.parametrize("told", ["change", "baseline", "suspect", "nothing"])
def test_nothing_can_be_said_is_not_said_beside_what_is_said(change: Callable[..., Change], told: str) -> None:
    """Other instruments of the program answered."""
    lost = Checked(1, 2, unchecked=(Unchecked(1180, "MIRI: connection reset", None),))
    changes = [change(ChangeKind.NEW, "jw01180001001_02101_00001_nrca1_cal.fits")] if told == "change" else []
    text = told_text(
        plain(
            changes,
            checked=lost,
            baselines=(Baseline(1180, 5, ()),) if told == "baseline" else (),
            suspects=(Suspect(1180, 5, 9, ENDS, ENDS),) if told == "suspect" else (),
        )
    )
    assert ("1 of 2 programs: their changes are not known" in text) == (told == "nothing")
    assert ("1 of 2 programs: answered only in part" in text) == (told != "nothing")


def test_of_a_program_that_nothing_is_told_of_nothing_can_be_said(change: Callable[..., Change]) -> None:
    lost = Checked(1, 2, unchecked=(Unchecked(1181, "connection reset", None),))
    text = told_text(plain([change(ChangeKind.NEW, "jw01180001001_02101_00001_nrca1_cal.fits")], checked=lost))
    assert "their changes are not known" in text


@pytest.mark.parametrize(
    ("left_out", "subject", "phrase"),
    [
        ((), "nothing new", "NO CHANGE in 2 programs that were checked"),
        (
            (ChangeKind.STALE, ChangeKind.NO_LONGER_STALE),
            "nothing new",
            "NO CHANGE in 2 programs that were checked (stale flags are not reported)",
        ),
        (
            (ChangeKind.REPROCESSED,),
            "nothing new of what you asked for",
            "NO CHANGE of the kinds that you asked for, in 2 programs that were checked",
        ),
        (
            (ChangeKind.STALE,),
            "nothing new",
            "NO CHANGE of the kinds that you asked for, in 2 programs that were checked",
        ),
    ],
)
def test_no_change_is_said_of_the_kinds_that_are_asked_for(
    left_out: tuple[ChangeKind, ...], subject: str, phrase: str
) -> None:
    rendered = told(replace(plain([]), kinds=ALL_KINDS - set(left_out)))
    assert rendered.subject == f"[pedigreed] jades: {subject}"
    assert f" {phrase} CHECKED" in " ".join(rendered.text.split())


@pytest.mark.parametrize(
    ("kinds", "phrase"),
    [
        (ALL_KINDS, "withdrawals and stale flags as of 17 Nov 05:58Z"),
        (ALL_KINDS - {ChangeKind.STALE, ChangeKind.NO_LONGER_STALE}, "withdrawals as of 17 Nov 05:58Z"),
        (frozenset((ChangeKind.STALE,)), "stale flags as of 17 Nov 05:58Z"),
        (frozenset((ChangeKind.NEW,)), None),
    ],
)
def test_what_only_a_sweep_sees_is_dated_by_it(kinds: frozenset[ChangeKind], phrase: str | None) -> None:
    swept = datetime(2026, 11, 17, 5, 58, tzinfo=UTC)
    checked = Checked(2, 2, last_complete=ENDS, swept_since=swept, flags_since=swept)
    lines = [line.strip() for line in told_text(replace(plain([], checked=checked), kinds=kinds)).splitlines()]
    assert [line for line in lines if "as of" in line] == ([phrase] if phrase else [])


def test_flags_that_were_asked_for_since_are_not_dated_by_the_sweep() -> None:
    swept = datetime(2026, 11, 17, 5, 58, tzinfo=UTC)

    def as_of(flags_since: datetime) -> list[str]:
        checked = Checked(2, 2, last_complete=ENDS, swept_since=swept, flags_since=flags_since)
        return [line.strip() for line in told_text(plain([], checked=checked)).splitlines() if "as of" in line]

    assert as_of(ENDS - timedelta(hours=1)) == ["withdrawals and flags taken back as of 17 Nov 05:58Z"]
    assert as_of(swept + timedelta(days=1)) == [
        "withdrawals and flags taken back as of 17 Nov 05:58Z",
        "stale flags as of 18 Nov 05:58Z",
    ]


def test_a_first_digest_does_not_speak_of_withdrawals() -> None:
    swept = ENDS - timedelta(seconds=1)
    first = plain([], checked=Checked(2, 2, last_complete=ENDS, swept_since=swept, flags_since=swept))
    assert "as of" not in told_text(replace(first, starts=ENDS))


def test_a_sweep_of_the_period_itself_needs_no_word() -> None:
    starts = ENDS - timedelta(days=1)
    assert "as of" not in told_text(plain([], checked=Checked(2, 2, swept_since=starts)))
    assert "as of" in told_text(plain([], checked=Checked(2, 2, swept_since=starts - timedelta(minutes=1))))


def test_a_program_without_data_is_told_from_one_whose_data_are_not_watched() -> None:
    text = told_text(plain([], baselines=(Baseline(1180, 0, ()), Baseline(1181, 0, (), has_other_data=True))))
    assert re.findall(r"^ +(1180|1181)  (.*)$", text, re.MULTILINE) == [
        ("1180", "no data yet"),
        ("1181", "no products that you watch yet"),
    ]


def test_the_operator_is_named_where_there_is_one() -> None:
    assert "ops@obs.example" in told(plain([]), operator="ops@obs.example").text
    assert "Questions" not in told(plain([])).text


def test_programs_that_share_a_reason_share_a_row_that_names_them() -> None:
    lost = tuple(
        Unchecked(program, "connection reset.", ENDS - timedelta(days=1)) for program in range(1180, 1200)
    )
    text = told(plain([], checked=Checked(0, 20, unchecked=lost))).text
    assert " ".join(text.split()).count("connection reset; last complete answer 21 Nov") == 1
    assert all(re.search(rf"\b{program}\b", text) for program in range(1180, 1200))


@pytest.mark.parametrize(
    ("kinds", "unchecked", "subject"),
    [
        ((ChangeKind.REPROCESSED,), 0, "1 reprocessed (2.0.1, jwst_1535)"),
        ((ChangeKind.REPROCESSED, ChangeKind.NEW), 1, "1 reprocessed, 1 new, 1 of 2 programs unchecked"),
        (
            (ChangeKind.REGRESSED, ChangeKind.REPROCESSED, ChangeKind.NEW),
            1,
            "1 regressed, 1 reprocessed, 1 new, 1 of 2 unchecked",
        ),
        (tuple(ChangeKind), 0, "first data of 1180, 1 regressed, 1 reprocessed, ..."),
        (tuple(ChangeKind), 2, "first data of 1180, 1 regressed, ..., 2 of 2 unchecked"),
    ],
)
def test_a_subject_that_would_be_long_says_the_most_urgent_and_its_doubts(
    change: Callable[..., Change], kinds: tuple[ChangeKind, ...], unchecked: int, subject: str
) -> None:
    lost = tuple(Unchecked(1180 + number, "connection reset", None) for number in range(unchecked))
    changes = [change(kind, f"{kind.name}_cal.fits") for kind in kinds]
    digest = plain(changes, checked=Checked(2 - unchecked, 2, unchecked=lost), subscription="j")
    assert told(digest).subject == f"[pedigreed] j: {subject}"


def test_subjects_of_one_subscription_stand_together_when_they_are_sorted() -> None:
    names = ["jades", "ceers", "jades", "primer"]
    subjects = sorted(told(plain([], subscription=name)).subject for name in names)
    assert [subject.split()[1] for subject in subjects] == ["ceers:", "jades:", "jades:", "primer:"]
