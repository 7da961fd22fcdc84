"""Which contexts CRDS uses: the history of the latest one, and the one that is fixed for a pipeline version.

Each row of the history is ``[start date, context, description]``. Rows are in no order that is promised, and the
numbers may go back. Of the 149 numbered contexts that became the latest up to 2019, four have a lower number than
the one before: once a context that had been the latest already, and three times one that had been passed over. The
descriptions of all four say that it is a step back, so it is the number that tells, not whether the context was in
use before. A context that comes back with a higher number, as after such a step, is a delivery like any other.

CRDS's dates have no zone, and no document was found that names one. Of the 145 start dates that are public and
have a time (2012 to 2019), 132 lie between 8 and 18 o'clock, nine in ten in summer and in winter alike. Those are
the working hours of the institute in Baltimore that sets the contexts, so the dates are read as the time there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pedigreed.model.failure import Unreadable, UpstreamUnavailable
from pedigreed.model.notice import Announcement, Facts, Medium, NoticeKind
from pedigreed.model.pedigree import context_name, is_step_back, version_of
from pedigreed.sources.plain_text import plain, plain_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pedigreed.sources.crds.bookmark import KnownBuild


SERVER_ZONE = ZoneInfo("America/New_York")
_LONGEST = 40


def read_time(written: str) -> datetime:
    """The instant, UTC, of ``2022-03-21 10:23:31``, or of ``Nov. 20, 2026, 10 a.m.`` as CRDS's pages have it.

    A date may have a name or a number for the month, and the month first or the day; of numbers alone the year
    or the month, as in America. Without a zone it is the server's.

    Raises `Unreadable` for what is no such date.
    """
    text = written.strip()
    if len(text) > _LONGEST:
        raise Unreadable("a date that is too long for one")
    try:
        moment = _iso(text) or _in_words(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=SERVER_ZONE)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unreadable("this is no date of CRDS") from error


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


_DAY = re.compile(
    r"(?:[a-z]{3,9}\.?,? )??(?:"
    r"(?P<month>[a-z]{3})[a-z]{0,6}\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})"
    r"|(?P<day_first>\d{1,2})(?:st|nd|rd|th)?[ -](?P<month_second>[a-z]{3})[a-z]{0,6}\.?,?[ -]"
    r"(?P<year_third>\d{4})"
    r"|(?P<month_number>\d{1,2})/(?P<day_second>\d{1,2})/(?P<year_last>\d{4})"
    r"|(?P<year_first>\d{4})[/-](?P<month_after>\d{1,2})[/-](?P<day_last>\d{1,2})"
    r")(?:(?:,? (?:at )?|t)(?P<time>.+))?",
    re.ASCII | re.IGNORECASE,
)
_TIME = re.compile(
    r"(?:(?P<word>noon|midnight)|(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d{1,9})?)?)?"
    r"(?: ?(?P<half>[ap])\.?m\.?)?)(?: ?(?P<zone>utc|gmt|z|e[sd]?t))?",
    re.ASCII | re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_HALF_DAY = 12


def _in_words(text: str) -> datetime:
    """A date that is not of ISO's form, such as Django's ``N j, Y, P``. Raises `ValueError` for others."""
    found = _DAY.fullmatch(text)
    time = _TIME.fullmatch(found["time"] or "midnight") if found else None
    if found is None or time is None:
        raise ValueError(text)
    name = found["month"] or found["month_second"]
    month = _MONTHS.index(name.lower()) + 1 if name else int(found["month_number"] or found["month_after"])
    day = found["day"] or found["day_first"] or found["day_second"] or found["day_last"]
    year = found["year"] or found["year_third"] or found["year_last"] or found["year_first"]
    hour = _HALF_DAY if (time["word"] or "").lower() == "noon" else int(time["hour"] or 0)
    if half := (time["half"] or "").lower():
        hour = hour % _HALF_DAY + _HALF_DAY * (half == "p")
    # Summer time goes by the date, whichever letters stand for it.
    zone = UTC if (time["zone"] or "").lower() in {"utc", "gmt", "z"} else SERVER_ZONE
    return datetime(
        int(year), month, int(day), hour, int(time["minute"] or 0), int(time["second"] or 0), tzinfo=zone
    )


def read_time_or_none(written: object) -> datetime | None:
    """The same; None for what is no such date."""
    try:
        return read_time(written) if isinstance(written, str) else None
    except Unreadable:
        return None


_CONTEXT = re.compile(r"jwst(?:_\d{1,6})?(?:\.pmap)?", re.ASCII)
_ROW = ("start_date", "context", "description")
"""The columns of the history; the last may be left out."""


@dataclass(frozen=True, slots=True)
class Activation:
    """One time that a context became the latest.

    Attributes:
        context: ``jwst_1535``.
        started_at: UTC.
        written: the start date as the server writes it.
        description: the server's words, as plain text.
        before: the context that was the latest until then; None for the first.
    """

    context: str
    started_at: datetime
    written: str
    description: str
    before: str | None = None

    @property
    def goes_back(self) -> bool:
        """Whether the context before has a higher number."""
        return is_step_back(self.before, self.context)

    def announced(self, source: str, url: str) -> Announcement:
        """What it says, with a link to the server's page of the context."""
        kind, title = NoticeKind.DELIVERY, f"{self.context} became the latest context"
        if self.goes_back:
            kind, title = NoticeKind.ROLLBACK, f"CRDS went back from {self.before} to {self.context}"
        return Announcement(
            source=source,
            medium=Medium.SERVER,
            identity=f"{self.context} {self.written}",
            said_at=self.started_at,
            title=title,
            text=self.description,
            link=page_of(url, self.context),
            facts=Facts(kind=kind, context=self.context, before=self.before, activated_at=self.started_at),
        )


def read_context(written: object) -> str:
    """A context of JWST by its name: ``jwst_1535``. Raises `UpstreamUnavailable` for what is none."""
    name = written.strip().lower() if isinstance(written, str) else ""
    if not _CONTEXT.fullmatch(name):
        raise UpstreamUnavailable("CRDS named what is no context of JWST")
    return context_name(name) or name


def page_of(url: str, context: str) -> str:
    """The server's page of a context."""
    return f"{url.rstrip('/')}/browse/{rules_file(context)}"


def rules_file(context: str) -> str:
    """The file that a context is: ``jwst_1535.pmap``."""
    return context if context.endswith(".pmap") else f"{context}.pmap"


def read_history(rows: Iterable[object]) -> tuple[tuple[Activation, ...], int]:
    """Every activation in the order of time, each once, and how many rows can't be read."""
    read: dict[tuple[datetime, str], Activation] = {}
    unreadable = 0
    for row in rows:
        try:
            activation = _read_row(row)
        except (Unreadable, UpstreamUnavailable):
            unreadable += 1
        else:
            read.setdefault((activation.started_at, activation.context), activation)
    return _in_order([read[place] for place in sorted(read)]), unreadable


def _in_order(activations: Sequence[Activation]) -> tuple[Activation, ...]:
    before = [None, *(activation.context for activation in activations)]
    return tuple(map(_after, activations, before))


def _after(activation: Activation, before: str | None) -> Activation:
    return replace(activation, before=before)


def _read_row(row: object) -> Activation:
    if isinstance(row, dict):
        row = [row.get(name) for name in _ROW]
    if not isinstance(row, list) or len(row) < len(_ROW) - 1 or not isinstance(row[0], str):
        raise Unreadable("this is no row of the context history")
    description = row[2] if len(row) >= len(_ROW) and isinstance(row[2], str) else ""
    return Activation(read_context(row[1]), read_time(row[0]), plain_line(row[0]), plain(description))


def asked_version(cal_ver: str) -> str:
    """The version as the server knows it, without what marks a development version: ``2.0.1``."""
    version = version_of(cal_ver)
    return cal_ver if version is None else version.base_version


def went_down(before: str, cal_ver: str) -> bool:
    """Whether a pipeline version is lower than one before. Those that have no order did not go down."""
    here, there = version_of(cal_ver), version_of(before)
    return here is not None and there is not None and here < there


def announced_latest(context: str, source: str, url: str) -> Announcement:
    """That a context is the latest, of which the history has nothing: neither since when, nor why."""
    return Announcement(
        source=source,
        medium=Medium.SERVER,
        identity=f"latest {context}",
        said_at=None,
        title=f"{context} is the latest context",
        text="",
        link=page_of(url, context),
        facts=Facts(kind=NoticeKind.DELIVERY, context=context),
    )


def announced_build(before: KnownBuild, build: KnownBuild, source: str, url: str) -> Announcement:
    """That the archive's context or its pipeline version is another. The server does not say since when."""
    return Announcement(
        source=source,
        medium=Medium.SERVER,
        identity=f"build {build.cal_ver} {build.context} after {before.cal_ver} {before.context}",
        said_at=None,
        title=f"The archive makes products with {build.cal_ver} and {build.context}",
        text="",
        link=page_of(url, build.context),
        facts=Facts(
            kind=NoticeKind.BUILD,
            context=build.context,
            before=before.context if before.context != build.context else None,
            cal_ver=build.cal_ver,
        ),
    )
