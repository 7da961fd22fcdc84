"""Which products and changes a subscription is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pedigreed.changes.relisting import level_replaced
from pedigreed.config.value import LEVELS
from pedigreed.model.change import Change, ChangeKind

if TYPE_CHECKING:
    from datetime import timedelta

    from pedigreed.config.settings import Subscription
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.program import ProgramSelection


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
    """

    programs: tuple[ProgramSelection, ...]
    kinds: frozenset[ChangeKind]
    instruments: frozenset[Instrument] = frozenset()
    levels: frozenset[str] = frozenset()
    settle: timedelta | None = None

    def is_about(self, thing: _Described) -> bool:
        """Whether a product, or the product of a change, is watched.

        What became of a product is told to those who watch its level, be it another that is listed now.
        """
        levels = {thing.level}
        if isinstance(thing, Change) and thing.kind is ChangeKind.RELISTED:
            levels.add(level_replaced(thing))
        return (
            (not self.instruments or thing.instrument in self.instruments)
            and (not self.levels or bool(self.levels & levels))
            and any(
                thing.program == selected.program and thing.observation in selected for selected in self.programs
            )
        )

    @property
    def program_numbers(self) -> frozenset[int]:
        """The programs, whatever is selected of them."""
        return frozenset(selected.program for selected in self.programs)


def selection_of(subscription: Subscription) -> Selection:
    """What one subscription watches.

    Who chooses every level that there is chooses none: a product whose level is not known is watched too.
    """
    watch = subscription.watch
    levels = frozenset(watch.levels)
    return Selection(
        programs=watch.programs,
        kinds=frozenset(watch.events),
        instruments=frozenset(watch.instruments),
        levels=frozenset() if levels.issuperset(LEVELS) else levels,
        settle=subscription.digest.settle if ChangeKind.REPROCESSED in watch.events else None,
    )
