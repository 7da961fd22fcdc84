"""What is reprocessed for a subscription: what of it is told now, what waits, and since when it goes on."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.changes.campaigns import PAUSE, moved_of, newest_stretch
from pedigreed.changes.selection import selection_of
from pedigreed.changes.settling import settled
from pedigreed.model.campaign import Campaign
from pedigreed.model.change import ChangeKind
from pedigreed.store import changes as stored_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.changes.selection import Selection
    from pedigreed.changes.settling import Settled
    from pedigreed.config.settings import Subscription
    from pedigreed.model.campaign import Moved, Stretch
    from pedigreed.model.change import Change
    from pedigreed.model.coverage import Coverage
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.product import Holding

LOOKS_BACK = timedelta(days=90)
"""How far the begin of a campaign is looked for. STScI reprocesses the whole archive about every three months."""

Keywords = tuple[str | None, str | None]


def settle_of(subscription: Subscription) -> timedelta | None:
    """How long a program has to be quiet; None where nothing waits, or nothing reprocessed is told."""
    return subscription.digest.settle if ChangeKind.REPROCESSED in subscription.watch.events else None


def settled_for(
    subscription: Subscription,
    untold: Iterable[tuple[int, Change]],
    states: Mapping[tuple[Instrument, int], Coverage],
    now: datetime,
) -> Settled:
    """What a subscription is told now of what it was not told yet, and what waits.

    Args:
        subscription: who is told.
        untold: key and change, those among them that are not selected too.
        states: what was asked of the archive.
        now: UTC.
    """
    selection = selection_of(subscription)
    return settled(
        [(key, change) for key, change in untold if selection.is_about(change)],
        settle=settle_of(subscription),
        answered={place: state.complete_at for place, state in states.items() if state.complete_at},
        now=now,
    )


def programs_moving(subscription: Subscription, told: Sequence[Change]) -> frozenset[int]:
    """The programs whose progress is told with some changes: all of the subscription's, which move together.

    Where each waits until it has been quiet, those that did are told, and the others tell nothing of them.
    """
    if settle_of(subscription) is None:
        return subscription.programs
    return frozenset(move.program for move in moved_of(told))


def stretches_of(
    connection: Connection, subscription: Subscription, told: Sequence[Change], now: datetime
) -> dict[Keywords, Stretch]:
    """(CAL_VER, CRDS_CTX) that products are told as reprocessed to -> how long that campaign has taken so far.

    It is one of all the programs whose progress is told.
    """
    settle = settle_of(subscription)
    mine = moved_of(told)
    selection = selection_of(subscription)
    programs = programs_moving(subscription, told)
    by_target: defaultdict[Keywords, list[Moved]] = defaultdict(list)
    for move in _moves(connection, selection, programs if mine else (), mine, now):
        by_target[move.cal_ver, move.crds_ctx].append(move)
    targets = {(move.cal_ver, move.crds_ctx) for move in mine}
    return {target: newest_stretch(by_target[target], _pause(settle)) for target in targets}


def campaigns_of(
    connection: Connection,
    subscription: Subscription,
    waiting: Sequence[Change],
    holdings: Iterable[Holding],
    now: datetime,
) -> list[Campaign]:
    """The campaigns that wait to be told: programs by number, most products first within one.

    Args:
        connection: a transaction.
        subscription: who is told.
        waiting: the changes that wait.
        holdings: what the archive has of what the subscription selects.
        now: UTC.
    """
    mine = moved_of(waiting)
    by_campaign: defaultdict[tuple[int, Keywords], list[Moved]] = defaultdict(list)
    for move in _moves(connection, selection_of(subscription), {move.program for move in mine}, mine, now):
        by_campaign[move.program, (move.cal_ver, move.crds_ctx)].append(move)
    moved: Counter[tuple[int, Keywords]] = Counter()
    calibrated: Counter[int] = Counter()
    for held in holdings:
        if held.crds_ctx is not None:
            moved[held.program, (held.cal_ver, held.crds_ctx)] += held.products
            calibrated[held.program] += held.products
    numbers = Counter((move.program, (move.cal_ver, move.crds_ctx)) for move in mine)
    campaigns = []
    for (program, target), products in numbers.items():
        stretch = newest_stretch(by_campaign[program, target], _pause(settle_of(subscription)))
        campaigns.append(
            Campaign(
                program,
                *target,
                began=stretch.began,
                newest=stretch.newest,
                moved=moved[program, target],
                total=calibrated[program],
                waiting=products,
            )
        )
    return sorted(campaigns, key=lambda each: (each.program, -each.waiting, str((each.cal_ver, each.crds_ctx))))


def _pause(settle: timedelta | None) -> timedelta:
    return max(PAUSE, settle or PAUSE)


def _moves(
    connection: Connection, selection: Selection, programs: Iterable[int], mine: Iterable[Moved], now: datetime
) -> list[Moved]:
    """What moved of what is selected. What is told or waits is among it, however long ago it was seen."""
    stored = stored_changes.moves(connection, sorted(programs), now - LOOKS_BACK)
    return [*(move for move in stored if selection.is_about(move)), *mine]
