"""A problem of a configuration file with its place, and the words that sentences about problems share."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


_LONGEST = 60


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, whatever its case; None if none is near."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    found = get_close_matches(word.lower()[:_LONGEST], by_lower, n=1, cutoff=0.65)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``, did you mean 'programs'?``, or nothing."""
    candidate = nearest(word, known)
    return f", did you mean {candidate!r}?" if candidate else ""


def quoted(text: str) -> str:
    """Text in quotes, short, and with nothing that a terminal would obey."""
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "...")


def listed(words: Iterable[str], last: str = "or") -> str:
    """``a, b or c``."""
    *some, end = words
    return f"{', '.join(some)} {last} {end}" if some else end


def choose(word: str, known: Iterable[str], noun: str) -> str:
    """`word`, if it is known. Raises `ValueError` with the nearest, or with all of them."""
    known = tuple(known)
    if word in known:
        return word
    if candidate := nearest(word, known):
        raise ValueError(f"{quoted(word)} is no {noun}, did you mean {candidate!r}?")
    raise ValueError(f"{quoted(word)} is no {noun}: write {listed(known)}")


class Severity(StrEnum):
    """Whether the configuration can be used all the same."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """What is wrong and how to put it right, in one sentence without secrets.

    Attributes:
        file: as the caller named it.
        line: from 1; 0 for the file as a whole.
        column: in characters, from 1; 0 for the file as a whole.
        message: what is wrong, and the fix.
        severity: an error refuses the configuration, a warning does not.
    """

    file: str
    line: int
    column: int
    message: str
    severity: Severity = Severity.ERROR

    @property
    def is_error(self) -> bool:
        """Whether the configuration can't be used."""
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        mark = "" if self.is_error else "warning: "
        return f"{place}: {mark}{self.message}"


MOST = 100
"""Problems that are listed of one file. Who has more mends these first."""


def in_order(problems: list[ConfigProblem]) -> tuple[ConfigProblem, ...]:
    """Each once, in the order of the file; at one place the errors come first."""
    once = dict.fromkeys(problems)
    return tuple(sorted(once, key=lambda problem: (problem.line, problem.column, not problem.is_error)))
