"""What each switch of CRDS's contexts changes for each subscription, and whose rules could not be had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import delete, select

from pedigreed.model.impact import Impact
from pedigreed.store.database import insert_or_skip
from pedigreed.store.tables import impacts, rule_contexts

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.engine import Connection

_WHOLE, _WAITS = "whole", "waits"


@dataclass(frozen=True, slots=True)
class RuleContext:
    """How the rules of a context stand.

    Attributes:
        reason: why they could not be had, one sentence; None where they are whole.
        since: since when it is so, UTC.
    """

    reason: str | None
    since: datetime


def keep(connection: Connection, subscription: str, impact: Impact, now: datetime) -> None:
    """Keep what a switch changes. What was kept of it before stays, since it may have been told."""
    row = {
        "subscription": subscription,
        "context": impact.new,
        "previous": impact.old,
        "counts": msgspec.json.encode(impact).decode(),
        "unknown": impact.not_known + impact.without_exposures,
        "computed_at": now,
    }
    connection.execute(insert_or_skip(connection, impacts), [row])


def load(connection: Connection, subscription: str) -> dict[tuple[str, str], Impact]:
    """The context before and the context -> what the switch changes for a subscription."""
    rows = connection.execute(
        select(impacts.c.previous, impacts.c.context, impacts.c.counts).where(
            impacts.c.subscription == subscription
        )
    )
    return {(row.previous, row.context): msgspec.json.decode(row.counts, type=Impact) for row in rows}


def newest(connection: Connection, subscriptions: Collection[str]) -> tuple[Impact, datetime] | None:
    """What the switch that was evaluated last changes for one of some subscriptions, and when that was, UTC.

    Where CRDS itself was asked, it is one that tells of it.
    """
    rows = connection.execute(
        select(impacts.c.context, impacts.c.counts, impacts.c.computed_at)
        .where(impacts.c.subscription.in_(subscriptions), impacts.c.previous != "")
        .order_by(impacts.c.computed_at.desc(), impacts.c.context.desc())
    )
    found: list[tuple[Impact, datetime]] = []
    context = None
    for row in rows:
        context = context or row.context
        if row.context == context:
            found.append((msgspec.json.decode(row.counts, type=Impact), row.computed_at))
    return max(found, key=lambda each: (len(each[0].doubted), each[0].held[0]), default=None)


def keep_context(connection: Connection, context: str, reason: str | None, now: datetime) -> None:
    """Keep how the rules of a context stand now. A failure that lasts keeps the moment when it began."""
    known = rule_states(connection).get(context)
    since = known.since if known is not None and (known.reason is None) is (reason is None) else now
    connection.execute(delete(rule_contexts).where(rule_contexts.c.context == context))
    row = {
        "context": context,
        "state": _WHOLE if reason is None else _WAITS,
        "reason": reason,
        "since": since,
        "complete_at": since if reason is None else None,
    }
    # Another process may have kept the same in between.
    connection.execute(insert_or_skip(connection, rule_contexts), [row])


def rule_states(connection: Connection) -> dict[str, RuleContext]:
    """How the rules of each context stand that was wanted."""
    rows = connection.execute(select(rule_contexts.c.context, rule_contexts.c.reason, rule_contexts.c.since))
    return {row.context: RuleContext(row.reason, row.since) for row in rows}
