"""A digest as a view of sections, and that view in every format. To add a section, begin here."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from pedigreed.digests.attachments import attached_to, download_code, downloads_of
from pedigreed.digests.document import document_of
from pedigreed.digests.print_html import print_html
from pedigreed.digests.print_slack import print_slack
from pedigreed.digests.print_text import print_text
from pedigreed.digests.sections.changes import changes
from pedigreed.digests.sections.checked import checked, not_checked, not_read
from pedigreed.digests.sections.crds import crds, new_build
from pedigreed.digests.sections.disk import fetched, on_your_disk
from pedigreed.digests.sections.impact import for_your_data, other_files
from pedigreed.digests.sections.programs import in_motion, missing, no_change, now_watching
from pedigreed.digests.subject import headline_of, subject_of
from pedigreed.digests.view import Download, File, View
from pedigreed.digests.wording import (
    LONGEST_TARGET,
    clipped,
    count,
    one_line,
    period,
    product_file,
    program_in_words,
    shell_word,
    shortlist,
)
from pedigreed.model.digest import RenderedDigest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pedigreed.digests.attachments import Attached
    from pedigreed.digests.print_html import OwnTemplate
    from pedigreed.digests.view import Budget, Row, Section
    from pedigreed.model.digest import Digest
    from pedigreed.model.program import ProgramSelection


def render(
    digest: Digest,
    *,
    configuration: str,
    operator: str | None = None,
    has_document: bool = False,
    has_blocks: bool = True,
    own_template: OwnTemplate | None = None,
) -> RenderedDigest:
    """Put a digest into words, the same for every destination.

    Args:
        digest: composed.
        configuration: the configuration's file name, such as ``pedigreed.yaml``.
        operator: the address for questions and stops, if there is one.
        has_document: whether other programs get it too. Their document takes as long as all the rest.
        has_blocks: whether Slack gets it too.
        own_template: the operator's, for the page; where it fails, the built-in one is used.
    """
    attached = attached_to(digest)
    subject = subject_of(digest)

    @cache  # two printers may have room for the same
    def view_within(budget: Budget) -> View:
        return view_of(
            digest, budget, subject=subject, attached=attached, configuration=configuration, operator=operator
        )

    text = print_text(view_within)
    html = print_html(view_within, own_template)
    return RenderedDigest(
        digest_id=digest.digest_id,
        subscription=digest.subscription,
        subject=subject,
        text=text,
        text_without_files=print_text(view_within, has_files=False),
        attachments=tuple(each.attachment for each in attached),
        slack=print_slack(view_within) if has_blocks else b"",
        html=html.page,
        template_problem=html.problem,
        document=document_of(digest, subject, text) if has_document else b"",
    )


SECTIONS: tuple[tuple[Callable[[Digest], object], Callable[[Digest, Budget], Iterable[Section]]], ...] = (
    (lambda digest: digest.on_disk, on_your_disk),
    (lambda digest: digest.transitions, changes),
    (lambda digest: digest.remade.switches, other_files),
    (lambda digest: digest.downloads, fetched),
    (lambda digest: digest.in_motion, in_motion),
    (lambda digest: digest.notices, new_build),
    (lambda digest: digest.notices, crds),
    (lambda digest: digest.switches, for_your_data),
    (lambda digest: digest.suspects, missing),
    (lambda digest: digest.baselines, now_watching),
    (lambda digest: not digest.changes, no_change),
    (lambda digest: digest.checked.unchecked, not_checked),
    (lambda digest: digest.checked.unread, not_read),
    (lambda digest: digest.checked, checked),
)
"""In reading order: what of the digest it tells of, and what tells it where there is any. All formats print it."""

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
        sections=_with_about(
            [section for of, give in SECTIONS if of(digest) for section in give(digest, budget)],
            {str(about.program): program_in_words(about) for about in digest.about} if budget.has_about else {},
        ),
        attached=tuple(File(each.attachment.filename, _what_it_has(each)) for each in files),
        left_out=_where_the_rest_is(digest, files),
        download=download_of(digest, files),
        reason=_reason(digest, configuration, operator),
    )


def _with_about(sections: Iterable[Section], about: dict[str, str]) -> tuple[Section, ...]:
    """The sections, and what each program is about where a row of it comes first."""
    left = dict(about)

    def of_rows(rows: Sequence[Row]) -> tuple[Row, ...]:
        return tuple(replace(row, about=left.pop(row.name, "")) if row.name in left else row for row in rows)

    return tuple(
        replace(
            section,
            groups=tuple(replace(group, rows=of_rows(group.rows)) for group in section.groups),
            rows=of_rows(section.rows),
        )
        for section in sections
    )


def programs_watched(digest: Digest) -> str:
    """``programs 1180, 1181 and 31 more programs, target NGC-6552``; ``all 2,913 programs``."""
    programs = [_selection(selection) for selection in digest.selections]
    noun = "program" if len(programs) == 1 else "programs"
    if not programs:
        return "no programs"
    said = f"{noun} {shortlist(programs, PROGRAMS_NAMED, 'program')}"
    if digest.is_of_all_programs:
        said = f"all {len(programs):,} programs of the archive"
    targets = [clipped(name, LONGEST_TARGET) for name in digest.targets]
    if not targets:
        return said
    only = "target" if len(targets) == 1 else "targets"
    return f"{said}, {only} {shortlist(targets, PROGRAMS_NAMED, 'target')}"


def download_of(digest: Digest, attached: Sequence[Attached]) -> Download | None:
    """How to download what changed; None where there is nothing to download."""
    files = tuple(File(name, page=product_file(name)) for name in _files_to_name(digest))
    manifest = next((each for each in attached if each.is_manifest), None)
    if manifest is None:
        return Download(files) if files else None
    name = manifest.attachment.filename
    is_exclusive = manifest.public_at is not None and manifest.public_at > digest.ends
    return Download(
        files,
        words="in the folder of the attached JSON:",
        command=f"pedigreed fetch {shell_word(name)}",
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
    cut = f"the first {attached.holds:,} of " if attached.holds < attached.of else ""
    if not attached.is_manifest:
        return f"{cut}{count(attached.of, 'change')} with old and new pedigree"
    return f"{cut}{count(attached.of, 'file')} to download"


def _where_the_rest_is(digest: Digest, attached: Sequence[Attached]) -> str:
    """What the files could not hold is kept in the store. A program has fewer changes than the limit."""
    if digest.changes and not attached:
        return f"{count(len(digest.changes), 'change')} in full: `pedigreed history`"
    if any(each.holds < each.of for each in attached):
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
