"""An announcement -> what it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import examples
from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import Announcement, ChangeLevel, Facts, Heard, Medium, NoticeKind
from pedigreed.notices.reading import facts_heard, facts_of, reader

if TYPE_CHECKING:
    from collections.abc import Mapping


def _read(text: str, title: str = "", facts: Facts | None = None) -> Facts:
    return facts_of(Announcement("list", Medium.MAIL, "<1@x>", None, title, text, facts=facts or Facts()))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("New NIRCam flat reference files.", NoticeKind.DELIVERY),
        ("The context is jwst_1535.pmap.", NoticeKind.DELIVERY),
        ("jwst_miri_dark_0123.fits is there.", NoticeKind.DELIVERY),
        ("All NIRCam reference files have been updated. Please reprocess.", NoticeKind.DELIVERY),
        ("Revised calibration files for the MIRI imager are in CRDS.", NoticeKind.DELIVERY),
        ("Where does one find the reference files of NIRCam?", None),
        ("NIRCam has news.", None),
        ("A new flat field.", None),
        ("Welcome to the list!", None),
        ("", None),
        ("CRDS went back to jwst_1530.pmap this morning.", NoticeKind.ROLLBACK),
        ("We rolled back to context jwst_1530, since jwst_1531 breaks MIRI.", NoticeKind.ROLLBACK),
        ("Context jwst_1531 was rolled back; jwst_1530 is the latest.", NoticeKind.ROLLBACK),
        ("The latest context was reverted.", None),
        ("The MIRI flat was reverted to the older file in context jwst_1530.", NoticeKind.DELIVERY),
        ("jwst_miri_flat_0804.fits was marked as bad.", NoticeKind.MARKED_BAD),
        ("Do not use jwst_miri_flat_0804.fits, its errors are zero.", NoticeKind.MARKED_BAD),
        ("New: jwst_miri_flat_0804.fits. Please do not use reply-all.", NoticeKind.DELIVERY),
        ("jwst_miri_flat_0804.fits is there. The old file was marked bad.", NoticeKind.DELIVERY),
        ("jwst_miri_flat_0804.fits is there instead of bad files.", NoticeKind.DELIVERY),
        ("jwst_miri_flat_0804.fits will be marked as bad.", NoticeKind.DELIVERY),
        ("jwst_1536 has new flats. jwst_miri_flat_0804.fits is marked bad with it.", NoticeKind.DELIVERY),
        ("The archive context is jwst_1535 since build 12.3 (jwst 2.0.0).", NoticeKind.BUILD),
        ("Context jwst_1535 is the one of Build 12.3.1.", NoticeKind.BUILD),
        ("Build 12.0.1 was released: jwst 1.19.1 with jwst_1413.pmap.", NoticeKind.BUILD),
        ("The pipeline 1.20.2 was installed in operations with jwst_1464.", NoticeKind.BUILD),
        ("New MIRI darks in jwst_1464, for release 1.20.2 and later.", NoticeKind.DELIVERY),
        (
            "A candidate of build 12.4 of the calibration pipeline (jwst 2.1.0) gets context jwst_1580.",
            NoticeKind.BUILD,
        ),
        ("A new file for Build 12.3. It is in jwst_1535.", NoticeKind.DELIVERY),
    ],
)
def test_the_kind_is_told_by_the_text(text: str, kind: NoticeKind | None) -> None:
    assert _read(text).kind is kind


def test_a_title_that_says_bad_outweighs_the_context() -> None:
    facts = _read(
        "It is in jwst_1500 to jwst_1536.",
        title="jwst_miri_flat_0804.fits was marked bad, use jwst_miri_flat_0805.fits",
    )
    assert facts.kind is NoticeKind.MARKED_BAD


@pytest.mark.parametrize(
    "text",
    [
        "jwst_miri_flat_0804.fits was marked bad and replaced by jwst_miri_flat_0805.fits. It is old.",
        "jwst_miri_flat_0804.fits is bad. Do not use it; use jwst_miri_flat_0805.fits instead.",
        "Use jwst_miri_flat_0805.fits instead of jwst_miri_flat_0804.fits, which was marked bad.",
        "jwst_miri_flat_0805.fits replaces jwst_miri_flat_0804.fits, which should be considered bad.",
        "Please do not use jwst_miri_flat_0804.fits, but use jwst_miri_flat_0805.fits.",
        "We made jwst_miri_flat_0803.fits. There is an error in jwst_miri_flat_0804.fits. It was marked as bad.",
        "jwst_miri_flat_0804.fits must not be used; please use jwst_miri_flat_0805.fits.",
    ],
)
def test_a_bad_file_is_not_the_one_to_use_instead(text: str) -> None:
    assert _read(text).files == ("jwst_miri_flat_0804.fits",)


def test_bad_files_in_a_list_are_all_of_them() -> None:
    facts = _read("These were marked as bad:\n- jwst_fgs_dark_0001.fits\n- jwst_fgs_dark_0002.fits")
    assert facts.files == ("jwst_fgs_dark_0001.fits", "jwst_fgs_dark_0002.fits")


@pytest.mark.parametrize(
    ("text", "context", "before"),
    [
        ("jwst_1535.pmap", "jwst_1535", None),
        ("jwst_1535 became the latest context", "jwst_1535", None),
        ("jwst_1535 replaces jwst_1534", "jwst_1535", "jwst_1534"),
        ("jwst_1534.pmap was replaced by jwst_1535.pmap", "jwst_1535", "jwst_1534"),
        ("They are in jwst_1535 and replace those of jwst_1534", "jwst_1535", "jwst_1534"),
        ("from jwst_1464 to jwst_1535", "jwst_1535", "jwst_1464"),
        ("jwst_1534, jwst_1535, and jwst_1533 have it", "jwst_1535", None),
        ("instead of jwst_1540, CRDS has the new context jwst_1535", "jwst_1535", "jwst_1540"),
        ("jwst_1535 (previously jwst_1464)", "jwst_1535", "jwst_1464"),
        ("jwst_miri_1535.imap and jwst_15.pmap", None, None),
        ("It is in pmap 1217.", "jwst_1217", None),
        ("see context 1584", "jwst_1584", None),
        ("CRDS goes 1263 -> 1274", "jwst_1274", "jwst_1263"),
        ("jwst_1263.pmap -> jwst_1274.pmap", "jwst_1274", "jwst_1263"),
        ("the context 2024-09-11", None, None),
        ("a step at 1263 -> 1274 nm", None, None),
        ("Reverted to jwst_1530.pmap since jwst_1531.pmap breaks MIRI.", "jwst_1530", "jwst_1531"),
        ("Rolled back from jwst_1531 to jwst_1530", "jwst_1530", "jwst_1531"),
    ],
)
def test_the_context_is_the_new_one_of_several(text: str, context: str | None, before: str | None) -> None:
    facts = _read(text)
    assert (facts.context, facts.before) == (context, before)


def test_what_was_kept_is_taken_of_the_same_reader_alone() -> None:
    announcement = Announcement("list", Medium.MAIL, "<1@x>", None, "", "New NIRCam flat reference files.")
    told = Facts(modes=("as it was kept",))
    at = datetime(2026, 9, 14, tzinfo=UTC)
    assert facts_heard(Heard(1, announcement, at, facts_read=told, read_by=reader())) == told
    for heard in (Heard(1, announcement, at), Heard(1, announcement, at, facts_read=told, read_by="another")):
        assert facts_heard(heard) == facts_of(announcement)


def test_records_win_over_text() -> None:
    told = Facts(
        kind=NoticeKind.DELIVERY,
        context="jwst_1536.pmap",
        files=("jwst_miri_dark_0123.fits",),
        instruments=(Instrument.MIRI,),
        reference_types=("dark",),
        change_level=ChangeLevel.SEVERE,
        activated_at=datetime(2026, 9, 14, tzinfo=UTC),
    )
    facts = _read(
        "We rolled back to jwst_1530, a trivial change, activated on 2020-01-01. NIRISS flat reference files too.",
        facts=told,
    )
    assert facts.kind is NoticeKind.DELIVERY
    assert facts.context == "jwst_1536"
    assert facts.change_level is ChangeLevel.SEVERE
    assert facts.activated_at == told.activated_at
    assert facts.instruments == (Instrument.MIRI, Instrument.NIRISS)
    assert facts.reference_types == ("dark", "flat")


def test_what_a_list_is_about_says_what_its_texts_do_not() -> None:
    of_list = Facts(instruments=(Instrument.MIRI,))
    assert _read("New darks were delivered.", facts=of_list).instruments == (Instrument.MIRI,)
    assert _read("New NIRCam darks were delivered.", facts=of_list).instruments == (Instrument.NIRCAM,)
    assert _read("Build 12.4 has the context jwst_1590.", facts=of_list).instruments == ()


def test_the_title_is_read_as_well() -> None:
    facts = _read("More in the text.", title="NIRSpec pathloss in jwst_1536")
    assert (facts.context, facts.instruments, facts.reference_types) == (
        "jwst_1536",
        (Instrument.NIRSPEC,),
        ("pathloss",),
    )


def test_the_version_is_the_builds() -> None:
    text = "Build context jwst_1535: jwst 2.0.0 and 2.0.1 use it, and 1.20.2 did not."
    assert _read(text).cal_ver == "2.0.1"
    assert _read("A delivery in jwst_1535, tested with jwst 2.0.1.").cal_ver is None


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Change level: SEVERE", ChangeLevel.SEVERE),
        ("s['change_level'] = 'MODERATE'", ChangeLevel.MODERATE),
        ("The change level is Severe.", ChangeLevel.SEVERE),
        ("a trivial change to MIRI", ChangeLevel.TRIVIAL),
        ("severe weather", None),
    ],
)
def test_the_change_level_is_told_where_it_is_called_so(text: str, level: ChangeLevel | None) -> None:
    assert _read(text).change_level is level


@pytest.mark.parametrize(
    ("text", "delivered", "activated"),
    [
        ("delivered 2024-09-10", datetime(2024, 9, 10, tzinfo=UTC), None),
        ("Delivery date: 10 September 2024", datetime(2024, 9, 10, tzinfo=UTC), None),
        (
            "delivered on Sept. 10, 2024 and activated on 2024-09-11 18:30:05",
            datetime(2024, 9, 10, tzinfo=UTC),
            datetime(2024, 9, 11, 18, 30, 5, tzinfo=UTC),
        ),
        ("jwst_1281.pmap became the latest on 11th September 2024", None, datetime(2024, 9, 11, tzinfo=UTC)),
        ("activated as jwst_1281.pmap on 2024-09-11", None, datetime(2024, 9, 11, tzinfo=UTC)),
        ("installed in operations on 2026-10-12", None, datetime(2026, 10, 12, tzinfo=UTC)),
        ("delivered. Data taken after May 14, 2024", None, None),
        ("delivered 2024-02-31", None, None),
        ("data taken after May 14, 2024", None, None),
    ],
)
def test_dates_are_taken_beside_the_words_for_them(
    text: str, delivered: datetime | None, activated: datetime | None
) -> None:
    facts = _read(text)
    assert (facts.delivered_at, facts.activated_at) == (delivered, activated)


PIECES = st.sampled_from(
    [
        *("jwst_1535", "jwst_1464.pmap", "rolled back", "to", "from", "marked bad", "build 12.3", "context", "."),
        *("delivered", "activated", "2024-09-11", "11 September 2024", "change level", "severe", "MIRI", "dark"),
        *("jwst_miri_dark_0123.fits", "reference files", "\n", "replaced by", "was", "jwst 2.0.1", "99999-99-99"),
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES).map(" ".join)), st.text(max_size=20))
def test_any_text_is_read_and_only_what_stands_there_is_known(text: str, title: str) -> None:
    facts = _read(text, title)
    said = f"{title}\n\n{text}".lower()
    assert all(name in said for name in facts.files)
    assert facts.context is None or facts.context in said
    assert facts.before is None or (facts.before in said and facts.before != facts.context)
    assert facts.cal_ver is None or facts.cal_ver in said
    assert facts.kind is not None or (facts.context is None and not facts.files)


HOSTILE: Mapping[str, str] = {
    "roll": "rolled back to the " * 6_000,
    "context": "context build 12.3 " * 6_000,
    "build": "B12.3 " * 18_000,
    "delivered": "delivered on " * 8_000,
    "jwst": "jwst_1535 " * 10_000,
    "dots": "e.g. " * 20_000,
    "letters": "a" * 100_000,
    "lines": "\n \n" * 33_000,
    "bad": "do not use jwst_miri_flat_0001.fits. " * 2_500,
    "lists": "The following was marked bad: jwst_ " * 2_400,
    "brackets": "jwst_1535 (" * 9_000,
}


@pytest.mark.parametrize("shape", HOSTILE)
def test_a_text_that_is_made_to_be_slow_is_read_to_its_end(shape: str) -> None:
    facts = _read(HOSTILE[shape][: examples(99_900)] + "\n\nNIRISS WFSS")
    assert Instrument.NIRISS in facts.instruments
