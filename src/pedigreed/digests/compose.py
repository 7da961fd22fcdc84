"""Compose a digest from the facts of one subscription and one period, and judge whether it is worth sending.

Pure; no words are chosen here.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pedigreed.changes.campaigns import campaigns_waiting, programs_moving, stretches_of
from pedigreed.changes.copies import Archived, Standing, compare_copies
from pedigreed.changes.selection import is_target
from pedigreed.changes.withdrawal import suspects_of
from pedigreed.config.settings import Report, WhenEmpty
from pedigreed.digests.checking import LATE_ANSWER, checked, is_baselined, sources_checked
from pedigreed.digests.wording import moment_in_utc
from pedigreed.model.digest import Baseline, Digest, OnDisk, PedigreeSpan, Progress
from pedigreed.model.download import DownloadState
from pedigreed.model.instant import iso
from pedigreed.model.notice import NoticeKind
from pedigreed.notices.relevance import to_tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from pedigreed.digests.facts import DigestFacts
    from pedigreed.digests.transitions import Keywords
    from pedigreed.model.campaign import Stretch
    from pedigreed.model.digest import Checked
    from pedigreed.model.impact import Impact, Switch
    from pedigreed.model.notice import Notice
    from pedigreed.model.period import Period
    from pedigreed.model.product import Holding


_DAY = timedelta(days=1)


def compose(facts: DigestFacts) -> Digest:
    """Compose the digest of one subscription and one period."""
    selection, net = facts.selection, facts.changes.net
    holdings = [held for held in facts.archive.holdings if selection.is_about(held)]
    moving = programs_moving(selection, net.moved)
    return Digest(
        digest_id=digest_id_of(facts.subscription.name, facts.ends),
        subscription=facts.subscription.name,
        selections=tuple(sorted(selection.programs)),
        is_of_all_programs=facts.subscription.watches_all,
        starts=facts.starts,
        ends=facts.ends,
        timezone=facts.timezone,
        changes=net.changes,
        transitions=net.transitions,
        progress=progress_of(
            net.remade,
            holdings=_by_pedigree(held for held in holdings if held.program in moving),
            stretches=stretches_of(selection, net.moved, facts.changes.moves, facts.ends),
            ends=facts.ends,
            zone=ZoneInfo(facts.timezone),
        ),
        baselines=tuple(_baselines(facts, holdings)),
        suspects=tuple(
            sorted(
                suspects_of(facts.archive.missed, facts.archive.holdings, selection),
                key=lambda suspect: suspect.program,
            )
        )
        if facts.archive.missed
        else (),
        checked=_checked(facts),
        kinds=selection.kinds,
        notices=_notices(facts),
        switches=_evaluated(facts, lambda notice: notice.switch),
        bad_files=_evaluated(facts, lambda notice: notice.bad_files),
        remade=facts.changes.remade,
        contexts=facts.news.contexts,
        in_motion=tuple(
            campaigns_waiting(selection, facts.changes.settled.waiting, facts.changes.moves, holdings, facts.ends)
        ),
        settle=selection.settle,
        on_disk=tuple(_on_disk(facts)),
        flags_lasted=facts.changes.flags_lasted,
        downloads=facts.downloads,
        fetched_to=None if facts.subscription.fetch is None else str(facts.subscription.fetch.to),
        about=tuple(each for _, each in sorted(facts.archive.about.items())),
        targets=facts.subscription.watch.targets or (),
    )


def changes_covered(facts: DigestFacts) -> tuple[int, ...]:
    """The row ids of the changes that the digest covers, folded and unselected ones included.

    What waits until a program has been quiet is not among them.
    """
    waits = facts.changes.settled.waits
    keys = facts.changes.uncovered.keys
    return tuple(key for key in keys if key not in waits) if waits else keys


def announcements_covered(facts: DigestFacts) -> tuple[int, ...]:
    """The keys of the announcements that the digest covers, by telling what happened or by not telling it."""
    keys = {heard.key for notice in facts.news.fresh(facts.ends) for heard in notice.heard}
    return tuple(sorted(keys - facts.news.covered))


def digest_id_of(subscription: str, ends: datetime) -> str:
    """One subscription has one digest for one end of a period: 32 hexadecimal digits."""
    return hashlib.sha256(f"{subscription}\n{iso(ends)}".encode()).hexdigest()[:32]


def progress_of(
    remade: Mapping[Keywords, tuple[int, int]],
    *,
    holdings: Mapping[Keywords, int],
    stretches: Mapping[Keywords, Stretch],
    ends: datetime,
    zone: ZoneInfo,
) -> tuple[Progress, ...]:
    """For each pedigree that products were reprocessed to, most of this period's products first.

    Args:
        remade: (CAL_VER, CRDS_CTX) -> how many were reprocessed to it, and how many of them lately.
        holdings: (CAL_VER, CRDS_CTX) -> how many of the products whose progress is told have it now.
        stretches: (CAL_VER, CRDS_CTX) -> how long the campaign to it has taken so far.
        ends: of the period, UTC.
        zone: in which its days are counted.
    """
    return tuple(_progress(remade, holdings, stretches, ends, zone))


def _progress(
    remade: Mapping[Keywords, tuple[int, int]],
    holdings: Mapping[Keywords, int],
    stretches: Mapping[Keywords, Stretch],
    ends: datetime,
    zone: ZoneInfo,
) -> Iterator[Progress]:
    calibrated = sum(count for (_, crds_ctx), count in holdings.items() if crds_ctx is not None)
    for to, (_, recent) in sorted(remade.items(), key=lambda item: (-item[1][0], str(item[0]))):
        stretch = stretches.get(to)
        yield Progress(
            *to,
            moved=holdings.get(to, 0),
            total=calibrated,
            recent=recent,
            began=stretch.began if stretch else None,
            newest=stretch.newest if stretch else None,
            day=_day(stretch.began, ends, zone) if stretch else 1,
            pace=stretch.pace if stretch else None,
        )


def _day(began: datetime, ends: datetime, zone: ZoneInfo) -> int:
    """Which day of a campaign ends with the period. A day has 24 hours by the clock on the wall.

    So a digest each morning tells of day 1, day 2 and day 3, at whatever hour it began and the clocks change.
    """
    passed = ends.astimezone(zone).replace(tzinfo=None) - began.astimezone(zone).replace(tzinfo=None)
    return max(1, -(-passed // _DAY))


def _by_pedigree(holdings: Iterable[Holding]) -> dict[Keywords, int]:
    counts: Counter[Keywords] = Counter()
    for held in holdings:
        counts[held.cal_ver, held.crds_ctx] += held.products
    return dict(counts)


def _baselines(facts: DigestFacts, holdings: Iterable[Holding]) -> Iterator[Baseline]:
    """The programs that are watched from this period on, by number: those that have a first complete answer."""
    new = [held for held in holdings if (held.instrument, held.program) in facts.not_introduced]
    with_data = {held.program for held in facts.archive.holdings}
    for program in sorted({program for _, program in facts.not_introduced}):
        if is_baselined(program, facts.subscription.watch.instruments, facts.archive.coverage):
            mine = [held for held in new if held.program == program]
            yield _baseline(program, mine, has_data=program in with_data)


def _baseline(program: int, holdings: Iterable[Holding], *, has_data: bool) -> Baseline:
    by_pedigree: dict[Keywords, list[Holding]] = defaultdict(list)
    for held in holdings:
        by_pedigree[held.cal_ver, held.crds_ctx].append(held)
    spans = []
    for (cal_ver, crds_ctx), group in by_pedigree.items():
        earliest = min((held.earliest for held in group if held.earliest), default=None)
        latest = max((held.latest for held in group if held.latest), default=None)
        spans.append((PedigreeSpan(cal_ver, crds_ctx, earliest, latest), sum(held.products for held in group)))
    spans.sort(key=lambda entry: (-entry[1], str(entry[0].crds_ctx)))
    products = sum(count for _, count in spans)
    return Baseline(program, products, tuple(spans), has_other_data=has_data and not products)


def _checked(facts: DigestFacts) -> Checked:
    subscription = facts.subscription
    instruments = subscription.watch.instruments
    wants_news = subscription.crds.report is not Report.NONE
    return checked(
        subscription.programs,
        instruments,
        facts.archive.coverage,
        span=facts.span,
        every=facts.ask_every,
        runs=facts.archive.runs,
        with_data={held.program for held in facts.archive.holdings},
        notes=(*_of_targets(facts), *_of_new_programs(facts)),
        sources=sources_checked(facts.news.sources, facts.span, facts.news.runs) if wants_news else (),
    )


def _of_targets(facts: DigestFacts) -> Iterator[str]:
    """Where a subscription to targets watches less, or more, than it says."""
    about, holdings = facts.archive.about, facts.archive.holdings
    names = {name for each in about.values() for _, name in each.targets}
    for wanted in facts.subscription.watch.targets or ():
        if holdings and not any(is_target(name, wanted) for name in names):
            yield f"MAST has no target {wanted!r} in these programs"
    known = {(program, place) for program, each in about.items() for place, _ in each.targets}
    unknown = sum(held.products for held in holdings if (held.program, held.observation) not in known)
    if unknown and facts.subscription.watch.targets:
        are = "1 product" if unknown == 1 else f"{unknown:,} products"
        yield f"MAST does not say which target {are} {'is' if unknown == 1 else 'are'} of: they are watched too"


def _of_new_programs(facts: DigestFacts) -> Iterator[str]:
    """Where every program is watched, the instruments that were not asked lately which programs there are."""
    if not facts.subscription.watches_all:
        return
    since = facts.span.since(facts.ask_every, LATE_ANSWER)
    for instrument in facts.subscription.watch.instruments:
        until = facts.archive.programs_known.get(instrument)
        if until is None:
            yield f"{instrument.written} was not asked yet for all of its programs"
        elif until <= since:
            yield f"{instrument.written} was last asked for new programs on {moment_in_utc(until, facts.ends)}"


def _notices(facts: DigestFacts) -> tuple[Notice, ...]:
    """What is told of CRDS: builds first, then the newest first."""
    uses = [use for use in facts.news.uses if facts.selection.is_about(use)]
    mine = [
        to_tell(notice, facts.news.covered, facts.subscription.crds, uses, _impact_of(facts, notice))
        for notice in facts.news.uncovered(facts.ends)
    ]
    wanted = [notice for notice in mine if notice is not None]
    return tuple(sorted(wanted, key=lambda notice: notice.kind is not NoticeKind.BUILD))


def _impact_of(facts: DigestFacts, notice: Notice) -> Impact | None:
    """What CRDS's rules say of a switch that CRDS told of. A mail may name contexts that are none of it."""
    switch = facts.news.switches.get(notice.switch) if notice.switch else None
    return switch.impact if switch is not None else None


def _evaluated(facts: DigestFacts, about: Callable[[Notice], tuple[str, str] | None]) -> tuple[Switch, ...]:
    """What is known of the switches of this period, or of files that were marked bad in it; the newest first."""
    if facts.subscription.crds.report is Report.NONE:
        return ()
    named = dict.fromkeys(about(notice) for notice in facts.news.uncovered(facts.ends))
    return tuple(facts.news.switches[each] for each in named if each is not None and each in facts.news.switches)


def _on_disk(facts: DigestFacts) -> Iterator[OnDisk]:
    """Each folder whose files are compared with the archive's products that are selected."""
    waits = facts.changes.settled.waits
    changed = (
        {change.filename for key, change in facts.changes.uncovered if key not in waits}
        if facts.folders
        else set()
    )
    selection = facts.selection
    counted: set[str] = set()
    for folder in facts.folders:
        # Of folders within one another, the first in the configuration has the file.
        files = [file for file in folder.files if file.place not in counted]
        counted.update(file.place for file in files)
        mine = {name: product for name, product in folder.archived.products.items() if selection.is_about(product)}
        copies = compare_copies(files, Archived(mine))
        older = [copy for copy in copies if copy.standing is Standing.OLDER]
        counts = Counter(copy.standing for copy in copies)
        damaged_of_mine = sum(copy.product is not None for copy in copies if copy.standing is Standing.DAMAGED)
        newly = sum(
            facts.starts < copy.file.seen_at <= facts.ends
            or (copy.product is not None and copy.product.filename in changed)
            for copy in older
        )
        yield OnDisk(
            folder.state.folder,
            older=len(older),
            checked=len(older) + counts[Standing.SAME] + counts[Standing.NEWER] + damaged_of_mine,
            newly=newly,
            unread=folder.state.unread,
            problem=folder.state.problem,
            damaged=counts[Standing.DAMAGED],
        )


_WEEK = timedelta(days=7) - timedelta(hours=3)
"""From one weekly digest to the next. A week is shorter by an hour in spring, and a cycle may begin late."""


def unread_names_of(digest: Digest) -> frozenset[str]:
    """The sources that were not read, or are stood in for, and the folders that were not looked through."""
    sources = (source.name for source in digest.checked.unread)
    by_set = (f"MAST {each.instrument.written}" for each in digest.checked.stood_in)
    return frozenset((*sources, *by_set, *digest.unread_folders))


def is_worth_sending(
    digest: Digest, empty: WhenEmpty, *, last_period: Period | None, last_sent: Period | None
) -> bool:
    """Decide.

    News are always told. A program that can't be checked, or a source that can't be read, is told when that
    begins, once a week while it lasts, and when it is over: silence would say that all is well, and a mail a day
    would be noise. The same holds for a folder that can't be looked through. A file on disk that is out of date is
    news once: when a change makes it so, or when it is first seen as it is. So is what came of a file that is
    fetched for the subscription.

    Args:
        digest: composed.
        empty: what the subscription asks for where there is nothing to tell.
        last_period: the period before, if there was one.
        last_sent: the last period that had a digest, if one had.
    """
    if digest.changes or digest.baselines or digest.notices or empty is WhenEmpty.ALWAYS:
        return True
    has_downloads = any(each.state is not DownloadState.WAITING for each in digest.downloads)
    if has_downloads or any(each.newly for each in digest.on_disk):
        return True
    if any(last_period is None or suspect.newest > last_period.ends_at for suspect in digest.suspects):
        return True
    week_over = last_sent is None or digest.ends - last_sent.ends_at >= _WEEK
    unchecked = {entry.program for entry in digest.checked.unchecked}
    unread = unread_names_of(digest)
    is_new = last_period is None or not (unchecked <= last_period.unchecked and unread <= last_period.unread)
    if (unchecked or unread) and (week_over or is_new):
        return True
    if not unchecked and not unread and last_sent is not None and not last_sent.is_checked:
        return True
    return empty is WhenEmpty.WEEKLY and week_over
