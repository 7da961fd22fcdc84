"""The almanac's figures as people read them: the command and the page say the same."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.digests.wording import count, percent

if TYPE_CHECKING:
    from pedigreed.model.almanac import AlmanacEntry, InstrumentProgress

_A_DAY = timedelta(days=1)
_AN_HOUR = timedelta(hours=1)


def in_use_in_words(entry: AlmanacEntry) -> str:
    """``2026-05-12``, or ``2026-05-12 or before`` where it was in use at first sight."""
    return f"{entry.in_use_since.isoformat()}{' or before' if entry.was_in_use else ''}"


def took_in_words(entry: AlmanacEntry) -> str:
    """``12 days from 2026-05-12 (half in 3, nine tenths in 9)``, or ``4 days so far, since 2026-11-20``."""
    half, most, all_of_them = (entry.days_for(tenths) for tenths in (5, 9, 10))
    if entry.began is None or half is None or most is None or all_of_them is None:
        return "none was seen to be remade"
    if entry.goes_on:
        return f"{count(all_of_them, 'day')} so far, since {entry.began.isoformat()}"
    if all_of_them == 1:
        return f"1 day, {entry.began.isoformat()}"
    return f"{count(all_of_them, 'day')} from {entry.began.isoformat()} (half in {half}, nine tenths in {most})"


def progress_in_words(progress: InstrumentProgress) -> str:
    """``NIRCam 66 of 112 (58%)``; of an instrument that nobody watches any more its name and a dash."""
    if not progress.of:
        return f"{progress.instrument.written} -"
    share = percent(progress.have, progress.of)
    return f"{progress.instrument.written} {progress.have:,} of {progress.of:,} ({share})"


def waited_in_words(entry: AlmanacEntry) -> str:
    """``2 days (median of 43), 8 days at most``; or ``not known``."""
    waited = entry.waited
    if waited is None:
        return "not known"
    return f"{_lasted(waited.median)} (median of {waited.flags:,}), {_lasted(waited.longest)} at most"


def _lasted(lasted: timedelta) -> str:
    return count(round(lasted / _A_DAY), "day") if lasted >= 2 * _A_DAY else count(lasted // _AN_HOUR, "hour")
