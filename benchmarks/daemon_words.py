"""The daemon's figures: their lines of the table, and what README.md says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.verdicts import Row, mb, most, none

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.figures import DayEnd, Idle, Measured, OneWeek, StartDaemon

_MOST_RESIDENT = 62
_MOST_AN_HOUR = 0.6
_MOST_UNTIL_READY = 2.0
_MOST_ADDED = 3

_CHANGES = ("changes", "told")
_DIGESTS = ("digests", "periods", "deliveries", "contents")


def daemon_rows(measured: Measured) -> list[Row]:
    idle, daemon, week = measured.idle, measured.daemon, measured.week
    return [
        most("resident memory of the daemon at rest, MB", idle.memory.resident / 1e6, _MOST_RESIDENT),
        most("seconds of the processor that it takes an hour", idle.an_hour, _MOST_AN_HOUR),
        most("seconds until it is ready, on a used store", daemon.used.median, _MOST_UNTIL_READY),
        most("the same, on a new store", daemon.new.median, _MOST_UNTIL_READY),
        most("memory that it adds from the second day to the seventh, MB", week.memory_added / 1e6, _MOST_ADDED),
        none("descriptors and threads that it adds", week.descriptors_and_threads_added),
    ]


def idle_words(idle: Idle) -> str:
    memory = idle.memory
    return (
        "`pedigreed run` with 200 subscriptions on an SQLite file that served them for a year and until just now, "
        f"so that nothing is due. After {idle.settled:.0f} s {memory.resident / 1e6:.1f} MB are resident; the "
        f"most was {memory.peak / 1e6:.1f} MB, and {memory.proportional / 1e6:.1f} MB are its own and its part of "
        f"what other processes map too. During {idle.ticks * idle.tick:.0f} s, in which it looked at the clock "
        f"and the store {idle.ticks} times, it took {idle.processor * 1000:.0f} ms of the processor, which is "
        f"{idle.an_hour:.2f} s an hour. APScheduler with a job that reads two rows by SQLAlchemy as often, and "
        "nothing else, takes 0.19 s an hour; the rest is to see for each subscription, program and source whether "
        "it is due. Of the memory, SQLAlchemy with its SQLite dialect is 39 MB, Python and "
        "asyncio among them; with APScheduler, structlog without rich, pydantic, PyYAML and typer it is 52 MB, "
        "before anything of pedigreed; with all that the daemon imports, its settings' models among it, 63 MB."
    )


def ready_words(daemon: StartDaemon) -> str:
    return (
        "The same from its start until it says that it is ready (`READY=1`, as to systemd), after its first look "
        f"at the store: {daemon.used}. On a store that it makes: {daemon.new}. For comparison, "
        f'`python -c "import astroquery, sqlalchemy"` takes {daemon.imports}. The daemon leaves astroquery to the '
        "processes that it starts."
    )


def week_words(week: OneWeek) -> tuple[str, ...]:
    last = week.days[-1]
    changes, digests = week.rows_added("changes"), week.rows_added("digests")
    return (
        (
            "`pedigreed run` with 200 subscriptions to programs of 20 products, of which five are reprocessed "
            f"every day, by a clock that runs {week.speed:,.0f} times as fast. Its work is done by processes of "
            f"their own, as always, over HTTP on loopback and into an SQLite file. In {len(week.days)} days it "
            f"looked at the clock {last.ticks:,} times and delivered {last.tables['digests'].rows:,} digests of "
            f"{last.tables['changes'].rows:,} changes. At the ends of the days it had {_each(week, _memory)} MB "
            f"resident, {_each(week, _descriptors)} descriptors and {_each(week, _threads)} threads."
        ),
        (
            f"The store had {_each(week, _store)} MB. From the second day on it grew by {mb(week.store_added)} "
            f"for {changes:,} changes and {digests:,} digests. "
            f"{week.data_added(*last.tables) / week.store_added:.0%} of that is data, keys and indexes included; "
            "the rest is room on pages. "
            f"A change takes {week.pages_added(*_CHANGES) / changes:.0f} bytes, and a digest of "
            f"{changes / digests:.0f} changes {week.pages_added(*_DIGESTS) / digests / 1e3:.1f} kB, of "
            "which its message to one destination is "
            f"{week.pages_added('contents') / week.rows_added('contents') / 1e3:.1f} kB. "
            f"Everything else grew by {_else_added(week) / 1e3:.0f} kB."
        ),
        f"A day's {week.looks:,} looks at the clock and the store take {week.looking:.1f} s of the processor.",
    )


def _each(week: OneWeek, figure: Callable[[DayEnd], str]) -> str:
    """``66.1, 66.3, 66.3``, or ``10`` where it is always the same."""
    figures = [figure(day) for day in week.days]
    return figures[0] if len(set(figures)) == 1 else ", ".join(figures)


def _memory(day: DayEnd) -> str:
    return f"{day.memory.resident / 1e6:.1f}"


def _descriptors(day: DayEnd) -> str:
    return str(day.descriptors)


def _threads(day: DayEnd) -> str:
    return str(day.threads)


def _store(day: DayEnd) -> str:
    return f"{day.store / 1e6:.1f}"


def _else_added(week: OneWeek) -> int:
    return week.pages_added(*week.days[0].tables.keys() - {*_CHANGES, *_DIGESTS})
