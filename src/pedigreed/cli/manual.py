"""A manual page for each command, made of what `--help` says: ``python -m pedigreed.cli.manual FOLDER``."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
import typer.main

from pedigreed import __version__
from pedigreed.cli.app import app

_SEE = (
    "README.md and the files beside it tell more: /opt/pedigreed/share/doc/pedigreed, or where it was installed."
)


@dataclass(frozen=True, slots=True)
class Described:
    """What `--help` says of a command.

    Attributes:
        usage: its line, from ``pedigreed`` on.
        paragraphs: what it does.
        options: its options and arguments, each with its words.
    """

    usage: str
    paragraphs: tuple[str, ...]
    options: tuple[tuple[str, str], ...]


def every_command() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each command with its path, ``pedigreed`` first; but for those that only the program itself starts."""
    yield from _commands(typer.main.get_command(app), ("pedigreed",))


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401  # click is the library of a library
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        if not below.hidden:
            yield from _commands(below, (*path, name))


def described(path: Sequence[str], command: Any) -> Described:  # noqa: ANN401  # as above
    """Describe a command."""
    context = typer.Context(command, info_name=" ".join(path))
    return Described(
        " ".join([*path, *command.collect_usage_pieces(context)]),
        tuple(" ".join(paragraph.split()) for paragraph in (command.help or "").split("\n\n")),
        tuple(record for each in command.get_params(context) if (record := _record(each, context))),
    )


def pages() -> dict[str, str]:
    """The pages in roff (man(7)) by the names of their files: ``pedigreed-once.1``."""
    return {f"{'-'.join(path)}.1": _page(path, command) for path, command in every_command()}


def _page(path: tuple[str, ...], command: Any) -> str:  # noqa: ANN401  # as above
    said = described(path, command)
    name = " ".join(path)
    brief = said.paragraphs[0].rstrip(".")
    lines = [
        f'.TH "{"-".join(path).upper()}" 1 "" "pedigreed {__version__}"',
        ".SH NAME",
        f"{_shown('-'.join(path))} \\- {_shown(brief[:1].lower() + brief[1:])}",
        ".SH SYNOPSIS",
        f".B {_shown(name)}",
        _shown(said.usage.removeprefix(name)),
        ".SH DESCRIPTION",
        *(line for paragraph in said.paragraphs for line in (".PP", _shown(paragraph))),
    ]
    if said.options:
        lines.append(".SH OPTIONS")
        lines += [
            line for name, words in said.options for line in (".TP", f"\\fB{_shown(name)}\\fR", _shown(words))
        ]
    below = [name for name, each in getattr(command, "commands", {}).items() if not each.hidden]
    if below:
        lines.append(".SH COMMANDS")
        lines += [f".BR {_shown('-'.join((*path, name)))} (1)\n.br" for name in below]
    lines += [".SH EXIT STATUS", _EXIT, ".SH SEE ALSO", _shown(_SEE)]
    return "\n".join(lines) + "\n"


_EXIT = "0 done; 64 usage; 69 not answered completely, or refused; 75 try again; 78 configuration or store."


def _record(parameter: Any, context: typer.Context) -> tuple[str, str] | None:  # noqa: ANN401  # as above
    record: tuple[str, str] | None = parameter.get_help_record(context)
    if record is None and parameter.param_type_name == "argument":
        record = (parameter.make_metavar(context), getattr(parameter, "help", None) or "")
    return record


def _shown(text: str) -> str:
    """Text as roff prints it: no backslash, and no dot or quote that begins a line, is obeyed."""
    shown = re.sub(r"\s+", " ", text).strip().replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{shown}" if shown[:1] in {".", "'"} else shown


def write(folder: Path) -> None:
    """Write every page into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in pages().items():
        (folder / name).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
