"""Which products and changes a subscription is about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from pedigreed.changes.withdrawal import level_replaced
from pedigreed.config.value import LEVELS
from pedigreed.model.change import Change, ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta

    from pedigreed.config.settings import Subscription
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.program import AboutProgram, ProgramSelection


class _Described(Protocol):
    """What a product and a change have in common."""

    @property
    def program(self) -> int: ...
    @property
    def observation(self) -> int | None: ...
    @property
    def instrument(self) -> Instrument: ...
    @property
    def level(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Selection:
    """What a subscription watches.

    Attributes:
        programs: whole programs, or some observations of them. One program may stand several times.
        instruments, levels: empty means all of them.
        kinds: the kinds of change that are told.
        settle: how long a program has to be quiet before what is reprocessed of it is told; None where nothing
            waits.
        elsewhere: the programs and observations that are known to have other targets than those that are watched.
    """

    programs: tuple[ProgramSelection, ...]
    kinds: frozenset[ChangeKind]
    instruments: frozenset[Instrument] = frozenset()
    levels: frozenset[str] = frozenset()
    settle: timedelta | None = None
    elsewhere: frozenset[tuple[int, int | None]] = frozenset()
    _by_program: Mapping[int, tuple[ProgramSelection, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_program: dict[int, tuple[ProgramSelection, ...]] = {}
        for selected in self.programs:
            by_program[selected.program] = (*by_program.get(selected.program, ()), selected)
        object.__setattr__(self, "_by_program", by_program)

    def is_about(self, thing: _Described) -> bool:
        """Whether a product, or the product of a change, is watched.

        What became of a product is told to those who watch its level, be it another that is listed now.
        """
        return (
            (not self.instruments or thing.instrument in self.instruments)
            and (not self.levels or self._is_of_level(thing))
            and (not self.elsewhere or (thing.program, thing.observation) not in self.elsewhere)
            and any(thing.observation in selected for selected in self._by_program.get(thing.program, ()))
        )

    def _is_of_level(self, thing: _Described) -> bool:
        return thing.level in self.levels or (
            isinstance(thing, Change)
            and thing.kind is ChangeKind.RELISTED
            and level_replaced(thing) in self.levels
        )

    @property
    def program_numbers(self) -> frozenset[int]:
        """The programs, whatever is selected of them."""
        return frozenset(self._by_program)


def selection_of(subscription: Subscription, about: Mapping[int, AboutProgram]) -> Selection:
    """What one subscription watches, by what is known of the targets of its programs.

    Who chooses every level that there is chooses none: a product whose level is not known is watched too.
    So is one whose target is not known.
    """
    watch = subscription.watch
    levels = frozenset(watch.levels)
    return Selection(
        programs=watch.programs,
        kinds=frozenset(watch.events),
        instruments=frozenset(watch.instruments),
        levels=frozenset() if levels.issuperset(LEVELS) else levels,
        settle=subscription.digest.settle if ChangeKind.REPROCESSED in watch.events else None,
        elsewhere=_elsewhere(watch.targets, about) if watch.targets else frozenset(),
    )


def is_target(name: str, wanted: str) -> bool:
    """Whether a target is one that is wanted: ``NGC-6552`` is ``ngc 6552``, and ``GOODS-S*`` is all of those."""
    pattern = ".*".join(map(re.escape, _as_compared(wanted).split("*")))
    return re.fullmatch(pattern, _as_compared(name)) is not None


def _as_compared(name: str) -> str:
    """Archives and proposals write hyphens, underscores and spaces for one another, and capitals as they like."""
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()


def _elsewhere(wanted: Iterable[str], about: Mapping[int, AboutProgram]) -> frozenset[tuple[int, int | None]]:
    chosen = tuple(wanted)
    known = {(program, place) for program, each in about.items() for place, _ in each.targets}
    mine = {
        (program, place)
        for program, each in about.items()
        for place, name in each.targets
        if any(is_target(name, target) for target in chosen)
    }
    return frozenset(known - mine)
