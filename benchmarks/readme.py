"""The figures as README.md: what was measured, what came out, and whether it is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.chaos_words import chaos_rows, chaos_words
from benchmarks.daemon_words import daemon_rows, idle_words, ready_words, week_words
from benchmarks.disk_words import disk_rows, disk_words
from benchmarks.impact_words import impact_rows, impact_words
from benchmarks.institute_words import institute_rows, institute_words
from benchmarks.large_digest_words import large_digest_rows, large_digest_words
from benchmarks.machine import libraries, machine
from benchmarks.notice_words import kept_words, notice_rows, notice_words, telling_row
from benchmarks.several_hosts_words import several_hosts_rows, several_hosts_words
from benchmarks.simulated_year_words import simulated_year_rows, simulated_year_words
from benchmarks.verdicts import Row, least, mb, most
from benchmarks.whole_archive_words import whole_archive_rows, whole_archive_words
from benchmarks.whole_once_words import seconds, whole_once_rows, whole_once_words

if TYPE_CHECKING:
    from benchmarks.figures import Days, Measured, OneReply, Timing

_MOST_OF_LOADS = 1.5
_MOST_OF_LOADS_FOR_ALL = 15
_MOST_OF_LOADS_AT_FIRST = 10
_LEAST_OF_SCRIPT = 3.0
_MOST_PEAK = 300
_MOST_GROWTH = 1.25
_LEAST_OF_BARE = 0.5
_LEAST_OF_SLOW_BARE = 0.9


def readme(measured: Measured) -> str:
    """The whole of README.md."""
    paragraphs = (
        "# Benchmarks",
        (
            "`make bench` (or `.venv/dev/bin/python -m benchmarks`) measures and writes this file, in about an "
            'hour; `make bench BENCH="idle impact"` measures two of the modules anew and keeps the other '
            "figures, which may be of another day and machine. What is compared runs by turns in one process. "
            "Times are medians (shortest to longest)."
        ),
        f"Taken on {machine()}. {libraries()}.",
        (
            "The machine is shared, and its speed changes: to import astroquery's client and SQLAlchemy, and "
            f"nothing else, took {seconds(measured.once.client):.1f} s of the processor when `once` was measured, "
            "and 0.8 s at its fastest."
        ),
        *_table(measured),
        "## One reply of 50,000 rows",
        *_one_reply(measured),
        "## Beside the script that a user would write",
        _script(measured),
        whole_once_words(measured.once),
        "## A million rows in 20 replies",
        _million(measured),
        "## Requests a day",
        _requests(measured),
        "## Sending",
        _messages(measured),
        "## A backlog",
        _backlog(measured),
        "## The daemon at rest",
        idle_words(measured.idle),
        "## The daemon until it is ready",
        ready_words(measured.daemon),
        "## A week of the daemon",
        *week_words(measured.week),
        "## Starting",
        _starting(measured),
        "## Reading notices",
        notice_words(measured.notices),
        kept_words(measured.kept),
        "## Chaos",
        *chaos_words(measured.chaos),
        "## CRDS's rules",
        impact_words(measured.impact),
        "## Files on a disk",
        disk_words(measured.disk),
        "## Thousands of subscriptions",
        institute_words(measured.institute),
        "## The whole archive",
        whole_archive_words(measured.whole, measured.whole_on_postgresql),
        "## Digests of very many changes",
        large_digest_words(measured.large_digest),
        "## Several hosts",
        *several_hosts_words(measured.several_hosts),
        "## A year",
        simulated_year_words(measured.year),
    )
    return "\n\n".join(paragraphs) + "\n"


def rows(measured: Measured) -> list[Row]:
    """Every figure."""
    full, short, script, million = measured.full, measured.short, measured.script, measured.million
    return [
        most(f"{mb(full.size)} reply, 1 % changed, against orjson.loads", _changed(full), _MOST_OF_LOADS),
        most("the same, unchanged", _unchanged(full), _MOST_OF_LOADS),
        most("the same, all changed", full.all_changed.median / full.loads_all.median, _MOST_OF_LOADS_FOR_ALL),
        most("the same, a first look", full.first_look.median / full.loads_all.median, _MOST_OF_LOADS_AT_FIRST),
        most(f"{mb(short.size)} reply, 1 % changed, against orjson.loads", _changed(short), _MOST_OF_LOADS),
        most("the same, unchanged", _unchanged(short), _MOST_OF_LOADS),
        least("times faster than the script", script.script.median / script.changed.median, _LEAST_OF_SCRIPT),
        *whole_once_rows(measured.once),
        most("a million rows, first look: last five against first five", million.first.growth, _MOST_GROWTH),
        most("a million rows, second look: the same", million.second.growth, _MOST_GROWTH),
        most("peak memory, MB", million.second.peak / 1e6, _MOST_PEAK),
        ("requests a day, with increments", _a_day(measured.requests.large), "", ""),
        ("requests a day, without", _a_day(measured.requests.large_sweeps), "", ""),
        least("messages a second, against a bare loop", _of_bare(measured), _LEAST_OF_BARE),
        least(
            f"the same, where the server takes {measured.messages.slow_seconds * 1e3:.0f} ms for a message",
            measured.messages.slow_bare.median / measured.messages.slow_outbox.median,
            _LEAST_OF_SLOW_BARE,
        ),
        most(
            "one message among 100,000 that wait, against 1,000", *_growth(measured.backlog.among_many, measured)
        ),
        most("one message after 100,000 that were sent", *_growth(measured.backlog.after_many, measured)),
        *daemon_rows(measured),
        *notice_rows(measured.notices),
        telling_row(measured.kept),
        *chaos_rows(measured.chaos),
        *impact_rows(measured.impact),
        *disk_rows(measured.disk),
        *institute_rows(measured.institute),
        *whole_archive_rows(measured.whole, measured.whole_on_postgresql),
        *large_digest_rows(measured.large_digest),
        *several_hosts_rows(measured.several_hosts),
        *simulated_year_rows(measured.year),
    ]


def _table(measured: Measured) -> tuple[str]:
    lines = ["| figure | result | target | |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows(measured)]
    return ("\n".join(lines),)


def _one_reply(measured: Measured) -> tuple[str, ...]:
    return (
        (
            "From the reply's bytes to a committed store and its changes, on the product's own way "
            "(`service.asking.collect`): the check of the reply's status, its rows, the comparison, one "
            "transaction on an SQLite file with `synchronous=FULL`. Only the HTTP exchange is left out, since "
            "`orjson.loads` has none either. The store is opened before, and every run finds it in the same state."
            " All times are of the processor."
        ),
        f"With every column that is asked of the archive: {_reply_in_words(measured.full)}",
        (
            "With a shorter list of columns, where `orjson.loads` has less to read and the store as much to do, "
            "since it keeps a fingerprint of each row whatever its length: "
            f"{_reply_in_words(measured.short)}"
        ),
        (
            "Where everything changed, each row is read, compared and kept with its change. What follows was "
            "taken when the machine was fast. What SQLite takes of that, by `sqlite3` alone, is 11 microseconds a "
            "row, where `orjson.loads` takes 3: 3.4 to find it by its name, 3.7 to write it, where no index goes "
            "by what changed, and 3.9 to add its change to a table with three indexes. Earlier it took 27 times "
            "as long as `orjson.loads`, and a first look 12.7 times. Of about 44 microseconds a row, which were "
            "60 before products, pedigrees and changes were structs of msgspec and what rows have in common was "
            "looked up at once, another 12 read the row, and the rest is the comparison, the change's identity "
            "and the values that SQLite is handed. The shorter list has the same of all that, and less to load: "
            "there, to cut the rows and tell each by its fingerprint takes 0.13 of `orjson.loads`, and to read "
            "50,000 fingerprints and names from SQLite, by `sqlite3` alone, 0.27: 0.40 is the floor, and an "
            "unchanged reply is at some three times that, since what came is looked up, counted and held against "
            "what is known. What SQLite and the reading of a row take is 23 of the 44 microseconds of a change, "
            "which is nearly 8 times `orjson.loads`."
        ),
    )


def _reply_in_words(reply: OneReply) -> str:
    return (
        f"{mb(reply.size)}. 1 % changed: {reply.changed}, against {reply.loads} of `orjson.loads`: "
        f"{_changed(reply):.2f} times. Unchanged: {reply.unchanged}, against {reply.loads_unchanged}: "
        f"{_unchanged(reply):.2f} times. All changed: {reply.all_changed}, against {reply.loads_all}: "
        f"{reply.all_changed.median / reply.loads_all.median:.1f} times. A first look, where all rows are new: "
        f"{reply.first_look}."
    )


def _script(measured: Measured) -> str:
    script = measured.script
    return (
        "The same bytes by `json.loads`, astroquery's own conversion to a table, pandas, a merge with yesterday's "
        "file and the file written back (a pickle, which is faster than CSV): "
        f"{script.script}. The product: {script.changed}. "
        f"It is {script.script.median / script.changed.median:.1f} times faster, and has the changes and their "
        "history in a store that survives a power loss."
    )


def _million(measured: Measured) -> str:
    first, second, idle = measured.million.first, measured.million.second, measured.million.idle
    return (
        "20 programs of 50,000 products each, asked of an archive in another process over HTTP on loopback, in a "
        f"fresh process. First look: {sum(first.seconds):.0f} s, {len(first.seconds)} replies; the last five take "
        f"{first.growth:.2f} times as long as the first five. A second look with 1 % changed: "
        f"{sum(second.seconds):.1f} s with the exchange, {second.changes:,} changes; the last five against the "
        f"first five {second.growth:.2f}. Peak memory {first.peak / 1e6:.0f} MB after the first look and "
        f"{second.peak / 1e6:.0f} MB after the second; {idle / 1e6:.0f} MB of that is the process with astroquery "
        "before it does anything."
    )


def _requests(measured: Measured) -> str:
    asked = measured.requests
    return (
        "200 programs over five instruments, counted at the recorded archive over eight days, one look a day. "
        f"Programs of 1,000 products in each instrument, a million in all (in miniature: products and page size "
        f"by the same factor): {_a_day(asked.large)} requests a day with increments, "
        f"{_a_day(asked.large_sweeps)} without. Programs so small that all of them fit in a page: "
        f"{_a_day(asked.small)} and {_a_day(asked.small_sweeps)}. Of the rows, increments and the sweeps that are "
        f"spread over a week ask for {_share(asked.large):.0%} a day. The first look takes "
        f"{asked.large.requests[0]} requests and {asked.small.requests[0]}. "
        "Polls of a busy service are not counted."
    )


def _messages(measured: Measured) -> str:
    found = measured.messages
    return (
        f"{found.count:,} mails of {found.size / 1e3:.1f} kB, each to one address, to a server in another process "
        f"on loopback that takes everything. A bare loop of aiosmtplib that keeps nothing: {found.bare}, "
        f"{found.count / found.bare.median:,.0f} a second. The outbox on an SQLite file with "
        "`synchronous=FULL`, where every message is taken in the store before it is sent and what came of it is "
        f"kept after: {found.outbox}, {found.count / found.outbox.median:,.0f} a second. What that costs at the "
        "least, the bare loop with one commit of one row after each message, by `sqlite3` itself: "
        f"{found.committing}, {found.bare.median / found.committing.median:.2f} of the bare loop. All of them "
        f"send {found.a_session} messages over a connection. A server that takes no time for a message "
        f"is the worst case. {found.slow_count:,} of them to one that takes {found.slow_seconds * 1e3:.0f} ms for "
        f"each: {found.slow_bare} by the bare loop, {found.slow_committing} with the commits "
        f"({found.slow_bare.median / found.slow_committing.median:.2f}), {found.slow_outbox} by the outbox. On a "
        "slower disk, where the commits alone left 0.56 and 0.84 of the bare loop, the outbox was at 0.41 and "
        "0.77."
    )


def _backlog(measured: Measured) -> str:
    found = measured.backlog
    return (
        f"What one of {found.few:,} messages costs where the channel costs nothing: {found.among_few} where "
        f"only they wait, {found.among_many} where {found.many:,} wait, {found.after_many} where "
        f"{found.many:,} were sent before."
    )


def _of_bare(measured: Measured) -> float:
    return measured.messages.bare.median / measured.messages.outbox.median


def _growth(timing: Timing, measured: Measured) -> tuple[float, float]:
    return timing.median / measured.backlog.among_few.median, _MOST_GROWTH


def _starting(measured: Measured) -> str:
    start = measured.start
    return (
        f"`pedigreed --help` takes {start.help.wall} and {start.help.peak / 1e6:.0f} MB; `pedigreed check 1345` "
        f"against a recorded archive on loopback {start.check.wall} and {start.check.peak / 1e6:.0f} MB, "
        "most of it the import of astroquery. For information: nothing is aimed at."
    )


def _changed(reply: OneReply) -> float:
    return reply.changed.median / reply.loads.median


def _unchanged(reply: OneReply) -> float:
    return reply.unchanged.median / reply.loads_unchanged.median


def _a_day(days: Days) -> str:
    """Requests of the days after the first look."""
    fewest, most = min(days.requests[1:]), max(days.requests[1:])
    return str(most) if fewest == most else f"{fewest} to {most}"


def _share(days: Days) -> float:
    later = days.rows[1:]
    return sum(later) / len(later) / days.rows[0]
