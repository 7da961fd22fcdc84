"""Which reference files differ between the two contexts that reprocessed products were made with."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import structlog

from pedigreed.impact.comparison import Comparison
from pedigreed.model.change import MADE_ANEW
from pedigreed.model.failure import StoreError, TryAgain
from pedigreed.model.impact import Impact, Remade, Switch
from pedigreed.model.reference_file import context_of
from pedigreed.service.impact import inventory_of
from pedigreed.service.rule_contexts import kept_contexts
from pedigreed.sources.crds.rules import RulesUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config
    from pedigreed.impact.inventory import Group
    from pedigreed.model.change import Change
    from pedigreed.model.instrument import Instrument

MOST_PAIRS = 12
"""Pairs of contexts, those of the most products first."""

_log = structlog.get_logger()


def other_files_of(connection: Connection, config: Config, changes: Sequence[Change]) -> Remade:
    """What the new CRDS_CTX of reprocessed products changes for them, by the rules that are on disk.

    The changes may be very many: they are gone through, and not kept.
    A failure here costs the digest these lines, and nothing else.
    """
    try:
        return _other_files(connection, config, changes)
    except (StoreError, TryAgain):
        raise
    except Exception:  # noqa: BLE001 - whatever it is, the digest goes on
        _log.exception("reprocessed products not evaluated")
        return Remade()


def _pair(change: Change) -> tuple[str, str] | None:
    """The contexts before and after, where they differ."""
    if change.kind not in MADE_ANEW or change.before is None or change.after is None:
        return None
    old, new = (context_of(pedigree.crds_ctx or "") for pedigree in (change.before, change.after))
    return None if old is None or new is None or old == new else (old, new)


def _pairs(changes: Iterable[Change]) -> dict[tuple[str, str], set[Instrument]]:
    """The contexts before and after, those of the most products first -> the instruments of their products."""
    numbers: Counter[tuple[str, str]] = Counter()
    instruments: defaultdict[tuple[str, str], set[Instrument]] = defaultdict(set)
    for change, pair in _moved(changes):
        numbers[pair] += 1
        instruments[pair].add(change.instrument)
    return {pair: instruments[pair] for pair, _ in numbers.most_common(MOST_PAIRS)}


def _moved(changes: Iterable[Change]) -> Iterator[tuple[Change, tuple[str, str]]]:
    return ((change, pair) for change in changes if (pair := _pair(change)) is not None)


def _other_files(connection: Connection, config: Config, changes: Sequence[Change]) -> Remade:
    pairs = _pairs(changes)
    if not pairs:
        return Remade()
    contexts = kept_contexts(config)
    comparisons: dict[tuple[str, str], Comparison] = {}
    unknown: dict[tuple[str, str], str] = {}
    for pair, instruments in pairs.items():
        try:
            before, after = (contexts.context(name, instruments) for name in pair)
        except RulesUnavailable as failure:
            unknown[pair] = str(failure)
        else:
            comparisons[pair] = Comparison(before, after)
    if not comparisons:
        # The products of the programs, of which there may be many, need not be read.
        return Remade(tuple(Switch(*pair, None, unknown[pair]) for pair in pairs))
    labels = {pair: " ".join(pair) for pair in comparisons}
    remade: dict[Group, list[tuple[str, int]]] = {}
    inventory = inventory_of(
        connection,
        {change.program for change, pair in _moved(changes) if pair in comparisons},
        names=remade,
        labels={change.filename: labels[pair] for change, pair in _moved(changes) if pair in comparisons},
    )
    known: dict[tuple[str, str], Impact] = {}
    types: dict[str, tuple[str, ...]] = {}
    for pair, comparison in comparisons.items():
        groups = [group for group in inventory.groups if group.context == labels[pair]]
        known[pair] = comparison.impact(inventory, groups)
        for group in groups:
            for filename, start in remade[group]:
                found = comparison.types_of_product(inventory, group, start)
                if found is not None:
                    types[filename] = found
    return Remade(tuple(Switch(*pair, known.get(pair), unknown.get(pair)) for pair in pairs), types)
