"""What a source brought, and whether that was all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

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
    """

    items: tuple[Item, ...]
    is_complete: bool
    unchanged: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    requests: int = 0
    rows: int = 0
    ignored_limits: bool = False
