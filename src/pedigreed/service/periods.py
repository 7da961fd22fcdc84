"""Close the periods that are due: compose each one's digest, and put its messages into the outbox.

A period, its digest and its messages are kept in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from pedigreed.delivery.messages import messages_of
from pedigreed.digests.compose import announcements_covered, changes_covered, compose
from pedigreed.digests.worth import is_worth_sending, unread_names_of
from pedigreed.model.failure import PedigreedError, StoreError, TryAgain
from pedigreed.model.pause import Pause, Paused, nth_pause
from pedigreed.model.period import Period
from pedigreed.schedule import due
from pedigreed.service.after_attempt import PAUSES
from pedigreed.service.facts import FactsReader
from pedigreed.service.releases import record_releases
from pedigreed.service.rendering import rendered_for
from pedigreed.service.rhythms import last_period, rhythm_of
from pedigreed.service.watched_programs import pairs_of
from pedigreed.store import announcements as stored_announcements
from pedigreed.store import changes as stored_changes
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import pauses as stored_pauses
from pedigreed.store import periods as stored_periods
from pedigreed.store import watched as stored_watched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config, Subscription
    from pedigreed.model.digest import RenderedDigest
    from pedigreed.store.database import Store

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Closed:
    """A period that was closed.

    Attributes:
        period: the period.
        rendered: the digest's words; None where it was quiet.
        unknown: the subscription's programs that the archive has no data of.
    """

    period: Period
    rendered: RenderedDigest | None
    unknown: tuple[int, ...]


def close_due_periods(
    config: Config, store: Store, configuration: str, now: datetime, *, has_asked: bool = True
) -> Iterator[Closed | Pause]:
    """Close every period that is due, and enqueue its messages with it.

    A digest that can't be composed stops no other: its period stays due, it is left alone for a while, and the
    pause is given instead. What a subscription that is muted has to tell waits too.

    Args:
        config: the configuration.
        store: where everything is kept.
        configuration: the configuration file's name, for the footer.
        now: UTC.
        has_asked: whether the archive was just asked. A first digest says what the archive has, and else waits
            until each of its programs was asked for.
    """
    with store.reading() as connection:
        muted = stored_pauses.load_mutes(connection, now)
        pauses = stored_pauses.load(connection, Paused.DIGEST)
        asked = stored_coverage.asked(connection)
    silent = muted.keys() | {name for name, pause in pauses.items() if pause.holds(now)}
    speaking = [each for each in _side_by_side(config.subscriptions) if each.name not in silent]
    with store.writing() as connection:
        # Before any facts are read: what comes from then on is told to each of them.
        for subscription in speaking:
            stored_watched.begin(connection, subscription.name, pairs_of(subscription))
            stored_announcements.begin(connection, subscription.name)
    reader = FactsReader(config, now)
    for subscription in speaking:
        before = pauses.get(subscription.name)
        is_known = has_asked or pairs_of(subscription) <= asked
        try:
            with store.writing() as connection:
                closed = _close(connection, reader, subscription, configuration, is_known=is_known)
                if before is not None:
                    stored_pauses.end(connection, Paused.DIGEST, subscription.name)
        except (StoreError, TryAgain):
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, it is one digest's
            _log.exception("digest not composed", subscription=subscription.name)
            pause = _pause_of(subscription.name, before, error, now)
            with store.writing() as connection:
                stored_pauses.begin(connection, pause)
            # It read in a transaction that was rolled back.
            reader = FactsReader(config, now)
            yield pause
            continue
        if closed is not None:
            _log.info(
                "period closed",
                subscription=subscription.name,
                period=closed.period.label,
                digest=closed.period.digest_id,
                checked=closed.period.is_checked,
            )
            yield closed


def _side_by_side(subscriptions: Iterable[Subscription]) -> list[Subscription]:
    """Those to the same programs one after the other, so that what is known of them is read once."""
    groups: dict[frozenset[int], list[Subscription]] = {}
    for subscription in subscriptions:
        groups.setdefault(subscription.programs, []).append(subscription)
    return [subscription for group in groups.values() for subscription in group]


def _pause_of(subscription: str, before: Pause | None, error: Exception, now: datetime) -> Pause:
    tries = before.tries + 1 if before else 1
    return Pause(
        kind=Paused.DIGEST,
        name=subscription,
        since=before.since if before else now,
        until=now + nth_pause(PAUSES, tries),
        tries=tries,
        # Of a failure that is foreseen the words are known; another's might hold anything.
        reason=str(error) if isinstance(error, PedigreedError) else f"pedigreed failed: {type(error).__name__}",
    )


def _close(
    connection: Connection, reader: FactsReader, subscription: Subscription, configuration: str, *, is_known: bool
) -> Closed | None:
    config, now = reader.config, reader.now
    last = last_period(connection, subscription, now)
    if last is None and not is_known:
        return None
    boundary = due(rhythm_of(subscription, config), last.ends_at if last else None, now)
    if boundary is None or not stored_periods.claim(connection, subscription.name, boundary.label, now):
        return None
    if subscription.programs != reader.programs:
        record_releases(connection, subscription.programs, now)
    facts = reader.read(connection, subscription, last)
    digest = compose(facts)
    rendered = rendered_for(digest, subscription, config, configuration)
    _keep_template_problem(connection, subscription.name, rendered.template_problem, now)
    is_sent = is_worth_sending(
        digest, subscription.digest.empty, last_period=facts.last_period, last_told=facts.last_sent
    )
    if is_sent:
        stored_periods.add_digest(connection, digest, rendered, now)
        messages = messages_of(rendered, subscription, config, now)
        stored_deliveries.enqueue(connection, digest.digest_id, messages, now)
    period = Period(
        subscription=subscription.name,
        label=boundary.label,
        starts_at=digest.starts,
        ends_at=digest.ends,
        closed_at=now,
        unchecked=frozenset(entry.program for entry in digest.checked.unchecked),
        digest_id=digest.digest_id if is_sent else None,
        unread=unread_names_of(digest),
    )
    stored_periods.close(connection, period)
    stored_changes.mark_covered(connection, subscription.name, boundary.label, changes_covered(facts))
    stored_announcements.mark_covered(connection, subscription.name, boundary.label, announcements_covered(facts))
    introduced = {baseline.program for baseline in digest.baselines}
    pairs = {pair for pair in pairs_of(subscription) if pair[1] in introduced}
    stored_watched.introduce(connection, subscription.name, boundary.label, pairs)
    return Closed(period, rendered if is_sent else None, digest.checked.unknown)


def _keep_template_problem(connection: Connection, subscription: str, problem: str, now: datetime) -> None:
    """The digest is told with the built-in page, so its operator has to hear why."""
    if not problem:
        stored_pauses.end(connection, Paused.TEMPLATE, subscription)
        return
    before = stored_pauses.load(connection, Paused.TEMPLATE).get(subscription)
    pause = Pause(
        kind=Paused.TEMPLATE,
        name=subscription,
        since=before.since if before else now,
        until=now,
        tries=before.tries + 1 if before else 1,
        reason=problem,
    )
    stored_pauses.begin(connection, pause)
    _log.warning("template not used", subscription=subscription, reason=problem)
