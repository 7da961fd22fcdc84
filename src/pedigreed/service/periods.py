"""Close the periods that are due, and put what they tell into the outbox. One transaction a period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from pedigreed.delivery.messages import messages_of
from pedigreed.digests.worth import unread_names_of
from pedigreed.model.failure import PedigreedError, StoreError, TryAgain
from pedigreed.model.pause import Pause, Paused, nth_pause
from pedigreed.model.period import Period
from pedigreed.schedule import due
from pedigreed.service.after_attempt import PAUSES
from pedigreed.service.crds_news import NewsOfOneMoment
from pedigreed.service.drafting import draft
from pedigreed.service.releases import record_releases
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
    from collections.abc import Iterator
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
    news = NewsOfOneMoment(config)
    for subscription in config.subscriptions:
        before = pauses.get(subscription.name)
        if subscription.name in muted or (before is not None and before.holds(now)):
            continue
        is_known = has_asked or pairs_of(subscription) <= asked
        try:
            with store.writing() as connection:
                closed = _close(connection, config, subscription, configuration, now, is_known=is_known, news=news)
                if before is not None:
                    stored_pauses.end(connection, Paused.DIGEST, subscription.name)
        except (StoreError, TryAgain):
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, it is one digest's
            _log.exception("digest not composed", subscription=subscription.name)
            pause = _pause_of(subscription.name, before, error, now)
            with store.writing() as connection:
                stored_pauses.begin(connection, pause)
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
    connection: Connection,
    config: Config,
    subscription: Subscription,
    configuration: str,
    now: datetime,
    *,
    is_known: bool,
    news: NewsOfOneMoment,
) -> Closed | None:
    stored_watched.begin(connection, subscription.name, pairs_of(subscription))
    stored_announcements.begin(connection, subscription.name)
    last = last_period(connection, subscription, now)
    if last is None and not is_known:
        return None
    boundary = due(rhythm_of(subscription, config), last.ends_at if last else None, now)
    if boundary is None or not stored_periods.claim(connection, subscription.name, boundary.label, now):
        return None
    record_releases(connection, subscription.programs, now)
    heard = news.read(connection)
    drafted = draft(connection, config, subscription, news=heard, last=last, configuration=configuration, now=now)
    digest, rendered = drafted.digest, drafted.rendered
    _keep_template_problem(connection, subscription.name, rendered.template_problem, now)
    if drafted.is_worth_sending:
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
        digest_id=digest.digest_id if drafted.is_worth_sending else None,
        unread=unread_names_of(digest),
    )
    stored_periods.close(connection, period)
    stored_changes.mark_covered(connection, subscription.name, boundary.label, drafted.covers)
    stored_announcements.mark_covered(connection, subscription.name, boundary.label, drafted.hears)
    told = {baseline.program for baseline in digest.baselines}
    pairs = {pair for pair in pairs_of(subscription) if pair[1] in told}
    stored_watched.introduce(connection, subscription.name, boundary.label, pairs)
    return Closed(period, rendered if drafted.is_worth_sending else None, digest.checked.unknown)


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
