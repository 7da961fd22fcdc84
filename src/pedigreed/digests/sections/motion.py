"""The section that tells which programs are still being reprocessed, and will be told when that is over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pedigreed.config.value import format_duration
from pedigreed.digests.links import program_page
from pedigreed.digests.view import Row, Section
from pedigreed.digests.wording import count, day, days_between, keywords_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pedigreed.digests.view import Budget
    from pedigreed.model.campaign import Campaign
    from pedigreed.model.digest import Digest, Progress

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def in_motion(digest: Digest, budget: Budget) -> Iterator[Section]:
    """A row for each campaign that is told when it is over."""
    if not digest.in_motion:
        return
    shown, left_out = budget.split(digest.in_motion)
    waiting = count(sum(campaign.waiting for campaign in left_out), "product")
    yield Section(
        title="IN PROGRESS",
        summary=_summary(digest),
        rows=tuple(_row(campaign, digest) for campaign in shown),
        more=f"and {len(left_out):,} more, {waiting}" if left_out else "",
    )


def programs_in_motion(digest: Digest) -> set[int]:
    """The programs that are told later."""
    return {campaign.program for campaign in digest.in_motion}


def days_in_words(goal: Progress, digest: Digest) -> str:
    """``moved 21 to 23 Nov 2026``, in the digest's zone; empty where that is not known."""
    if goal.began is None or goal.newest is None:
        return ""
    zone = ZoneInfo(digest.timezone)
    return f"moved {days_between(goal.began.astimezone(zone), goal.newest.astimezone(zone))}"


def _summary(digest: Digest) -> str:
    """``1 program is being reprocessed; reported once it has been quiet for 24 hours``."""
    programs = programs_in_motion(digest)
    are = "is" if len(programs) == 1 else "are"
    quiet = f" has been quiet for {_quiet(digest.settle)}" if digest.settle else " is quiet"
    each = "it" if len(programs) == 1 else "each"
    return f"{count(len(programs), 'program')} {are} being reprocessed; reported once {each}{quiet}"


def _row(campaign: Campaign, digest: Digest) -> Row:
    """``moving to 2.0.1, jwst_1535: 2,911 of 3,911 so far, since 20 Nov``, in the digest's zone."""
    if 0 < campaign.moved <= campaign.total:
        so_far = f"{campaign.moved:,} of {campaign.total:,}"
    else:
        so_far = count(campaign.waiting, "product")
    target = keywords_in_words(campaign.cal_ver, campaign.crds_ctx)
    zone = ZoneInfo(digest.timezone)
    since = day(campaign.began.astimezone(zone), digest.ends.astimezone(zone))
    return Row(
        name=str(campaign.program),
        page=program_page(campaign.program),
        words=f"moving to {target}: {so_far} so far, since {since}",
    )


def _quiet(settle: timedelta) -> str:
    if settle % _HOUR == timedelta(0) and settle <= 2 * _DAY:
        return count(settle // _HOUR, "hour")
    return count(settle // _DAY, "day") if settle % _DAY == timedelta(0) else format_duration(settle)
