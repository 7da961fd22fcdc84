"""The sections that tell what was checked, and what could not be."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pedigreed.digests.sections.impact import held_in_words
from pedigreed.digests.sections.programs import STALE_FLAGS
from pedigreed.digests.view import Row, Section
from pedigreed.digests.wording import clipped, count, listed, moment_in_utc, shortlist
from pedigreed.model.change import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from pedigreed.digests.view import Budget
    from pedigreed.model.digest import Digest, SourceCheck, StoodIn

LONGEST_SOURCE = 60
"""Columns of a source's name."""


def not_checked(digest: Digest, budget: Budget) -> Iterator[Section]:
    """The programs without a complete answer, and why. Those that share a reason and a last answer share a row."""
    groups: defaultdict[tuple[str, datetime | None], list[int]] = defaultdict(list)
    for unchecked in digest.checked.unchecked:
        groups[unchecked.reason, unchecked.last_complete].append(unchecked.program)
    largest = sorted(groups.items(), key=lambda group: (-len(group[1]), group[1]))
    yield Section(
        title="NOT CHECKED",
        summary=_not_checked_in_words(digest),
        needs_care=True,
        rows=tuple(
            Row(
                f"{_programs(programs, budget)}:",
                f"{_reason(reason, budget)}; {_last_complete(last_complete, digest.ends)}",
            )
            for (reason, last_complete), programs in largest[: budget.rows]
        ),
        more=_other_reasons([programs for _, programs in largest], budget),
    )


def not_read(digest: Digest, budget: Budget) -> Iterator[Section]:
    """The sources of CRDS announcements that were not read, and why."""
    unread = digest.checked.unread
    shown, left_out = budget.split(unread)
    sources = f"{len(unread):,} of {count(len(digest.checked.sources), 'source')} of CRDS announcements"
    yield Section(
        title="NOT READ",
        summary=f"{sources}: what {'it' if len(unread) == 1 else 'they'} announced is missing here",
        needs_care=True,
        rows=tuple(
            Row(f"{clipped(source.name, LONGEST_SOURCE)}:", _why_unread(source, digest.ends, budget))
            for source in shown
        ),
        more=f"and {count(len(left_out), 'more source')}: see `pedigreed status`" if left_out else "",
    )


def checked(digest: Digest, budget: Budget) -> Iterator[Section]:
    """What the silence is worth: how much was checked, and as of when."""
    found = digest.checked
    unknown = sorted(set(found.unknown) - {baseline.program for baseline in digest.baselines})
    lines = [
        *(_stood_in(each, digest, budget) for each in found.stood_in[: budget.rows]),
        *_swept(digest),
        *([f"MAST has no data of {_programs(unknown, budget)} yet"] if unknown else []),
        *_held(digest, budget),
        *(clipped(note, budget.reason) for note in found.notes[: budget.rows]),
    ]
    left_out = found.notes[budget.rows :]
    last = _last_complete(found.last_complete, digest.ends)
    yield Section(
        title="CHECKED",
        summary=f"{found.programs:,} of {count(found.of, 'program')}{_sources_in_words(found.sources)}; {last}",
        rows=tuple(Row("", line) for line in lines),
        more=f"and {count(len(left_out), 'more note')}" if left_out else "",
    )


def _stood_in(stand_in: StoodIn, digest: Digest, budget: Budget) -> str:
    """That, why and as of when programs were checked by file set, and what that does not show."""
    which = "" if len(stand_in.programs) == digest.checked.of else f" ({_programs(stand_in.programs, budget)})"
    unknown = ""
    if stand_in.unknown_sets:
        verb = "was" if stand_in.unknown_sets == 1 else "were"
        unknown = f" It has {count(stand_in.unknown_sets, 'file set')} that {verb} not known."
    return (
        f"{stand_in.instrument.written}{which} by MAST Missions' search of file sets, "
        f"{moment_in_utc(stand_in.at, digest.ends)}, in the place of its keyword service "
        f"({_reason(stand_in.reason, budget)}). It has no dates: what was made anew with the same CAL_VER and "
        f"CRDS_CTX is not seen, nor what is new, stale or withdrawn.{unknown}"
    )


def _held(digest: Digest, budget: Budget) -> list[str]:
    """How far CRDS itself says the same of what its new contexts change."""
    impacts = [switch.impact for switch in digest.switches[: budget.rows] if switch.impact is not None]
    return [clipped(line, budget.reason) for impact in impacts for line in held_in_words(impact)]


def _not_checked_in_words(digest: Digest) -> str:
    """How many programs were not checked, and whether anything is told of them all the same."""
    unchecked = {entry.program for entry in digest.checked.unchecked}
    with_news = {entry.program for entry in digest.transitions}
    with_news |= {entry.program for entry in digest.baselines} | {entry.program for entry in digest.suspects}
    worth = "answered only in part" if unchecked & with_news else "their changes are not known"
    return f"{len(digest.checked.unchecked):,} of {count(digest.checked.of, 'program')}: {worth}"


def _other_reasons(groups: Sequence[Sequence[int]], budget: Budget) -> str:
    if not budget.rows:
        return "reasons: see `pedigreed status`"
    others = sum(map(len, groups[budget.rows :]))
    return f"and {count(others, 'more program')} for other reasons: see `pedigreed status`" if others else ""


def _why_unread(source: SourceCheck, ends: datetime, budget: Budget) -> str:
    last = source.last_complete
    when = f"last read completely {moment_in_utc(last, ends)}" if last else "never read so far"
    return f"{_reason(source.reason or '', budget)}; {when}"


def _swept(digest: Digest) -> list[str]:
    """``withdrawals as of 17 Nov 05:58Z``; nothing of what every program was asked for since the period began.

    A first digest is of a moment, in which nothing is withdrawn.
    """
    if digest.starts == digest.ends:
        return []
    swept, flags = digest.checked.swept_since, digest.checked.flags_since
    known = {
        "withdrawals": swept if ChangeKind.WITHDRAWN in digest.kinds else None,
        "stale flags": flags if STALE_FLAGS & digest.kinds else None,
        # A question for what is stale does not show what is no longer.
        "flags taken back": swept if ChangeKind.NO_LONGER_STALE in digest.kinds and flags != swept else None,
    }
    seen: defaultdict[datetime, list[str]] = defaultdict(list)
    for what, moment in known.items():
        if moment is not None and moment < digest.starts:
            seen[moment].append(what)
    return [f"{listed(names)} as of {moment_in_utc(moment, digest.ends)}" for moment, names in seen.items()]


def _sources_in_words(sources: Sequence[SourceCheck]) -> str:
    """``, and 5 of 6 sources of CRDS announcements``."""
    if not sources:
        return ""
    read = sum(source.is_checked for source in sources)
    if len(sources) == 1:
        return f" and {clipped(sources[0].name, LONGEST_SOURCE)}" if read else ""
    return f" and {read:,} of {count(len(sources), 'source')} of CRDS announcements"


def _last_complete(moment: datetime | None, ends: datetime) -> str:
    """``last complete answer 21 Nov 05:57Z``."""
    return f"last complete answer {moment_in_utc(moment, ends)}" if moment else "no complete answer yet"


def _programs(programs: Sequence[int], budget: Budget) -> str:
    """``1180, 1181 and 31 more programs``: no attachment has those that were not checked."""
    return shortlist([str(program) for program in programs], budget.programs, "program")


def _reason(reason: str, budget: Budget) -> str:
    return clipped(reason.rstrip(" ."), budget.reason)
