"""Which texts are about JWST's reference files in CRDS, and which announcements they are."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pedigreed.model.instrument import Instrument

if TYPE_CHECKING:
    from pedigreed.model.notice import Announcement


_INSTRUMENTS = "|".join(Instrument)
_NAMED = re.compile(
    rf"(?<![a-z0-9])jwst_(?:\d{{4}}(?![0-9])|(?:{_INSTRUMENTS}|system|all)_(?:[a-z0-9-]+_)?\d{{4}}\.(?:fits|asdf|json|[ri]map))",
    re.IGNORECASE,
)
"""A context or its rules, or a reference file: ``jwst_1535.pmap``, ``jwst_miri_0383.imap``,
``jwst_miri_dark_0072.fits``."""

_SUBJECT_MATTER = re.compile(r"(?<![a-z])(?:crds|ref(?:erence)?[\s_-]?files?)(?![a-z])", re.IGNORECASE)
_TELESCOPE = re.compile(rf"(?<![a-z])(?:jwst|webb|{_INSTRUMENTS})(?![a-z])", re.IGNORECASE)
# Hubble has an FGS too.
_OF_JWST = re.compile(
    rf"(?<![a-z])(?:jwst|webb|{'|'.join(each for each in Instrument if each is not Instrument.FGS)})(?![a-z])",
    re.IGNORECASE,
)
_NAMED_ELSEWHERE = re.compile(
    r"(?<![a-z0-9])(?:hst|roman)_(?:\d{4}(?![0-9])|[a-z0-9]+_(?:[a-z0-9-]+_)?\d{4}\.(?:fits|asdf|json|[ri]map))",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"(?<![a-z])(?:hst|hubble|roman(?: space telescope)?|wfc3|acs|stis|cos|nicmos|wfpc2|wfi)"
    r"(?:['\u2019]s)?(?: [a-z0-9/]+)? (?:ref(?:erence)?[\s_-]?files?|superbias(?:es)?|superdarks?|darks?|flats?)"
    r"(?![a-z])",
    re.IGNORECASE,
)


def is_about_crds(said: str) -> bool:
    """Whether a text names a context or a file of JWST's, or speaks of CRDS or of reference files for JWST."""
    if _NAMED.search(said):
        return True
    return bool(_SUBJECT_MATTER.search(said) and _TELESCOPE.search(said)) and not is_of_another_telescope(said)


def names_jwst(said: str) -> bool:
    """Whether a text names the telescope, an instrument, a context or a file of its."""
    return bool(_TELESCOPE.search(said) or _NAMED.search(said))


def is_of_another_telescope(said: str) -> bool:
    """Whether a text is about reference files of HST or Roman, and has nothing of JWST in it."""
    if _OF_JWST.search(said):
        return False
    return bool(_NAMED_ELSEWHERE.search(said) or _ELSEWHERE.search(said))


_MOST = 50
_BEGINNING = re.compile(
    r"^\W{0,6}(?:\d{1,2}[.)]\s)?(?:(?:crds|new|latest|operational) ){0,2}(?:context:? )?"
    r"(?P<context>jwst_\d{4,6})(?:\.pmap)?"
    r"(?:[:.,]| ?[\u2013\u2014]| - | \(|[*_ ]*$| (?:became|is|was|has|contains|adds|updates|with|for)\b)",
    re.IGNORECASE | re.MULTILINE,
)
_WORD = re.compile(r"\b(?!(?:old|new|previous|latest|contexts?)\b)[A-Za-z]{3,}", re.IGNORECASE)
_FEWEST_WORDS = 2


def of_one_context_each(announcement: Announcement) -> tuple[Announcement, ...]:
    """The announcement, or where lines of its text begin with several contexts, what it says of each.

    What stands before the first of them is said of all. A text that only lists contexts is one.
    """
    text = announcement.text
    beginnings = list(_BEGINNING.finditer(text))
    if len({found["context"].lower() for found in beginnings}) < 2 or len(beginnings) > _MOST:  # noqa: PLR2004  # two are several
        return (announcement,)
    starts = [found.start() for found in beginnings]
    ends = [*starts[1:], len(text)]
    said = [text[found.end() : end] for found, end in zip(beginnings, ends, strict=True)]
    if any(len(_WORD.findall(words)) < _FEWEST_WORDS for words in said):
        return (announcement,)
    sections = [text[start:end].strip() for start, end in zip(starts, ends, strict=True)]
    opening = text[: starts[0]].strip()
    return tuple(
        replace(
            announcement,
            identity=f"{announcement.identity}#{number}",
            text="\n\n".join(filter(None, (opening, section))),
        )
        for number, section in enumerate(sections, 1)
    )
