"""A digest as plain text: 78 columns, complete without any other format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.layout import filled, prose
from pedigreed.digests.manifest import count_downloads
from pedigreed.digests.moments import period
from pedigreed.digests.text_changes import change_sections
from pedigreed.digests.text_checks import check_sections
from pedigreed.digests.wording import clipped, count, shortlist

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.model.digest import Attachment, Digest
    from pedigreed.model.program import ProgramSelection

PROGRAMS_NAMED = 12
"""In the heading; a site watches hundreds."""

LONGEST_SELECTION = 20
LONGEST_NAME = 60


def text_of(digest: Digest, attachments: Sequence[Attachment], *, configuration: str, operator: str | None) -> str:
    """The text, with LF line ends and one at the end."""
    sections = [
        _heading(digest),
        *change_sections(digest),
        *check_sections(digest),
        _attached(attachments, digest),
        _reason(digest, configuration, operator),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _heading(digest: Digest) -> list[str]:
    programs = [_selection(selection) for selection in digest.selections]
    noun = "program" if len(programs) == 1 else "programs"
    watched = f"{noun} {shortlist(programs, PROGRAMS_NAMED, 'program')}" if programs else "no programs"
    return [
        *prose(f"{clipped(digest.subscription, LONGEST_NAME)}: {watched}"),
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


def _attached(attachments: Sequence[Attachment], digest: Digest) -> list[str]:
    """``Attached: jades-2026-11-22.json (40 files, for MastMissions.download_products)``, and the table."""
    lines: list[str] = []
    for attachment in attachments:
        if attachment.media_type == "application/json":
            files = count(count_downloads(digest.changes), "file")
            what = f"({files}, for MastMissions.download_products)"
        else:
            what = f"({count(len(digest.changes), 'change')} with old and new pedigree)"
        label = "          " if lines else "Attached: "
        lines += filled([attachment.filename, *what.split()], label)
    return lines


def _reason(digest: Digest, configuration: str, operator: str | None) -> list[str]:
    name = clipped(digest.subscription, LONGEST_NAME)
    contact = f" Questions and stops: {operator}" if operator else ""
    return prose(f"You get this because `{name}` in {configuration} delivers to you.{contact}")
