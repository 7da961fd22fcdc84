"""What the tests of the configuration share."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

from pedigreed.config.load import parse_config
from pedigreed.model.failure import ConfigurationInvalid

ENVIRON = {"HOME": "/home/observer"}
VALID = """\
subscriptions:
  - name: jades
    watch: {programs: [1180]}
    deliver: [{email: me@obs.example}]
channels:
  email: {from: pedigreed@obs.example, host: smtp.obs.example, security: tls}
"""

Problems = Callable[..., list[str]]


@pytest.fixture
def problems() -> Problems:
    """A function: YAML text -> the lines of its problems and its secrets' ones, without the file's name."""

    def of(text: str, environ: dict[str, str] | None = None) -> list[str]:
        try:
            loaded = parse_config(dedent(text), "f.yaml", ENVIRON if environ is None else environ)
        except ConfigurationInvalid as error:
            lines = str(error).split("\n")
        else:
            lines = [str(problem) for problem in (*loaded.warnings, *loaded.unready())]
            lines = [line for line in lines if "is an example: write your own" not in line]
        assert all(line.startswith("f.yaml:") for line in lines)
        return [line.removeprefix("f.yaml:") for line in lines]

    return of


@pytest.fixture
def problems_with(problems: Problems) -> Problems:
    """As `problems`, for a valid configuration with lines of text before it."""

    def of(text: str, environ: dict[str, str] | None = None) -> list[str]:
        return problems(dedent(text) + VALID, environ)

    return of


@pytest.fixture
def problems_of_watch(problems: Problems) -> Problems:
    """As `problems`, for a subscription whose `watch` is in line 3 from column 12."""

    def of(watch: str) -> list[str]:
        return problems(VALID.replace("{programs: [1180]}", watch))

    return of


@pytest.fixture
def valid() -> str:
    """A configuration without problems."""
    return VALID
