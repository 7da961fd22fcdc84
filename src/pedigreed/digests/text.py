"""A digest as plain text: 78 columns, complete without any other format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.layout import filled, prose
from pedigreed.digests.moments import period
from pedigreed.digests.text_changes import change_sections
from pedigreed.digests.text_checks import check_sections
from pedigreed.digests.wording import clipped, count, shortlist

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.digests.attachments import Attached
    from pedigreed.model.digest import Digest
    from pedigreed.model.program import ProgramSelection

PROGRAMS_NAMED = 12
"""In the heading; a site watches hundreds."""

LONGEST_SELECTION = 20
LONGEST_NAME = 60

ATTACHED = "Attached: "

LEFT_OUT = "More would not fit in a mail:"
WHERE_IT_IS = "`pedigreed history PROGRAM --json --limit 1000000`"
"""What is cut off is kept. A program has fewer changes."""


def text_of(digest: Digest, attached: Sequence[Attached], *, configuration: str, operator: str | None) -> str:
    """The text, with LF line ends and one at the end."""
    sections = [
        _heading(digest),
        *change_sections(digest),
        *check_sections(digest),
        _attached(attached),
        _reason(digest, configuration, operator),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def programs_watched(digest: Digest) -> str:
    """``programs 1180, 1181 and 31 more programs``."""
    programs = [_selection(selection) for selection in digest.selections]
    noun = "program" if len(programs) == 1 else "programs"
    return f"{noun} {shortlist(programs, PROGRAMS_NAMED, 'program')}" if programs else "no programs"


def _heading(digest: Digest) -> list[str]:
    return [
        *prose(f"{clipped(digest.subscription, LONGEST_NAME)}: {programs_watched(digest)}"),
        *prose(period(digest.starts, digest.ends, digest.timezone)),
    ]


def _selection(selection: ProgramSelection) -> str:
    """As configured, ``1181:5,7-9``; where that is long, ``1181 (40 obs)``."""
    written = str(selection)
    return (
        written
        if len(written) <= LONGEST_SELECTION
        else f"{selection.program} ({len(selection.observations)} obs)"
    )


def _attached(attached: Sequence[Attached]) -> list[str]:
    """``Attached: jades-2026-11-22.json (40 files, for MastMissions.download_products)``, and the table."""
    lines: list[str] = []
    for each in attached:
        what = f"({_manifest(each) if each.is_manifest else _table(each)})"
        lines += filled([each.attachment.filename, *what.split()], " " * len(ATTACHED) if lines else ATTACHED)
    if any(each.told < each.of for each in attached):
        lines += filled([LEFT_OUT, WHERE_IT_IS], " " * len(ATTACHED))
    return lines


def _manifest(attached: Attached) -> str:
    use = "; unpacked with `gunzip`, for" if attached.is_packed else ", for"
    return f"{_how_many(attached, 'file')}{use} MastMissions.download_products"


def _table(attached: Attached) -> str:
    return f"{_how_many(attached, 'change')} with old and new pedigree"


def _how_many(attached: Attached, noun: str) -> str:
    cut = f"the first {attached.told:,} of " if attached.told < attached.of else ""
    return cut + count(attached.of, noun)


def _reason(digest: Digest, configuration: str, operator: str | None) -> list[str]:
    name = clipped(digest.subscription, LONGEST_NAME)
    contact = f" Questions and stops: {operator}" if operator else ""
    return prose(f"You get this because `{name}` in {configuration} delivers to you.{contact}")
