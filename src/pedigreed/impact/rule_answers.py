"""What CRDS's rules answer for an exposure and a type, and what becomes of it in the next context."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kind(StrEnum):
    """Which kind of answer it is."""

    FILE = "file"
    NOT_APPLICABLE = "n/a"
    OMITTED = "omitted"
    """CRDS leaves the type out of its answer."""
    NO_MATCH = "no match"
    """No row of the rules matches."""
    SEVERAL = "several"
    """Rows of equal weight answer differently: CRDS gives all of them, which no pipeline can use."""
    ERROR = "error"
    """A value that the rules do not know, an unreadable date, or rules that can't be loaded."""


class RuleAnswer(NamedTuple):
    """One answer. `name` is the file's, or all of them with blanks between; empty for the other kinds."""

    kind: Kind
    name: str = ""

    @property
    def used(self) -> str | None:
        """What a pipeline would use: the file's name or ``N/A``; None where CRDS has only an error.

        As `crds bestrefs` compares, where a type that is left out and one that no row matches count as N/A.
        """
        if self.kind is Kind.FILE:
            return self.name
        return None if self.kind in {Kind.ERROR, Kind.SEVERAL} else "N/A"


NOT_APPLICABLE = RuleAnswer(Kind.NOT_APPLICABLE)
OMITTED = RuleAnswer(Kind.OMITTED)
NO_MATCH = RuleAnswer(Kind.NO_MATCH)
ERROR = RuleAnswer(Kind.ERROR)


class Step(StrEnum):
    """What becomes of an answer from one context to the next."""

    FILE_TO_FILE = "file to file"
    NA_TO_FILE = "n/a to file"
    FILE_TO_NA = "file to n/a"
    TO_ERROR = "to error"
    FROM_ERROR = "from error"


def step(before: RuleAnswer, after: RuleAnswer) -> Step | None:
    """What changed. None where nothing did: the same file, or an error before and after."""
    old, new = before.used, after.used
    if old == new:
        return None
    if new is None:
        return Step.TO_ERROR
    if old is None:
        return Step.FROM_ERROR
    if old == "N/A":
        return Step.NA_TO_FILE
    return Step.FILE_TO_NA if new == "N/A" else Step.FILE_TO_FILE


@dataclass(frozen=True, slots=True)
class Timeline:
    """What the rules answer over the time of the observation, for one set of values of a header.

    Attributes:
        starts: moments as CRDS writes them, ascending.
        answers: one more than `starts`: before the first, from the first on, and so on.
        undated: the answer for an observation whose date CRDS can't read.
    """

    starts: tuple[str, ...]
    answers: tuple[RuleAnswer, ...]
    undated: RuleAnswer

    def at(self, moment: str | None) -> RuleAnswer:
        """The answer for an observation that began at a moment."""
        return self.undated if moment is None else self.answers[bisect_right(self.starts, moment)]


def always(answer: RuleAnswer) -> Timeline:
    """The timeline of an answer that no date changes."""
    return Timeline((), (answer,), answer)


class Stretch(NamedTuple):
    """A stretch of time in which the answer changes in one way. `since` is in it, and `until` is not."""

    since: str
    until: str | None
    before: RuleAnswer
    after: RuleAnswer


def differences(before: Timeline, after: Timeline) -> Iterator[Stretch]:
    """When the answers of two timelines differ, as `step` understands it, in order."""
    starts = sorted({"", *before.starts, *after.starts})
    for since, until in zip(starts, [*starts[1:], None], strict=True):
        old, new = before.at(since), after.at(since)
        if step(old, new) is not None:
            yield Stretch(since, until, old, new)
