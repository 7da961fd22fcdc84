"""A digest as a view: its sections in reading order, and what stands around them. To add a section, begin here."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from pedigreed.digests.links import product_file
from pedigreed.digests.manifest import download_code, downloads_of
from pedigreed.digests.sections.changes import changes
from pedigreed.digests.sections.checked import checked, not_checked, not_read
from pedigreed.digests.sections.crds import crds, new_build
from pedigreed.digests.sections.disk import on_your_disk
from pedigreed.digests.sections.impact import for_your_data
from pedigreed.digests.sections.motion import in_motion
from pedigreed.digests.sections.programs import missing, no_change, now_watching
from pedigreed.digests.subject import headline_of
from pedigreed.digests.view import Download, File, View
from pedigreed.digests.wording import clipped, count, one_line, period, shortlist

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pedigreed.digests.attachments import Attached
    from pedigreed.digests.view import Budget, Section
    from pedigreed.model.digest import Digest
    from pedigreed.model.program import ProgramSelection

SECTIONS: tuple[Callable[[Digest, Budget], Iterable[Section]], ...] = (
    on_your_disk,
    changes,
    in_motion,
    new_build,
    crds,
    for_your_data,
    missing,
    now_watching,
    no_change,
    not_checked,
    not_read,
    checked,
)
"""In reading order. Each gives nothing where it has nothing to tell; every format prints what it gives."""

PROGRAMS_NAMED = 12
"""In the heading; a site watches hundreds."""

FILES_NAMED = 3
"""So few files are named one by one; what is more is a matter for the attachment."""

LONGEST_SELECTION = 20
LONGEST_NAME = 60
LONGEST_ADDRESS = 100
"""Columns of the operator's address, and of the configuration's file name."""

_PRODUCT = re.compile(r"jw[0-9a-z_-]{8,120}\.fits")


def view_of(
    digest: Digest,
    budget: Budget,
    *,
    subject: str,
    attached: Sequence[Attached],
    configuration: str,
    operator: str | None,
) -> View:
    """Make the view.

    Args:
        digest: composed.
        budget: how much there is room for.
        subject: of the mail.
        attached: what goes with it, where the budget has files.
        configuration: the configuration's file name.
        operator: the address for questions and stops, if there is one.
    """
    files = attached if budget.has_files else ()
    return View(
        subject=subject,
        news=headline_of(digest),
        subscription=clipped(digest.subscription, LONGEST_NAME),
        programs=one_line(programs_watched(digest)),
        period=period(digest.starts, digest.ends, digest.timezone),
        sections=tuple(section for give in SECTIONS for section in give(digest, budget)),
        attached=tuple(File(each.attachment.filename, _what_it_has(each)) for each in files),
        left_out=_where_the_rest_is(digest, files),
        download=download_of(digest, files),
        reason=_reason(digest, configuration, operator),
    )


def programs_watched(digest: Digest) -> str:
    """``programs 1180, 1181 and 31 more programs``."""
    programs = [_selection(selection) for selection in digest.selections]
    noun = "program" if len(programs) == 1 else "programs"
    return f"{noun} {shortlist(programs, PROGRAMS_NAMED, 'program')}" if programs else "no programs"


def download_of(digest: Digest, attached: Sequence[Attached]) -> Download | None:
    """How to download what changed; None where there is nothing to download."""
    files = tuple(File(name, page=product_file(name)) for name in _files_to_name(digest))
    manifest = next((each for each in attached if each.is_manifest), None)
    if manifest is None:
        return Download(files) if files else None
    name = manifest.attachment.filename
    is_exclusive = any(
        change.public_at is not None and change.public_at > digest.ends for change in downloads_of(digest.changes)
    )
    return Download(
        files,
        words="in the folder of the attached JSON:",
        command=f"pedigreed fetch {shlex.quote(name)}",
        other_way=f"or without pedigreed, {'after `gunzip`, ' if manifest.is_packed else ''}in Python:",
        code=download_code(name.removesuffix(".gz").removesuffix(".json"), needs_login=is_exclusive),
    )


def _selection(selection: ProgramSelection) -> str:
    """As configured, ``1181:5,7-9``; where that is long, ``1181 (40 obs)``."""
    written = str(selection)
    if len(written) <= LONGEST_SELECTION:
        return written
    return f"{selection.program} ({len(selection.observations)} obs)"


def _what_it_has(attached: Attached) -> str:
    """``40 files to download``; ``40 changes with old and new pedigree``."""
    cut = f"the first {attached.told:,} of " if attached.told < attached.of else ""
    if not attached.is_manifest:
        return f"{cut}{count(attached.of, 'change')} with old and new pedigree"
    return f"{cut}{count(attached.of, 'file')} to download"


def _where_the_rest_is(digest: Digest, attached: Sequence[Attached]) -> str:
    """What the files could not hold is kept in the store. A program has fewer changes than the limit."""
    if digest.changes and not attached:
        return f"{count(len(digest.changes), 'change')} in full: `pedigreed history`"
    if any(each.told < each.of for each in attached):
        return "More would not fit in a mail: `pedigreed history PROGRAM --json --limit 1000000`"
    return ""


def _files_to_name(digest: Digest) -> list[str]:
    """The products that can be downloaded, where they are few and named as the archive names products."""
    if len(digest.changes) > FILES_NAMED:
        return []
    names = sorted({change.filename for change in downloads_of(digest.changes)})
    return [name for name in names if _PRODUCT.fullmatch(name)]


def _reason(digest: Digest, configuration: str, operator: str | None) -> str:
    """Why one gets it, and who takes questions."""
    name, file = clipped(digest.subscription, LONGEST_NAME), clipped(configuration, LONGEST_ADDRESS)
    contact = f" Questions, or to stop it: {clipped(operator, LONGEST_ADDRESS)}" if operator else ""
    return f"Sent for the subscription `{name}` in {file}.{contact}"
