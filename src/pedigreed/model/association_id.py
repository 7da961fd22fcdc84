"""The candidate that an association was made for, as file names spell it: ``o004``, ``c1001``, ``a3001``.

Source: spacetelescope/jwst, "Association Naming".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from pedigreed.model.failure import Unreadable

ASSOCIATION_ID = r"o[0-9]{3}|[car][0-9]{4}"
_FORM = re.compile(ASSOCIATION_ID)


class AssociationKind(StrEnum):
    """What the associated exposures have in common."""

    OBSERVATION = "o"
    CANDIDATE = "c"
    """Several observations that the proposal ties together."""
    DISCOVERED = "a"
    """Exposures of a whole program that were found to belong together."""
    RESERVED = "r"


@dataclass(frozen=True, slots=True)
class AssociationId:
    """An association candidate.

    Attributes:
        kind: the letter.
        number: for an observation, the observation's number.
    """

    kind: AssociationKind
    number: int

    @property
    def observation(self) -> int | None:
        """The observation's number; None for an association across observations."""
        return self.number if self.kind is AssociationKind.OBSERVATION else None

    def __str__(self) -> str:
        width = 3 if self.kind is AssociationKind.OBSERVATION else 4
        return f"{self.kind}{self.number:0{width}d}"


@lru_cache(maxsize=4096)
def parse_association_id(text: str) -> AssociationId:
    """Read ``o004``, ``c1001``, ``a3001`` or ``r0001``. Raises `Unreadable` for anything else."""
    if _FORM.fullmatch(text) is None:
        raise Unreadable(f"{text[:40]!r} is no association candidate: expected o004 or c1001")
    return AssociationId(AssociationKind(text[0]), int(text[1:]))
