"""Texts that tell of several contexts."""

from __future__ import annotations

import pytest

from pedigreed.model.notice import Announcement, Medium
from pedigreed.notices.reading import facts_of
from pedigreed.sources.about_crds import of_one_context_each


def said(text: str) -> list[tuple[str, str]]:
    announcement = Announcement("list", Medium.MAIL, "1@lists.example", None, "Deliveries", text)
    return [(each.identity, each.text) for each in of_one_context_each(announcement)]


def test_each_context_is_an_announcement_of_its_own() -> None:
    text = "Dear all,\n\njwst_1583.pmap: new NIRCam flats.\nFor F070W.\njwst_1584.pmap: new MIRI MRS photom files."
    assert said(text) == [
        ("1@lists.example#1", "Dear all,\n\njwst_1583.pmap: new NIRCam flats.\nFor F070W."),
        ("1@lists.example#2", "Dear all,\n\njwst_1584.pmap: new MIRI MRS photom files."),
    ]


def test_each_is_of_its_own_context_also_where_the_subject_names_several() -> None:
    text = "jwst_1583.pmap: new NIRCam flats.\njwst_1584.pmap: new MIRI MRS photom files."
    mail = Announcement("list", Medium.MAIL, "1@lists.example", None, "CRDS: jwst_1583 and jwst_1584", text)
    assert [facts_of(each).context for each in of_one_context_each(mail)] == ["jwst_1583", "jwst_1584"]


@pytest.mark.parametrize(
    "text",
    [
        "Context jwst_1583 (NIRCam): new flats.\n\nContext jwst_1584 (MIRI): new photom.",
        "1) jwst_1583: new NIRCam flats\n2) jwst_1584: new MIRI photom",
        "jwst_1583\nNew NIRCam flats.\n\njwst_1584\nNew MIRI photom.",
        "**jwst_1583.pmap**\n\nNIRCam: flat\n\n**jwst_1584.pmap**\n\nMIRI: photom",
        "CRDS context: jwst_1583\nInstrument: NIRCam\n\nCRDS context: jwst_1584\nInstrument: MIRI",
        (
            "NIRCam flats are new.\n\nContext: jwst_1583. Change level: SEVERE\n\nMIRI has new photom.\n\n"
            "Context: jwst_1584.\n\nBest regards"
        ),
        "New NIRCam flats are in jwst_1583.pmap.\n\nNew MIRI photom files are in jwst_1584.pmap.",
        "20 Nov, jwst_1583: NIRCam flats.\n21 Nov, jwst_1584: MIRI photom.",
    ],
)
def test_contexts_are_told_apart_however_their_lines_begin(text: str) -> None:
    [(_, first), (_, second)] = said(text)
    assert ("NIRCam" in first, "jwst_1584" in first) == (True, False)
    assert ("MIRI" in second, "jwst_1583" in second) == (True, False)


@pytest.mark.parametrize(
    "text",
    [
        "Old context:\njwst_1583\nNew context:\njwst_1584\nNIRCam flats and darks",
        "jwst_1583.pmap: new NIRCam flats. They replace those of jwst_1584.",
        "jwst_1583.pmap\njwst_1584.pmap\n\nhave been activated.",
        "jwst_1583 -> jwst_1584\njwst_1584 -> jwst_1585: new flats",
        "jwst_1583.pmap: new NIRCam flats.\njwst_1583.pmap: and new darks too.",
        "Two contexts have been activated:\njwst_1583.pmap\njwst_1584.pmap",
        "Build context: jwst_1583.pmap.\nLatest context: jwst_1584.pmap.\nNIRCam flats are new.",
        "New NIRCam flats are in jwst_1584.pmap.\n\nThe previous context was jwst_1583.pmap.",
        "New NIRCam flats are in jwst_1584.pmap, and\nall that was new in jwst_1583.pmap.",
        "CRDS went back from\njwst_1584.pmap to\njwst_1583.pmap.",
        "",
    ],
)
def test_what_is_about_one_thing_stays_one(text: str) -> None:
    assert said(text) == [("1@lists.example", text)]
