"""The sections of the text that tell what happened in CRDS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.layout import heading, prose
from pedigreed.digests.notice_words import (
    CRDS,
    NEW_BUILD,
    crds_in_words,
    more_notices_in_words,
    notices_in_words,
    notices_of_section,
)
from pedigreed.digests.wording import count

if TYPE_CHECKING:
    from pedigreed.digests.notice_words import NoticeWords
    from pedigreed.model.digest import Digest

NOTICES = 6
"""Of one section: what fits a screen."""

EFFECTS = 8

INDENT = "  "
DETAIL = "    "


def notice_sections(digest: Digest) -> list[list[str]]:
    """New build, CRDS. What has no content is absent."""
    return [_builds(digest), _deliveries(digest)]


def _builds(digest: Digest) -> list[str]:
    lines: list[str] = []
    title = heading(NEW_BUILD)
    for words in notices_in_words(digest, of_builds=True, most=NOTICES):
        lines += prose(words.news, " " * len(title) if lines else title)
        if words.summary:
            lines += prose(f'"{words.summary}"', " " * len(title))
    return lines


def _deliveries(digest: Digest) -> list[str]:
    notices = notices_of_section(digest, of_builds=False)
    if not notices:
        return []
    lines = prose(crds_in_words(notices), heading(CRDS))
    for words in notices_in_words(digest, of_builds=False, most=NOTICES):
        lines += _notice(words)
    if left_out := notices[NOTICES:]:
        lines += prose(more_notices_in_words(len(left_out)), INDENT)
    return lines


def _notice(words: NoticeWords) -> list[str]:
    lines = prose(f"{words.name} {words.news}", INDENT, DETAIL)
    if words.summary:
        lines += prose(f'"{words.summary}"', DETAIL, DETAIL + " ")
    for effect in words.effects[:EFFECTS]:
        lines += prose(str(effect), DETAIL, DETAIL + "  ")
    if left_out := words.effects[EFFECTS:]:
        lines += prose(f"and {count(len(left_out), 'more type')}", DETAIL)
    if words.outlook:
        lines += prose(words.outlook, DETAIL)
    return lines + prose(words.sources, DETAIL)
