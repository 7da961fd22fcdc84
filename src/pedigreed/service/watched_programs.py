"""Which programs the subscriptions watch, and in which instruments."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pedigreed.config.settings import Subscription
    from pedigreed.model.instrument import Instrument


def pairs_of(subscription: Subscription) -> frozenset[tuple[Instrument, int]]:
    """The instruments and programs that one subscription watches."""
    programs = subscription.programs
    return frozenset(
        (instrument, program) for instrument in subscription.watch.instruments for program in programs
    )


def watched_programs(subscriptions: Iterable[Subscription]) -> Mapping[Instrument, frozenset[int]]:
    """Instrument -> the programs that any subscription watches in it."""
    watched: dict[Instrument, set[int]] = defaultdict(set)
    for subscription in subscriptions:
        for instrument in subscription.watch.instruments:
            watched[instrument] |= subscription.programs
    return {instrument: frozenset(watched[instrument]) for instrument in sorted(watched)}


def only(
    watched: Mapping[Instrument, frozenset[int]], programs: Collection[int]
) -> Mapping[Instrument, frozenset[int]]:
    """The same for some programs alone."""
    chosen = frozenset(programs)
    return {instrument: mine for instrument, all_of_them in watched.items() if (mine := all_of_them & chosen)}
