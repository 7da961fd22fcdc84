"""Products that left the archive's list: withdrawn, suspect, or listed at a higher level of their exposure now.

A file may leave the archive's tables without being deleted, and a service may lose a part of its table for a day.
So one sweep proves nothing, and many files that go at once are suspect for longer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pedigreed.changes.compare import change_of, withdrawal
from pedigreed.model.change import ChangeKind
from pedigreed.model.digest import Suspect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from pedigreed.changes.selection import Selection
    from pedigreed.model.change import Change
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.product import Holding, KnownProduct


QUORUM = 2
"""How many complete sweeps a product must be missing from."""

QUORUM_OF_MANY = 4
"""The same, where many are missing at once."""

BETWEEN_SWEEPS = timedelta(hours=12)
"""Sweeps that are closer together say the same thing twice."""

_MANY = 10
_MANY_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a complete sweep says of the products that it lacks.

    Attributes:
        changes: the withdrawals that are told now.
        known: the state of every product that this sweep counts for, from now on.
    """

    changes: tuple[Change, ...]
    known: tuple[KnownProduct, ...]


def are_many(missing: int, total: int) -> bool:
    """Whether so many of a program's products are missing that the answer itself is suspect.

    All of them are many, however few they were.
    """
    return 0 < missing >= total or (missing > _MANY and missing > _MANY_SHARE * total)


def judge(missing: Iterable[KnownProduct], totals: Mapping[int, int], now: datetime) -> Judgement:
    """Count one more complete sweep that these products are missing from.

    Sweeps that are closer together than `BETWEEN_SWEEPS` count once.

    Args:
        missing: products that the sweep should have had and has not; none of them told as withdrawn yet.
        totals: program -> how many products it had before the sweep, in the instrument that was asked.
        now: when the answer came, UTC.
    """
    by_program: dict[int, list[KnownProduct]] = defaultdict(list)
    for product in missing:
        by_program[product.product.program].append(product)
    all_missing = sum(map(len, by_program.values()))
    changes: list[Change] = []
    known: list[KnownProduct] = []
    for program, products in sorted(by_program.items()):
        # Small programs that go together are many as well.
        many = are_many(len(products), totals.get(program, 0)) or are_many(all_missing, sum(totals.values()))
        for product in filter(lambda product: _counts(product, now), products):
            state = replace(product, missed=product.missed + 1, missed_since=product.missed_since or now)
            if state.missed >= (QUORUM_OF_MANY if many else QUORUM):
                change, state = withdrawal(state, now)
                changes.append(change)
            known.append(state)
    return Judgement(tuple(changes), tuple(known))


def suspects_of(
    missed: Iterable[KnownProduct], holdings: Iterable[Holding], selection: Selection
) -> list[Suspect]:
    """What is missing and held: so much that the answers are suspect, or longer than a withdrawal takes.

    Whether it is much is judged by all of a program, as withdrawal is. What is told is what is selected of it.

    Args:
        missed: the products that sweeps lack and that are not withdrawn yet.
        holdings: what is there of the selection's programs, selected or not.
        selection: what is watched.
    """
    groups: dict[tuple[Instrument, int], list[KnownProduct]] = defaultdict(list)
    lost: Counter[Instrument] = Counter()
    for known in missed:
        groups[known.product.instrument, known.product.program].append(known)
        lost[known.product.instrument] += 1
    had: Counter[tuple[Instrument, int]] = Counter()
    selected: Counter[tuple[Instrument, int]] = Counter()
    of_instrument: Counter[Instrument] = Counter()
    for held in holdings:
        had[held.instrument, held.program] += held.products
        of_instrument[held.instrument] += held.products
        selected[held.instrument, held.program] += held.products if selection.is_about(held) else 0
    suspects = []
    for (instrument, program), missing in sorted(groups.items()):
        is_held = (
            are_many(len(missing), had[instrument, program])
            or are_many(lost[instrument], of_instrument[instrument])
            or any(known.missed >= QUORUM for known in missing)
        )
        since = [each.missed_since for each in missing if each.missed_since and selection.is_about(each.product)]
        if is_held and since:
            total = selected[instrument, program]
            suspects.append(Suspect(program, len(since), total, since=min(since), newest=max(since)))
    return suspects


def _counts(product: KnownProduct, now: datetime) -> bool:
    return product.missed_since is None or now - product.missed_since >= product.missed * BETWEEN_SWEEPS


_HIGHER = {
    "uncal": ("cal", "calints", "rate", "rateints", "ramp"),
    "ramp": ("cal", "calints", "rate", "rateints"),
    "rate": ("cal", "calints"),
    "rateints": ("calints", "cal"),
}
"""Product type -> what may be listed in its place, the likeliest first.

MAST lists the highest level of each exposure. Of 110 NIRSpec products that left the list in 137 days of a real
year, all were ``rate`` files whose ``cal`` had come.
"""


def higher_levels_of(filename: str) -> tuple[str, ...]:
    """The files that may be listed in the place of one; none for what has no higher level."""
    exposure, _, product_type = filename.removesuffix(".fits").rpartition("_")
    return tuple(f"{exposure}_{higher}.fits" for higher in _HIGHER.get(product_type, ()))


def lower_levels_of(filename: str) -> tuple[str, ...]:
    """The files in whose place one may be listed."""
    exposure, _, product_type = filename.removesuffix(".fits").rpartition("_")
    return tuple(f"{exposure}_{lower}.fits" for lower, higher in _HIGHER.items() if product_type in higher)


def level_replaced(relisted: Change) -> str:
    """The level that a product is listed in the place of. One that was not calibrated has no CAL_VER."""
    return "1b" if relisted.before is None or relisted.before.cal_ver is None else "2a"


def relisting(
    missing: KnownProduct, higher: KnownProduct, now: datetime
) -> tuple[Change, KnownProduct, KnownProduct]:
    """The change that tells it, from the lower level's pedigree to the higher's, and both states from then on."""
    listed = replace(higher, revision=higher.revision + 1)
    change = change_of(ChangeKind.RELISTED, listed.product, listed.revision, missing.product.pedigree, now)
    return change, replace(missing, withdrawn_at=now), listed
