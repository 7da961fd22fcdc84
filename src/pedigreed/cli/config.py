"""`pedigreed config`: check a configuration, describe it for editors, start a new one."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from pedigreed.cli.output import echo, hand_over, progress
from pedigreed.config.config_problem import ConfigProblem
from pedigreed.config.load import LoadedConfig, load_config
from pedigreed.model.failure import ConfigurationInvalid, PedigreedError, Usage

OnlineCheck = Callable[[LoadedConfig], Iterable[ConfigProblem]]
"""Asks the outside world about a configuration that is valid by itself."""

app = typer.Typer(no_args_is_help=True, help="Check a configuration, describe it, or start a new one.")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The configuration.")],
    *,
    online: Annotated[
        bool, typer.Option("--online", help="Ask the archive too whether it knows the programs.")
    ] = False,
) -> None:
    """Tell every problem of a configuration at once. Exit 78 if it can't be used."""
    check_file(file, os.environ, _unknown_programs if online else None)


def check_file(file: Path, environ: Mapping[str, str], online: OnlineCheck | None = None) -> None:
    """Print problems to stderr, or one line about the configuration to stdout."""
    try:
        loaded = load_config(file, environ)
    except ConfigurationInvalid as error:
        _fail(error)
    problems = (*loaded.warnings, *(online(loaded) if online else ()))
    for problem in problems:
        echo(problem, err=True)
    if any(problem.is_error for problem in problems):
        raise typer.Exit(ConfigurationInvalid.exit_code)
    echo(f"{file}: ok, {_summary(loaded, len(problems))}")


def _unknown_programs(loaded: LoadedConfig) -> Iterator[ConfigProblem]:
    """A warning for each program that the archive has no data of."""
    from pedigreed.cli.options import open_archive
    from pedigreed.service.survey import unknown_programs

    with progress("asking MAST") as shown, open_archive(loaded.config.sources.mast) as archive:
        unknown = unknown_programs(loaded.config.programs, archive, shown.tell)
    for program in unknown:
        yield loaded.about_program(
            program,
            f"MAST has no data of program {program} yet: see that the number is right. It is watched all the same",
        )


def _summary(loaded: LoadedConfig, warnings: int) -> str:
    config = loaded.config
    counts = (
        (len(config.subscriptions), "subscription"),
        (len(config.programs), "program"),
        (len(config.channels), "channel"),
        (warnings, "warning"),
    )
    return ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts if count)


@app.command()
def schema() -> None:
    """Print the JSON Schema, for editors."""
    hand_over(schema_text())


def schema_text() -> str:
    """The JSON Schema as a file holds it."""
    from pedigreed.config.schema import json_schema

    return json.dumps(json_schema(), indent=2) + "\n"


@app.command()
def init(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where to write it. Default: standard output.")
    ] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    """Write a commented one to start from."""
    if file is None:
        hand_over(start_text())
        return
    try:
        with file.open("w" if force else "x", encoding="utf-8") as new:
            new.write(start_text())
    except FileExistsError:
        _fail(Usage(f"{file}: there is such a file already: name another, or give --force to overwrite it"))
    except OSError as error:
        _fail(Usage(f"{file}: can't be written: {error.strerror}"))
    echo(f"{file}: written; put in your programs and your mail server, then: pedigreed config check {file}")


def start_text() -> str:
    """The configuration that `init` writes."""
    return files("pedigreed.config").joinpath("start.yaml").read_text(encoding="utf-8")


def _fail(error: PedigreedError) -> NoReturn:
    echo(error, err=True)
    raise typer.Exit(error.exit_code)
