"""The sections of a page that tell what the rest is worth: held, begun, not checked, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.check_words import (
    LONGEST_SOURCE,
    checked_in_words,
    largest_first,
    left_out_in_words,
    missing_in_words,
    more_pedigrees_in_words,
    more_sources_in_words,
    not_checked_in_words,
    nothing_in_words,
    other_reasons_in_words,
    programs_in_words,
    suspect_in_words,
    swept_in_words,
    unchanged_of,
    unchecked_groups,
    unknown_in_words,
    unknown_of,
    unread_in_words,
    unread_of,
    unread_source_in_words,
    watching_in_words,
)
from pedigreed.digests.lineage import span_in_words
from pedigreed.digests.links import program_page
from pedigreed.digests.page import Row, Section
from pedigreed.digests.wording import clipped, count, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.model.digest import Baseline, Digest

PEDIGREES = 3
"""That the first sight of a program tells."""

NAMED = 60
"""Programs that one row names: no attachment has those that were not checked."""

LONGEST_REASON = 300


def check_sections(digest: Digest, rows: int) -> list[Section]:
    """Missing, now watching, no change, not checked, not read, checked. What has no content is absent."""
    sections = (
        _missing(digest, rows),
        _now_watching(digest, rows),
        _no_change(digest),
        _not_checked(digest, rows),
        _not_read(digest, rows),
        _checked(digest, rows),
    )
    return [section for section in sections if section]


def _missing(digest: Digest, rows: int) -> Section | None:
    if not digest.suspects:
        return None
    largest = largest_first(digest.suspects)
    return Section(
        title="MISSING",
        summary=missing_in_words(digest.suspects),
        needs_care=True,
        rows=tuple(_row(each.program, suspect_in_words(each, digest.ends)) for each in largest[:rows]),
        more=_left_out([each.missing for each in largest[rows:]]),
    )


def _now_watching(digest: Digest, rows: int) -> Section | None:
    if not digest.baselines:
        return None
    return Section(
        title="NOW WATCHING",
        summary=watching_in_words(digest.baselines),
        rows=tuple(map(_baseline, digest.baselines[:rows])),
        more=_left_out([baseline.products for baseline in digest.baselines[rows:]]),
    )


def _baseline(baseline: Baseline) -> Row:
    """One line, and below it one for each pedigree where there are several."""
    if not baseline.products:
        return _row(baseline.program, nothing_in_words(baseline))
    has = count(baseline.products, "product")
    if len(baseline.spans) == 1:
        return _row(baseline.program, span_in_words(baseline.spans[0][0]), number=has)
    details = [f"{products:,}: {span_in_words(span)}" for span, products in baseline.spans[:PEDIGREES]]
    if others := baseline.spans[PEDIGREES:]:
        products, pedigrees = more_pedigrees_in_words(others)
        details.append(f"{products:,}: {pedigrees}")
    return _row(baseline.program, "", number=has, details=tuple(details))


def _no_change(digest: Digest) -> Section | None:
    told = unchanged_of(digest)
    return Section(told[0], sentence(told[1])) if told else None


def _not_checked(digest: Digest, rows: int) -> Section | None:
    if not digest.checked.unchecked:
        return None
    groups = unchecked_groups(digest.checked, digest.ends)
    return Section(
        title="NOT CHECKED",
        summary=not_checked_in_words(digest),
        needs_care=True,
        rows=tuple(
            Row(f"{programs_in_words(programs, NAMED)}:", clipped(why, LONGEST_REASON))
            for programs, why in groups[:rows]
        ),
        more=other_reasons_in_words(groups[rows:]) if groups[rows:] else "",
    )


def _not_read(digest: Digest, rows: int) -> Section | None:
    unread = unread_of(digest.checked)
    if not unread:
        return None
    return Section(
        title="NOT READ",
        summary=unread_in_words(unread, digest.checked),
        needs_care=True,
        rows=tuple(
            Row(
                f"{clipped(source.name, LONGEST_SOURCE)}:",
                clipped(unread_source_in_words(source, digest.ends), LONGEST_REASON),
            )
            for source in unread[:rows]
        ),
        more=more_sources_in_words(unread[rows:]) if unread[rows:] else "",
    )


def _checked(digest: Digest, rows: int) -> Section:
    swept, unknown, notes = swept_in_words(digest), unknown_of(digest), digest.checked.notes
    lines = [
        *([swept] if swept else []),
        *([unknown_in_words(unknown, NAMED)] if unknown else []),
        *(clipped(note, LONGEST_REASON) for note in notes[:rows]),
    ]
    return Section(
        title="CHECKED",
        summary=checked_in_words(digest.checked, digest.ends),
        rows=tuple(Row("", line) for line in lines),
        more=f"and {count(len(notes[rows:]), 'more note')}" if notes[rows:] else "",
    )


def _row(program: int, words: str, *, number: str = "", details: tuple[str, ...] = ()) -> Row:
    return Row(str(program), words, page=program_page(program), number=number, details=details)


def _left_out(products: Sequence[int]) -> str:
    return left_out_in_words(products) if products else ""
