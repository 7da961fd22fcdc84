"""The first sentences that say why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.notices.sentences import sentences
from pedigreed.notices.writing import MOST_CHARACTERS, summary_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One here. Two there.", ("One here.", "Two there.")),
        ("Files, e.g. Jwst ones, of v1.20.2 are new. So is jwst_miri_flat_0804.fits. End", None),
        ("Made by A. Person with Dr. Other. Done.", ("Made by A. Person with Dr. Other.", "Done.")),
        ("Lines are\nbroken anywhere. Paragraphs\n\nare not", None),
        ("", ()),
    ],
)
def test_sentences_end_where_people_end_them(text: str, expected: tuple[str, ...] | None) -> None:
    if expected is None:
        expected = {
            "F": (
                "Files, e.g. Jwst ones, of v1.20.2 are new.",
                "So is jwst_miri_flat_0804.fits.",
                "End",
            ),
            "L": ("Lines are broken anywhere.", "Paragraphs", "are not"),
        }[text[0]]
    assert sentences(text) == expected


def test_greetings_and_pointers_are_passed_over() -> None:
    text = (
        "Dear colleagues,\n\nThe new MIRI flats correct a scratch. They were made from sky images.\n\n"
        "For more details see the web page.\n\nBest regards"
    )
    assert summary_of(text) == "The new MIRI flats correct a scratch. They were made from sky images."


def test_a_header_of_what_is_affected_is_passed_over_with_what_goes_on_with_it() -> None:
    text = (
        "Affected data: NIRCam imaging, flat reference files. NIRSpec Fixed Slits, pathloss reference file. "
        "The flats were made again because of dust."
    )
    assert summary_of(text) == "The flats were made again because of dust."


def test_a_quotation_is_read_without_its_marks() -> None:
    assert summary_of("Hello!\n\n> > The flats are\n> > new.\n>\n> Yes.") == "The flats are new. Yes."


def test_lines_of_facts_are_passed_over() -> None:
    text = (
        "Instrument: NIRSPEC\nReference type: DARK\nModes affected: IRS2\nChange level: SEVERE\n"
        "Description: New darks\nfix a hot column.\nFiles:\n  jwst_nirspec_dark_0512.fits\n"
    )
    assert summary_of(text) == "New darks fix a hot column."


def test_a_header_alone_is_better_than_nothing() -> None:
    assert summary_of("Affected data: NIRCam imaging, flats.") == "Affected data: NIRCam imaging, flats."


def test_as_many_sentences_stand_as_fit() -> None:
    sentence = "This is a sentence of some fifty characters or so."
    summary = summary_of(" ".join([sentence] * 20))
    assert summary == " ".join([sentence] * 9)


def test_a_sentence_that_is_too_long_is_cut_between_words() -> None:
    summary = summary_of("word " * 200)
    assert summary.endswith("word ...")
    assert len(summary) <= MOST_CHARACTERS


@given(st.text())
def test_any_text_has_a_summary_on_one_line(text: str) -> None:
    summary = summary_of(text)
    assert len(summary) <= MOST_CHARACTERS
    assert len(summary.splitlines()) <= 1
    assert text.split() or not summary
    if any(character.isalnum() for character in text):
        assert summary
