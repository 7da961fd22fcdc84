"""What is assumed of every answer of a keyword service: TLS and JSON, redirects, caches, speed and clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from pedigreed.doctor.assumption import Assumption
from pedigreed.doctor.control import PAGE, is_redirect, redirect_finding
from pedigreed.model.instant import to_mjd
from pedigreed.net.exchange import NoAnswer
from pedigreed.sources.mast.query import ARCHIVED, columns_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pedigreed.doctor.assumption import Finding
    from pedigreed.doctor.control import Control


_CLOCKS_APART = timedelta(minutes=2)
_LATEST = timedelta(days=30)
_PASSING = frozenset((429, 500, 502, 503, 504))
_PAUSE = 1.0
"""Seconds."""


ANSWERS = Assumption(
    "TLS and JSON",
    "a keyword service answers a small question in JSON, over TLS where the address has https",
    "the portal's documentation; astroquery and mastquery ask so",
    "nothing is known of the archive: every program is not checked, and the digests say so",
)


def _answers(of: Control) -> Finding:
    began = time.monotonic()
    came = of.asked_plainly()
    if isinstance(came, NoAnswer) or came.status in _PASSING:
        # One bad moment is no reason to check nothing.
        time.sleep(_PAUSE)
        came = of.asked_plainly()
    if isinstance(came, NoAnswer):
        return ANSWERS.wrong(came.trouble.words)
    if is_redirect(came.status):
        return ANSWERS.unknown(f"HTTP {came.status}, a redirect")
    if came.status != HTTPStatus.OK or came.trouble is not None:
        return ANSWERS.wrong(f"HTTP {came.status}" if came.trouble is None else came.trouble.words)
    of.ask("filename", size=1)
    kind = came.headers.get("Content-Type", "no type").partition(";")[0]
    secured = "over TLS, with a certificate that is trusted" if of.url.startswith("https:") else "without TLS"
    seconds = round(time.monotonic() - began, 3)
    return ANSWERS.right(f"{kind}, {secured}, in {seconds:.1f} s", type=kind, seconds=seconds)


REDIRECTS = Assumption(
    "redirects",
    "MAST's address answers itself, and redirects to no other",
    "astroquery posts to it",
    "a question that is redirected loses its body: write the new address into sources.mast.url",
)


def _redirects(of: Control) -> Finding:
    return redirect_finding(REDIRECTS, of.asked_plainly())


REPEATED = Assumption(
    "a question asked again",
    "a question that is asked again under another cacheBreaker is answered anew, and alike",
    "astroquery adds one to each query",
    "an older answer is noticed by its dates of ingest, and takes nothing back",
)


def _repeated(of: Control) -> Finding:
    answers, seconds = [], []
    is_kept = False
    for _ in range(2):
        began = time.monotonic()
        answers.append(sorted(of.names(of.ask("filename,date_mjd"))))
        seconds.append(round(time.monotonic() - began, 3))
        is_kept = is_kept or _is_from_a_cache(of.portal.headers)
    is_alike = answers[0] == answers[1]
    came = f"{'alike' if is_alike else 'another answer'}, in {seconds[0]} and {seconds[1]} s"
    rows = len(of.ask("filename,date_mjd", size=1).rows)
    if rows == len(answers[0]) > 1:
        # The portal's software kept answers by service and columns and filters alone.
        is_kept, came = True, f"{came}, and a page of one row has {rows:,}"
    if is_kept:
        came = f"{came}, out of a cache"
    return REPEATED.judged(is_alike and not is_kept, came, seconds=seconds, is_kept=is_kept)


def _is_from_a_cache(headers: Mapping[str, str]) -> bool:
    """Whether a cache on the way says that it had the answer already (RFC 9111, 5.1, and what most write)."""
    age = headers.get("Age", "").strip()
    return (age.isdecimal() and int(age) > 0) or headers.get("X-Cache", "").strip().lower().startswith("hit")


SPEED = Assumption(
    "size and speed",
    "pages of 1, 1,000 and 50,000 rows come whole, within the time limit of one exchange",
    "JWQL waits for minutes; 50,000 rows are about 40 MB",
    "what is too slow or too big is asked for in halves, and what worked for a month",
)


def _speed(of: Control) -> Finding:
    measured = {}
    is_whole = True
    columns = ",".join(columns_for(of.control))
    since = {"paramName": ARCHIVED, "values": [{"min": to_mjd(datetime.now(UTC) - _LATEST), "max": 99999}]}
    for size, filters, programs in ((1, (), None), (1_000, (), None), (PAGE, (since,), ())):
        began = time.monotonic()
        page = of.ask(columns, *filters, size=size, programs=programs)
        is_whole = is_whole and len(page.rows) >= min(size, page.total or 0)
        measured[str(size)] = {
            "rows": len(page.rows),
            "bytes": sum(len(memoryview(row)) for row in page.rows),
            "seconds": round(time.monotonic() - began, 3),
        }
    came = ", ".join(f"{each['rows']:,} rows in {each['seconds']} s" for each in measured.values())
    if not is_whole:
        came = f"{came}: fewer than a page was asked to have"
    return SPEED.judged(is_whole, came, sizes=measured)


CLOCK = Assumption(
    "clocks",
    "MAST's clock and this machine's are less than two minutes apart",
    "the Date of an answer",
    "an increment reaches back two days, so nothing is missed; digests are told at the wrong time",
)


def _clock(of: Control) -> Finding:
    said = of.portal.headers.get("Date")
    if said is None:
        return CLOCK.unknown("MAST does not say its time")
    try:
        apart = abs(parsedate_to_datetime(said) - datetime.now(UTC))
    except (ValueError, TypeError):
        return CLOCK.unknown("MAST's time can't be read")
    return CLOCK.judged(
        apart < _CLOCKS_APART, f"{apart.total_seconds():.0f} s apart", seconds=round(apart.total_seconds())
    )


FIRST = ((ANSWERS, _answers), (REDIRECTS, _redirects))
CACHES = ((REPEATED, _repeated),)
CHECKS = (
    (SPEED, _speed),
    (CLOCK, _clock),
)
