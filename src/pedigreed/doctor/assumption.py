"""An assumption, and what was found of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Outcome(StrEnum):
    """What was found. The set is closed."""

    RIGHT = "right"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    """It could not be checked, or the service does not say."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """What pedigreed goes by.

    Attributes:
        name: a few words; its identity.
        expected: what is assumed.
        evidence: what that rests on; empty for what a configuration says.
        if_wrong: what pedigreed does where it is not so.
    """

    name: str
    expected: str
    evidence: str
    if_wrong: str

    def right(self, came: str, **measured: object) -> Finding:
        """It holds."""
        return Finding(self, Outcome.RIGHT, came, measured)

    def wrong(self, came: str, **measured: object) -> Finding:
        """It does not hold."""
        return Finding(self, Outcome.WRONG, came, measured)

    def unknown(self, came: str, **measured: object) -> Finding:
        """It can't be told."""
        return Finding(self, Outcome.UNKNOWN, came, measured)

    def judged(self, is_right: bool, came: str, **measured: object) -> Finding:  # it is the judgement
        """It holds, or does not."""
        return (self.right if is_right else self.wrong)(came, **measured)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one assumption.

    Attributes:
        assumption: which.
        outcome: whether it holds.
        came: what came, in a line.
        measured: key names, types, counts and timings for the report; no value of a row, and no address.
        subject: which of several channels or feeds it is about. It has names of the configuration's own in it.
    """

    assumption: Assumption
    outcome: Outcome
    came: str
    measured: Mapping[str, object] = field(default_factory=dict)
    subject: str = ""
