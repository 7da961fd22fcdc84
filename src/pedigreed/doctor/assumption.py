"""An assumption about a service, and what was found of it."""

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
        evidence: what that rests on.
        if_wrong: what pedigreed does where it is not so.
    """

    name: str
    expected: str
    evidence: str
    if_wrong: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one assumption.

    Attributes:
        assumption: which.
        outcome: whether it holds.
        came: what came, in a line.
        measured: key names, types, counts and timings for the report; no value of a row, and no address.
    """

    assumption: Assumption
    outcome: Outcome
    came: str
    measured: Mapping[str, object] = field(default_factory=dict)
