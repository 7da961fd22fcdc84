"""What a shell offers after the tabulator key, and the manual pages that `make install` puts beside it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer.main

from commands import environment
from pedigreed.cli.app import app
from pedigreed.cli.manual import pages, write

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = """\
store: sqlite:///FOLDER/none.db
channels: {keep: {folder: {path: /mail}}, kilo: stdout, other: stdout}
subscriptions:
  - {name: jades, watch: {programs: [1180, 1181, 2738]}, deliver: [{channel: keep}]}
  - {name: ceers, watch: {programs: [1345]}, deliver: [{channel: keep}]}
"""
SCRIPT = Path(__file__).parents[2] / "deploy" / "completion.bash"


@pytest.mark.process
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("preview ", ["jades", "ceers"]),
        ("preview j", ["jades"]),
        ("mute c", ["ceers"]),
        ("send-test k", ["keep", "kilo"]),
        ("history 11", ["1180", "1181"]),
        ("deliveries show ", []),
        ("notices show j", []),
        ("deliveries r", ["retry"]),
    ],
)
def test_names_and_numbers_are_offered(tmp_path: Path, typed: str, offered: list[str]) -> None:
    config = tmp_path / "pedigreed.yaml"
    config.write_text(CONFIG.replace("FOLDER", str(tmp_path)))
    words = ["pedigreed", *typed.split(" ")]
    asking = {
        "PEDIGREED_CONFIG": str(config),
        "_PEDIGREED_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    assert answered(asking).split() == offered


@pytest.mark.process
def test_the_script_for_bash_is_the_one_that_the_program_prints() -> None:
    assert SCRIPT.read_text(encoding="utf-8").strip() == answered({"_PEDIGREED_COMPLETE": "source_bash"}).strip()


@pytest.mark.process
def test_what_can_not_be_read_offers_nothing(tmp_path: Path) -> None:
    config = tmp_path / "pedigreed.yaml"
    config.write_text("no configuration")
    asking = {"PEDIGREED_CONFIG": str(config), "_PEDIGREED_COMPLETE": "complete_bash"}
    assert answered({**asking, "COMP_WORDS": "pedigreed preview ", "COMP_CWORD": "2"}).strip() == ""


def answered(environ: dict[str, str]) -> str:
    """What the program prints to a shell that asks it."""
    program = Path(sys.executable).with_name("pedigreed")
    done = subprocess.run([program], capture_output=True, text=True, check=True, env=environment(environ))
    assert done.stderr == ""
    return done.stdout


def test_each_command_has_a_page_with_its_options() -> None:
    made = pages()
    assert set(made) == {f"{'-'.join(path)}.1" for path in named(typer.main.get_command(app), ("pedigreed",))}
    assert "\\fB\\-\\-dry\\-run\\fR\nAsk, and print" in made["pedigreed-once.1"]
    assert ".BR pedigreed\\-deliveries\\-retry (1)" in made["pedigreed-deliveries.1"]


def named(command: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield path
    for name, below in getattr(command, "commands", {}).items():
        if not below.hidden:
            yield from named(below, (*path, name))


@pytest.mark.process
@pytest.mark.skipif(shutil.which("man") is None, reason="Debian's man-db is not installed")
def test_man_shows_them_without_a_warning(tmp_path: Path) -> None:
    write(tmp_path)
    for page in tmp_path.iterdir():
        shown = subprocess.run(["man", "--warnings", "-l", page], capture_output=True, text=True, check=True)
        assert shown.stderr == ""
        assert "NAME" in shown.stdout
