"""The sections that tell of whole programs: in progress, missing products, watched from now on, and no change."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pedigreed.config.value import format_duration
from pedigreed.digests.view import Row, Section
from pedigreed.digests.wording import (
    count,
    day,
    days_between,
    forecast_in_words,
    keywords_in_words,
    moment_in_utc,
    program_page,
    sentence,
    span_in_words,
)
from pedigreed.model.change import ChangeKind
from pedigreed.model.digest import ALL_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pedigreed.digests.view import Budget
    from pedigreed.model.campaign import Campaign
    from pedigreed.model.digest import Baseline, Digest, Progress


STALE_FLAGS = frozenset((ChangeKind.STALE, ChangeKind.NO_LONGER_STALE))

PEDIGREES = 3
"""That the first sight of a program tells."""


def missing(digest: Digest, budget: Budget) -> Iterator[Section]:
    """Products that MAST did not list, and that are not called withdrawn yet."""
    largest = sorted(digest.suspects, key=lambda suspect: (-suspect.missing, suspect.program))
    shown, left_out = budget.split(largest)
    products = count(sum(suspect.missing for suspect in largest), "product")
    yield Section(
        title="MISSING",
        summary=f"{products} that MAST did not list; reported as withdrawn if that lasts",
        is_news=True,
        needs_care=True,
        rows=tuple(
            _row(
                suspect.program,
                f"{suspect.missing:,} of {count(suspect.total, 'product')}, "
                f"since {moment_in_utc(suspect.since, digest.ends)}",
            )
            for suspect in shown
        ),
        more=_more([suspect.missing for suspect in left_out]),
    )


def now_watching(digest: Digest, budget: Budget) -> Iterator[Section]:
    """What the archive has of programs that are watched from this period on."""
    shown, left_out = budget.split(digest.baselines)
    programs = count(len(digest.baselines), "program")
    products = count(sum(baseline.products for baseline in digest.baselines), "product")
    yield Section(
        title="NOW WATCHING",
        summary=f"{programs} with {products}; their changes are reported from now on",
        rows=tuple(map(_baseline, shown)),
        more=_more([baseline.products for baseline in left_out]),
    )


def no_change(digest: Digest, _: Budget) -> Iterator[Section]:
    """Said only of what was checked, and was known before."""
    unchecked = {entry.program for entry in digest.checked.unchecked}
    known = digest.checked.programs - len(digest.baselines) - len(digest.programs_in_motion - unchecked)
    if known <= 0:
        return
    where = f"in {count(known, 'program')} that {'was' if known == 1 else 'were'} checked"
    left_out = ALL_KINDS - digest.kinds
    if left_out == STALE_FLAGS:
        where = f"{where} (stale flags are not reported)"
    elif left_out:
        where = f"of the kinds that you asked for, {where}"
    is_else = digest.suspects or digest.baselines or digest.in_motion
    yield Section("NOTHING ELSE" if is_else else "NO CHANGE", where)


def _baseline(baseline: Baseline) -> Row:
    """One line, and below it one for each pedigree where there are several."""
    if not baseline.products:
        # The archive may have products that the subscription leaves out.
        return _row(
            baseline.program, "no products that you watch yet" if baseline.has_other_data else "no data yet"
        )
    has = count(baseline.products, "product")
    if len(baseline.spans) == 1:
        return _row(baseline.program, span_in_words(baseline.spans[0][0]), number=has)
    details = [f"{products:,}: {span_in_words(span)}" for span, products in baseline.spans[:PEDIGREES]]
    if others := baseline.spans[PEDIGREES:]:
        products = sum(products for _, products in others)
        details.append(f"{products:,}: {count(len(others), 'other pedigree')}")
    return _row(baseline.program, "", number=has, details=tuple(details))


def _row(program: int, words: str, *, number: str = "", details: tuple[str, ...] = ()) -> Row:
    return Row(str(program), words, page=program_page(program), number=number, details=details)


def _more(products: Sequence[int]) -> str:
    """Of programs that are not shown, by their numbers of products: ``and 3 more programs, 40 products``."""
    if not products:
        return ""
    return f"and {count(len(products), 'more program')}, {count(sum(products), 'product')}"


_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def in_motion(digest: Digest, budget: Budget) -> Iterator[Section]:
    """A row for each campaign that is told when it is over."""
    shown, left_out = budget.split(digest.in_motion)
    waiting = count(sum(campaign.waiting for campaign in left_out), "product")
    yield Section(
        title="IN PROGRESS",
        summary=_summary(digest),
        rows=tuple(_campaign(campaign, digest) for campaign in shown),
        more=f"and {len(left_out):,} more, {waiting}" if left_out else "",
    )


def days_in_words(goal: Progress, digest: Digest) -> str:
    """``moved 21 to 23 Nov 2026``, in the digest's zone; empty where that is not known."""
    if goal.began is None or goal.newest is None:
        return ""
    zone = ZoneInfo(digest.timezone)
    return f"moved {days_between(goal.began.astimezone(zone), goal.newest.astimezone(zone))}"


def _summary(digest: Digest) -> str:
    """``1 program is being reprocessed; reported once it has been quiet for 24 hours``."""
    programs = digest.programs_in_motion
    are = "is" if len(programs) == 1 else "are"
    quiet = f" has been quiet for {_quiet(digest.settle)}" if digest.settle else " is quiet"
    each = "it" if len(programs) == 1 else "each"
    return f"{count(len(programs), 'program')} {are} being reprocessed; reported once {each}{quiet}"


def _campaign(campaign: Campaign, digest: Digest) -> Row:
    """``moving to 2.0.1, jwst_1535: 2,911 of 3,911 so far, since 20 Nov``, in the digest's zone."""
    if 0 < campaign.moved <= campaign.total:
        so_far = f"{campaign.moved:,} of {campaign.total:,}"
    else:
        so_far = count(campaign.waiting, "product")
    target = keywords_in_words(campaign.cal_ver, campaign.crds_ctx)
    zone = ZoneInfo(digest.timezone)
    since = day(campaign.began.astimezone(zone), digest.ends.astimezone(zone))
    forecast = forecast_in_words(campaign.pace, campaign.total - campaign.moved)
    return Row(
        name=str(campaign.program),
        page=program_page(campaign.program),
        words=f"moving to {target}: {so_far} so far, since {since}",
        details=(sentence(forecast),) if forecast else (),
    )


def _quiet(settle: timedelta) -> str:
    if settle % _HOUR == timedelta(0) and settle <= 2 * _DAY:
        return count(settle // _HOUR, "hour")
    return count(settle // _DAY, "day") if settle % _DAY == timedelta(0) else format_duration(settle)
