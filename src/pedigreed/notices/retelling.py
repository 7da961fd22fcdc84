"""Which notices a digest tells: those that concern the subscription and that it was not told of, or not all of.

Anyone can write to a list, so what only lists and mails say may be early or forged. It is told as that, and keeps
back nothing that CRDS itself says later. A notice that was passed over, since it did not concern the subscription,
is not one that it was told of.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pedigreed.config.settings import Report
from pedigreed.model.notice import Again, ChangeLevel, Medium, NoticeKind
from pedigreed.notices.reading import facts_heard
from pedigreed.notices.relevance import concerns, is_wanted, more_than, touched_by
from pedigreed.notices.writing import notice_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pedigreed.config.settings import CrdsReport
    from pedigreed.model.impact import Impact
    from pedigreed.model.notice import Heard, Notice
    from pedigreed.model.product import ExposureUse

_LEVELS = tuple(ChangeLevel)
_NEVER_MORE = frozenset({NoticeKind.BUILD, NoticeKind.ROLLBACK, NoticeKind.NOT_UNDERSTOOD})


def to_tell(
    notice: Notice,
    covered: Collection[int],
    report: CrdsReport,
    uses: Collection[ExposureUse],
    impact: Impact | None = None,
) -> Notice | None:
    """The notice as a subscription is told of it, with the reason where it is told again; None where it is not.

    Args:
        notice: what happened.
        covered: the keys of the announcements that earlier digests of the subscription cover.
        report: what it wants to hear of CRDS.
        uses: the kinds of exposure that it watches.
        impact: what the switch that CRDS tells of changes; None where that is not known.
    """
    before = _of_these(notice, lambda heard: heard.key in covered)
    if before is not None and len(before.heard) == len(notice.heard):
        return None
    by_crds = _of_these(notice, lambda heard: heard.announcement.medium is Medium.SERVER)
    # What a text names beside CRDS's own words must not make it less than they are.
    if not any(each is not None and is_wanted(each, report, uses, impact) for each in (notice, by_crds)):
        return None
    if before is None or not is_wanted(before, report, uses, impact if before.is_of_crds else None):
        return notice
    if notice.is_of_crds and not before.is_of_crds:
        return replace(notice, again=Again.CONFIRMED)
    is_vouched_for = before.is_of_nobody and not notice.is_of_nobody
    if is_vouched_for or (impact is None and _is_more(notice, before, report, uses)):
        return replace(notice, again=Again.MORE)
    return None


def _of_these(notice: Notice, is_one: Callable[[Heard], bool]) -> Notice | None:
    """What the notice would be of some of its announcements; None for none."""
    chosen = [heard for heard in notice.heard if is_one(heard)]
    if len(chosen) == len(notice.heard):
        return notice
    return notice_of([(heard, facts_heard(heard)) for heard in chosen], notice.kind) if chosen else None


def _is_more(notice: Notice, before: Notice, report: CrdsReport, uses: Collection[ExposureUse]) -> bool:
    """Whether what was added concerns the subscription. Who named no instrument or no type has named all."""
    if notice.kind in _NEVER_MORE:
        return False
    now, then = notice.facts, before.facts
    if notice.kind is NoticeKind.MARKED_BAD and set(now.files) - set(then.files):
        return True
    if now.change_level and _LEVELS.index(now.change_level) < _LEVELS.index(
        then.change_level or ChangeLevel.MODERATE
    ):
        return True
    added = more_than(touched_by(notice), touched_by(before))
    if report.report is Report.ALL:
        return any(not report.instruments or instrument in {None, *report.instruments} for instrument, _ in added)
    return concerns(added, uses, report.instruments or ())
