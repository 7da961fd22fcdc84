"""The sections of the text that tell what the rest is worth: held, begun, not checked, checked."""

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
from pedigreed.digests.layout import heading, prose
from pedigreed.digests.lineage import span_in_words
from pedigreed.digests.wording import clipped, count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.model.digest import Baseline, Digest

ROWS = 12
"""Programs or reasons of one section: what fits a screen."""

PEDIGREES = 3
"""That the first sight of a program tells."""

NAMED = 60
"""Programs that one row names: no attachment has those that were not checked."""

LONGEST_PROGRAM = 5
"""Digits."""

INDENT = " " * (LONGEST_PROGRAM + 4)


def check_sections(digest: Digest) -> list[list[str]]:
    """Missing, now watching, no change, not checked, not read, checked. What has no content is absent."""
    return [
        _missing(digest),
        _now_watching(digest),
        _no_change(digest),
        _not_checked(digest),
        _not_read(digest),
        _checked(digest),
    ]


def _missing(digest: Digest) -> list[str]:
    if not digest.suspects:
        return []
    lines = prose(missing_in_words(digest.suspects), heading("MISSING"))
    largest = largest_first(digest.suspects)
    for suspect in largest[:ROWS]:
        lines += prose(suspect_in_words(suspect, digest.ends), _row(suspect.program))
    return lines + _left_out([suspect.missing for suspect in largest[ROWS:]])


def _now_watching(digest: Digest) -> list[str]:
    if not digest.baselines:
        return []
    lines = prose(watching_in_words(digest.baselines), heading("NOW WATCHING"))
    for baseline in digest.baselines[:ROWS]:
        lines += _baseline(baseline)
    return lines + _left_out([baseline.products for baseline in digest.baselines[ROWS:]])


def _baseline(baseline: Baseline) -> list[str]:
    if not baseline.products:
        return prose(nothing_in_words(baseline), _row(baseline.program))
    has = count(baseline.products, "product")
    if len(baseline.spans) == 1:
        return prose(f"{has}: {span_in_words(baseline.spans[0][0])}", _row(baseline.program))
    lines = prose(has, _row(baseline.program))
    width = len(f"{max((products for _, products in baseline.spans), default=0):,}")
    for span, products in baseline.spans[:PEDIGREES]:
        lines += prose(span_in_words(span), f"{INDENT}{products:>{width},}  ")
    others = baseline.spans[PEDIGREES:]
    if others:
        more, pedigrees = more_pedigrees_in_words(others)
        lines += prose(pedigrees, f"{INDENT}{more:>{width},}  ")
    return lines


def _no_change(digest: Digest) -> list[str]:
    told = unchanged_of(digest)
    return prose(told[1], heading(told[0])) if told else []


def _not_checked(digest: Digest) -> list[str]:
    checked = digest.checked
    if not checked.unchecked:
        return []
    lines = prose(not_checked_in_words(digest), heading("NOT CHECKED"))
    groups = unchecked_groups(checked, digest.ends)
    for programs, why in groups[:ROWS]:
        margin = "  " + " " * (LONGEST_PROGRAM - len(str(programs[0])))
        lines += prose(f"{programs_in_words(programs, NAMED)}: {why}", margin, INDENT)
    if groups[ROWS:]:
        lines += prose(other_reasons_in_words(groups[ROWS:]), "  ")
    return lines


def _not_read(digest: Digest) -> list[str]:
    unread = unread_of(digest.checked)
    if not unread:
        return []
    lines = prose(unread_in_words(unread, digest.checked), heading("NOT READ"))
    for source in unread[:ROWS]:
        why = unread_source_in_words(source, digest.ends)
        lines += prose(f"{clipped(source.name, LONGEST_SOURCE)}: {why}", "  ", "    ")
    if unread[ROWS:]:
        lines += prose(more_sources_in_words(unread[ROWS:]), "  ")
    return lines


def _checked(digest: Digest) -> list[str]:
    title = heading("CHECKED")
    lines = prose(checked_in_words(digest.checked, digest.ends), title)
    indent = " " * len(title)
    if swept := swept_in_words(digest):
        lines += prose(swept, indent)
    if unknown := unknown_of(digest):
        lines += prose(unknown_in_words(unknown, NAMED), indent)
    notes = digest.checked.notes
    for note in notes[:ROWS]:
        lines += prose(note, indent)
    if notes[ROWS:]:
        lines += prose(f"and {count(len(notes[ROWS:]), 'more note')}", indent)
    return lines


def _row(program: int) -> str:
    return f"  {program:>{LONGEST_PROGRAM}}  "


def _left_out(products: Sequence[int]) -> list[str]:
    return prose(left_out_in_words(products), "  ") if products else []
