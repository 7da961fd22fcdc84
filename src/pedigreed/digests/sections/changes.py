"""The sections that tell what changed in the archive: one for each kind of change."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.digests.sections.programs import days_in_words
from pedigreed.digests.transitions import KINDS_IN_READING_ORDER, products_of, shown_of
from pedigreed.digests.view import Bar, Group, Row, Section, Value
from pedigreed.digests.wording import (
    build_name,
    clipped,
    context_page,
    count,
    forecast_in_words,
    keywords_in_words,
    keywords_moved,
    listed,
    percent,
    program_page,
    span_in_words,
)
from pedigreed.model.change import ChangeKind
from pedigreed.model.program import fold_ranges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pedigreed.digests.transitions import Move
    from pedigreed.digests.view import Budget
    from pedigreed.model.digest import Digest, FlagHistory, PedigreeSpan, Progress, Transition

TITLES = {
    ChangeKind.FIRST: "FIRST DATA",
    ChangeKind.REGRESSED: "REGRESSED",
    ChangeKind.REPROCESSED: "REPROCESSED",
    ChangeKind.SET_REPROCESSED: "REPROCESSED SETS",
    ChangeKind.NEW: "NEW",
    ChangeKind.RELISTED: "HIGHER LEVEL",
    ChangeKind.PUBLIC: "PUBLIC",
    ChangeKind.WITHDRAWN: "WITHDRAWN",
    ChangeKind.STALE: "MARKED STALE",
    ChangeKind.NO_LONGER_STALE: "NO LONGER STALE",
}

NEEDS_CARE = frozenset((ChangeKind.REGRESSED, ChangeKind.WITHDRAWN))

MOVES_PEDIGREE = frozenset(
    (ChangeKind.REPROCESSED, ChangeKind.SET_REPROCESSED, ChangeKind.REGRESSED, ChangeKind.RELISTED)
)
"""Kinds of change that go from one pedigree to another."""

_A_DAY = timedelta(days=1)

RUNS = 8
"""Runs of observations that a row names; of more, it tells how many and between which."""

TYPES = 6
"""Product types that a row names."""

LONGEST_TYPE = 24
"""Columns."""

_REMARKS = {
    ChangeKind.FIRST: "of {programs} that had no data before",
    ChangeKind.REGRESSED: "now with an older pedigree than before",
    ChangeKind.SET_REPROCESSED: "of file sets that have a newer file; MAST does not say which it is",
    ChangeKind.RELISTED: "listed as {types} from now on, in the place of a lower level",
    ChangeKind.PUBLIC: "no longer under exclusive access",
    ChangeKind.WITHDRAWN: "that MAST no longer lists",
    ChangeKind.STALE: "flagged by MAST: may be queued for reprocessing",
    ChangeKind.NO_LONGER_STALE: "no longer flagged as stale by MAST",
}


def changes(digest: Digest, budget: Budget) -> Iterator[Section]:
    """A section for each kind of change that there was, in reading order."""
    for kind in KINDS_IN_READING_ORDER:
        if transitions := [transition for transition in digest.transitions if transition.kind is kind]:
            yield _section(kind, transitions, digest, budget)


def _section(kind: ChangeKind, transitions: Sequence[Transition], digest: Digest, budget: Budget) -> Section:
    shown = shown_of(transitions, moves=budget.groups, rows=budget.rows)
    more = ""
    if shown.left_out and shown.moves:
        more = _more(shown.left_out, "transition") + (": see the attached CSV" if budget.has_files else "")
    elif shown.left_out:
        more = f"in {count(len(transitions), 'transition')}"
    is_progress = kind is ChangeKind.REPROCESSED
    return Section(
        title=TITLES[kind],
        summary=_summary(kind, transitions, digest),
        is_news=True,
        needs_care=kind in NEEDS_CARE,
        bars=tuple(_bars(transitions, digest))[: budget.bars] if is_progress else (),
        groups=tuple(map(_group, shown.moves)),
        more=more,
    )


def _summary(kind: ChangeKind, transitions: Sequence[Transition], digest: Digest) -> str:
    """How many products there are, and what that means. Where this period's are all that moved, how far it is."""
    if kind is ChangeKind.REPROCESSED:
        goal = _only_goal(transitions, digest)
        if goal:
            total = count(goal.total, "product")
            return f"{goal.moved:,} of {total} ({_share(goal)}){_days(goal, digest)}"
    programs = count(len({transition.program for transition in transitions}), "program")
    types = sorted({name for transition in transitions for name, _ in transition.product_types})
    remark = _REMARKS.get(kind, "").format(programs=programs, types=listed(types[:TYPES]))
    if kind is ChangeKind.STALE and digest.flags_lasted is not None:
        remark = f"{remark}. {_when_remade(digest.flags_lasted)}"
    return f"{_products(transitions)} {remark}".rstrip()


def _when_remade(lasted: FlagHistory) -> str:
    """``MAST remade such files 2 days after the flag (median of 43 in your programs, 8 at most)``."""
    typical, most = (round(each / _A_DAY) for each in (lasted.median, lasted.longest))
    after = f"{count(typical, 'day')} after the flag" if typical else "within a day of the flag"
    return f"MAST remade such files {after} (median of {lasted.flags:,} in your programs, {most} at most)"


def _bars(transitions: Sequence[Transition], digest: Digest) -> Iterator[Bar]:
    """How far the move to each pedigree is; without words where the summary has told it."""
    is_in_summary = _only_goal(transitions, digest) is not None
    for goal in _goals(digest):
        yield Bar(max(1, goal.moved * 100 // goal.total), "" if is_in_summary else _goal(goal, digest))


def _goals(digest: Digest) -> list[Progress]:
    """The pedigrees that products move to, as far as the counts make sense."""
    return [goal for goal in digest.progress if 0 < goal.moved <= goal.total]


def _only_goal(transitions: Sequence[Transition], digest: Digest) -> Progress | None:
    """The pedigree that all products of this period moved to, if no other product had it before."""
    goals = _goals(digest)
    return goals[0] if len(goals) == 1 and goals[0].moved == products_of(transitions) else None


def _goal(goal: Progress, digest: Digest) -> str:
    keywords = keywords_in_words(goal.cal_ver, goal.crds_ctx)
    # A campaign that is told in parts goes by days, once it has more than one.
    if digest.settle is None and goal.day > 1:
        forecast = forecast_in_words(goal.pace, goal.total - goal.moved)
        day = f"day {goal.day:,} of the move to {keywords}: {goal.moved:,} of {goal.total:,} ({_share(goal)})"
        return f"{day}; {forecast}" if forecast else day
    have = f"{goal.moved:,} of {count(goal.total, 'product')} now {'has' if goal.total == 1 else 'have'}"
    return f"{have} {keywords} ({_share(goal)}){_days(goal, digest)}"


def _days(goal: Progress, digest: Digest) -> str:
    """``, moved 21 to 23 Nov 2026``, of a campaign that is told as one."""
    days = days_in_words(goal, digest) if digest.settle is not None else ""
    return f", {days}" if days else ""


def _share(goal: Progress) -> str:
    share = percent(goal.moved, goal.total)
    if goal.moved == goal.total or not goal.recent:
        return share
    return f"{share}, still running: {goal.recent:,} in the last 6 h"


def _group(move: Move) -> Group:
    before, after = move.before, move.after
    is_two = move.rows[0].kind in MOVES_PEDIGREE
    values = _values(before, after) if is_two and before and after else ()
    span = after or before
    return Group(
        rows=tuple(map(_row, move.rows)),
        more=_more(move.left_out, "program"),
        values=values,
        pedigree=span_in_words(span) if span and not values else "",
    )


def _row(transition: Transition) -> Row:
    """``1180``, ``846 products``, ``NIRCam, obs 7, 9-12: 412 cal, 412 rate, 22 i2d``."""
    where = [instrument.written for instrument in transition.instruments] + _observations(transition)
    return Row(
        name=str(transition.program),
        page=program_page(transition.program),
        number=_products([transition]),
        words=": ".join(filter(None, [", ".join(where), ", ".join(_product_types(transition))])),
    )


def _observations(transition: Transition) -> list[str]:
    observations = transition.observations
    if not observations:
        return []
    runs = fold_ranges(observations)
    if len(runs.split(", ")) > RUNS:
        return [f"{len(observations)} obs of {observations[0]}-{observations[-1]}"]
    return [f"obs {runs}"]


def _product_types(transition: Transition) -> list[str]:
    shown = [
        f"{number:,} {clipped(name, LONGEST_TYPE) or 'of no known type'}"
        for name, number in transition.product_types[:TYPES]
    ]
    if others := transition.product_types[TYPES:]:
        shown.append(f"{sum(number for _, number in others):,} of {count(len(others), 'other type')}")
    return shown


def _values(before: PedigreeSpan, after: PedigreeSpan) -> tuple[Value, ...]:
    version, context, date = keywords_moved(before, after)
    return (
        Value(
            "CAL_VER",
            *version,
            old_build=build_name(before.cal_ver),
            new_build=build_name(after.cal_ver),
            is_other=version.old != version.new,
        ),
        Value("CRDS_CTX", *context, new_page=context_page(after.crds_ctx), is_other=context.old != context.new),
        Value("DATE", *date, is_other=date.old != date.new),
    )


def _products(transitions: Iterable[Transition]) -> str:
    """``1,204 products``."""
    return count(products_of(transitions), "product")


def _more(left_out: Sequence[Transition], noun: str) -> str:
    return f"and {count(len(left_out), f'more {noun}')}, {_products(left_out)}" if left_out else ""
