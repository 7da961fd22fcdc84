"""A digest as plain text: 78 columns, complete without any other format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.frame_words import (
    LEFT_OUT,
    LONGEST_NAME,
    WHERE_IT_IS,
    attached_in_words,
    files_to_name,
    how_to_download,
    is_cut,
    programs_watched,
    reason_in_words,
)
from pedigreed.digests.layout import filled, prose
from pedigreed.digests.moments import period
from pedigreed.digests.text_changes import change_sections
from pedigreed.digests.text_checks import check_sections
from pedigreed.digests.text_disk import disk_sections
from pedigreed.digests.text_motion import motion_section
from pedigreed.digests.text_notices import notice_sections
from pedigreed.digests.wording import clipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.digests.attachments import Attached
    from pedigreed.model.digest import Digest

ATTACHED = "Attached: "
PRODUCTS = "Products: "
TO_DOWNLOAD = "To download: "


def text_of(digest: Digest, attached: Sequence[Attached], *, configuration: str, operator: str | None) -> str:
    """The text, with LF line ends and one at the end."""
    sections = [
        _heading(digest),
        *disk_sections(digest),
        *change_sections(digest),
        motion_section(digest),
        *notice_sections(digest),
        *check_sections(digest),
        _attached(attached),
        _products(digest),
        _download(attached),
        prose(reason_in_words(digest, configuration, operator)),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _heading(digest: Digest) -> list[str]:
    return [
        *prose(f"{clipped(digest.subscription, LONGEST_NAME)}: {programs_watched(digest)}"),
        *prose(period(digest.starts, digest.ends, digest.timezone)),
    ]


def _attached(attached: Sequence[Attached]) -> list[str]:
    """``Attached: jades-2026-11-22.json (40 files, for MastMissions.download_products)``, and the table."""
    lines: list[str] = []
    for each in attached:
        what = f"({attached_in_words(each)})"
        lines += filled([each.attachment.filename, *what.split()], " " * len(ATTACHED) if lines else ATTACHED)
    if is_cut(attached):
        lines += filled([LEFT_OUT, WHERE_IT_IS], " " * len(ATTACHED))
    return lines


def _products(digest: Digest) -> list[str]:
    """The products that can be downloaded by name, where they are few."""
    lines: list[str] = []
    for name in files_to_name(digest):
        lines += prose(name, " " * len(PRODUCTS) if lines else PRODUCTS)
    return lines


def _download(attached: Sequence[Attached]) -> list[str]:
    """What fetches the products: lines to be copied, so none of them is broken."""
    told = how_to_download(attached)
    if told is None:
        return []
    lead, code = told
    return [*prose(lead, TO_DOWNLOAD), *(f"  {line}" for line in code)]
