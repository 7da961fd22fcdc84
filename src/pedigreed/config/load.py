"""A configuration file -> `Config`, or every problem that it has, at once."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pydantic import ValidationError

from pedigreed.config.checks import advise, check_examples, check_references, check_secrets
from pedigreed.config.config_problem import MOST, ConfigProblem, Severity, in_order
from pedigreed.config.pydantic_errors import corrected, explain
from pedigreed.config.secret import PRIVATE_KEYS
from pedigreed.config.settings import Config
from pedigreed.config.yaml_node import Node, Scalar, at, items, plain, text
from pedigreed.config.yaml_reader import LARGEST, read_yaml, too_large
from pedigreed.garbage import collected_seldom
from pedigreed.model.failure import ConfigurationInvalid
from pedigreed.model.program import ProgramSelection
from pedigreed.regular_file import open_regular

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A configuration that can be used.

    Attributes:
        config: the settings.
        warnings: what is worth a word, in the order of the file.
        file: the name that problems carry.
        text: as it was read. It may hold secrets.
    """

    config: Config
    warnings: tuple[ConfigProblem, ...]
    file: str
    text: str = field(repr=False, compare=False)
    _root: Node = field(repr=False, compare=False)
    _environ: Mapping[str, str] = field(repr=False, compare=False)

    def unready(self) -> tuple[ConfigProblem, ...]:
        """What keeps it from work: secrets that can't be read, and examples that nobody has replaced."""
        problems = check_secrets(self._root, self.file, self._environ) + check_examples(self._root, self.file)
        return in_order(problems)

    def require_secrets(self, *below: str) -> None:
        """See that the secrets below a path can be read, those of the whole file without one.

        Raises:
            ConfigurationInvalid: with a line for each that can't.
        """
        problems = check_secrets(self._root, self.file, self._environ, below)
        if problems:
            raise _invalid([replace(problem, severity=Severity.ERROR) for problem in problems])

    def about_program(self, program: int, message: str) -> ConfigProblem:
        """A warning at the place where a program is first written."""
        for subscription in items(at(self._root, "subscriptions")):
            for node in items(at(subscription, "watch", "programs")):
                if ProgramSelection.parse(text(node) or "").program == program:
                    return ConfigProblem(self.file, *node.place, message, Severity.WARNING)
        return ConfigProblem(self.file, 0, 0, message, Severity.WARNING)


def load_config(path: Path, environ: Mapping[str, str]) -> LoadedConfig:
    """Read a file.

    Raises:
        ConfigurationInvalid: with a line for each problem, warnings included.
    """
    return parse_config(load_text(path), str(path), environ)


def parse_config(text: str, name: str, environ: Mapping[str, str]) -> LoadedConfig:
    """Read the text of a configuration. `name` stands for the file in problems.

    Raises:
        ConfigurationInvalid: with a line for each problem, warnings included.
    """
    with collected_seldom():
        return _parsed(text, name, environ)


def _parsed(text: str, name: str, environ: Mapping[str, str]) -> LoadedConfig:
    root, problems = read_yaml(text, name, PRIVATE_KEYS)
    is_empty = root is None or (isinstance(root, Scalar) and root.value is None)
    if is_empty and not problems:
        problems.append(
            ConfigProblem(name, 1, 1, "an empty configuration: `pedigreed config init` writes one to start from")
        )
    if root is None or is_empty:
        raise _invalid(problems)
    # A value that could not be read is reported once, with its own fix.
    unread = {(problem.line, problem.column) for problem in problems}
    config, wrong = _validated(root, name, environ)
    meant, misspelt = corrected(root, name) if wrong else (root, [])
    if misspelt:
        wrong += [*misspelt, *_validated(meant, name, environ)[1]]
    problems += [problem for problem in wrong if (problem.line, problem.column) not in unread]
    problems += check_references(meant, name)
    problems += advise(meant, name)
    if config is None or any(problem.is_error for problem in problems):
        raise _invalid(problems + check_secrets(root, name, environ))
    return LoadedConfig(config, in_order(problems), name, text, root, environ)


def _validated(root: Node, name: str, environ: Mapping[str, str]) -> tuple[Config | None, list[ConfigProblem]]:
    try:
        return Config.model_validate(plain(root), context={"environ": environ}), []
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)[: 2 * MOST]
        return None, explain(errors, root, name)


def _invalid(problems: list[ConfigProblem]) -> ConfigurationInvalid:
    every = in_order(problems)
    lines = [str(problem) for problem in every[:MOST]]
    if len(every) > MOST:
        lines.append(f"{every[0].file}: and more problems than these {MOST}: mend these first")
    return ConfigurationInvalid("\n".join(lines))


def load_text(path: Path) -> str:
    """The text of a file. Raises `ConfigurationInvalid` where it can't be read."""
    name = str(path)
    try:
        with os.fdopen(open_regular(path), "rb") as file:
            content = file.read(LARGEST + 1)
    except IsADirectoryError:
        problem = ConfigProblem(name, 0, 0, "a directory: name the file in it")
    except FileNotFoundError:
        problem = ConfigProblem(name, 0, 0, "no such file: `pedigreed config init FILE` writes one to start from")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "the name has a NUL byte in it"
        problem = ConfigProblem(name, 0, 0, f"can't be read: {reason}")
    else:
        if len(content) > LARGEST:
            raise _invalid([too_large(name)])
        return _decode(content, name)
    raise _invalid([problem])


def _decode(content: bytes, name: str) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _invalid([ConfigProblem(name, 1, 1, "this is UTF-16: save the file as UTF-8")])
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode()
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        message = f"the byte 0x{content[error.start]:02X} is not UTF-8: save the file as UTF-8"
        raise _invalid([ConfigProblem(name, line, column, message)]) from None
