"""The parts of a Slack message that tell what happened in CRDS."""

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
from pedigreed.digests.slack_blocks import bold, safe, section
from pedigreed.digests.wording import clipped

if TYPE_CHECKING:
    from pedigreed.digests.notice_words import NoticeWords
    from pedigreed.digests.slack_blocks import Block
    from pedigreed.model.digest import Digest

NOTICES = 4
EFFECTS = 4
LONGEST_SUMMARY = 160


def notice_blocks(digest: Digest, rows: int) -> list[Block]:
    """New build, CRDS; at most so many rows in each. Without rows, the numbers."""
    blocks = [
        section([f"{bold(NEW_BUILD)}  {safe(words.news)}"])
        for words in notices_in_words(digest, of_builds=True, most=max(1, min(rows, NOTICES)))
    ]
    notices = notices_of_section(digest, of_builds=False)
    if notices:
        most = min(rows, NOTICES)
        lines = [f"{bold(CRDS)}  {safe(crds_in_words(notices))}"]
        for words in notices_in_words(digest, of_builds=False, most=most):
            lines += _notice(words)
        if len(notices) > most:
            lines.append(safe(more_notices_in_words(len(notices) - most)))
        blocks.append(section(lines))
    return blocks


def _notice(words: NoticeWords) -> list[str]:
    return [
        f"\u2022 {bold(safe(words.name))} {safe(words.news)}",
        *([safe(f'"{clipped(words.summary, LONGEST_SUMMARY)}"')] if words.summary else []),
        *(safe(str(effect)) for effect in words.effects[:EFFECTS]),
        *([safe(words.outlook)] if words.outlook else []),
        safe(words.sources),
    ]
