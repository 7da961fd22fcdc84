"""What was asked of the archive about a program, what it answered, and how far the answers can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.instrument import Instrument
    from pedigreed.model.product import FileSet


Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Fetched(Generic[Item]):
    """The answer of a source to one question.

    A source may answer a question in parts, each with the question that it answers. What is wrong with one part
    takes nothing from the others.

    Attributes:
        items: what it brought that was not known before.
        is_complete: whether the answer was proven to be everything that was asked for, of every program of it.
        unchanged: the identities (file names) of rows that were known already, byte for byte.
        problems: why it is not complete, one sentence each; for people.
        warnings: what was odd and did no harm.
        requests: how many HTTP requests it took.
        rows: how many rows the answer had, known ones included.
        ignored_limits: whether it had rows that the question excluded, so that its limits save nothing.
        filled: columns that something hangs on and that had a value in some row.
        unfilled: those that had none, where enough rows were looked at.
        columns: all columns that rows had, be it with null; empty where none was read.
        file_sets: what MAST's search of file sets has of the programs, which stands in for an answer that did not
            come; None where it was not asked, or did not answer either.
    """

    items: tuple[Item, ...]
    is_complete: bool
    unchanged: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    requests: int = 0
    rows: int = 0
    ignored_limits: bool = False
    filled: frozenset[str] = frozenset()
    unfilled: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()
    file_sets: tuple[FileSet, ...] | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """The state of one program in one instrument's keyword service. All times are UTC.

    Attributes:
        instrument, program: what was asked.
        baseline_at: the first complete answer; None until there is one. Before it, no product is new.
        asked_at: the last time that it was asked.
        complete_at: the last time that the answer was complete.
        sweep_at: the last complete answer that was asked for everything.
        problem: why the last answer was not complete; None if it was.
        flags_at: the last complete answer that was asked for its stale flags alone, of a service that is known to
            find flags so; None if there was none.
        stood_in_at: the last time that MAST's search of file sets stood in for an answer that did not come, and
            had all file sets that are known; None if it never did.
        unknown_sets: how many calibrated file sets it had then that are not known.
    """

    instrument: Instrument
    program: int
    baseline_at: datetime | None = None
    asked_at: datetime | None = None
    complete_at: datetime | None = None
    sweep_at: datetime | None = None
    problem: str | None = None
    flags_at: datetime | None = None
    stood_in_at: datetime | None = None
    unknown_sets: int = 0

    @property
    def by_set_at(self) -> datetime | None:
        """When the search of file sets stood in, unless a complete answer came since."""
        if self.stood_in_at is None or (self.complete_at is not None and self.complete_at >= self.stood_in_at):
            return None
        return self.stood_in_at


@dataclass(frozen=True, slots=True)
class Gap:
    """Two complete answers of a program in one instrument, and a day (UTC) or more between them without any.

    Attributes:
        instrument, program: what was asked.
        since, until: when the two answers came, UTC.
    """

    instrument: Instrument
    program: int
    since: datetime
    until: datetime


def gap_between(before: Coverage, after: Coverage) -> Gap | None:
    """The days without a complete answer that an answer ended; None where it ended none."""
    if before.complete_at is None or after.complete_at is None:
        return None
    if after.complete_at.date() - before.complete_at.date() <= timedelta(days=1):
        return None
    return Gap(after.instrument, after.program, before.complete_at, after.complete_at)
