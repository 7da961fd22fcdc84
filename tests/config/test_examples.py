"""The example configurations: they load, and the full one leaves nothing out."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from pedigreed.cli.config import start_text
from pedigreed.config.load import parse_config
from pedigreed.config.schema import json_schema, keys_below

EXAMPLES = Path(__file__).parents[2] / "config"
TEXTS = {
    "minimal": (EXAMPLES / "minimal.yaml").read_text(encoding="utf-8"),
    "full": (EXAMPLES / "full.yaml").read_text(encoding="utf-8"),
    "start": start_text(),
}


@pytest.mark.parametrize("name", TEXTS)
def test_an_example_has_nothing_to_warn_of_but_that_it_is_one(name: str) -> None:
    loaded = parse_config(TEXTS[name], name, {"HOME": "/home/o"})
    assert loaded.warnings == ()
    unready = [str(problem) for problem in loaded.unready()]
    usual = re.compile("is an example: write your own|the credential '.*' can't be looked up|is not there: write")
    assert [line for line in unready if not usual.search(line)] == []
    assert any("is an example" in line for line in unready)


@pytest.mark.parametrize("name", TEXTS)
def test_an_example_follows_the_schema(name: str) -> None:
    jsonschema.Draft202012Validator(json_schema()).validate(yaml.safe_load(TEXTS[name]))


def test_ten_lines_are_enough() -> None:
    lines = [line for line in TEXTS["minimal"].splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) <= 10


def test_the_full_example_names_every_key() -> None:
    """A key of a choice that was not taken stands in a comment."""
    keys = {path[-1] for path in keys_below((), 8)} | {"slack", "webhook", "maildir", "folder", "path"}
    named = set(re.findall(r"([a-z_]+):(?=\s|$)", TEXTS["full"])) | {"credential"}
    assert len(keys) > 45
    assert keys - named == set()


def test_the_full_example_sets_what_it_describes() -> None:
    config = parse_config(TEXTS["full"], "full", {}).config
    assert {channel.kind for channel in config.channels.values()} == {
        "email",
        "slack",
        "webhook",
        "maildir",
        "folder",
        "feed",
        "apprise",
        "command",
    }
    assert config.operator
    assert config.sources.mailbox is not None


def test_the_start_loads_with_all_that_it_shows_in_comments() -> None:
    shown = re.sub(r"^( *)# (?=[a-z]+: |- )", r"\1", TEXTS["start"], flags=re.MULTILINE)
    assert shown.count("#") < TEXTS["start"].count("#") - 6
    config = parse_config(shown, "start", {}).config
    assert config.operator
    assert "keep" in config.channels


@pytest.mark.process
def test_the_rooms_that_cost_seconds_are_not_imported() -> None:
    script = "import sys, pedigreed.config.load; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "pydantic" in imported
    assert (
        imported & {"sqlalchemy", "alembic", "astroquery", "astropy", "numpy", "requests", "typer", "rich"}
        == set()
    )
