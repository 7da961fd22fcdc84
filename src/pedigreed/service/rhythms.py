"""The rhythm of each subscription, and where it stands in it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.schedule import DAY, WEEK, Rhythm, last_boundary
from pedigreed.store import periods as stored_periods

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config, Subscription
    from pedigreed.model.period import Period

CLOCK_AHEAD = timedelta(days=1)
"""A period that ends later than this was closed by a clock that was wrong, and does not count."""


def rhythm_of(subscription: Subscription, config: Config) -> Rhythm:
    """How often a subscription is told."""
    schedule = subscription.digest
    every = {"day": DAY, "week": WEEK}.get(str(schedule.every)) or schedule.every
    assert not isinstance(every, str)
    return Rhythm(every, schedule.at, config.zone)


def last_period(connection: Connection, subscription: Subscription, now: datetime) -> Period | None:
    """The period before the one that could be closed now."""
    return stored_periods.last_closed(connection, subscription.name, now + CLOCK_AHEAD)


def last_ends(connection: Connection, rhythms: Collection[Rhythm], now: datetime) -> dict[str, datetime]:
    """When the last period of each subscription ended, for all at once; without those that ended long ago.

    What ended before the last boundary of every rhythm is due, whenever it ended.
    """
    since = min((last_boundary(rhythm, now).at for rhythm in rhythms), default=now)
    return stored_periods.last_ends(connection, since, now + CLOCK_AHEAD)
