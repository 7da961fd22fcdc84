"""When products came to have each pedigree, by what answers show, and how each campaign went. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import chain
from typing import TYPE_CHECKING

from packaging.version import Version

from pedigreed.changes.campaigns import PAUSE, moved_at
from pedigreed.model.almanac import AlmanacEntry, Arrival, Arrived, InstrumentProgress, Wait
from pedigreed.model.change import ChangeKind
from pedigreed.model.digest import FlagHistory
from pedigreed.model.pedigree import context_number, version_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from pedigreed.model.change import Change
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.pedigree import Pedigree
    from pedigreed.model.product import Product

_HOUR = timedelta(hours=1)
_ARRIVED = {
    ChangeKind.FIRST: Arrived.NEW,
    ChangeKind.NEW: Arrived.NEW,
    ChangeKind.REPROCESSED: Arrived.REMADE,
}


def arrivals_of(changes: Iterable[Change], at_first_sight: Iterable[Product], now: datetime) -> Counter[Arrival]:
    """How many products came to have which pedigree when; uncalibrated ones have none.

    Args:
        changes: that an answer showed.
        at_first_sight: the products that are no changes, since their program was looked at for the first time.
        now: when the answer came, UTC.
    """
    # Counted as tuples: there are hundreds of thousands, and few that differ.
    counted = Counter(chain(_arrivals(changes), _arrivals_at_first_sight(at_first_sight, now)))
    return Counter({Arrival(*each): products for each, products in counted.items()})


def _arrivals(changes: Iterable[Change]) -> Iterator[tuple[Arrived, Instrument, str, str, date]]:
    for change in changes:
        arrived = _ARRIVED.get(change.kind)
        after = change.after
        if arrived is None or after is None or after.cal_ver is None or after.crds_ctx is None:
            continue
        if arrived is Arrived.NEW or not _has_keywords_of(after, change.before):
            yield arrived, change.instrument, after.cal_ver, after.crds_ctx, moved_at(change).date()


def _arrivals_at_first_sight(
    products: Iterable[Product], now: datetime
) -> Iterator[tuple[Arrived, Instrument, str, str, date]]:
    for product in products:
        cal_ver, crds_ctx = product.pedigree.cal_ver, product.pedigree.crds_ctx
        if cal_ver is not None and crds_ctx is not None:
            day = (product.archived_at or now).date()
            yield Arrived.FIRST_SIGHT, product.instrument, cal_ver, crds_ctx, day


def _has_keywords_of(after: Pedigree, before: Pedigree | None) -> bool:
    return before is not None and (before.cal_ver, before.crds_ctx) == (after.cal_ver, after.crds_ctx)


def waits_of(changes: Iterable[Change], flagged: Mapping[str, datetime]) -> Counter[Wait]:
    """How long products waited that an answer showed as made anew.

    Args:
        changes: that it showed.
        flagged: file name -> when MAST's flag was seen, UTC.
    """
    found: Counter[Wait] = Counter()
    for change in changes:
        after, since = change.after, flagged.get(change.filename)
        if change.kind is not ChangeKind.REPROCESSED or since is None or after is None:
            continue
        if after.cal_ver is not None and after.crds_ctx is not None:
            hours = max((moved_at(change) - since) // _HOUR, 0)
            found[Wait(change.instrument, after.cal_ver, after.crds_ctx, hours)] += 1
    return found


def entries_of(
    arrivals: Mapping[Arrival, int],
    waits: Mapping[Wait, int],
    now_there: Mapping[tuple[int, Instrument, str | None, str | None], int],
    today: date,
) -> list[AlmanacEntry]:
    """Every campaign, the newest pedigree first.

    Args:
        arrivals: all that were seen.
        waits: likewise.
        now_there: program, instrument, CAL_VER and CRDS_CTX -> how many products that are watched have these now.
        today: UTC.
    """
    by_pedigree: defaultdict[tuple[str, str], dict[Arrival, int]] = defaultdict(dict)
    for arrival, products in arrivals.items():
        by_pedigree[arrival.cal_ver, arrival.crds_ctx][arrival] = products
    have: Counter[tuple[Instrument, str, str]] = Counter()
    for (_, instrument, cal_ver, crds_ctx), products in now_there.items():
        if cal_ver is not None and crds_ctx is not None:
            have[instrument, cal_ver, crds_ctx] += products
    waited: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for wait, products in waits.items():
        waited[wait.cal_ver, wait.crds_ctx][wait.hours] += products
    return [
        _entry(pedigree, by_pedigree[pedigree], waited.get(pedigree, Counter()), have, today)
        for pedigree in sorted(by_pedigree, key=_age, reverse=True)
    ]


def _entry(
    pedigree: tuple[str, str],
    arrivals: Mapping[Arrival, int],
    waited: Counter[int],
    have: Mapping[tuple[Instrument, str, str], int],
    today: date,
) -> AlmanacEntry:
    remade: Counter[Instrument] = Counter()
    by_day: Counter[date] = Counter()
    for arrival, products in arrivals.items():
        if arrival.arrived is Arrived.REMADE:
            remade[arrival.instrument] += products
            by_day[arrival.day] += products
    of: Counter[Instrument] = Counter()
    for (instrument, _, _), products in have.items():
        of[instrument] += products
    first = min(arrivals, key=lambda arrival: arrival.day)
    days = tuple(_added_up(by_day))
    newest = days[-1][0] if days else None
    instruments = sorted(remade.keys() | {arrival.instrument for arrival in arrivals})
    return AlmanacEntry(
        *pedigree,
        in_use_since=first.day,
        was_in_use=any(each.day == first.day and each.arrived is Arrived.FIRST_SIGHT for each in arrivals),
        began=days[0][0] if days else None,
        newest=newest,
        goes_on=newest is not None and today - newest <= PAUSE,
        days=days,
        progress=tuple(
            InstrumentProgress(each, remade[each], have.get((each, *pedigree), 0), of[each])
            for each in instruments
        ),
        waited=_waited(waited),
    )


def _added_up(by_day: Mapping[date, int]) -> Iterable[tuple[date, int]]:
    total = 0
    for day in sorted(by_day):
        total += by_day[day]
        yield day, total


def _waited(by_hours: Counter[int]) -> FlagHistory | None:
    products = by_hours.total()
    if not products:
        return None
    middle = 0
    for hours in sorted(by_hours):
        middle += by_hours[hours]
        if 2 * middle >= products:
            return FlagHistory(products, hours * _HOUR, max(by_hours) * _HOUR)
    raise AssertionError("half of the products are among all of them")


def _age(pedigree: tuple[str, str]) -> tuple[bool, Version, int, tuple[str, str]]:
    cal_ver, crds_ctx = pedigree
    version = version_of(cal_ver)
    return version is not None, version or Version("0"), context_number(crds_ctx) or 0, pedigree
