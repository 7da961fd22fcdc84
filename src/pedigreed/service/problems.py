"""The problems of pedigreed itself: which there are now, and which the operator is to be told of."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

import structlog

from pedigreed.delivery.messages import destinations_of, messages_to, operator_places
from pedigreed.digests.operator_mail import operator_mail
from pedigreed.digests.sections.impact import doubted_in_words
from pedigreed.model.pause import Paused
from pedigreed.model.problem import KnownProblem, Problem, ProblemKind
from pedigreed.model.work import Work
from pedigreed.service.agenda import LONGEST_RUN
from pedigreed.service.learning import absent_columns
from pedigreed.service.news_sources import news_sources
from pedigreed.service.subscriptions import pairs_of
from pedigreed.store import announcements as stored_announcements
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import impacts as stored_impacts
from pedigreed.store import pauses as stored_pauses
from pedigreed.store import problems as stored_problems
from pedigreed.store import runs as stored_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config
    from pedigreed.model.coverage import Coverage
    from pedigreed.model.impact import Impact
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.news_source import SourceState
    from pedigreed.model.pause import Pause
    from pedigreed.model.work import Run
    from pedigreed.store.database import Store

FAILED_CYCLES = 3
"""A source is a problem when it failed so often in a row. A night of maintenance is none."""

LASTS = timedelta(hours=1)
"""A channel that can't be reached is a problem when it lasts so long."""

LITTLE_ROOM = 256 << 20
"""Bytes that a store's disk should have left."""

LOOKED_BACK = 50
"""How many runs of each kind are looked at."""

REMEMBERED_FOR = timedelta(days=90)
"""A message that was given up before that is nobody's news."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ProblemNews:
    """What the operator is to be told.

    Attributes:
        begun: problems that the operator does not know yet.
        over: problems that the operator was told of, and that are over.
        known: every problem that is not over, as it is to be kept.
        forgotten: those to be forgotten, `over` included.
    """

    begun: tuple[Problem, ...]
    over: tuple[Problem, ...]
    known: tuple[KnownProblem, ...]
    forgotten: tuple[Problem, ...]


def update_problems(config: Config, store: Store, configuration: str, now: datetime) -> ProblemNews:
    """Keep what is wrong now, and put a word to the operator into the outbox, where there is one to say."""
    free = store.free()
    with store.writing() as connection:
        _forget_what_is_gone(connection, config)
        known = stored_problems.load(connection, for_update=True)
        was_little = any(each.problem.kind is ProblemKind.STORE for each in known)
        current = [*_current(connection, config, now), *of_room(free, now, was_little=was_little)]
        news = weigh(known, current, now, has_operator=bool(config.operator))
        for each in news.known:
            stored_problems.keep(connection, each)
        for problem in news.forgotten:
            stored_problems.end(connection, problem)
        if config.operator and (news.begun or news.over):
            words = operator_mail(
                news.begun, news.over, configuration=configuration, host=socket.gethostname(), now=now
            )
            messages = messages_to(operator_places(config, _failing(news)), words, config, now)
            stored_deliveries.enqueue(connection, None, messages, now)
    for problem in news.begun:
        _log.warning("problem", kind=problem.kind.value, name=problem.name, reason=problem.reason)
    for problem in news.over:
        _log.info("problem over", kind=problem.kind.value, name=problem.name)
    return news


def of_sources(states: Iterable[Coverage], every: timedelta) -> Iterator[Problem]:
    """The instruments whose last answer was not complete for some program."""
    failing: dict[Instrument, list[Coverage]] = {}
    for state in states:
        if state.problem is not None and state.asked_at is not None:
            failing.setdefault(state.instrument, []).append(state)
    for instrument, mine in failing.items():
        asked = max(state.asked_at for state in mine if state.asked_at is not None)
        complete = [state.complete_at for state in mine if state.complete_at is not None]
        began = min(min(complete) + every, asked) if complete else asked
        yield Problem(
            ProblemKind.SOURCE,
            f"MAST {instrument.written}",
            next(state.problem for state in mine if state.problem is not None),
            since=began,
            seen_at=asked,
            waits=True,
        )


def of_work(runs: Mapping[Work, Sequence[Run]], now: datetime) -> Iterator[Problem]:
    """The kinds of work that did not come to their end so often in a row, whatever ended them.

    Args:
        runs: the last of each kind, the newest first. One that is new and has no end may still be at work.
        now: UTC.
    """
    for work, of_kind in runs.items():
        newest = of_kind[:1]
        is_going_on = any(run.ended_at is None and now - run.started_at < LONGEST_RUN[work] for run in newest)
        dead = list(takewhile(lambda run: not run.came_to_its_end, of_kind[is_going_on:]))
        if len(dead) >= FAILED_CYCLES:
            seen_at = dead[0].ended_at or dead[0].started_at
            yield Problem(ProblemKind.WORK, work.in_words, dead[0].death, dead[-1].started_at, seen_at)


def of_news_sources(states: Iterable[SourceState]) -> Iterator[Problem]:
    """The sources of CRDS's news that were not read to their end the last time."""
    for state in states:
        if state.problem is not None:
            since = state.complete_at or state.asked_at
            yield Problem(ProblemKind.SOURCE, state.name, state.problem, since, state.asked_at, waits=True)


def of_rules(checked: tuple[Impact, datetime] | None) -> Iterator[Problem]:
    """The types of which CRDS itself answers otherwise, in the switch that was evaluated last."""
    if checked is not None and checked[0].doubted:
        impact, at = checked
        agreed = f"{impact.new}: {impact.held[1]} of {impact.held[0]} exposures agree"
        yield Problem(ProblemKind.RULES, "CRDS's rules", f"{agreed}; otherwise {doubted_in_words(impact)}", at, at)


def of_pauses(pauses: Iterable[Pause], now: datetime) -> Iterator[Problem]:
    """Channels, digests and templates that are left alone."""
    kinds = {
        Paused.CHANNEL: ProblemKind.CHANNEL,
        Paused.DIGEST: ProblemKind.DIGEST,
        Paused.TEMPLATE: ProblemKind.TEMPLATE,
    }
    for pause in pauses:
        yield Problem(kinds[pause.kind], pause.name, pause.reason, pause.since, now, waits=not pause.needs_mending)


def of_room(free: int | None, now: datetime, *, was_little: bool) -> Iterator[Problem]:
    """A disk that is nearly full. Once it is, twice the room is wanted before it is not."""
    wanted = LITTLE_ROOM * (2 if was_little else 1)
    if free is not None and free < wanted:
        yield Problem(ProblemKind.STORE, "store", f"{free / 1e6:,.0f} MB are left on its disk", now, now)


def weigh(
    known: Iterable[KnownProblem], current: Iterable[Problem], now: datetime, *, has_operator: bool
) -> ProblemNews:
    """Hold what is wrong now against what is known. Each problem is told once, and once more when it is over.

    Args:
        known: what was wrong before.
        current: what is wrong now, all of it.
        now: UTC.
        has_operator: whether there is anybody to be told. Who comes later is told what still holds then.
    """
    before = {_identity(each.problem): each for each in known}
    after: dict[tuple[ProblemKind, str], KnownProblem] = {}
    begun = []
    for problem in current:
        seen = _seen(before.get(_identity(problem)), problem)
        if has_operator and seen.told_at is None and _is_worth_a_word(seen, now):
            seen = replace(seen, told_at=now)
            begun.append(seen.problem)
        after[_identity(problem)] = seen
    gone = [each for key, each in before.items() if key not in after]
    return ProblemNews(
        begun=tuple(begun),
        over=tuple(each.problem for each in gone if each.told_at is not None),
        known=tuple(after.values()),
        forgotten=tuple(each.problem for each in gone),
    )


def _seen(before: KnownProblem | None, problem: Problem) -> KnownProblem:
    if before is None:
        return KnownProblem(problem, 1, None)
    times = before.times + (problem.seen_at != before.problem.seen_at)
    return KnownProblem(replace(problem, since=before.problem.since), times, before.told_at)


def _is_worth_a_word(seen: KnownProblem, now: datetime) -> bool:
    if not seen.problem.waits:
        return True
    if seen.problem.kind is ProblemKind.SOURCE:
        return seen.times >= FAILED_CYCLES
    return now - seen.problem.since >= LASTS


def _identity(problem: Problem) -> tuple[ProblemKind, str]:
    return problem.kind, problem.name


def _failing(news: ProblemNews) -> set[str]:
    """The channels and addresses that take nothing, and those of which it is told that this is over."""
    problems = [*(each.problem for each in news.known), *news.over]
    kinds = {ProblemKind.CHANNEL, ProblemKind.DESTINATION}
    return {problem.name for problem in problems if problem.kind in kinds}


def _forget_what_is_gone(connection: Connection, config: Config) -> None:
    """A channel or subscription that was taken out of the configuration needs no mending."""
    subscriptions = {subscription.name for subscription in config.subscriptions}
    in_use = {
        Paused.CHANNEL: {*config.channels, *stored_deliveries.open_channels(connection, config.channels.keys())},
        Paused.DIGEST: subscriptions,
        Paused.TEMPLATE: subscriptions if config.templates else set(),
    }
    for kind, names in in_use.items():
        for name in stored_pauses.load(connection, kind).keys() - names:
            stored_pauses.end(connection, kind, name)


def _current(connection: Connection, config: Config, now: datetime) -> Iterator[Problem]:
    watched = {pair for subscription in config.subscriptions for pair in pairs_of(subscription)}
    states = stored_coverage.load(connection, config.programs)
    yield from of_sources((state for pair, state in states.items() if pair in watched), config.sources.mast.every)
    if config.hears_of_crds:
        heard = stored_announcements.load_sources(connection)
        named = (each.name for each in news_sources(config))
        yield from of_news_sources(heard[name] for name in named if name in heard)
    for instrument, off in stored_coverage.increments_off(connection, now).items():
        if any(instrument is of for of, _ in watched):
            yield Problem(ProblemKind.INCREMENTS, f"MAST {instrument.written}", off.reason, off.since, off.since)
    for instrument, (words, learnt) in absent_columns(stored_coverage.load_learnt(connection, now)).items():
        if any(instrument is of for of, _ in watched):
            yield Problem(ProblemKind.COLUMNS, f"MAST {instrument.written}", words, learnt.since, learnt.since)
    if config.has_rules:
        yield from of_rules(stored_impacts.newest(connection, [each.name for each in config.subscriptions]))
    runs = {work: stored_runs.newest(connection, work, LOOKED_BACK) for work in Work}
    yield from of_work(runs, now)
    for kind in Paused:
        yield from of_pauses(stored_pauses.load(connection, kind).values(), now)
    destinations = {
        destination
        for subscription in config.subscriptions
        for destination in destinations_of(subscription.deliver)
    }
    for lost in stored_deliveries.given_up(connection, now - REMEMBERED_FOR):
        if (lost.channel, lost.recipient) in destinations:
            where = lost.recipient or f"channel {lost.channel}"
            yield Problem(ProblemKind.DESTINATION, where, lost.reason, lost.at, lost.at)
