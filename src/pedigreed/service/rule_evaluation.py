"""Evaluate CRDS's rules after its news were read: what new contexts change, and what bad files were used for.

Then see that the rules are on disk of the contexts that products are made with, for what a reprocessing changes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import structlog

from pedigreed.config.settings import Report
from pedigreed.model.reference_file import context_of
from pedigreed.service.bad_files import count_bad_files
from pedigreed.service.switches import evaluate_switches
from pedigreed.sources.crds.rules import RulesUnavailable
from pedigreed.store import announcements as stored_announcements
from pedigreed.store import holdings as stored_holdings

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.config.settings import Config
    from pedigreed.service.rule_contexts import Contexts
    from pedigreed.store.database import Store

MOST_CONTEXTS = 12
"""Those that the archive makes products with now, and those that most products were made with."""

_log = structlog.get_logger()


def evaluate_rules(config: Config, store: Store, contexts: Contexts, now: datetime) -> None:
    """Evaluate what is new, and see to the rule files on disk. The most urgent first: fetching takes minutes."""
    evaluate_switches(config, store, contexts, now)
    count_bad_files(config, store, contexts, now)
    fetch_rules_in_use(config, store, contexts)
    contexts.tidy(now)


def fetch_rules_in_use(config: Config, store: Store, contexts: Contexts) -> None:
    """Fetch the rules of the contexts in use that are not on disk. Those that can't be had are done without."""
    programs = frozenset().union(
        *(each.programs for each in config.subscriptions if each.crds.report is not Report.NONE)
    )
    with store.reading() as connection:
        in_use = stored_announcements.load_contexts(connection)
        holdings = stored_holdings.load(connection, programs)
    products: Counter[str] = Counter()
    for held in holdings:
        if held.crds_ctx and (name := context_of(held.crds_ctx)):
            products[name] += held.products
    named = [name for name in (in_use.made, in_use.build) if name] if in_use else []
    wanted = dict.fromkeys([*named, *(name for name, _ in products.most_common())]) if products else {}
    instruments = {held.instrument for held in holdings}
    for name in list(wanted)[:MOST_CONTEXTS]:
        try:
            contexts.context(name, instruments)
        except RulesUnavailable as failure:
            _log.info("rules in use not had", context=name, problem=str(failure))
