"""A configuration file -> `Config`, or every problem that it has, at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import ValidationError

from pedigreed.config.address import StoreUrl
from pedigreed.config.checks import advise, check_references, check_secrets
from pedigreed.config.config_problem import MOST, ConfigProblem, Severity, in_order
from pedigreed.config.pydantic_errors import explain
from pedigreed.config.secret import PRIVATE_KEYS
from pedigreed.config.settings import Config
from pedigreed.config.yaml_node import Node, Scalar, at, items, plain, text
from pedigreed.config.yaml_reader import LARGEST, read_yaml, too_large
from pedigreed.model.failure import ConfigurationInvalid
from pedigreed.model.program import ProgramSelection

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
    return parse_config(_read(path), str(path), environ)


def parse_config(text: str, name: str, environ: Mapping[str, str]) -> LoadedConfig:
    """Read the text of a configuration. `name` stands for the file in problems.

    Raises:
        ConfigurationInvalid: with a line for each problem, warnings included.
    """
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
    problems += check_references(root, name)
    problems += advise(root, name)
    problems += check_secrets(root, name, environ)
    config: Config | None = None
    try:
        config = Config.model_validate(_with_store(plain(root), environ), context={"environ": environ})
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)[: 2 * MOST]
        found = explain(errors, root, name)
        problems += [problem for problem in found if (problem.line, problem.column) not in unread]
    if config is None or any(problem.is_error for problem in problems):
        raise _invalid(problems)
    return LoadedConfig(config, in_order(problems), name, text, root)


def _invalid(problems: list[ConfigProblem]) -> ConfigurationInvalid:
    every = in_order(problems)
    lines = [str(problem) for problem in every[:MOST]]
    if len(every) > MOST:
        lines.append(f"{every[0].file}: and more problems than these {MOST}: mend these first")
    return ConfigurationInvalid("\n".join(lines))


def _with_store(values: object, environ: Mapping[str, str]) -> object:
    """The default of the store depends on the environment that the caller gave."""
    if isinstance(values, dict) and "store" not in values:
        return {**values, "store": StoreUrl.default(environ)}
    return values


def _read(path: Path) -> str:
    name = str(path)
    try:
        with path.open("rb") as file:
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
