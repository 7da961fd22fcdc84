"""What MAST says that programs are about: their proposals, and the targets of their observations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from pedigreed.model.program import AboutProgram, Proposal
from pedigreed.store.database import insert_or_replace, insert_or_skip
from pedigreed.store.tables import archived_programs, targets
from pedigreed.store.tables import programs as proposals

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

_OF_SEVERAL = 0
"""Stands where an observation is a key, for products of several."""


def load(connection: Connection, programs: Collection[int]) -> dict[int, AboutProgram]:
    """What is known of some programs, by number; nothing of those that no row told of."""
    said = {
        program: Proposal(title, pi_name)
        for program, title, pi_name in connection.execute(
            select(proposals).where(proposals.c.program.in_(programs))
        )
    }
    found: dict[int, set[tuple[int | None, str]]] = {}
    for program, observation, name in connection.execute(select(targets).where(targets.c.program.in_(programs))):
        found.setdefault(program, set()).add((observation or None, name))
    return {
        program: AboutProgram(program, said.get(program, Proposal()), frozenset(found.get(program, ())))
        for program in sorted(said.keys() | found.keys())
    }


def archived(connection: Connection) -> set[int]:
    """The programs that MAST was found to have; none where nobody watches all of them."""
    return set(connection.execute(select(archived_programs.c.program)).scalars())


def keep_archived(connection: Connection, programs: Collection[int], now: datetime) -> set[int]:
    """Keep that MAST has these programs. Gives those of which that is new."""
    new = set(programs) - archived(connection)
    if new:
        rows = [{"program": program, "found_at": now} for program in sorted(new)]
        connection.execute(insert_or_skip(connection, archived_programs), rows)
    return new


def keep(connection: Connection, about: Mapping[int, AboutProgram]) -> None:
    """Keep what rows say of their programs. What an earlier row said of targets stays: it is not read again.

    It comes last in a transaction, so that two that tell of the same programs can't wait for each other.
    """
    if not about:
        return
    known = load(connection, about)
    of_none = AboutProgram(0)
    said = [
        {"program": program, "title": each.proposal.title, "pi_name": each.proposal.pi_name}
        for program, each in sorted(about.items())
        if any(each.proposal) and each.proposal != known.get(program, of_none).proposal
    ]
    new = [
        {"program": program, "observation": observation or _OF_SEVERAL, "name": name}
        for program, each in sorted(about.items())
        for observation, name in sorted(
            each.targets - known.get(program, of_none).targets, key=lambda target: (target[0] or 0, target[1])
        )
    ]
    if said:
        connection.execute(insert_or_replace(connection, proposals), said)
    if new:
        connection.execute(insert_or_skip(connection, targets), new)
