"""Which texts are about JWST's reference files in CRDS, and which announcements they are."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pedigreed.model.instrument import Instrument
from pedigreed.model.vocabulary import SAY_ENOUGH_ON_A_LIST

if TYPE_CHECKING:
    from pedigreed.model.notice import Announcement


_INSTRUMENTS = "|".join(Instrument)
_NAMED = re.compile(
    rf"(?<![a-z0-9])jwst_(?:\d{{4}}(?![0-9])|(?:{_INSTRUMENTS}|system|all)_(?:[a-z0-9-]+_)?\d{{4}}\.(?:fits|asdf|json|[ri]map))",
    re.IGNORECASE,
)
"""A context or its rules, or a reference file: ``jwst_1535.pmap``, ``jwst_miri_0383.imap``,
``jwst_miri_dark_0072.fits``."""

_BY_NUMBER = re.compile(
    r"(?<![\w.])(?:pmaps?\s?[ #:]\s?\d{4}(?!\d)|crds[\s-]contexts?\s(?:number\s)?\d{4}(?!\d)|\d{4}\.pmap)",
    re.IGNORECASE,
)
"""A context without its telescope: ``pmap 1217``."""

_SUBJECT_MATTER = re.compile(
    r"(?<![a-z])(?:crds|ref(?:erence)?[\s_-]?files?|calibration[\s_-]files?)(?![a-z])", re.IGNORECASE
)
_OF_LISTS = re.compile(
    r"\b(?:new|updated?|updates|revised|improved|corrected|replaced|deliver(?:y|ed|ies))\b[^.!?]{0,80}"
    rf"\b(?:{'|'.join(map(re.escape, SAY_ENOUGH_ON_A_LIST))})\b",
    re.IGNORECASE,
)
"""What a list says of reference files without calling them so."""
_INSTRUMENT = re.compile(rf"(?<![a-z])(?:{_INSTRUMENTS})(?![a-z])", re.IGNORECASE)
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
_OF_CRDS = (
    r"(?:ref(?:erence)?[\s_-]?files?|superbias(?:es)?|superdarks?|darks?|flats?|crds|(?:crds )?contexts?|pmap)"
    r"(?![a-z])"
)
_ELSEWHERE = re.compile(
    rf"(?<![a-z])(?:(?:hst|hubble|wfc3|acs|stis|cos|nicmos|wfpc2)(?:['\u2019]s|/[a-z0-9]+)?"
    r"(?:[ :]{1,2}[a-z0-9/-]+){0,3}"
    rf"|(?:roman(?: space telescope)?|wfi)(?:['\u2019]s)?(?: [a-z0-9/]+)?)[ :]{{1,2}}{_OF_CRDS}",
    re.IGNORECASE,
)


def is_about_crds(said: str, *, is_of_list: bool = False) -> bool:
    """Whether a text names a context or a file of JWST's, or speaks of CRDS or of reference files for JWST.

    Args:
        said: the text.
        is_of_list: whether it came by a mailing list. Then it may speak of new flats and the like alone.
    """
    if _NAMED.search(said):
        return True
    speaks = _SUBJECT_MATTER.search(said) or (is_of_list and _OF_LISTS.search(said))
    is_one = bool(speaks and _TELESCOPE.search(said)) or bool(_BY_NUMBER.search(said))
    return is_one and not is_of_another_telescope(said)


def names_jwst(said: str) -> bool:
    """Whether a text names the telescope, an instrument, a context or a file of its."""
    return bool(_TELESCOPE.search(said) or _NAMED.search(said))


def is_of_another_telescope(said: str) -> bool:
    """Whether a text is about reference files of HST or Roman, and has nothing of JWST in it."""
    if _OF_JWST.search(said):
        return False
    return bool(_NAMED_ELSEWHERE.search(said) or _ELSEWHERE.search(said))


def instrument_of(list_name: str) -> Instrument | None:
    """The instrument that a list is about by its name, ``NIRCAM_REFFILES``; None for none, or several."""
    named = {Instrument(found.lower()) for found in _INSTRUMENT.findall(list_name)}
    return named.pop() if len(named) == 1 else None


_MOST = 50
_BEGINNING = re.compile(
    r"^\W{0,6}(?:\d{1,2}[.)]\s)?(?:(?:crds|new|latest|operational) ){0,2}(?:context:? )?"
    r"(?P<context>jwst_\d{4,6})(?:\.pmap)?"
    r"(?:[:.,]| ?[\u2013\u2014]| - | \(|[*_ ]*$| (?:became|is|was|has|contains|adds|updates|with|for)\b)",
    re.IGNORECASE | re.MULTILINE,
)
_WORD = re.compile(r"\b(?!(?:old|new|previous|latest|contexts?)\b)[A-Za-z]{3,}", re.IGNORECASE)
_FEWEST_WORDS = 2
_NEAR = 40
"""Characters."""
_CONTEXT = re.compile(r"(?<![a-z0-9])jwst_\d{4,6}(?:\.pmap)?(?![0-9a-z_])", re.IGNORECASE)
_OF_FACTS = re.compile(
    r"\b(?:change level|severity|delivered|activated|date)\s?(?:[:=]|on\b|is\b).*"
    r"|\b(?:best|kind) regards\b(?:.|\n)*",
    re.IGNORECASE,
)
_ENDS = re.compile(r"\n\s*\n|(?<=[.:;!?)])\n")
_SPEAKS_OF_BEFORE = re.compile(
    r"\b(?:replac|supersed|revert|roll|went back|previous|prior|instead|rather|before|from|old|than|since|was)"
    r"\w*\b"
    r"|->|=>|\u2192",
    re.IGNORECASE,
)


def of_one_context_each(announcement: Announcement) -> tuple[Announcement, ...]:
    """The announcement, or where its text tells of several contexts in turn, what it says of each.

    Lines begin with them, or paragraphs end with them, or each of several paragraphs or lines names one. What
    stands before the first of lines that begin with them is said of all. A text that only lists contexts is one.
    """
    sections = _in_sections(announcement.text)
    if len(sections) > _MOST:
        return (announcement,)
    return tuple(
        replace(
            announcement,
            identity=f"{announcement.identity}#{number}",
            text=section,
            facts=replace(announcement.facts, context=context),
        )
        for number, (context, section) in enumerate(sections, 1)
    ) or (announcement,)


def _in_sections(text: str) -> list[tuple[str, str]]:
    """Each context with the part of a text that tells of it; none where it does not tell of several in turn."""
    beginnings = list(_BEGINNING.finditer(text))
    contexts = [found["context"].lower() for found in beginnings]
    if len(set(contexts)) < 2:  # noqa: PLR2004  # two are several
        return _in_paragraphs(text)
    starts = [found.start() for found in beginnings]
    opening = text[: starts[0]].strip()
    if not _WORD.search(_OF_FACTS.sub("", text[beginnings[-1].end() :])) and _WORD.search(opening):
        ends = [_end_of_paragraph(text, found.end()) for found in beginnings]
        sections = [
            text[start:end].strip() for start, end in zip([0, *ends[:-1]], [*ends[:-1], len(text)], strict=True)
        ]
        speak = any(_SPEAKS_OF_BEFORE.search(text, max(0, start - _NEAR), start) for start in starts)
        are_told_of = all(_words_in(_OF_FACTS.sub("", section)) >= _FEWEST_WORDS for section in sections)
        return list(zip(contexts, sections, strict=True)) if are_told_of and not speak else []
    sections = [text[start:end].strip() for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    said = [_BEGINNING.sub("", section, count=1) for section in sections]
    if any(_words_in(words) < _FEWEST_WORDS for words in said):
        return []
    return [
        (context, "\n\n".join(filter(None, (opening, section))))
        for context, section in zip(contexts, sections, strict=True)
    ]


def _words_in(text: str) -> int:
    """How many words, without the names of contexts."""
    return len(_WORD.findall(_CONTEXT.sub("", text)))


def _end_of_paragraph(text: str, start: int) -> int:
    found = text.find("\n\n", start)
    return len(text) if found < 0 else found


def _in_paragraphs(text: str) -> list[tuple[str, str]]:
    """Each paragraph or line that names one context, with what follows it; none where one speaks of one before."""
    sections: list[str] = []
    contexts: list[str] = []
    opening = ""
    for block in _ENDS.split(text):
        named = {found.lower().removesuffix(".pmap") for found in _CONTEXT.findall(block)}
        if len(named) > 1 or (named and (_SPEAKS_OF_BEFORE.search(block) or _words_in(block) < _FEWEST_WORDS)):
            return []
        if named - set(contexts[-1:]):
            contexts += named
            sections.append(f"{opening}\n\n{block}".strip())
        elif sections:
            sections[-1] += f"\n\n{block}"
        else:
            opening = f"{opening}\n\n{block}".strip()
    return list(zip(contexts, sections, strict=True)) if len(set(contexts)) > 1 else []
