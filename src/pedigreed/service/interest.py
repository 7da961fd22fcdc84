"""What the configured subscriptions want to know, put together."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pedigreed.changes.selection import Selection
from pedigreed.config.value import LEVELS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pedigreed.config.settings import Subscription
    from pedigreed.model.instrument import Instrument


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
    )


def pairs_of(subscription: Subscription) -> frozenset[tuple[Instrument, int]]:
    """The instruments and programs that one subscription watches."""
    programs = subscription.programs
    return frozenset(
        (instrument, program) for instrument in subscription.watch.instruments for program in programs
    )


def interest_of(subscriptions: Iterable[Subscription]) -> Mapping[Instrument, frozenset[int]]:
    """Instrument -> the programs that any subscription watches in it."""
    interest: dict[Instrument, set[int]] = defaultdict(set)
    for subscription in subscriptions:
        for instrument in subscription.watch.instruments:
            interest[instrument] |= subscription.programs
    return {instrument: frozenset(interest[instrument]) for instrument in sorted(interest)}


def narrowed(
    interest: Mapping[Instrument, frozenset[int]], programs: Collection[int]
) -> Mapping[Instrument, frozenset[int]]:
    """The same for some programs alone."""
    chosen = frozenset(programs)
    return {instrument: mine for instrument, all_of_it in interest.items() if (mine := all_of_it & chosen)}
