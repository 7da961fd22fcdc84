"""Count for each subscription, once, the products that were made with a file that CRDS marks bad."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from pedigreed.config.settings import Report
from pedigreed.service.facts_reader import notices_with
from pedigreed.service.impact import inventory_of, made_with, selected
from pedigreed.service.switches import LOOKED_BACK
from pedigreed.sources.crds.rules import RulesUnavailable
from pedigreed.store import announcements as stored_announcements
from pedigreed.store import impacts as stored_impacts

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.config.settings import Config, Subscription
    from pedigreed.service.rule_contexts import Contexts
    from pedigreed.store.database import Store

_log = structlog.get_logger()


def count_bad_files(config: Config, store: Store, contexts: Contexts, now: datetime) -> None:
    """Count what was made with the files that CRDS marked bad lately, each product by the rules of its CRDS_CTX.

    Of each of these contexts the rules of the files' types are fetched, where they are not on disk. Where they
    can't be had, that is kept, and tried again in the next turn.
    """
    subscriptions = [each for each in config.subscriptions if each.crds.report is not Report.NONE]
    with store.reading() as connection:
        notices = notices_with(connection, stored_announcements.heard_since(connection, now - LOOKED_BACK))
        known = {each.name: stored_impacts.load(connection, each.name).keys() for each in subscriptions}
    marked = dict.fromkeys(
        notice.facts.files
        for notice in notices
        if notice.bad_files and any(heard.heard_at >= now - LOOKED_BACK for heard in notice.news)
    )
    for files in marked:
        waiting = [each for each in subscriptions if ("", " ".join(files)) not in known[each.name]]
        if waiting:
            _count(files, waiting, store, contexts, now)


def _count(
    files: tuple[str, ...], subscriptions: list[Subscription], store: Store, contexts: Contexts, now: datetime
) -> None:
    programs = frozenset().union(*(each.programs for each in subscriptions))
    with store.reading() as connection:
        inventory = inventory_of(connection, programs, with_contexts=True)
    reason = None
    impacts = {}
    try:
        for each in subscriptions:
            impacts[each.name] = made_with(inventory, selected(inventory, each), contexts, files)
    except RulesUnavailable as failure:
        reason = str(failure)
        _log.warning("rules not had", context=" ".join(files), problem=reason)
    with store.writing() as connection:
        stored_impacts.keep_context(connection, " ".join(files), reason, now)
        for name, impact in impacts.items():
            stored_impacts.keep(connection, name, impact, now)
