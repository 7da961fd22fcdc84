"""`python -m benchmarks [MODULE...]`: measure, print the figures, and write README.md.

Where modules are named, these alone are measured anew, and the other figures are those of the last time here.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TypeVar

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.figures import (
    Backlog,
    Chaos,
    Disk,
    Idle,
    Impact,
    Institute,
    KeptAnnouncements,
    LargeDigest,
    ManyMessages,
    Measured,
    MillionRows,
    NoticeAccuracy,
    OneReply,
    OneWeek,
    RequestsADay,
    Script,
    SeveralHosts,
    SimulatedYear,
    StartDaemon,
    StartUp,
    WholeArchive,
    WholeOnce,
)
from benchmarks.readme import readme, rows
from postgresql_servers import is_postgresql_installed

_HERE = Path(__file__).parent
_BUILD = _HERE.parent / "build"
_KEPT = _BUILD / "benchmarks"
"""What each module measured the last time."""
_FULL, _SHORT = "full", "short"
_ON_REPLIES = {"one_reply", "users_script"}
"""These read the replies that `replies` writes."""

Figures = TypeVar(
    "Figures",
    OneReply,
    Script,
    MillionRows,
    RequestsADay,
    ManyMessages,
    Backlog,
    Idle,
    StartDaemon,
    OneWeek,
    StartUp,
    NoticeAccuracy,
    KeptAnnouncements,
    Chaos,
    Impact,
    Disk,
    Institute,
    WholeArchive,
    WholeOnce,
    LargeDigest,
    SeveralHosts,
    SimulatedYear,
)


def main() -> None:
    # Beside the checkout's files: a folder for temporary files may be in memory, where a commit costs nothing.
    _KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_BUILD, prefix="bench-") as folder:
        if not sys.argv[1:] or _ON_REPLIES.intersection(sys.argv[1:]):
            _run("replies", folder)
        measured = Measured(
            full=_measured(OneReply, "one_reply", folder, _FULL),
            short=_measured(OneReply, "one_reply", folder, _SHORT),
            script=_measured(Script, "users_script", folder),
            once=_measured(WholeOnce, "whole_once", folder),
            million=_measured(MillionRows, "million_rows", folder),
            requests=_measured(RequestsADay, "requests_a_day", folder),
            messages=_measured(ManyMessages, "many_messages", folder),
            backlog=_measured(Backlog, "backlog", folder),
            idle=_measured(Idle, "idle", folder),
            daemon=_measured(StartDaemon, "start_daemon", folder),
            week=_measured(OneWeek, "one_week", folder),
            start=_measured(StartUp, "start_up"),
            notices=_measured(NoticeAccuracy, "notice_accuracy"),
            kept=_measured(KeptAnnouncements, "kept_announcements", folder),
            chaos=_measured(Chaos, "chaos_counts"),
            impact=_measured(Impact, "impact", folder),
            disk=_measured(Disk, "disk", folder),
            institute=_measured(Institute, "institute", folder),
            whole=_measured(WholeArchive, "whole_archive", folder, "sqlite"),
            whole_on_postgresql=(
                _measured(WholeArchive, "whole_archive", folder, "postgresql")
                if is_postgresql_installed()
                else None
            ),
            large_digest=_measured(LargeDigest, "large_digest", folder),
            several_hosts=_measured(SeveralHosts, "several_hosts", folder),
            year=_measured(SimulatedYear, "simulated_year", folder),
        )
    (_HERE / "README.md").write_text(readme(measured))
    _show(measured)


def _measured(kind: type[Figures], module: str, *arguments: str) -> Figures:
    kept = _KEPT / f"{'-'.join((module, *arguments[1:]))}.json"
    if not sys.argv[1:] or module in sys.argv[1:]:
        kept.write_bytes(_run(module, *arguments))
    elif not kept.exists():
        sys.exit(f"{module} was not measured here yet: name it too, or name none for all")
    return msgspec.json.decode(kept.read_bytes(), type=kind)


def _run(module: str, *arguments: str) -> bytes:
    """Run one benchmark in a process of its own, so that none has another's memory."""
    started = time.monotonic()
    print(f"{module} {' '.join(arguments[1:])}".rstrip(), end=" ", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    done = subprocess.run(command, cwd=_HERE.parent, stdout=subprocess.PIPE, check=True)
    print(f"({time.monotonic() - started:.0f} s)", file=sys.stderr)
    return done.stdout


def _show(measured: Measured) -> None:
    table = Table("figure", "result", "target", "")
    for row in rows(measured):
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
