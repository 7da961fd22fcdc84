"""How verbs print: tables by rich on a terminal and in a pipe, or JSON; progress on a terminal only.

Everything that is printed goes through here, since much of it was written by others: an archive, a mail server,
the name of a file. What would move a terminal's cursor or colour it is taken out.
"""

import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import typer

from pedigreed.model import instant as instants
from pedigreed.model.instant import iso
from pedigreed.model.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

_WIDE_PIPE = 5000
"""Columns: more than the longest path, so that each row of a table is one line for other programs."""

_KEPT = "\n\t"


def echo(text: object = "", *, err: bool = False) -> None:
    """Print a text with a line end, to stdout or stderr."""
    typer.echo(printable(str(text), keep=_KEPT), err=err)


def hand_over(content: bytes | str) -> None:
    """Write a document to stdout as it is, byte for byte; on a terminal without what would move its cursor."""
    if sys.stdout.isatty():
        text = content if isinstance(content, str) else content.decode("utf-8", "replace")
        content = printable(text.replace("\r\n", "\n"), keep=_KEPT)
    typer.echo(content, nl=False)


def print_json(value: object) -> None:
    """Print a JSON document, in ASCII. Instants are ISO 8601 in UTC."""
    typer.echo(json.dumps(value, indent=2, default=_plain).replace("\x7f", "\\u007f"))


def table(*columns: str, right: Iterable[str] = ()) -> "Table":
    """An empty table without lines, whose `right` columns hold numbers."""
    from rich.table import Table

    class PrintableTable(Table):
        """Its cells are one line each."""

        def add_row(self, *cells: Any, **options: Any) -> None:  # noqa: ANN401  # whatever rich takes
            super().add_row(*(printable(cell) if isinstance(cell, str) else cell for cell in cells), **options)

    made = PrintableTable(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, justify="right" if column in set(right) else "left", overflow="fold")
    return made


def print_table(made: "Table") -> None:
    """Print a table; in a pipe each row is one line."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else _WIDE_PIPE
    Console(width=width, highlight=False, markup=False).print(made)


@contextmanager
def progress(what: str) -> Iterator["Progress"]:
    """Show on a terminal that something takes a while. Silent in a pipe."""
    if not sys.stderr.isatty():
        yield Progress(None)
        return
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Progress(partial(bar.update, bar.add_task(printable(what), total=None)))


class Progress:
    """Says what is going on, and for how long it has been."""

    def __init__(self, update: "Callable[..., None] | None") -> None:
        self._update = update
        self._told_of_pause = False

    @property
    def is_shown(self) -> bool:
        """Whether somebody looks on."""
        return self._update is not None

    def tell(self, what: str) -> None:
        """Replace what is shown."""
        if self._update is not None:
            self._update(description=printable(what))

    def tell_of_pause(self, why: str) -> None:
        """Say what is waited for; the first time in a pipe, too, where nothing would be said for long."""
        if self._update is not None:
            self.tell(why)
        elif not self._told_of_pause:
            echo(why, err=True)
        self._told_of_pause = True


class Transfers:
    """How downloads go: a bar with bytes, rate and time left on a terminal, else a line for each file."""

    def __init__(self, files: int, size: int, *, quiet: bool) -> None:
        self._files = files
        self._size = size
        self._quiet = quiet
        self._done = 0
        self._bar: Any = None

    def __enter__(self) -> Self:
        if self._files and not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                DownloadColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
                TransferSpeedColumn,
            )

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._bar.start()
            self._task = self._bar.add_task(f"0 of {self._files:,}", total=self._size or None)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def add(self, count: int) -> None:
        """So many more bytes came."""
        if self._bar is not None:
            self._bar.advance(self._task, count)

    def ended(self, name: str, words: str) -> None:
        """A file came to its end."""
        self._done += 1
        if self._bar is not None:
            self._bar.update(self._task, description=f"{self._done:,} of {self._files:,}")
        elif not self._quiet:
            echo(f"{name}: {words}")


def confirm(question: str) -> bool:
    """Ask on a terminal; where there is none, nobody can be asked, and it is so."""
    return not _is_at_terminal() or typer.confirm(question, err=True)


def is_asked(question: str) -> bool:
    """Ask on a terminal; where there is none, nobody asks for it."""
    return _is_at_terminal() and typer.confirm(question, err=True, default=True)


def _is_at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def program() -> str:
    """How this program was called, so that a line with it can be typed again."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{Path(sys.executable).name} -m pedigreed"
    if shutil.which(called.name) == str(called):
        return called.name
    return str(called.relative_to(Path.cwd())) if called.is_relative_to(Path.cwd()) else str(called)


_zone: tzinfo = UTC


def show_times_in(zone: tzinfo) -> None:
    """From here on, times are printed in this zone."""
    global _zone  # noqa: PLW0603  # one for the process, as the terminal is
    _zone = zone


def day_and_time(instant: datetime | None) -> str:
    """The instant in the zone that is shown; or a dash."""
    return "-" if instant is None else instants.day_and_time(instant, _zone)


def days(earliest: datetime | None, latest: datetime | None) -> str:
    """A span of days, UTC: ``2025-11-02 to 2025-11-09``."""
    if earliest is None or latest is None:
        return "-"
    first, last = f"{earliest:%Y-%m-%d}", f"{latest:%Y-%m-%d}"
    return first if first == last else f"{first} to {last}"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
