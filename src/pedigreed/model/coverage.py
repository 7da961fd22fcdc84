"""What was asked of the archive about a program, what it answered, and how far the answers can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.instrument import Instrument


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
    """

    instrument: Instrument
    program: int
    baseline_at: datetime | None = None
    asked_at: datetime | None = None
    complete_at: datetime | None = None
    sweep_at: datetime | None = None
    problem: str | None = None
    flags_at: datetime | None = None
