"""The sections of the text that tell what the rest is worth: held, begun, not checked, checked."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pedigreed.digests.layout import heading, prose
from pedigreed.digests.lineage import span_in_words
from pedigreed.digests.moments import moment_in_utc
from pedigreed.digests.wording import count, shortlist

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

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
    """Missing, now watching, no change, not checked, checked. What has no content is absent."""
    return [_missing(digest), _now_watching(digest), _no_change(digest), _not_checked(digest), _checked(digest)]


def _missing(digest: Digest) -> list[str]:
    if not digest.suspects:
        return []
    largest = sorted(digest.suspects, key=lambda suspect: (-suspect.missing, suspect.program))
    products = count(sum(suspect.missing for suspect in largest), "product")
    lines = prose(
        f"{products} not listed by MAST; called withdrawn if that lasts",
        heading("MISSING"),
    )
    for suspect in largest[:ROWS]:
        since = moment_in_utc(suspect.since, digest.ends)
        what = f"{suspect.missing:,} of {count(suspect.total, 'product')}, since {since}"
        lines += prose(what, _row(suspect.program))
    return lines + _left_out([suspect.missing for suspect in largest[ROWS:]])


def _now_watching(digest: Digest) -> list[str]:
    if not digest.baselines:
        return []
    programs = count(len(digest.baselines), "program")
    products = count(sum(baseline.products for baseline in digest.baselines), "product")
    lines = prose(
        f"{programs}, {products}: this is what MAST has; what changes is told from now on",
        heading("NOW WATCHING"),
    )
    for baseline in digest.baselines[:ROWS]:
        lines += _baseline(baseline)
    return lines + _left_out([baseline.products for baseline in digest.baselines[ROWS:]])


def _baseline(baseline: Baseline) -> list[str]:
    if not baseline.products:
        return prose("no data yet", _row(baseline.program))
    has = count(baseline.products, "product")
    if len(baseline.spans) == 1:
        return prose(f"{has}: {span_in_words(baseline.spans[0][0])}", _row(baseline.program))
    lines = prose(has, _row(baseline.program))
    width = len(f"{max((products for _, products in baseline.spans), default=0):,}")
    for span, products in baseline.spans[:PEDIGREES]:
        lines += prose(span_in_words(span), f"{INDENT}{products:>{width},}  ")
    others = baseline.spans[PEDIGREES:]
    if others:
        pedigrees = count(len(others), "more pedigree")
        lines += prose(pedigrees, f"{INDENT}{sum(products for _, products in others):>{width},}  ")
    return lines


def _no_change(digest: Digest) -> list[str]:
    """Said only of what was checked, and was known before."""
    title = "NOTHING ELSE" if digest.suspects or digest.baselines else "NO CHANGE"
    known = digest.checked.programs - len(digest.baselines)
    if digest.changes or known <= 0:
        return []
    return prose(f"in {count(known, 'program')} that {'was' if known == 1 else 'were'} checked", heading(title))


def _not_checked(digest: Digest) -> list[str]:
    """Programs that share a reason and a last complete answer share a row."""
    checked = digest.checked
    if not checked.unchecked:
        return []
    groups: defaultdict[tuple[str, datetime | None], list[int]] = defaultdict(list)
    for unchecked in checked.unchecked:
        groups[unchecked.reason, unchecked.last_complete].append(unchecked.program)
    lines = prose(
        f"{len(checked.unchecked):,} of {count(checked.of, 'program')}: nothing can be said of them",
        heading("NOT CHECKED"),
    )
    rows = sorted(groups.items(), key=lambda row: (-len(row[1]), row[1]))
    for (reason, last_complete), programs in rows[:ROWS]:
        last = _last_complete(last_complete, digest.ends)
        margin = "  " + " " * (LONGEST_PROGRAM - len(str(programs[0])))
        lines += prose(f"{_programs(programs)}: {reason.rstrip(' .')}; {last}", margin, INDENT)
    if rows[ROWS:]:
        others = sum(len(programs) for _, programs in rows[ROWS:])
        lines += prose(f"and {count(others, 'more program')} for other reasons: see `pedigreed status`", "  ")
    return lines


def _checked(digest: Digest) -> list[str]:
    checked = digest.checked
    last = _last_complete(checked.last_complete, digest.ends)
    title = heading("CHECKED")
    lines = prose(f"{checked.programs:,} of {count(checked.of, 'program')}; {last}", title)
    indent = " " * len(title)
    unknown = sorted(set(checked.unknown) - {baseline.program for baseline in digest.baselines})
    if unknown:
        lines += prose(f"MAST has no data of {_programs(unknown)} yet", indent)
    for note in checked.notes[:ROWS]:
        lines += prose(note, indent)
    if checked.notes[ROWS:]:
        lines += prose(f"and {count(len(checked.notes[ROWS:]), 'more note')}", indent)
    return lines


def _last_complete(moment: datetime | None, ends: datetime) -> str:
    return f"last complete answer {moment_in_utc(moment, ends)}" if moment else "no complete answer yet"


def _programs(programs: Sequence[int]) -> str:
    return shortlist([str(program) for program in programs], NAMED, "program")


def _row(program: int) -> str:
    return f"  {program:>{LONGEST_PROGRAM}}  "


def _left_out(products: Sequence[int]) -> list[str]:
    if not products:
        return []
    return prose(f"and {count(len(products), 'more program')}, {count(sum(products), 'product')}", "  ")
