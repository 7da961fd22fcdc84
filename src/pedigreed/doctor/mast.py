"""What is assumed of MAST's keyword services, and how each assumption is checked: some forty small questions."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from pedigreed.doctor.assumption import Assumption, Finding, Outcome
from pedigreed.model.failure import Unreadable, UpstreamRefused, UpstreamUnavailable
from pedigreed.model.instant import ROUNDING, from_mjd, parse_instant, to_mjd
from pedigreed.model.instrument import Instrument
from pedigreed.net.exchange import Request, blocking_exchange, limits_of, usable
from pedigreed.net.patience import Patience as NetPatience
from pedigreed.sources.mast.columns import NEEDED_TO_TELL, columns_for, service_of, spelt_as_asked
from pedigreed.sources.mast.query import ARCHIVED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pedigreed.sources.mast.envelope import Page
    from pedigreed.sources.mast.portal import Portal

Row = dict[str, object]
Check = tuple[Assumption, "Callable[[MastExamination], Finding]"]

CONTROL_PROGRAM = 2733
"""Early-release observations of a nebula, public since July 2022, with NIRCam and MIRI."""

_NO_PROGRAM = 99_998
_MANY = tuple(range(99_800, 99_899))
_PAGE = 50_000
_CLOCKS_APART = timedelta(minutes=2)
_LATEST = timedelta(days=30)
_FOR_LATER = NetPatience(exchange_timeout=20.0, total_timeout=30.0, attempts=1, largest_answer=4_000_000)


@dataclass
class MastExamination:
    """Asks one archive. What one check learns the next ones use.

    Attributes:
        portal: how the archive is asked.
        url: its address.
        program: the control program.
        control: the instrument whose service has the most rows of it.
        rows: those rows, by file name.
    """

    portal: Portal
    url: str
    program: int = CONTROL_PROGRAM
    control: Instrument = Instrument.NIRCAM
    rows: dict[str, Row] = field(default_factory=dict)
    total: int | None = None

    def ask(
        self,
        columns: str,
        *filters: Mapping[str, object],
        instrument: Instrument | None = None,
        page: int = 1,
        size: int = _PAGE,
        programs: Sequence[str] | None = None,
    ) -> Page:
        """One page. Raises as `Portal.invoke` and `Reply.page`."""
        self.portal.start_query()
        asked = [str(self.program)] if programs is None else list(programs)
        of_program = [{"paramName": "program", "values": asked}] if asked else []
        params = {"columns": columns, "filters": [*of_program, *filters]}
        service = service_of(instrument or self.control)
        return self.portal.invoke(service, params, uuid.uuid4().hex, page, size).page()

    def read(self, page: Page) -> list[Row]:
        """The rows of a page, their columns spelt as they were asked for."""
        return [dict(spelt_as_asked(page.read(row))) for row in page.rows]


def _right(assumption: Assumption, came: str, **measured: object) -> Finding:
    return Finding(assumption, Outcome.RIGHT, came, measured)


def _wrong(assumption: Assumption, came: str, **measured: object) -> Finding:
    return Finding(assumption, Outcome.WRONG, came, measured)


def _unknown(assumption: Assumption, came: str, **measured: object) -> Finding:
    return Finding(assumption, Outcome.UNKNOWN, came, measured)


def _judged(assumption: Assumption, is_right: bool, came: str, **measured: object) -> Finding:
    return (_right if is_right else _wrong)(assumption, came, **measured)


ANSWERS = Assumption(
    "MAST answers in JSON",
    "a keyword service answers a small question as JSON, over TLS where the address has https",
    "the portal's documentation; astroquery and mastquery ask so",
    "nothing is known of the archive: every program is not checked, and the digests say so",
)


def _answers(of: MastExamination) -> Finding:
    began = time.monotonic()
    of.ask("filename", size=1)
    return _right(ANSWERS, f"in {time.monotonic() - began:.1f} s", seconds=round(time.monotonic() - began, 3))


CONFIGURED = Assumption(
    "columns configuration",
    "each of the five services lists its columns, those that matter among them",
    "astroquery reads the same list",
    "every column is asked for, and those that are refused by name are left out",
)


def _configured(of: MastExamination) -> Finding:
    counts = {}
    for instrument in Instrument:
        of.portal.start_query()
        counts[instrument.value] = len(of.portal.columns_of(service_of(instrument)))
    lacking = [name for name, count in counts.items() if not count]
    came = f"5 of 5, of {min(counts.values())} to {max(counts.values())} columns"
    return _judged(CONFIGURED, not lacking, f"none of {', '.join(lacking)}" if lacking else came, columns=counts)


COLUMNS = Assumption(
    "columns",
    "each service gives the columns that are asked for, with values in those that something hangs on",
    "mastquery's lists of May 2026; a real year of rows",
    "a column that is refused, absent or null is done without, and the operator is told what can't be told",
)


def _columns(of: MastExamination) -> Finding:
    refused: dict[str, str] = {}
    described: dict[str, object] = {}
    most: list[Row] = []
    for instrument in Instrument:
        wanted = columns_for(instrument)
        try:
            page = of.ask(",".join(wanted), instrument=instrument)
        except UpstreamRefused as error:
            refused[instrument.value] = str(error)[:200]
            continue
        rows = of.read(page)
        if not rows:
            continue
        absent = [column for column in wanted if column not in rows[0]]
        null = [column for column in NEEDED_TO_TELL if all(row.get(column) is None for row in rows)]
        described[instrument.value] = {
            column: {
                "types": sorted({type(row.get(column)).__name__ for row in rows}),
                "nulls": round(sum(row.get(column) is None for row in rows) / len(rows), 3),
            }
            for column in wanted
        }
        if absent or null:
            refused[instrument.value] = f"without {', '.join(sorted({*absent, *null}))}"
        if len(rows) > len(most):
            most, of.control, of.total = rows, instrument, page.total
    of.rows = {str(row.get("filename")): row for row in most}
    if refused:
        came = "; ".join(f"{name}: {said}" for name, said in refused.items())
        return _wrong(COLUMNS, came, columns=described)
    if not most:
        return _unknown(COLUMNS, f"no rows of program {of.program}")
    return _right(COLUMNS, f"all, in {len(most):,} rows of {of.control.written}", columns=described)


TOTAL = Assumption(
    "rows and total",
    "a page says how many rows there are, and so many different ones come",
    "JWQL's notebook of a real reply",
    "the service is asked to count; where it does not, the answer is not complete",
)


def _total(of: MastExamination) -> Finding:
    came = f"{len(of.rows):,} different rows, and a total of {of.total}"
    return _judged(TOTAL, of.total == len(of.rows), came, rows=len(of.rows), total=of.total)


COUNT = Assumption(
    "count",
    "COUNT_BIG(*) gives as many rows as come",
    "JWQL counts so (2024); on another service it came as text in 2026",
    "nothing, where pages say their total: a count is asked for only where they do not",
)


def _count(of: MastExamination) -> Finding:
    page = of.ask("COUNT_BIG(*)", size=1)
    ((name, value),) = page.read(page.rows[0]).items()
    form = type(value).__name__
    is_right = str(value) == str(len(of.rows))
    return _judged(COUNT, is_right, f"{value!s:.20} as {form}, of {len(of.rows):,} rows", key=name, form=form)


EMPTY = Assumption(
    "paging of an empty answer",
    "an answer without rows says that its total is 0; it may name page 0, and have no table",
    "an old public source of the portal's software",
    "the service is asked to count before an empty answer is taken for complete",
)


def _empty(of: MastExamination) -> Finding:
    page = of.ask("filename", programs=[str(_NO_PROGRAM)])
    came = f"{len(page.rows)} rows, page {page.number} of {page.pages}, a total of {page.total}"
    return _judged(
        EMPTY, not page.rows and page.total == 0, came, page=page.number, pages=page.pages, total=page.total
    )


PAGES = Assumption(
    "order of pages",
    "small pages, asked for twice, have the same rows, none of them twice",
    "nothing: pages of another service overlapped in July 2026",
    "a program of many rows is asked for on one page, or by observation",
)


def _pages(of: MastExamination) -> Finding:
    size = max(1, -(-len(of.rows) // 3))
    turns = [[_names(of, of.ask("filename", page=page, size=size)) for page in (1, 2, 3)] for _ in range(2)]
    doubles = sum(count - 1 for count in Counter(name for page in turns[0] for name in page).values())
    came = f"{doubles} rows twice, {'the same' if turns[0] == turns[1] else 'another'} order"
    is_right = not doubles and {name for page in turns[0] for name in page} == of.rows.keys()
    return _judged(PAGES, is_right, came, doubles=doubles, is_stable=turns[0] == turns[1])


def _names(of: MastExamination, page: Page) -> list[str]:
    return [str(row.get("filename")) for row in of.read(page)]


PROGRAMS = Assumption(
    "filter on programs",
    "a program is found by its number, with and without zeros before it, and no other program with it",
    "JWQL pads the number, mastquery does not",
    "rows of other programs are noticed, the answer is not complete, and the service rests",
)


def _programs(of: MastExamination) -> Finding:
    asked = {
        "padded": [f"{of.program:05d}"],
        "2 values": [str(of.program), str(_NO_PROGRAM)],
        "100 values": [str(of.program), *map(str, _MANY)],
        "unknown": [str(_NO_PROGRAM)],
    }
    counts = {name: len(_names(of, of.ask("filename", programs=values))) for name, values in asked.items()}
    expected = {name: 0 if name == "unknown" else len(of.rows) for name in asked}
    came = ", ".join(f"{name}: {count:,}" for name, count in counts.items())
    return _judged(PROGRAMS, counts == expected, came, counts=counts)


OBSERVATIONS = Assumption(
    "range of observations",
    "a range of observation numbers brings the rows of those observations",
    "JWQL filters by single observations; ranges are documented for numbers",
    "a program that is too slow or too big can't be asked for in parts, and is not checked",
)


def _observations(of: MastExamination) -> Finding:
    numbers = sorted({int(str(row["observtn"])) for row in of.rows.values() if row.get("observtn") is not None})
    last = numbers[(len(numbers) - 1) // 2]
    expected = {name for name, row in of.rows.items() if _integer(row.get("observtn")) in range(last + 1)}
    page = of.ask("filename", {"paramName": "observtn", "values": [{"min": 0, "max": last}]})
    came = set(_names(of, page))
    return _judged(OBSERVATIONS, came == expected, f"{len(came):,} of {len(expected):,} rows")


def _integer(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


INGESTED = Assumption(
    "range of ingest",
    "a range of the date of ingest brings what was ingested since, and only that",
    "CRDS's `stale` tool asked by ranges of MJD; all remakes of a real year were ingested anew",
    "older rows are noticed, and the instrument is asked for everything each time",
)


def _ingested(of: MastExamination) -> Finding:
    moments = sorted(float(str(row[ARCHIVED])) for row in of.rows.values() if row.get(ARCHIVED) is not None)
    since = moments[len(moments) // 2]
    slack = timedelta(seconds=1) / timedelta(days=1)
    page = of.ask("filename", {"paramName": ARCHIVED, "values": [{"min": since - slack, "max": 99999}]})
    came = set(_names(of, page))
    expected = {
        name
        for name, row in of.rows.items()
        if row.get(ARCHIVED) is not None and float(str(row[ARCHIVED])) >= since - slack
    }
    return _judged(
        INGESTED, came == expected, f"{len(came):,} rows, of which {len(came & expected):,} of {len(expected):,}"
    )


STALE = Assumption(
    "filter on isStale",
    "the services can be asked for what is marked as stale alone",
    "the column is one of theirs; such a filter was never seen",
    "stale flags are seen by sweeps alone; the question is not asked for a month",
)


def _stale(of: MastExamination) -> Finding:
    try:
        page = of.ask("filename,isStale", {"paramName": "isStale", "values": ["1"]}, programs=[str(of.program)])
    except UpstreamRefused as error:
        return _wrong(STALE, str(error)[:200], is_refused=True)
    flags = Counter(str(row.get("isStale")).lower() in {"true", "t", "1"} for row in of.read(page))
    expected = sum(str(row.get("isStale")).lower() in {"true", "t", "1"} for row in of.rows.values())
    came = f"{flags[True]:,} marked of {expected:,}, and {flags[False]:,} that are not"
    return _judged(STALE, not flags[False] and flags[True] == expected, came, is_ignored=bool(flags[False]))


REFUSED = Assumption(
    "words of a refused column",
    "a column that a service has not is refused with its name in the message",
    "errors that users of astroquery reported",
    "no column is left out, and an answer that is refused is not complete",
)


def _refused(of: MastExamination) -> Finding:
    column = "pedigreedasksforthis"
    try:
        page = of.ask(f"filename,{column}", size=1)
    except UpstreamRefused as error:
        return _judged(REFUSED, column in str(error).lower(), str(error)[:120])
    return _wrong(REFUSED, f"{len(page.rows)} rows, and no refusal")


REPEATED = Assumption(
    "a question asked again",
    "a question that is asked again under another cacheBreaker is answered anew, and alike",
    "astroquery adds one to each query",
    "an older answer is noticed by its dates of ingest, and takes nothing back",
)


def _repeated(of: MastExamination) -> Finding:
    answers, seconds = [], []
    for _ in range(2):
        began = time.monotonic()
        answers.append(sorted(_names(of, of.ask("filename,date_mjd"))))
        seconds.append(round(time.monotonic() - began, 3))
    came = f"{'alike' if answers[0] == answers[1] else 'another answer'}, in {seconds[0]} and {seconds[1]} s"
    return _judged(REPEATED, answers[0] == answers[1], came, seconds=seconds)


SPEED = Assumption(
    "size and speed",
    "1, 1,000 and 50,000 rows come within the time limit of one exchange",
    "JWQL waits for minutes; 50,000 rows are about 40 MB",
    "what is too slow or too big is asked for in halves, and what worked for a month",
)


def _speed(of: MastExamination) -> Finding:
    measured = {}
    columns = ",".join(columns_for(of.control))
    since = {"paramName": ARCHIVED, "values": [{"min": to_mjd(datetime.now(UTC) - _LATEST), "max": 99999}]}
    for size, filters, programs in ((1, (), None), (1_000, (), None), (_PAGE, (since,), ())):
        began = time.monotonic()
        page = of.ask(columns, *filters, size=size, programs=programs)
        measured[str(size)] = {
            "rows": len(page.rows),
            "bytes": sum(len(memoryview(row)) for row in page.rows),
            "seconds": round(time.monotonic() - began, 3),
        }
    came = ", ".join(f"{each['rows']:,} rows in {each['seconds']} s" for each in measured.values())
    return _right(SPEED, came, sizes=measured)


DATES = Assumption(
    "two forms of DATE",
    "`date` and `date_mjd` say the same, in UTC",
    "within 2 ms in a real year",
    "`date_mjd` is what counts; `date` is asked for only where that is not there",
)


def _dates(of: MastExamination) -> Finding:
    try:
        rows = of.read(of.ask("filename,date,date_mjd", size=1_000))
    except UpstreamRefused as error:
        return _unknown(DATES, f"`date` is refused: {error}"[:160])
    apart = [
        abs(parse_instant(str(row["date"])) - from_mjd(float(str(row["date_mjd"]))))
        for row in rows
        if row.get("date") is not None and row.get("date_mjd") is not None
    ]
    if not apart:
        return _unknown(DATES, "no row has both")
    most = max(apart)
    return _judged(
        DATES, most <= ROUNDING, f"at most {most / timedelta(milliseconds=1):.0f} ms apart in {len(apart):,} rows"
    )


RELEASE = Assumption(
    "release dates",
    "each row has the date of its release; `isRestricted` may say anything",
    "`isRestricted` was false in 110,127 real rows with their release ahead",
    "products are not told as public; the operator is told so once",
)


def _release(of: MastExamination) -> Finding:
    rows = of.read(of.ask("filename,publicReleaseDate_mjd,isRestricted", size=1_000))
    dated = [row for row in rows if row.get("publicReleaseDate_mjd") is not None]
    flagged = sum(str(row.get("isRestricted")).lower() in {"true", "t", "1"} for row in rows)
    now = to_mjd(datetime.now(UTC))
    ahead = sum(float(str(row["publicReleaseDate_mjd"])) > now for row in dated)
    came = f"{len(dated):,} of {len(rows):,} dated, {ahead:,} ahead, {flagged:,} flagged"
    return _judged(RELEASE, len(dated) == len(rows), came, dated=len(dated), ahead=ahead, flagged=flagged)


LEVELS = Assumption(
    "levels of an exposure",
    "a lower level may be listed beside a higher one, or in its place",
    "MAST's documentation has the highest alone; a real year had both for days",
    "nothing: what left the list for a higher level is told as that, once a sweep shows it",
)


def _levels(of: MastExamination) -> Finding:
    both = sum(
        name.replace("_cal.fits", "_rate.fits") in of.rows for name in of.rows if name.endswith("_cal.fits")
    )
    cals = sum(name.endswith("_cal.fits") for name in of.rows)
    return _right(LEVELS, f"{both:,} of {cals:,} cal files have their rate listed", both=both, cals=cals)


KEYWORDS = Assumption(
    "keyword record of one file",
    "the viz service gives one file's keywords; nothing uses it yet",
    "STScI's page on the API",
    "nothing",
)
DOWNLOAD = Assumption(
    "download of one file",
    "a file can be had in part, with its size; nothing uses it yet",
    "astroquery downloads so",
    "nothing",
)
MISSIONS = Assumption(
    "columns of the Missions search",
    "the search of datasets lists its columns; nothing uses it yet",
    "astroquery reads the same list",
    "nothing",
)


def _later(of: MastExamination, assumption: Assumption, path: str, headers: Mapping[str, str]) -> Finding:
    """Look at what nothing uses yet. A range of a file comes with status 206."""
    request = Request("GET", f"{of.url.rstrip('/')}{path}", {"User-Agent": "pedigreed doctor", **headers})
    try:
        came = blocking_exchange(request, limits_of(_FOR_LATER, _FOR_LATER.deadline()))
        answer = usable(came, (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT))
    except UpstreamUnavailable as error:
        return _unknown(assumption, f"not there: {error}")
    return _right(assumption, f"HTTP {answer.status}, {len(answer.body):,} bytes", bytes=len(answer.body))


def _keywords(of: MastExamination) -> Finding:
    name = quote(f"mast:JWST/product/{next(iter(of.rows))}", safe="")
    return _later(of, KEYWORDS, f"/viz/api/v0.1/keywords/search?uri={name}", {})


def _download(of: MastExamination) -> Finding:
    name = quote(next(iter(of.rows)), safe="")
    path = f"/search/jwst/api/v0.1/retrieve_product?product_name={name}"
    return _later(of, DOWNLOAD, path, {"Range": "bytes=0-2879"})


def _missions(of: MastExamination) -> Finding:
    return _later(of, MISSIONS, "/search/util/api/v0.1/column_list?mission=jwst", {})


CLOCK = Assumption(
    "clocks",
    "MAST's clock and this machine's are less than two minutes apart",
    "the Date of an answer",
    "an increment reaches back two days, so nothing is missed; digests are told at the wrong time",
)


def _clock(of: MastExamination) -> Finding:
    said = of.portal.headers.get("Date")
    if said is None:
        return _unknown(CLOCK, "MAST does not say its time")
    try:
        apart = abs(parsedate_to_datetime(said) - datetime.now(UTC))
    except (ValueError, TypeError):
        return _unknown(CLOCK, "MAST's time can't be read")
    return _judged(
        CLOCK, apart < _CLOCKS_APART, f"{apart.total_seconds():.0f} s apart", seconds=round(apart.total_seconds())
    )


CHECKS: tuple[Check, ...] = (
    (ANSWERS, _answers),
    (CONFIGURED, _configured),
    (COLUMNS, _columns),
    (TOTAL, _total),
    (COUNT, _count),
    (EMPTY, _empty),
    (PAGES, _pages),
    (PROGRAMS, _programs),
    (OBSERVATIONS, _observations),
    (INGESTED, _ingested),
    (STALE, _stale),
    (REFUSED, _refused),
    (REPEATED, _repeated),
    (SPEED, _speed),
    (DATES, _dates),
    (RELEASE, _release),
    (LEVELS, _levels),
    (KEYWORDS, _keywords),
    (DOWNLOAD, _download),
    (MISSIONS, _missions),
    (CLOCK, _clock),
)
"""In the order of asking. What the later ones need the earlier ones have checked."""

_FIRST = (ANSWERS, COLUMNS)
"""Without these there is nothing to hold the others against."""


def examine_mast(of: MastExamination) -> Iterator[Finding]:
    """Check one assumption after the other. What can't be checked is a finding too."""
    stopped = ""
    for assumption, check in CHECKS:
        if stopped or (not of.rows and CHECKS.index((assumption, check)) > CHECKS.index((COLUMNS, _columns))):
            yield _unknown(assumption, f"not asked: {stopped or f'there are no rows of program {of.program}'}")
            continue
        finding = _checked(assumption, check, of)
        if assumption is ANSWERS and finding.outcome is not Outcome.RIGHT:
            stopped = "MAST does not answer"
        yield finding


def _checked(assumption: Assumption, check: Callable[[MastExamination], Finding], of: MastExamination) -> Finding:
    try:
        return check(of)
    except UpstreamUnavailable as error:
        return _wrong(assumption, str(error)[:200])
    except (Unreadable, ValueError, KeyError, IndexError) as error:
        # Whatever has another form than this expects is what is to be found out.
        return _wrong(assumption, f"in a form that is not known ({type(error).__name__})")
