"""What a release says of itself in several places is the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement

from pedigreed import __version__

ROOT = Path(__file__).parents[1]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
OTHER_NAMES = {"prometheus-client": "prometheus_client", "tzdata": "python-tzdata", "xxhash": "python-xxhash"}
"""What conda-forge calls a package otherwise than PyPI does."""


def test_a_version_and_its_day_are_the_same_wherever_they_stand() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    recipe = yaml.safe_load((ROOT / "conda" / "recipe.yaml").read_text(encoding="utf-8"))
    released = re.findall(r"^## (\S+) \((\d{4}-\d\d-\d\d)\)$", CHANGELOG, re.MULTILINE)
    assert released[0] == (__version__, str(cited["date-released"]))
    assert cited["version"] == recipe["context"]["version"] == __version__


def test_the_changelog_has_a_place_for_what_comes() -> None:
    assert CHANGELOG.index("## Unreleased") < CHANGELOG.index(f"## {__version__}")


def test_the_recipe_asks_for_what_the_wheel_does() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    recipe = yaml.safe_load((ROOT / "conda" / "recipe.yaml").read_text(encoding="utf-8"))
    wanted = set()
    for each in project["dependencies"]:
        asked_for = Requirement(each)
        limits = ",".join(sorted(map(str, asked_for.specifier), reverse=True))
        wanted.add(f"{OTHER_NAMES.get(asked_for.name, asked_for.name)} {limits}".strip())
    python = f"python {project['requires-python'].replace(recipe['context']['python_min'], '')}"
    asked = {each.replace("${{ python_min }}", "") for each in recipe["requirements"]["run"]}
    assert asked == wanted | {python}
