"""What is wrong with pedigreed itself. The operator gets a message when it begins, and when it is over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from pedigreed.model.instrument import instruments_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


class ProblemKind(StrEnum):
    """What can be wrong. The set is closed."""

    SOURCE = "source"
    """A source gives no complete answer."""
    INCREMENTS = "increments"
    """A source can't be trusted to tell what is younger, and is asked for everything."""
    COLUMNS = "columns"
    """A source does not give what something hangs on."""
    CHANNEL = "channel"
    """A channel takes nothing."""
    DESTINATION = "destination"
    """The last message to a destination was given up."""
    DIGEST = "digest"
    """A subscription's digest can't be composed."""
    TEMPLATE = "template"
    """The operator's own template makes no page of a subscription's digest."""
    RULES = "rules"
    """CRDS's rules are evaluated otherwise here than by CRDS itself."""
    WORK = "work"
    """A kind of work does not come to its end, whatever ends it."""
    STORE = "store"
    """The store's disk is nearly full."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. All times are UTC.

    Attributes:
        kind: what is wrong.
        name: with what: an instrument, a channel, a subscription. With its kind it is the problem's identity.
        reason: one line, without secrets.
        since: when it began.
        seen_at: when it was last observed. The same moment twice is one observation.
        waits: whether it may pass by itself, and is worth a message only when it lasts.
    """

    kind: ProblemKind
    name: str
    reason: str
    since: datetime
    seen_at: datetime
    waits: bool = False


@dataclass(frozen=True, slots=True)
class KnownProblem:
    """A problem as it is kept.

    Attributes:
        problem: as it was last seen.
        times: how often it was observed.
        told_at: when a message about it was queued for the operator, UTC; None if it was not worth one yet.
    """

    problem: Problem
    times: int
    told_at: datetime | None


_ARCHIVE = "MAST"


def as_one_outage(known: Iterable[KnownProblem]) -> tuple[KnownProblem, ...]:
    """The same, where those of MAST's instruments that have one reason are one problem.

    They are kept apart, since each may be over before the others.
    """
    by_reason: dict[object, list[KnownProblem]] = {}
    for each in known:
        is_of_archive = each.problem.kind is ProblemKind.SOURCE and each.problem.name.startswith(f"{_ARCHIVE} ")
        by_reason.setdefault(each.problem.reason if is_of_archive else each.problem, []).append(each)
    return tuple(_together(alike) for alike in by_reason.values())


def _together(alike: Sequence[KnownProblem]) -> KnownProblem:
    if len(alike) == 1:
        return alike[0]
    first = alike[0].problem
    names = instruments_in_words([each.problem.name.removeprefix(f"{_ARCHIVE} ") for each in alike])
    problem = replace(
        first,
        name=_ARCHIVE,
        reason=f"{first.reason} ({names})",
        since=min(each.problem.since for each in alike),
    )
    told_at = [each.told_at for each in alike if each.told_at is not None]
    return KnownProblem(problem, max(each.times for each in alike), min(told_at, default=None))


def outages(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """As `as_one_outage`, of problems by themselves."""
    return tuple(each.problem for each in as_one_outage(KnownProblem(problem, 1, None) for problem in problems))
