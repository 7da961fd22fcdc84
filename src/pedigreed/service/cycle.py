"""One whole cycle: collect, compare, compose, enqueue, deliver. What each word means stands in its own file."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from pedigreed.delivery.heartbeat import beat
from pedigreed.model.pause import Pause
from pedigreed.service.closing import Closed, close_due_periods
from pedigreed.service.collecting import Answer, collect
from pedigreed.service.delivering import deliver, take_back
from pedigreed.service.interest import interest_of
from pedigreed.service.looking_after import look_after
from pedigreed.service.one_cycle import one_cycle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from pedigreed.config.settings import Config
    from pedigreed.delivery.channel import Channel
    from pedigreed.model.delivery import Delivery
    from pedigreed.service.problems import News
    from pedigreed.sources.mast.archive import MastArchive
    from pedigreed.store.database import Store

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Cycle:
    """What a cycle did.

    Attributes:
        answers: of the archive, in the order they came. They are compared and kept already.
        closed: the periods that were due, told or quiet.
        stalled: the digests that could not be composed.
        deliveries: what was tried, as it stands now.
        news: which problems of pedigreed itself began, and which are over.
    """

    answers: tuple[Answer, ...]
    closed: tuple[Closed, ...]
    stalled: tuple[Pause, ...]
    deliveries: tuple[Delivery, ...]
    news: News

    @property
    def is_complete(self) -> bool:
        """Whether everything that was asked was answered."""
        return all(answer.fetched.is_complete for answer in self.answers)


def run_cycle(
    config: Config,
    configuration: str,
    store: Store,
    archive: MastArchive,
    channels: Mapping[str, Channel],
    *,
    now: datetime,
    watch: Callable[[Answer], None] | None = None,
    is_alone: bool = False,
) -> Cycle:
    """Run one cycle.

    Args:
        config: the configuration.
        configuration: its file's name, for the digest's footer.
        store: where everything is kept.
        archive: the source.
        channels: by name.
        now: the cycle's one moment, UTC.
        watch: is shown each answer as it comes.
        is_alone: whether no other process is at work on the store. What one that ended was sending is then
            taken up at once, and not when its lease ends.
    """
    with one_cycle() as tell:
        answers = []
        for answer in collect(interest_of(config.subscriptions), store, archive, config.sources.mast.sweep, now):
            answers.append(answer)
            if watch is not None:
                watch(answer)
        composed = tuple(close_due_periods(config, store, configuration, now))
        if is_alone:
            take_back(store, now)
        deliveries = _delivered(config, store, channels, now)
        news = look_after(config, store, configuration, now)
        if news.begun or news.over:
            deliveries += _delivered(config, store, channels, now)
        cycle = Cycle(
            tuple(answers),
            tuple(each for each in composed if isinstance(each, Closed)),
            tuple(each for each in composed if isinstance(each, Pause)),
            tuple(deliveries),
            news,
        )
        if config.heartbeat is not None and cycle.is_complete:
            trouble = asyncio.run(beat(config.heartbeat.reveal))
            if trouble is not None:
                _log.warning("no heartbeat", reason=trouble)
        tell(cycle)
    return cycle


def _delivered(config: Config, store: Store, channels: Mapping[str, Channel], now: datetime) -> list[Delivery]:
    return asyncio.run(deliver(store, channels, now, give_up_after=config.delivery.give_up_after))
