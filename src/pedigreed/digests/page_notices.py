"""The sections of a page that tell what happened in CRDS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.notice_words import (
    CRDS,
    NEW_BUILD,
    crds_in_words,
    more_notices_in_words,
    notices_in_words,
    notices_of_section,
)
from pedigreed.digests.page import Notice, Row, Section, Touched
from pedigreed.digests.wording import count, sentence

if TYPE_CHECKING:
    from pedigreed.digests.notice_words import NoticeWords
    from pedigreed.model.digest import Digest

EFFECTS = 8


def notice_sections(digest: Digest, rows: int) -> list[Section]:
    """New build, CRDS. What has no content is absent."""
    sections = []
    if builds := notices_in_words(digest, of_builds=True, most=max(rows, 1)):
        first, *others = builds
        told = [first.summary, *(line for words in others for line in (words.news, words.summary))]
        lines = tuple(Row("", line) for line in told if line and rows)
        sections.append(Section(NEW_BUILD, sentence(first.news), rows=lines))
    if notices := notices_of_section(digest, of_builds=False):
        left_out = len(notices) - rows
        shown = notices_in_words(digest, of_builds=False, most=rows)
        more = more_notices_in_words(left_out) if left_out > 0 else ""
        sections.append(
            Section(CRDS, sentence(crds_in_words(notices)), notices=tuple(map(_notice, shown)), more=more)
        )
    return sections


def _notice(words: NoticeWords) -> Notice:
    left_out = len(words.effects[EFFECTS:])
    return Notice(
        name=words.name,
        page=words.page,
        news=words.news,
        quote=words.summary,
        touched=tuple(Touched(*effect) for effect in words.effects[:EFFECTS]),
        more=f"and {count(left_out, 'more type')}" if left_out else "",
        outlook=sentence(words.outlook) if words.outlook else "",
        sources=sentence(words.sources),
    )
