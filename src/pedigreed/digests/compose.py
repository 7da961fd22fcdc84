"""What a subscription is told of one period, before any words."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pedigreed.digests.transitions import keywords_of, rank_of, transitions_of
from pedigreed.model.change import ChangeKind
from pedigreed.model.digest import ALL_KINDS, Digest, Progress
from pedigreed.model.instant import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from pedigreed.digests.transitions import Keywords
    from pedigreed.model.campaign import Campaign, Stretch
    from pedigreed.model.change import Change
    from pedigreed.model.contexts import ContextsInUse
    from pedigreed.model.digest import Baseline, Checked, OnDisk, Suspect
    from pedigreed.model.notice import Notice
    from pedigreed.model.program import ProgramSelection

RECENT = timedelta(hours=6)
"""A reprocessing that brought products so shortly before the period's end is called running."""

_DAY = timedelta(days=1)


def compose(
    *,
    subscription: str,
    selections: Sequence[ProgramSelection],
    starts: datetime,
    ends: datetime,
    timezone: str,
    changes: Iterable[Change],
    holdings: Mapping[Keywords, int],
    checked: Checked,
    baselines: Iterable[Baseline] = (),
    suspects: Iterable[Suspect] = (),
    kinds: frozenset[ChangeKind] = ALL_KINDS,
    notices: Iterable[Notice] = (),
    contexts: ContextsInUse | None = None,
    stretches: Mapping[Keywords, Stretch] | None = None,
    in_motion: Iterable[Campaign] = (),
    settle: timedelta | None = None,
    on_disk: Iterable[OnDisk] = (),
) -> Digest:
    """Compose the digest of one subscription and one period.

    Args:
        subscription: its name.
        selections: the programs that it watches, as configured.
        starts: begin of the period, UTC.
        ends: end of the period, UTC, excluded.
        timezone: an IANA name.
        changes: the net changes of the period that the subscription selects.
        holdings: (CAL_VER, CRDS_CTX) -> how many of the products whose progress is told have it now.
        checked: what was and was not checked.
        baselines: programs watched from this period on.
        suspects: what is missing and held.
        kinds: the kinds of change that the subscription selects.
        notices: what happened in CRDS, in the order of telling.
        contexts: the contexts in use.
        stretches: (CAL_VER, CRDS_CTX) -> how long the campaign to it has taken so far.
        in_motion: campaigns that are told when they are over, in the order of telling.
        settle: how long a program has to be quiet before its reprocessing is told; None where nothing waits.
        on_disk: the folders whose files are compared with the archive's.
    """
    told = tuple(sorted(changes, key=lambda change: (change.filename, rank_of(change.kind), change.revision)))
    return Digest(
        digest_id=digest_id_of(subscription, ends),
        subscription=subscription,
        selections=tuple(sorted(selections)),
        starts=starts,
        ends=ends,
        timezone=timezone,
        changes=told,
        transitions=transitions_of(told),
        progress=tuple(_progress(told, holdings, stretches or {}, ends, ZoneInfo(timezone))),
        baselines=tuple(sorted(baselines, key=lambda baseline: baseline.program)),
        suspects=tuple(sorted(suspects, key=lambda suspect: suspect.program)),
        checked=checked,
        kinds=kinds,
        notices=tuple(notices),
        contexts=contexts,
        in_motion=tuple(in_motion),
        settle=settle,
        on_disk=tuple(on_disk),
    )


def digest_id_of(subscription: str, ends: datetime) -> str:
    """One subscription has one digest for one end of a period: 32 hexadecimal digits."""
    return hashlib.sha256(f"{subscription}\n{iso(ends)}".encode()).hexdigest()[:32]


def _progress(
    changes: Sequence[Change],
    holdings: Mapping[Keywords, int],
    stretches: Mapping[Keywords, Stretch],
    ends: datetime,
    zone: ZoneInfo,
) -> Iterator[Progress]:
    """For each pedigree that products were reprocessed to, most of this period's products first."""
    moved: Counter[Keywords] = Counter()
    recent: Counter[Keywords] = Counter()
    for change in changes:
        to = keywords_of(change.after)
        if change.kind is not ChangeKind.REPROCESSED or to is None or to[1] is None:
            continue
        moved[to] += 1
        recent[to] += _is_recent(change, ends)
    calibrated = sum(count for (_, crds_ctx), count in holdings.items() if crds_ctx is not None)
    for to, _ in sorted(moved.items(), key=lambda item: (-item[1], str(item[0]))):
        stretch = stretches.get(to)
        yield Progress(
            *to,
            moved=holdings.get(to, 0),
            total=calibrated,
            recent=recent[to],
            began=stretch.began if stretch else None,
            newest=stretch.newest if stretch else None,
            day=_day(stretch.began, ends, zone) if stretch else 1,
        )


def _day(began: datetime, ends: datetime, zone: ZoneInfo) -> int:
    """Which day of a campaign ends with the period. A day has 24 hours by the clock on the wall.

    So a digest each morning tells of day 1, day 2 and day 3, at whatever hour it began and the clocks change.
    """
    passed = ends.astimezone(zone).replace(tzinfo=None) - began.astimezone(zone).replace(tzinfo=None)
    return max(1, -(-passed // _DAY))


def _is_recent(change: Change, ends: datetime) -> bool:
    made = change.archived_at or (change.after.date if change.after else None)
    return made is not None and ends - RECENT <= made
