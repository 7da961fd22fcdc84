"""Keep what MAST's search of file sets says, in the place of an answer of a keyword service that did not come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pedigreed.changes.file_sets import compare_file_sets, set_remade
from pedigreed.store import changes as stored_changes
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import products as stored_products

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.model.coverage import Coverage, Fetched
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.product import Product
    from pedigreed.sources.mast.query import PedigreeQuery


@dataclass(frozen=True, slots=True)
class StandIn:
    """What was kept.

    Attributes:
        changes: how many it showed that were not told before.
        is_whole: whether it stood in for each of the programs.
        note: for people.
    """

    changes: int
    is_whole: bool
    note: str


def keep_file_sets(
    connection: Connection,
    query: PedigreeQuery,
    fetched: Fetched[Product],
    states: Mapping[tuple[Instrument, int], Coverage],
    now: datetime,
) -> StandIn:
    """Tell the file sets of which a file was made anew, and keep which programs were checked so.

    A program is checked by file set where its products were known before, and the search has each of their sets.

    Args:
        connection: a writing transaction.
        query: what the service was asked, and did not answer.
        fetched: why it did not, and what the search has of its programs.
        states: the coverage of its programs.
        now: UTC.
    """
    file_sets, problem = fetched.file_sets or (), "; ".join(fetched.problems)
    known = stored_products.keywords_by_file_set(connection, query.instrument, query.programs)
    comparison = compare_file_sets(file_sets, known)
    products = stored_products.of_file_sets(connection, query.instrument, query.programs, comparison.remade)
    remade = [set_remade(each, comparison.remade[each.product.fileset], now) for each in products]
    changes = stored_changes.unrecorded(connection, remade)
    stored_changes.record(connection, changes)
    checked = 0
    for state in states.values():
        asked = replace(state, asked_at=now, problem=problem)
        if lacking := comparison.lacking.get(state.program):
            of = sum(program == state.program for program, _ in known)
            asked = replace(asked, problem=f"{problem}; Missions' search lacks {lacking:,} of {of:,} file sets")
        elif state.baseline_at is not None:
            checked += 1
            asked = replace(asked, stood_in_at=now, unknown_sets=comparison.unknown.get(state.program, 0))
        stored_coverage.save(connection, asked)
    note = (
        f"{query}: {problem}; Missions' search stood in for {checked:,} of {len(states):,}, "
        f"with {len(file_sets):,} file sets"
    )
    return StandIn(len(changes), checked == len(states), note)
