"""Puts what a digest tells into words, safe to print: numbers, names, times, pedigrees, and where to see more."""

from __future__ import annotations

import os
import re
import shlex
import string
import unicodedata
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

from rich.cells import cell_len, set_cell_size

from pedigreed.model.instant import zone_name
from pedigreed.model.pedigree import build_of, context_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pedigreed.model.campaign import Pace
    from pedigreed.model.digest import PedigreeSpan
    from pedigreed.model.program import AboutProgram


def visible(text: str) -> str:
    r"""Text that shows what it holds: an escape character becomes ``\x1b``, a line end ``\n``.

    Spaces of every width become plain ones. Nothing that steers a terminal or a mail header is left.
    """
    return text if text.isprintable() else "".join(map(_visible, text))


_PLAIN = frozenset(b"/._-" + bytes(string.digits + string.ascii_letters, "ascii"))


def shell_word(text: str) -> str:
    r"""A path as a shell takes it in a command that is copied: ``$'a\x0ab'`` where it can't be seen as it is."""
    if text.isprintable():
        return shlex.quote(text)
    written = (chr(each) if each in _PLAIN else f"\\x{each:02x}" for each in os.fsencode(text))
    return f"$'{''.join(written)}'"


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return " " if unicodedata.category(character) == "Zs" else _escaped(character)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def one_line(text: str) -> str:
    """Text with line ends and runs of spaces as one space, and made visible."""
    return visible(" ".join(text.split()))


def clipped(text: str, columns: int) -> str:
    """At most so many columns, and so many characters, with an ellipsis where something is left out."""
    text = one_line(text)
    if cell_len(text) <= columns and len(text) <= columns:
        return text
    return set_cell_size(text[: columns - 3], min(columns - 3, cell_len(text[: columns - 3]))).rstrip() + "..."


def padded(text: str, columns: int) -> str:
    """At least so many columns."""
    return text + " " * (columns - cell_len(text))


def count(number: int, noun: str, plural: str | None = None) -> str:
    """``1 product``, ``1,204 products``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def sentence(text: str) -> str:
    """With a capital at its beginning. The name of a context or a file stays as it is."""
    first = text.partition(" ")[0]
    return text if "_" in first else text[:1].upper() + text[1:]


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def shortlist(names: Sequence[str], limit: int, noun: str) -> str:
    """All the names, or the first of them and how many more there are: ``1, 2 and 31 more programs``."""
    if len(names) <= limit:
        return listed(names)
    return f"{', '.join(names[:limit])} and {count(len(names) - limit, 'more ' + noun)}"


TARGETS_NAMED = 2
LONGEST_TITLE = 90
LONGEST_TARGET = 30


def program_in_words(about: AboutProgram) -> str:
    """``The Assembly of Galaxies (PI Dicken, Daniel), targets A, B and 3 more``; empty where nothing is known."""
    title, pi_name = about.proposal
    names = [clipped(name, LONGEST_TARGET) for name in about.target_names]
    words = [clipped(title, LONGEST_TITLE)] if title else []
    words += [f"(PI {clipped(pi_name, LONGEST_TARGET)})"] if pi_name else []
    said = " ".join(words)
    if not names:
        return said
    more = len(names) - TARGETS_NAMED
    shown = f"{', '.join(names[:TARGETS_NAMED])} and {more:,} more" if more > 0 else listed(names)
    return ", ".join(filter(None, [said, f"{'target' if len(names) == 1 else 'targets'} {shown}"]))


def percent(part: int, whole: int) -> str:
    """Never ``0%`` of something, never ``100%`` of less than all."""
    if 0 < part * 100 < whole:
        return "<1%"
    return f"{part * 100 // whole}%"


_DAY_LENGTH = timedelta(days=1)


def forecast_in_words(pace: Pace | None, rest: int) -> str:
    """``at the rate of the last 3 days (408 products), the rest takes about 7 days``; or empty."""
    takes = pace.forecast(rest) if pace else None
    if pace is None or takes is None:
        return ""
    days = max(1, round(takes / _DAY_LENGTH))
    basis = f"the last {count(pace.over // _DAY_LENGTH, 'day')} ({count(pace.arrived, 'product')})"
    return f"at the rate of {basis}, the rest takes about {count(days, 'day')}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def period(starts: datetime, ends: datetime, timezone: str) -> str:
    """``21 Nov 07:00 to 22 Nov 2026 07:00 CET (06:00Z)``; a first look has no length: ``21 Nov 2026 ...``."""
    zone = ZoneInfo(timezone)
    begin, end = starts.astimezone(zone), ends.astimezone(zone)
    words = f"{_full_day(end)} {_clock(end)} {zone_name(end)}"
    if starts != ends:
        first = _day(begin) if begin.year == end.year else _full_day(begin)
        # Two ends of a period can have two offsets: the night that the clocks change.
        begin_zone = "" if begin.utcoffset() == end.utcoffset() else f" {zone_name(begin)}"
        words = f"{first} {_clock(begin)}{begin_zone} to {words}"
    return words if zone_name(end) == "UTC" else f"{words} ({_in_utc(starts, ends, end)})"


def _in_utc(starts: datetime, ends: datetime, local_end: datetime) -> str:
    begin, end = starts.astimezone(UTC), ends.astimezone(UTC)
    if end.date() == local_end.date():
        return f"{_clock(end)}Z" if _clock(begin) == _clock(end) else f"{_clock(begin)}Z to {_clock(end)}Z"
    return f"{_day(begin)} {_clock(begin)}Z to {_day(end)} {_clock(end)}Z"


def moment_in_utc(moment: datetime, near: datetime) -> str:
    """``05:58Z`` on the day of `near` (UTC), ``20 Nov 05:58Z`` in its year, ``20 Nov 2025 05:58Z`` before."""
    moment, near = moment.astimezone(UTC), near.astimezone(UTC)
    if moment.date() == near.date():
        return f"{_clock(moment)}Z"
    date = _day(moment) if moment.year == near.year else _full_day(moment)
    return f"{date} {_clock(moment)}Z"


def day(moment: datetime, near: datetime) -> str:
    """``21 Nov``, with the year where it is another than that of `near`. Both in the zone that is wanted."""
    return _day(moment) if moment.year == near.year else _full_day(moment)


def days_of(span: PedigreeSpan) -> str:
    """The UTC days of DATE: ``21 Nov 2026``, ``2 to 9 Nov 2025``, ``28 Oct to 9 Nov 2025``; or ``none``."""
    if span.earliest is None or span.latest is None:
        return "none"
    return days_between(span.earliest.astimezone(UTC), span.latest.astimezone(UTC))


def days_between(first: datetime, last: datetime) -> str:
    """``21 Nov 2026``, ``2 to 9 Nov 2025``, ``28 Oct to 9 Nov 2025``. Both in the zone that is wanted."""
    if first.date() == last.date():
        return _full_day(last)
    if first.year != last.year:
        return f"{_full_day(first)} to {_full_day(last)}"
    return f"{first.day if first.month == last.month else _day(first)} to {_full_day(last)}"


def times_of(span: PedigreeSpan) -> str:
    """DATE to the second, UTC, for two that share a day: ``21 Nov 2026 08:40:12Z``."""
    if span.earliest is None or span.latest is None:
        return "none"
    first, last = (
        f"{_full_day(moment)} {moment:%H:%M:%S}Z"
        for moment in (span.earliest.astimezone(UTC), span.latest.astimezone(UTC))
    )
    return first if first == last else f"{first} to {last}"


def _day(moment: datetime) -> str:
    return f"{moment.day} {_MONTHS[moment.month - 1]}"


def _full_day(moment: datetime) -> str:
    return f"{_day(moment)} {moment.year:04d}"


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M}"


LONGEST_VALUE = 56
"""Columns that a keyword's value may take: what a header holds can be anything."""


def keywords_in_words(cal_ver: str | None, crds_ctx: str | None, longest: int = LONGEST_VALUE) -> str:
    """``2.0.1, jwst_1535``."""
    return _phrase(cal_ver, "", crds_ctx, longest)


def span_in_words(span: PedigreeSpan) -> str:
    """``2.0.1 (B12.3.1), jwst_1535, made 2 to 9 Nov 2025``."""
    build = build_name(span.cal_ver)
    words = _phrase(span.cal_ver, f" ({build})" if build else "", span.crds_ctx, LONGEST_VALUE)
    return words if span.earliest is None else f"{words}, made {days_of(span)}"


def _phrase(cal_ver: str | None, build: str, crds_ctx: str | None, longest: int) -> str:
    if cal_ver is None and crds_ctx is None:
        return "uncalibrated"
    version = "no CAL_VER" if cal_ver is None else clipped(cal_ver, longest) + build
    context = context_name(crds_ctx)
    return f"{version}, {'no CRDS_CTX' if context is None else clipped(context, longest)}"


def build_name(cal_ver: str | None) -> str:
    """The DMS build that a pipeline version was installed with; empty where it is not known."""
    build = build_of(cal_ver) if cal_ver else None
    return (build.dms_build or "") if build else ""


class OldAndNew(NamedTuple):
    """A keyword's values in two pedigrees, as they are shown."""

    old: str
    new: str


def keywords_moved(before: PedigreeSpan, after: PedigreeSpan) -> tuple[OldAndNew, OldAndNew, OldAndNew]:
    """CAL_VER, CRDS_CTX and DATE in two pedigrees."""
    return (
        OldAndNew(_value(before.cal_ver), _value(after.cal_ver)),
        OldAndNew(_value(context_name(before.crds_ctx)), _value(context_name(after.crds_ctx))),
        _dates(before, after),
    )


def _dates(before: PedigreeSpan, after: PedigreeSpan) -> OldAndNew:
    if (before.earliest, before.latest) == (after.earliest, after.latest):
        return OldAndNew(days_of(before), days_of(before))
    old, new = days_of(before), days_of(after)
    return OldAndNew(old, new) if old != new else OldAndNew(times_of(before), times_of(after))


def _value(text: str | None) -> str:
    return "none" if text is None else clipped(text, LONGEST_VALUE) or "(blank)"


_CONTEXT = re.compile(r"jwst_[0-9]{4,9}\.pmap")


def program_page(program: int) -> str:
    """MAST's table of a program, with the pedigree of each data set.

    The README of spacetelescope/jwst-caveat-notebooks tells people to look there.
    """
    columns = "fileSetName,dataset,cal_ver,crds_ctx,date"
    return f"https://mast.stsci.edu/search/ui/#/jwst/results?select_cols={columns}&program_id={program}"


def context_page(crds_ctx: str | None) -> str:
    """What CRDS says of a context, ``jwst_1535.pmap``; empty for what is no context."""
    known = crds_ctx and _CONTEXT.fullmatch(crds_ctx)
    return f"https://jwst-crds.stsci.edu/browse/{crds_ctx}" if known else ""


def product_file(filename: str, mast: str = "https://mast.stsci.edu") -> str:
    """Where MAST has a product; astroquery downloads it from there."""
    return f"{mast.rstrip('/')}/search/jwst/api/v0.1/retrieve_product?product_name={quote(filename, safe='')}"
