"""One thing that is wrong in a configuration, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
"""Problems that are told of one file. Who has more mends these first."""


def in_order(problems: list[ConfigProblem]) -> tuple[ConfigProblem, ...]:
    """Each once, in the order of the file; at one place the errors come first."""
    once = dict.fromkeys(problems)
    return tuple(sorted(once, key=lambda problem: (problem.line, problem.column, not problem.is_error)))
