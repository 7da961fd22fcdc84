"""A text that tells of several contexts, one after the other: an announcement of each."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pedigreed.model.notice import Announcement

_MOST = 50
_BEGINNING = re.compile(
    r"^\W{0,6}(?:(?:crds|new|latest|operational) ){0,2}(?:context )?(?P<context>jwst_\d{4,6})(?:\.pmap)?"
    r"(?:[:.,]| ?[\u2013\u2014]| - | (?:became|is|was|has|contains|adds|updates|with|for)\b)",
    re.IGNORECASE | re.MULTILINE,
)
_WORD = re.compile(r"[A-Za-z]{3,}")
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
    sections = [text[start:end].strip() for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    if any(len(_WORD.findall(section.partition(" ")[2])) < _FEWEST_WORDS for section in sections):
        return (announcement,)
    opening = text[: starts[0]].strip()
    return tuple(
        replace(
            announcement,
            identity=f"{announcement.identity}#{number}",
            text="\n\n".join(filter(None, (opening, section))),
        )
        for number, section in enumerate(sections, 1)
    )
