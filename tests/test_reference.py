"""The reference of the documentation site says all that the code does."""

from __future__ import annotations

import re
from pathlib import Path

from pedigreed.cli.manual import every_command
from pedigreed.config.schema import keys_below
from reference import commands, settings

DOCS = Path(__file__).parents[1] / "docs"


def test_every_command_has_its_words_and_options() -> None:
    made = commands()
    assert re.findall("^## (.+)$", made, re.MULTILINE) == [" ".join(path) for path, _ in every_command()]
    once = made[made.index("## pedigreed once") :].partition("\n## ")[0]
    assert "    pedigreed once [OPTIONS]\n" in once
    assert "--quiet` | " in once
    assert "\n| `PATH` | Folders" in made
    assert "<list[" not in made, "an argument has its metavar, and no type of Python's"


def test_every_key_stands_in_the_section_of_its_mapping() -> None:
    made = settings()
    sections = {
        section.partition("\n")[0]: set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
        for section in made.split("\n## ")[1:]
    }
    assert sections["subscriptions[].digest"] == {"every", "on", "at", "settle", "empty"}
    listed = set().union(*sections.values())
    secret = {"credential", "file", "env", "keyring"}
    assert {path[-1] for path in keys_below((), 8)} - secret <= listed
    assert "| `every` |" in made
    assert "`07:00` |" in made
    assert "`nircam`" in made


def test_every_page_is_in_the_index() -> None:
    """Sphinx warns of one that is not, but it runs in `make docs` alone."""
    index = DOCS.joinpath("index.md").read_text(encoding="utf-8").splitlines()
    assert {page.stem for page in DOCS.glob("*.md")} - {"index"} <= set(index)
