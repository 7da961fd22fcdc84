"""Look after pedigreed itself: find what is wrong, keep it, and tell the operator."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from pedigreed.digests.operator_words import operator_words
from pedigreed.model.pause import Paused
from pedigreed.model.problem import Problem, ProblemKind
from pedigreed.service.destinations import destinations_of, messages_to
from pedigreed.service.interest import pairs_of
from pedigreed.service.news_sources import news_sources
from pedigreed.service.problems import of_news_sources, of_pauses, of_room, of_sources, weigh
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import pauses as stored_pauses
from pedigreed.store import problems as stored_problems
from pedigreed.store import sources as stored_sources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config
    from pedigreed.service.problems import News
    from pedigreed.store.database import Store

REMEMBERED_FOR = timedelta(days=90)
"""A message that was given up before that is nobody's news."""

_log = structlog.get_logger()


def look_after(config: Config, store: Store, configuration: str, now: datetime) -> News:
    """Keep what is wrong now, and put a word to the operator into the outbox, where there is one to say."""
    free = store.free()
    with store.writing() as connection:
        _forget_what_is_gone(connection, config)
        known = stored_problems.load(connection, for_update=True)
        was_little = any(each.problem.kind is ProblemKind.STORE for each in known)
        current = [*_current(connection, config, now), *of_room(free, now, was_little=was_little)]
        news = weigh(known, current, now, has_operator=config.operator is not None)
        for each in news.known:
            stored_problems.keep(connection, each)
        for problem in news.forgotten:
            stored_problems.end(connection, problem)
        if config.operator is not None and (news.begun or news.over):
            words = operator_words(
                news.begun, news.over, configuration=configuration, host=socket.gethostname(), now=now
            )
            messages = messages_to(destinations_of([config.operator]), words, config, now)
            stored_deliveries.enqueue(connection, None, messages, now)
    for problem in news.begun:
        _log.warning("problem", kind=problem.kind.value, name=problem.name, reason=problem.reason)
    for problem in news.over:
        _log.info("problem over", kind=problem.kind.value, name=problem.name)
    return news


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
    interest = {pair for subscription in config.subscriptions for pair in pairs_of(subscription)}
    states = stored_coverage.load(connection, config.programs)
    yield from of_sources((state for pair, state in states.items() if pair in interest), config.sources.mast.every)
    heard = stored_sources.load(connection)
    named = (each.name for each in news_sources(config))
    yield from of_news_sources(heard[name] for name in named if name in heard)
    for instrument, off in stored_coverage.increments_off(connection, now).items():
        if any(instrument is watched for watched, _ in interest):
            yield Problem(ProblemKind.INCREMENTS, f"MAST {instrument.written}", off.reason, off.since, off.since)
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
