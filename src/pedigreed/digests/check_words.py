"""The phrases that tell what the rest is worth: held, begun, not checked, checked. The same in every format."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pedigreed.digests.moments import moment_in_utc
from pedigreed.digests.motion_words import programs_in_motion
from pedigreed.digests.wording import clipped, count, listed, shortlist
from pedigreed.model.change import ChangeKind
from pedigreed.model.digest import ALL_KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pedigreed.model.digest import Baseline, Checked, Digest, PedigreeSpan, SourceCheck, Suspect

LONGEST_SOURCE = 60
"""Characters of a source's name."""

STALE_FLAGS = frozenset((ChangeKind.STALE, ChangeKind.NO_LONGER_STALE))


def missing_in_words(suspects: Sequence[Suspect]) -> str:
    """How many products are held."""
    products = count(sum(suspect.missing for suspect in suspects), "product")
    return f"{products} not listed by MAST; called withdrawn if that lasts"


def largest_first(suspects: Sequence[Suspect]) -> list[Suspect]:
    """The programs that miss most, first."""
    return sorted(suspects, key=lambda suspect: (-suspect.missing, suspect.program))


def suspect_in_words(suspect: Suspect, ends: datetime) -> str:
    """``40 of 900 products, since 05:58Z``."""
    since = moment_in_utc(suspect.since, ends)
    return f"{suspect.missing:,} of {count(suspect.total, 'product')}, since {since}"


def watching_in_words(baselines: Sequence[Baseline]) -> str:
    """How much is watched from this period on."""
    programs = count(len(baselines), "program")
    products = count(sum(baseline.products for baseline in baselines), "product")
    return f"{programs}, {products} as MAST has them now; what changes is told from now on"


def unchanged_of(digest: Digest) -> tuple[str, str] | None:
    """Title and phrase. Said only of what was checked, and was known before."""
    title = "NOTHING ELSE" if digest.suspects or digest.baselines or digest.in_motion else "NO CHANGE"
    unchecked = {entry.program for entry in digest.checked.unchecked}
    known = digest.checked.programs - len(digest.baselines) - len(programs_in_motion(digest) - unchecked)
    if digest.changes or known <= 0:
        return None
    where = f"in {count(known, 'program')} that {'was' if known == 1 else 'were'} checked"
    left_out = ALL_KINDS - digest.kinds
    if left_out == STALE_FLAGS:
        return title, f"{where}, stale flags aside"
    return title, f"of the kinds that are asked for, {where}" if left_out else where


def not_checked_in_words(digest: Digest) -> str:
    """How many programs were not checked, and whether anything is told of them all the same."""
    unchecked = {entry.program for entry in digest.checked.unchecked}
    told = {entry.program for entry in digest.transitions}
    told |= {entry.program for entry in digest.baselines} | {entry.program for entry in digest.suspects}
    worth = "not everything of them was answered" if unchecked & told else "nothing can be said of them"
    return f"{len(digest.checked.unchecked):,} of {count(digest.checked.of, 'program')}: {worth}"


def unchecked_groups(checked: Checked, ends: datetime) -> list[tuple[tuple[int, ...], str]]:
    """Programs with why they were not checked. Those that share a reason and a last complete answer are one."""
    groups: defaultdict[tuple[str, datetime | None], list[int]] = defaultdict(list)
    for unchecked in checked.unchecked:
        groups[unchecked.reason, unchecked.last_complete].append(unchecked.program)
    rows = sorted(groups.items(), key=lambda row: (-len(row[1]), row[1]))
    return [
        (tuple(programs), f"{reason.rstrip(' .')}; {last_complete_in_words(last_complete, ends)}")
        for (reason, last_complete), programs in rows
    ]


def checked_in_words(checked: Checked, ends: datetime) -> str:
    """``4 of 5 programs; last complete answer 05:58Z``."""
    last = last_complete_in_words(checked.last_complete, ends)
    return f"{checked.programs:,} of {count(checked.of, 'program')}{_sources_in_words(checked.sources)}; {last}"


def _sources_in_words(sources: Sequence[SourceCheck]) -> str:
    """``, and 5 of 6 sources of CRDS's news``."""
    if not sources:
        return ""
    read = sum(source.is_checked for source in sources)
    if len(sources) == 1:
        return f" and {clipped(sources[0].name, LONGEST_SOURCE)}" if read else ""
    return f" and {read:,} of {count(len(sources), 'source')} of CRDS's news"


def unread_in_words(unread: Sequence[SourceCheck], checked: Checked) -> str:
    """``1 of 6 sources of CRDS's news: what it told is missing here``."""
    sources = f"{len(unread):,} of {count(len(checked.sources), 'source')} of CRDS's news"
    return f"{sources}: what {'it' if len(unread) == 1 else 'they'} told is missing here"


def unread_of(checked: Checked) -> list[SourceCheck]:
    """The sources that were not read."""
    return [source for source in checked.sources if not source.is_checked]


def unread_source_in_words(source: SourceCheck, ends: datetime) -> str:
    """Why a source was not read, and when it last was."""
    last = (
        f"last read to its end {moment_in_utc(source.last_complete, ends)}"
        if source.last_complete
        else "never read yet"
    )
    return f"{(source.reason or '').rstrip(' .')}; {last}"


def more_sources_in_words(left_out: Sequence[SourceCheck]) -> str:
    """How many sources were not read that are not shown."""
    return f"and {count(len(left_out), 'more source')}: see `pedigreed status`"


def swept_in_words(digest: Digest) -> str:
    """``withdrawals as of 17 Nov 05:58Z``; empty where every program was swept since the period began."""
    swept = digest.checked.swept_since
    seen = ["withdrawals"] * (ChangeKind.WITHDRAWN in digest.kinds) + ["stale flags"] * bool(
        STALE_FLAGS & digest.kinds
    )
    if not seen or swept is None or swept >= digest.starts:
        return ""
    return f"{listed(seen)} as of {moment_in_utc(swept, digest.ends)}"


def nothing_in_words(baseline: Baseline) -> str:
    """Of a program without products: whether the archive has none, or none that is watched."""
    return "nothing of what you watch yet" if baseline.has_other_data else "no data yet"


def unknown_of(digest: Digest) -> list[int]:
    """Programs that the archive has no data of, without those that are told as watched from now on."""
    return sorted(set(digest.checked.unknown) - {baseline.program for baseline in digest.baselines})


def unknown_in_words(unknown: Sequence[int], limit: int) -> str:
    """``MAST has no data of 1180 and 1181 yet``."""
    return f"MAST has no data of {programs_in_words(unknown, limit)} yet"


def more_pedigrees_in_words(others: Sequence[tuple[PedigreeSpan, int]]) -> tuple[int, str]:
    """Of pedigrees that are not shown: how many products have them, and how many they are."""
    return sum(products for _, products in others), count(len(others), "more pedigree")


def other_reasons_in_words(groups: Sequence[tuple[tuple[int, ...], str]]) -> str:
    """How many programs were not checked for reasons that are not shown."""
    others = sum(len(programs) for programs, _ in groups)
    return f"and {count(others, 'more program')} for other reasons: see `pedigreed status`"


def last_complete_in_words(moment: datetime | None, ends: datetime) -> str:
    """``last complete answer 21 Nov 05:57Z``."""
    return f"last complete answer {moment_in_utc(moment, ends)}" if moment else "no complete answer yet"


def programs_in_words(programs: Sequence[int], limit: int) -> str:
    """``1180, 1181 and 31 more programs``."""
    return shortlist([str(program) for program in programs], limit, "program")


def left_out_in_words(products: Sequence[int]) -> str:
    """Of programs that are not shown, by their numbers of products: ``and 3 more programs, 40 products``."""
    return f"and {count(len(products), 'more program')}, {count(sum(products), 'product')}"
