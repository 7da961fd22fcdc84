"""Evaluate each switch of CRDS's latest context for each subscription, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from pedigreed.config.settings import Report
from pedigreed.impact.comparison import Comparison
from pedigreed.model.failure import PedigreedError
from pedigreed.service.crds_check import hold_against_crds
from pedigreed.service.facts_reader import notices_with
from pedigreed.service.impact import inventory_of, selected
from pedigreed.sources.crds.rules import RulesUnavailable
from pedigreed.store import announcements as stored_announcements
from pedigreed.store import impacts as stored_impacts
from pedigreed.store import products as stored_products

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pedigreed.config.settings import Config, Subscription
    from pedigreed.model.notice import Notice
    from pedigreed.service.rule_contexts import Contexts
    from pedigreed.store.database import Store

LOOKED_BACK = timedelta(days=30)
"""A switch that was heard of longer ago, and whose rules could not be had so long, is left alone."""
MOST_SWITCHES = 8
"""In one turn, the newest first. Each may cost the fetching of some files."""

_log = structlog.get_logger()


def evaluate_switches(config: Config, store: Store, contexts: Contexts, now: datetime) -> None:
    """Evaluate the new switches for the subscriptions that hear of CRDS, and keep what they change.

    A context whose rules can't be had is kept as such, and tried again in the next turn. Nothing is raised for it.
    """
    subscriptions = [each for each in config.subscriptions if each.crds.report is not Report.NONE]
    with store.reading() as connection:
        notices = notices_with(connection, stored_announcements.heard_since(connection, now - LOOKED_BACK))
        known = {each.name: stored_impacts.load(connection, each.name).keys() for each in subscriptions}
    wanted = list(_new_switches(notices, now))[:MOST_SWITCHES]
    todo = {switch: [each for each in subscriptions if switch not in known[each.name]] for switch in wanted}
    for switch, waiting in todo.items():
        if not waiting:
            continue
        try:
            _evaluate(switch, waiting, store, contexts, now)
        except PedigreedError:
            raise
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is one switch's, and news go on
            _log.exception("a switch failed", context=switch[1])
            with store.writing() as connection:
                reason = f"pedigreed failed: {type(fault).__name__}"
                stored_impacts.keep_context(connection, switch[1], reason, now)


def _new_switches(notices: Iterable[Notice], now: datetime) -> Iterable[tuple[str, str]]:
    """Those that CRDS itself tells of, the newest first, each once."""
    return dict.fromkeys(
        notice.switch
        for notice in notices
        if notice.switch and any(heard.heard_at >= now - LOOKED_BACK for heard in notice.news)
    )


def _evaluate(
    switch: tuple[str, str], subscriptions: list[Subscription], store: Store, contexts: Contexts, now: datetime
) -> None:
    with store.reading() as connection:
        programs = frozenset().union(*(each.programs for each in subscriptions))
        instruments = stored_products.instruments(connection, programs)
        is_new = switch[1] not in stored_impacts.rule_states(connection)
    if is_new:
        # Fetching takes minutes. A process that is killed meanwhile leaves this behind, and the next one goes on.
        with store.writing() as connection:
            stored_impacts.keep_context(connection, switch[1], "they are still being fetched", now)
    reason = None
    try:
        old, new = (contexts.context(name, instruments) for name in switch)
    except RulesUnavailable as failure:
        reason = str(failure)
    with store.writing() as connection:
        stored_impacts.keep_context(connection, switch[1], reason, now)
    if reason is not None:
        _log.warning("rules not had", context=switch[1], problem=reason)
        return
    types = {instrument: Comparison(old, new).types_of(instrument) for instrument in instruments}
    with store.reading() as connection:
        inventory = inventory_of(connection, programs)
    check = hold_against_crds(inventory, (old, new), types, contexts.asked)
    if check.doubted:
        about = sorted(f"{reftype} of {instrument.written}" for instrument, reftype in check.doubted)
        _log.warning("CRDS answers otherwise", context=new.name, types=about)
    comparison = Comparison(old, new, doubted=check.doubted)
    impacts = [
        replace(
            comparison.impact(inventory, selected(inventory, each)),
            held=(check.exposures, check.agreed),
            doubted=tuple(sorted(check.doubted)),
            not_held=check.problem,
        )
        for each in subscriptions
    ]
    with store.writing() as connection:
        for subscription, impact in zip(subscriptions, impacts, strict=True):
            stored_impacts.keep(connection, subscription.name, impact, now)
    for subscription, impact in zip(subscriptions, impacts, strict=True):
        _log.info(
            "switch evaluated",
            subscription=subscription.name,
            context=impact.new,
            changed=impact.changed,
            products=impact.products,
        )
