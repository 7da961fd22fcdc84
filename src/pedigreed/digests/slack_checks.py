"""The parts of a Slack message that tell what the rest is worth."""

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
from pedigreed.digests.slack_blocks import bold, code, safe, section
from pedigreed.digests.wording import clipped, count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.digests.slack_blocks import Block
    from pedigreed.model.digest import Baseline, Digest

PEDIGREES = 3
"""That the first sight of a program tells."""

NAMED = 12
"""Programs that one row names."""

LONGEST_REASON = 200


def check_blocks(digest: Digest, rows: int) -> list[Block]:
    """Missing, now watching, no change, not checked, not read; at most so many rows in each.

    Without rows, the numbers.
    """
    parts = (
        _missing(digest, rows),
        _now_watching(digest, rows),
        _no_change(digest),
        _not_checked(digest, rows),
        _not_read(digest, rows),
    )
    return [section(lines) for lines in parts if lines]


def checked_lines(digest: Digest, rows: int) -> list[str]:
    """What was checked, which programs are unknown, and the notes."""
    lines = [f"{bold('CHECKED')}  {safe(checked_in_words(digest.checked, digest.ends))}"]
    if swept := swept_in_words(digest):
        lines.append(safe(swept))
    if unknown := unknown_of(digest):
        lines.append(safe(unknown_in_words(unknown, NAMED)))
    notes = digest.checked.notes
    lines += [safe(clipped(note, LONGEST_REASON)) for note in notes[:rows]]
    if notes[rows:]:
        lines.append(safe(f"and {count(len(notes[rows:]), 'more note')}"))
    return lines


def _missing(digest: Digest, rows: int) -> list[str]:
    if not digest.suspects:
        return []
    lines = [f"{bold('MISSING')}  {safe(missing_in_words(digest.suspects))}"]
    largest = largest_first(digest.suspects)
    lines += [
        f"{_row(suspect.program)}{safe(suspect_in_words(suspect, digest.ends))}" for suspect in largest[:rows]
    ]
    return lines + _left_out([suspect.missing for suspect in largest[rows:]] if rows else [])


def _now_watching(digest: Digest, rows: int) -> list[str]:
    if not digest.baselines:
        return []
    lines = [f"{bold('NOW WATCHING')}  {safe(watching_in_words(digest.baselines))}"]
    for baseline in digest.baselines[:rows]:
        lines += _baseline(baseline)
    return lines + _left_out([baseline.products for baseline in digest.baselines[rows:]] if rows else [])


def _baseline(baseline: Baseline) -> list[str]:
    """One line, and below it one for each pedigree where there are several."""
    row = _row(baseline.program)
    if not baseline.products:
        return [row + safe(nothing_in_words(baseline))]
    has = count(baseline.products, "product")
    if len(baseline.spans) == 1:
        return [row + safe(f"{has}: {span_in_words(baseline.spans[0][0])}")]
    lines = [f"{products:,}: {span_in_words(span)}" for span, products in baseline.spans[:PEDIGREES]]
    others = baseline.spans[PEDIGREES:]
    if others:
        more, pedigrees = more_pedigrees_in_words(others)
        lines.append(f"{more:,}: {pedigrees}")
    return [row + safe(has), *(safe(f"\u25e6 {line}") for line in lines)]


def _no_change(digest: Digest) -> list[str]:
    told = unchanged_of(digest)
    return [f"{bold(told[0])}  {safe(told[1])}"] if told else []


def _not_checked(digest: Digest, rows: int) -> list[str]:
    checked = digest.checked
    if not checked.unchecked:
        return []
    lines = [f"{bold('NOT CHECKED')}  {safe(not_checked_in_words(digest))}"]
    groups = unchecked_groups(checked, digest.ends)
    lines += [
        safe(f"\u2022 {programs_in_words(programs, NAMED)}: {clipped(why, LONGEST_REASON)}")
        for programs, why in groups[:rows]
    ]
    if groups[rows:]:
        others = sum(len(programs) for programs, _ in groups[rows:])
        more = f"and {count(others, 'more program')} for other reasons: see " if rows else "reasons: see "
        lines.append(f"{more}{code('pedigreed status')}")
    return lines


def _not_read(digest: Digest, rows: int) -> list[str]:
    unread = unread_of(digest.checked)
    if not unread:
        return []
    lines = [f"{bold('NOT READ')}  {safe(unread_in_words(unread, digest.checked))}"]
    for source in unread[:rows]:
        why = clipped(unread_source_in_words(source, digest.ends), LONGEST_REASON)
        lines.append(f"\u2022 {safe(clipped(source.name, LONGEST_SOURCE))}: {safe(why)}")
    if rows and unread[rows:]:
        lines.append(safe(more_sources_in_words(unread[rows:])))
    return lines


def _row(program: int) -> str:
    return f"\u2022 {bold(str(program))}  "


def _left_out(products: Sequence[int]) -> list[str]:
    return [safe(left_out_in_words(products))] if products else []
