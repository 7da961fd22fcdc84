"""What others wrote moves no terminal's cursor, whatever command prints it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import typer.main
from sqlalchemy import create_engine, insert, update

from archive_faults import ErrorReply
from background import in_background
from commands import environment, pedigreed
from fits_files import write_product
from hooks import answer, hook_server
from misbehaving import FaultyArchive
from pedigreed.cli.app import app
from pedigreed.demo.scenario import DAY_1, DAY_2, archive_at
from pedigreed.store import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.process

EVIL = "red\x1b[31m \x1b[2J\x1b]0;owned\x07 \x9b1m \u202ebackwards"
"""Colours what follows, clears the screen, gives the window a title, and turns letters around."""

HARM = ("\x1b[31m", "\x1b[2J", "\x1b]", "\x07", "\x9b", "\u202e")
SEEN = "backwards"


@dataclass(frozen=True)
class User:
    """Who types at a terminal.

    Attributes:
        config: the configuration's path.
        archive: which answers that it can't, in evil words.
        disk: where an old product lies in an evil folder.
    """

    config: Path
    archive: str
    disk: Path

    def sees(self, *arguments: str) -> str:
        """What a command puts on the terminal, stdout and stderr alike."""
        ours, its = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-m", "pedigreed", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=its,
            stderr=its,
            env=environment({"COLUMNS": "400", "TERM": "xterm", "EDITOR": "true", "NO_PROXY": "*"}),
        ) as process:
            os.close(its)
            seen = b""
            with closing(os.fdopen(ours, "rb", buffering=0)) as screen, suppress(OSError):
                while chunk := screen.read(65536):
                    seen += chunk
            process.wait(60)
        return seen.decode()


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    """A store in which everything that others say is evil."""
    folder = tmp_path_factory.mktemp("terminal")
    disk = folder / "disk"
    disk.mkdir()
    with (
        FaultyArchive(archive_at, DAY_1) as archive,
        in_background(hook_server(*[answer(404, EVIL.encode())] * 50)) as hook,
    ):
        config = folder / "pedigreed.yaml"
        config.write_text(f"""
store: sqlite:///{folder}/pedigreed.db
sources: {{mast: {{url: "{archive.url}", sweep: 1d}}, crds: {{url: none}}}}
channels:
  keep: {{folder: {{path: {folder}/mails}}}}
  feed: {{webhook: {{url: "{hook.url}", secret: {"k" * 20}}}}}
subscriptions:
  - name: jades
    watch: {{programs: [1180]}}
    digest: {{at: "06:00"}}
    deliver: [{{channel: keep}}, {{channel: feed}}]
""")
        for day in (DAY_1, DAY_2):
            archive.now = day
            pedigreed("once", "--config", config, "--now", day.isoformat())
        listed = next(row for row in archive_at(DAY_2) if row["program"] == 1180 and row["productLevel"] == "2b")
        write_product(disk / EVIL / str(listed["filename"]), "1.0.0", "jwst_1000.pmap", "2023-01-01T00:00:00.000")
        archive.misbehave(ErrorReply(EVIL), times=None)
        poison(f"sqlite:///{folder}/pedigreed.db")
        yield User(config, archive.url, disk)


def poison(url: str) -> None:
    """Let others have said what they may ever say."""
    engine = create_engine(url)
    now = datetime.now(UTC)
    with engine.begin() as connection:
        for column in (
            tables.changes.c.after_cal_ver,
            tables.changes.c.filename,
            tables.coverage.c.problem,
            tables.deliveries.c.last_outcome,
            tables.deliveries.c.subject,
            tables.digests.c.subject,
            tables.digests.c.text,
            tables.products.c.cal_ver,
            tables.runs.c.problem,
        ):
            said: Any = column + EVIL if column.name == "filename" else EVIL
            connection.execute(update(column.table).values({column.name: said}))
        connection.execute(update(tables.deliveries).values(state="refused"))
        moments = {"since": now, "until": datetime(2099, 1, 1, tzinfo=UTC)}
        pause = {"tries": 1, "reason": EVIL, "needs_mending": True}
        connection.execute(insert(tables.pauses).values(kind="channel", name="keep", **moments, **pause))
        problem = {
            "kind": "channel",
            "name": "keep",
            "reason": EVIL,
            "since": now,
            "seen_at": now,
            "times": 1,
            "waits": False,
        }
        connection.execute(insert(tables.problems).values(**problem))
        source = {"name": EVIL, "asked_at": now, "failures": 1, "problem": EVIL}
        connection.execute(insert(tables.sources).values(**source))
        said = {"source": EVIL, "identity": "1", "medium": "mail", "said_at": now, "heard_at": now}
        news = {"was_there": False, "title": f"jwst_1535 {EVIL}", "text": f"CRDS delivery: {EVIL}", "facts": "{}"}
        connection.execute(insert(tables.announcements).values(**said, **news))
    engine.dispose()


SHOWN: dict[str, Callable[[User], tuple[str, ...]]] = {
    "check": lambda user: ("1180", "--mast", user.archive),
    "fetch": lambda user: ("1180", "--to", str(user.disk / EVIL), "--mast", user.archive),
    "status": lambda user: ("-c", str(user.config)),
    "history": lambda user: ("-c", str(user.config)),
    "notices list": lambda user: ("-c", str(user.config)),
    "deliveries list": lambda user: ("-c", str(user.config)),
    "deliveries show": lambda user: ("1", "-c", str(user.config)),
    "preview": lambda user: ("-c", str(user.config)),
    "local": lambda user: (str(user.disk), "--files", "-c", str(user.config)),
    "send-test": lambda user: ("feed", "-c", str(user.config)),
    "deliveries retry": lambda user: ("--given-up", "-c", str(user.config)),
    "once": lambda user: ("-c", str(user.config)),
}
"""They show words of others."""

OTHERS: dict[str, Callable[[User], tuple[str, ...]]] = {
    "watch": lambda user: ("1180", "-c", str(user.config)),
    "unwatch": lambda user: ("1345", "-c", str(user.config)),
    "mute": lambda user: ("-c", str(user.config)),
    "almanac": lambda user: ("-c", str(user.config)),
    "deliveries cancel": lambda user: ("1", "-c", str(user.config)),
    "notices show": lambda user: ("jwst_1535", "-c", str(user.config)),
    "doctor": lambda user: ("--mast", user.archive, "--crds", "none"),
    "impact": lambda user: ("-c", str(user.config)),
    "config check": lambda user: (str(user.config),),
    "config edit": lambda user: (str(user.config),),
    "config schema": lambda _: (),
    "config init": lambda _: ("-",),
}
LOGGED = {"run", "work"}
"""They print nothing, and the log has its own tests."""
MADE_UP = {"demo"}


def test_every_command_is_among_them() -> None:
    command = typer.main.get_command(app)
    names = set()
    for name, sub in command.commands.items():  # type: ignore[attr-defined]  # it is a group
        below = getattr(sub, "commands", None)
        names |= {f"{name} {inner}" for inner in below} if below else {name}
    assert names == SHOWN.keys() | OTHERS.keys() | LOGGED | MADE_UP


@pytest.mark.parametrize("command", [*SHOWN, *OTHERS])
def test_no_command_hands_a_control_character_of_others_to_the_terminal(command: str, user: User) -> None:
    arguments = {**SHOWN, **OTHERS}[command](user)
    seen = user.sees(*command.split(), *arguments)
    assert not [harm for harm in HARM if harm in seen], seen
    if command in SHOWN:
        assert SEEN in seen, seen
