"""What a person asks for: a program, or some observations of it; and what MAST says that a program is about."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pedigreed.model.failure import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pedigreed.model.product import Product

_SELECTION = re.compile(r"0*(\d{1,5})(?::(.+))?", re.ASCII)
_OBSERVATIONS = re.compile(r"\s*0*(\d{1,3})(?:\s*-\s*0*(\d{1,3}))?\s*", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class ProgramSelection:
    """A program, whole or some of its observations.

    Attributes:
        program: the program's number, 1 to 99999.
        observations: the observation numbers (1 to 999), sorted; empty means all of them.
    """

    program: int
    observations: tuple[int, ...] = ()

    # Thousands of subscriptions watch the same programs, and each is read more than once.
    @classmethod
    @lru_cache(maxsize=4096)
    def parse(cls, text: str) -> ProgramSelection:
        """Read ``1210``, ``01210``, ``1210:5`` or ``1210:5,7-9``.

        Raises:
            Unreadable: with what was expected.
        """
        match = _SELECTION.fullmatch(text.strip())
        if match is None or int(match[1]) == 0:
            raise Unreadable(f"{text!r} is no program: write 1345, or 1345:5 or 1345:1-3,7 for observations")
        if match[2] is None:
            return cls(int(match[1]))
        observations: set[int] = set()
        for part in match[2].split(","):
            span = _OBSERVATIONS.fullmatch(part)
            if span is None or int(span[1]) == 0 or int(span[2] or span[1]) < int(span[1]):
                raise Unreadable(f"{text!r}: {part!r} is no observation: write 5, or 1-3 for several")
            observations.update(range(int(span[1]), int(span[2] or span[1]) + 1))
        return cls(int(match[1]), tuple(sorted(observations)))

    def __contains__(self, observation: int | None) -> bool:
        """Whether an observation of this program is selected.

        A product of several observations (None) belongs to a whole program only.
        """
        return not self.observations or observation in self.observations

    def __str__(self) -> str:
        if not self.observations:
            return str(self.program)
        return f"{self.program}:{fold_ranges(self.observations, joiner=',')}"


def fold_ranges(numbers: tuple[int, ...] | list[int], joiner: str = ", ") -> str:
    """Sorted numbers with runs folded: ``7, 9-12``."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return joiner.join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


class Proposal(NamedTuple):
    """The title of a program's proposal, and its principal investigator; None where MAST does not say."""

    title: str | None = None
    pi_name: str | None = None


@dataclass(frozen=True, slots=True)
class AboutProgram:
    """What MAST says that a program is about.

    Attributes:
        program: the program's number.
        proposal: its title and its principal investigator.
        targets: the names of its targets, each with an observation of it; None for products of several.
    """

    program: int
    proposal: Proposal = field(default_factory=Proposal)
    targets: frozenset[tuple[int | None, str]] = field(default_factory=frozenset)

    @property
    def target_names(self) -> list[str]:
        """Each target once, those of the most observations first."""
        observations = Counter(name for _, name in self.targets)
        return sorted(observations, key=lambda name: (-observations[name], name))


def about_programs(products: Iterable[Product]) -> dict[int, AboutProgram]:
    """What the rows of some products say of their programs, by number."""
    proposals: defaultdict[int, Counter[Proposal]] = defaultdict(Counter)
    targets: defaultdict[int, set[tuple[int | None, str]]] = defaultdict(set)
    for product in products:
        if product.proposal is not None:
            proposals[product.program][product.proposal] += 1
        if product.target is not None:
            targets[product.program].add((product.observation, product.target))
    return {
        program: AboutProgram(
            program, _most_said(proposals.get(program, Counter())), frozenset(targets.get(program, ()))
        )
        for program in sorted(proposals.keys() | targets.keys())
    }


def _most_said(proposals: Counter[Proposal]) -> Proposal:
    return max(proposals, key=lambda each: (proposals[each], str(each)), default=Proposal())
