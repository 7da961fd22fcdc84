"""One whole cycle: read CRDS's news, ask the archive, compose the digests that are due, and deliver them."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import structlog

from pedigreed.delivery.heartbeat import beat
from pedigreed.model.change import ChangeKind
from pedigreed.model.failure import StoreError, TryAgain
from pedigreed.model.instrument import by_reason
from pedigreed.model.pause import Pause
from pedigreed.model.work import Work
from pedigreed.service.asking import collect
from pedigreed.service.every_program import find_programs
from pedigreed.service.local_folders import look_through_folders
from pedigreed.service.news import SourceRead, read_news
from pedigreed.service.one_run import Stop, one_run, take_back, take_up_lost
from pedigreed.service.outbox import deliver
from pedigreed.service.periods import Closed, close_due_periods
from pedigreed.service.problems import update_problems
from pedigreed.service.rule_evaluation import evaluate_rules
from pedigreed.service.subscriptions import instruments_in_full, only, watched_programs, with_programs
from pedigreed.service.tidying import tidy
from pedigreed.sources.source import CRDS_SERVER
from pedigreed.store import announcements as stored_announcements
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import runs as stored_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from pedigreed.config.secret import Secret
    from pedigreed.config.settings import Config
    from pedigreed.delivery.channels import Channel
    from pedigreed.model.delivery import Delivery
    from pedigreed.service.kept_answer import KeptAnswer
    from pedigreed.service.news_sources import Listed
    from pedigreed.service.problems import ProblemNews
    from pedigreed.service.rule_contexts import Contexts
    from pedigreed.sources.mast.archive import MastArchive
    from pedigreed.store.database import Store

Result = TypeVar("Result")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a run of composing and delivering did.

    Attributes:
        closed: the periods that were due, told or quiet.
        stalled: the digests that could not be composed.
        deliveries: what was tried, as it stands now.
        news: which problems of pedigreed itself began, and which are over.
    """

    closed: tuple[Closed, ...]
    stalled: tuple[Pause, ...]
    deliveries: tuple[Delivery, ...]
    news: ProblemNews


@dataclass(frozen=True, slots=True)
class Cycle:
    """What a cycle did.

    Attributes:
        answers: of the archive, in the order they came. They are compared and kept already.
        outgoing: what was composed, delivered and said to the operator.
        heard: what came of reading the sources of CRDS's news.
    """

    answers: tuple[KeptAnswer, ...]
    outgoing: Outgoing
    heard: tuple[SourceRead, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether everything that was asked was answered."""
        return all(answer.is_checked for answer in self.answers) and all(
            each.reading.is_complete for each in self.heard
        )


def run_cycle(
    config: Config,
    configuration: str,
    store: Store,
    archive: MastArchive,
    channels: Mapping[str, Channel],
    *,
    now: datetime,
    sources: Sequence[Listed] = (),
    contexts: Contexts | None = None,
    watch: Callable[[KeptAnswer], None] | None = None,
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
        sources: of CRDS's news.
        contexts: of CRDS, with their rules; None where no rules are evaluated.
        watch: is shown each answer as it comes.
        is_alone: whether no other process is at work on the store. What one that ended was sending is then
            taken up at once, and not when its lease ends.
    """
    telling = partial(tell, config, configuration, store, channels, now=now, is_alone=is_alone)
    failed: list[Exception] = []

    def attempt(work: Callable[[], Result]) -> Result | None:
        try:
            return work()
        except (StoreError, TryAgain):
            raise
        except Exception as error:  # noqa: BLE001  # raised in the end
            failed.append(error)
            return None

    config = with_programs(config, store)
    heard: tuple[SourceRead, ...] = ()
    if sources:
        heard = attempt(partial(read_news, sources, config.programs, store, now)) or ()
    answers = attempt(partial(ask, config, store, archive, now=now, sources=sources, watch=watch)) or ()
    if contexts is not None:
        attempt(partial(evaluate_rules, config, store, contexts, now))
    # What is due is told in any case: it says what was not checked, and so does the operator's mail.
    outgoing = telling()
    if failed:
        raise failed[0]
    cycle = Cycle(answers, outgoing, heard)
    if config.heartbeat is not None and cycle.is_complete:
        send_heartbeat(config.heartbeat)
    return cycle


def ask(
    config: Config,
    store: Store,
    archive: MastArchive,
    *,
    now: datetime,
    sources: Sequence[Listed] = (),
    watch: Callable[[KeptAnswer], None] | None = None,
    after: int | None = None,
    only_wanted: bool = False,
) -> tuple[KeptAnswer, ...]:
    """Ask the archive, compare each answer with what was known, and keep it. As in `run_cycle`.

    Where another process asked since the run `after`, nothing is asked. With `only_wanted`, only the programs are
    asked for that MAST's own mails tell of. Where products were made with another build than any before, CRDS is
    asked about it at once, so that one digest tells of both. Then the folders on disk are looked through, unless
    only some programs were asked for, and programs that are found there first are asked for, too.
    """
    config = with_programs(config, store)
    crds = [each for each in sources if each.name == CRDS_SERVER]
    build = _newest_build(config, store) if crds else None
    wanted = None
    if only_wanted:
        with store.reading() as connection:
            wanted = stored_coverage.reported_programs(connection).keys()
    answers = _ask(config, store, archive, wanted, now=now, watch=watch, after=after)
    if answers is None:
        return ()
    if crds and _newest_build(config, store) != build:
        read_news(crds, config.programs, store, now)
    if not only_wanted:
        config = with_programs(config, store)
        if any(each.local for each in config.subscriptions):
            # After all else is kept: a disk that hangs takes nothing of it away.
            look_through_folders(config, store, now)
        found = with_programs(config, store)
        if more := found.programs - config.programs:
            answers += _ask(found, store, archive, more, now=now, watch=watch) or []
    return tuple(answers)


def _ask(
    config: Config,
    store: Store,
    archive: MastArchive,
    programs: Collection[int] | None,
    *,
    now: datetime,
    watch: Callable[[KeptAnswer], None] | None,
    after: int | None = None,
) -> list[KeptAnswer] | None:
    """Ask for some of the programs that are watched, or for all of them, those that are found now among them.

    None where another process asked since the run `after`.
    """
    answers: list[KeptAnswer] = []
    with one_run(store, Work.ASK, now, after=after) as end:
        if end is None:
            return None
        not_found: list[tuple[str, str]] = []
        searches = 0
        if programs is None and instruments_in_full(config):
            not_found = find_programs(config, store, archive, now)
            searches = archive.requests_made()
            config = with_programs(config, store)
        watched = only(watched_programs(config.subscriptions), config.programs if programs is None else programs)
        for answer in collect(
            watched,
            store,
            archive,
            config.sources.mast.sweep,
            now,
            stale=_programs_with_flags(config),
            in_full=instruments_in_full(config),
        ):
            answers.append(answer)
            if watch is not None:
                watch(answer)
        unanswered = {program for each in answers if not each.is_checked for program in each.query.programs}
        with store.writing() as connection:
            stored_coverage.forget_reported(connection, frozenset().union(*watched.values()) - unanswered, now)
        end(
            problems=by_reason([*not_found, *(_why(answer) for answer in answers if not answer.is_checked)]),
            beside={"answers": len(answers)},
            requests=searches + sum(answer.fetched.requests for answer in answers),
            rows=sum(answer.fetched.rows for answer in answers),
            changes=sum(answer.changes for answer in answers),
        )
    return answers


def tell(
    config: Config,
    configuration: str,
    store: Store,
    channels: Mapping[str, Channel],
    *,
    now: datetime,
    is_alone: bool = False,
    has_asked: bool = True,
    only_deliver: bool = False,
    stop: Stop | None = None,
) -> Outgoing:
    """Compose what is due, deliver, and look after pedigreed itself. As in `run_cycle`.

    Without `has_asked`, a subscription's first digest waits until each of its programs was asked for. With
    `only_deliver`, no digest is composed.
    `stop` ends the sending before its time.
    """
    config = with_programs(config, store)
    with one_run(store, Work.TELL, now) as end:
        if is_alone:
            take_back(store, now)
        else:
            take_up_lost(store, now)
        sending = partial(deliver, store, channels, now, give_up_after=config.delivery.give_up_after, stop=stop)
        composed: list[Closed | Pause] = []
        deliveries: dict[int, Delivery] = {}
        closing = () if only_deliver else close_due_periods(config, store, configuration, now, has_asked=has_asked)
        for some in closing:
            composed += some
            # Who is told first need not wait until there are words for the last.
            if any(isinstance(each, Closed) and each.rendered for each in some):
                deliveries |= {each.key: each for each in sending()}
            if stop is not None and stop.is_said:
                break
        deliveries |= {each.key: each for each in sending()}
        news = update_problems(config, store, configuration, now)
        if news.begun or news.over:
            deliveries |= {each.key: each for each in sending()}
        outgoing = Outgoing(
            closed=tuple(each for each in composed if isinstance(each, Closed)),
            stalled=tuple(each for each in composed if isinstance(each, Pause)),
            deliveries=tuple(deliveries.values()),
            news=news,
        )
        outcomes = Counter(each.state for each in outgoing.deliveries)
        assert end is not None
        end(
            problems=[f"{each.name}: {each.reason}" for each in outgoing.stalled],
            beside={
                "quiet": sum(closed.rendered is None for closed in outgoing.closed),
                "states": {state.value: count for state, count in outcomes.items()},
                "wrong": len(news.known),
            },
            outcomes=outcomes,
            digests=sum(closed.rendered is not None for closed in outgoing.closed),
            deliveries=len(deliveries),
        )
    # After all is told and kept: it may take long in a store of an older version.
    tidy(store, config, now, stop or Stop())
    return outgoing


def _programs_with_flags(config: Config) -> frozenset[int]:
    """The programs of which a subscription wants to hear what MAST marks as stale."""
    return frozenset(
        program
        for subscription in config.subscriptions
        if ChangeKind.STALE in subscription.watch.events
        for program in subscription.programs
    )


def _newest_build(config: Config, store: Store) -> tuple[str | None, str | None]:
    with store.reading() as connection:
        return stored_announcements.newest_build(connection, config.programs)


def _why(answer: KeptAnswer) -> tuple[str, str]:
    return answer.query.instrument.written, "; ".join(answer.fetched.problems)


def was_complete(store: Store) -> bool:
    """Whether the last asking was answered completely."""
    with store.reading() as connection:
        runs = stored_runs.newest(connection, Work.ASK)
    return bool(runs) and runs[0].ended_at is not None and runs[0].problem is None


def send_heartbeat(address: Secret) -> None:
    """Tell the monitor that a cycle was complete. That it can't be told is no failure of the cycle."""
    trouble = asyncio.run(beat(address.reveal))
    if trouble is not None:
        _log.warning("no heartbeat", reason=trouble)
