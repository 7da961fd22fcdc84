"""The phrases around the news: what a digest is of, what goes with it, and why one gets it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from pedigreed.digests.manifest import downloads_of
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

LEFT_OUT = "More would not fit in a mail:"
WHERE_IT_IS = "`pedigreed history PROGRAM --json --limit 1000000`"
"""What is cut off is kept. A program has fewer changes."""

FILES_NAMED = 3
"""So few files are named one by one; what is more is a matter for the attachment."""

_PRODUCT = re.compile(r"jw[0-9a-z_-]{8,120}\.fits")


def programs_watched(digest: Digest) -> str:
    """``programs 1180, 1181 and 31 more programs``."""
    programs = [_selection(selection) for selection in digest.selections]
    noun = "program" if len(programs) == 1 else "programs"
    return f"{noun} {shortlist(programs, PROGRAMS_NAMED, 'program')}" if programs else "no programs"


def attached_in_words(attached: Attached) -> str:
    """``40 files, for MastMissions.download_products``; ``40 changes with old and new pedigree``."""
    if not attached.is_manifest:
        return f"{_how_many(attached, 'change')} with old and new pedigree"
    use = "; unpacked with `gunzip`, for" if attached.is_packed else ", for"
    return f"{_how_many(attached, 'file')}{use} MastMissions.download_products"


def is_cut(attached: Sequence[Attached]) -> bool:
    """Whether some list is longer than what is attached of it."""
    return any(each.told < each.of for each in attached)


def how_to_download(attached: Sequence[Attached]) -> tuple[str, tuple[str, ...]] | None:
    """What to do, and the lines of Python that do it; None where there is nothing to download."""
    manifest = next((each for each in attached if each.is_manifest), None)
    if manifest is None:
        return None
    name = manifest.attachment.filename
    unpacked = f"unpack {name} with `gunzip`, then " if manifest.is_packed else ""
    return f"{unpacked}in Python, beside the attached JSON:", download_code(name.removesuffix(".gz"))


def download_code(manifest: str) -> tuple[str, ...]:
    """The lines of Python that download what a manifest, a JSON file, lists.

    Released versions of astroquery take the name of the file for that of a data set:
    its pull request 3517 came after 0.4.11.
    """
    return (
        "# with astroquery after 0.4.11: pip install -U --pre astroquery",
        "from astroquery.mast import MastMissions",
        f"files = {json.dumps(manifest)}",
        'MastMissions(mission="jwst").download_products(files)',
    )


def files_to_name(digest: Digest) -> list[str]:
    """The products that can be downloaded, where they are few and named as the archive names products."""
    if len(digest.changes) > FILES_NAMED:
        return []
    names = sorted({change.filename for change in downloads_of(digest.changes)})
    return [name for name in names if _PRODUCT.fullmatch(name)]


def reason_in_words(digest: Digest, configuration: str, operator: str | None) -> str:
    """Why one gets it, and who takes questions."""
    name = clipped(digest.subscription, LONGEST_NAME)
    contact = f" Questions and stops: {operator}" if operator else ""
    return f"You get this because `{name}` in {configuration} delivers to you.{contact}"


def _selection(selection: ProgramSelection) -> str:
    """As configured, ``1181:5,7-9``; where that is long, ``1181 (40 obs)``."""
    written = str(selection)
    return (
        written
        if len(written) <= LONGEST_SELECTION
        else f"{selection.program} ({len(selection.observations)} obs)"
    )


def _how_many(attached: Attached, noun: str) -> str:
    cut = f"the first {attached.told:,} of " if attached.told < attached.of else ""
    return cut + count(attached.of, noun)
