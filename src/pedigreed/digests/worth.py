"""Decides whether a digest is worth sending. A quiet period is closed without one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.config.settings import WhenEmpty
from pedigreed.digests.sections.checked import unread_of
from pedigreed.digests.sections.disk import unread_folders_of

if TYPE_CHECKING:
    from pedigreed.model.digest import Digest
    from pedigreed.model.period import Period

_WEEK = timedelta(days=7) - timedelta(hours=3)
"""From one weekly digest to the next. A week is shorter by an hour in spring, and a cycle may begin late."""


def unread_names_of(digest: Digest) -> frozenset[str]:
    """The sources that were not read, and the folders that were not looked through."""
    sources = (source.name for source in unread_of(digest.checked))
    return frozenset((*sources, *unread_folders_of(digest)))


def is_worth_sending(
    digest: Digest, empty: WhenEmpty, *, last_period: Period | None, last_told: Period | None
) -> bool:
    """Decide.

    News are always told. A program that can't be checked, or a source that can't be read, is told when that
    begins, once a week while it lasts, and when it is over: silence would say that all is well, and a mail a day
    would be noise. The same holds for a folder that can't be looked through. A file on disk that is out of date is
    news once: when a change makes it so, or when it is first seen as it is.

    Args:
        digest: composed.
        empty: what the subscription asks for where there is nothing to tell.
        last_period: the period before, if there was one.
        last_told: the last period that was told, if one was.
    """
    if digest.changes or digest.baselines or digest.notices or empty is WhenEmpty.ALWAYS:
        return True
    if any(each.newly for each in digest.on_disk):
        return True
    if any(last_period is None or suspect.newest > last_period.ends_at for suspect in digest.suspects):
        return True
    week_over = last_told is None or digest.ends - last_told.ends_at >= _WEEK
    unchecked = {entry.program for entry in digest.checked.unchecked}
    unread = unread_names_of(digest)
    is_new = last_period is None or not (unchecked <= last_period.unchecked and unread <= last_period.unread)
    if (unchecked or unread) and (week_over or is_new):
        return True
    if not unchecked and not unread and last_told is not None and not last_told.is_checked:
        return True
    return empty is WhenEmpty.WEEKLY and week_over
