"""How many products of a program had which CAL_VER at the end of each day, for a plot and its table. Pure.

The store has how it is now, and every change. So the begin is now without the changes, and each day is the
one before with its own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import Version

from pedigreed.model.pedigree import build_of, version_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from pedigreed.model.change import CalVerMove
    from pedigreed.model.instrument import Instrument


CalVers = dict[str | None, int]


@dataclass(frozen=True, slots=True)
class Day:
    """The products at the end of a day (UTC), by CAL_VER. They stay so until the next day that is listed."""

    day: date
    products: CalVers

    @property
    def total(self) -> int:
        return sum(self.products.values())


def days_of(
    since: Mapping[Instrument, date],
    now: Mapping[Instrument, Mapping[str | None, int]],
    moves: Sequence[CalVerMove],
    today: date,
) -> list[Day]:
    """The days on which it became different, the oldest first, and today.

    Args:
        since: when each instrument's products were first known. An instrument without this is left out.
        now: the products that are there.
        moves: every change.
        today: UTC.
    """
    listed = {today, *since.values(), *(move.day for move in moves if move.instrument in since)}
    days = sorted(day for day in listed if day <= today)
    each = [
        _of_instrument(
            begin, now.get(instrument, {}), [move for move in moves if move.instrument is instrument], days
        )
        for instrument, begin in since.items()
    ]
    summed = [Day(day, _sum(of[number] for of in each)) for number, day in enumerate(days)]
    return [
        here
        for before, here in zip([None, *summed], summed, strict=False)
        if before is None or here.day == today or here.products != before.products
    ]


def _of_instrument(
    since: date, now: Mapping[str | None, int], moves: Sequence[CalVerMove], days: Sequence[date]
) -> list[Counter[str | None]]:
    state = Counter(now)
    for move in moves:
        _apply(state, move, -1)
    found = []
    left = list(reversed(moves))
    for day in days:
        # A change that a wrong clock dated before the first sight counts from there on.
        while left and left[-1].day <= day and since <= day:
            _apply(state, left.pop(), 1)
        found.append(Counter(state) if since <= day else Counter())
    return found


def _apply(state: Counter[str | None], move: CalVerMove, sign: int) -> None:
    if move.was_there:
        state[move.before] -= sign * move.products
    if move.is_there:
        state[move.after] += sign * move.products


def _sum(counters: Iterable[Counter[str | None]]) -> CalVers:
    total: Counter[str | None] = Counter()
    for counter in counters:
        total.update(counter)
    return {cal_ver: count for cal_ver, count in total.items() if count > 0}


MOST = 6
"""Bands of versions. The shades of more could not be told apart."""


@dataclass(frozen=True, slots=True)
class Band:
    """One or more versions.

    Attributes:
        name: as people read it.
        style: which shade it has, from ``1`` for the newest version to ``6`` for the oldest; or ``none``.
        build: the build of the archive's system that it belongs to; None where it is not known, or not one.
        cal_vers: which CAL_VER it counts.
    """

    name: str
    style: str
    build: str | None
    cal_vers: frozenset[str | None]

    def of(self, products: CalVers) -> int:
        """How many of some products are in it."""
        return sum(products.get(cal_ver, 0) for cal_ver in self.cal_vers)


def bands_of(days: Sequence[Day]) -> list[Band]:
    """A band for each version that any day has, the newest first; the oldest share one where there are many."""
    found = {cal_ver for day in days for cal_ver in day.products}
    versions = sorted((cal_ver for cal_ver in found if cal_ver is not None), key=_age, reverse=True)
    own, older = (versions, []) if len(versions) <= MOST else (versions[: MOST - 1], versions[MOST - 1 :])
    of_each = shades(len(own) + bool(older))
    bands = [
        Band(cal_ver, shade, _build(cal_ver), frozenset([cal_ver]))
        for cal_ver, shade in zip(own, of_each, strict=False)
    ]
    if older:
        bands.append(Band(f"{len(older)} older versions", of_each[-1], None, frozenset(older)))
    if None in found:
        bands.append(Band("uncalibrated", "none", None, frozenset([None])))
    return bands


def shades(bands: int) -> list[str]:
    """As far from each other as they can be: the newest has the first, and the oldest of several the last."""
    return [str(1 + round((MOST - 1) * number / max(1, bands - 1))) for number in range(bands)]


def _age(cal_ver: str) -> tuple[bool, Version, str]:
    version = version_of(cal_ver)
    return (version is not None, version or Version("0"), cal_ver)


def _build(cal_ver: str) -> str | None:
    build = build_of(cal_ver)
    return build.dms_build if build else None
