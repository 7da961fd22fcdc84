"""`pedigreed config`: check a configuration, describe it for editors, start a new one."""

import json
import os
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from pedigreed.cli.options import CONFIG_VARIABLE, SYSTEM_CONFIGURATION, found, home_of_configuration
from pedigreed.cli.output import echo, hand_over, is_asked, program, progress
from pedigreed.model.failure import ConfigurationInvalid, PedigreedError, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pedigreed.config.config_problem import ConfigProblem
    from pedigreed.config.load import LoadedConfig

OneFile = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE",
        envvar=CONFIG_VARIABLE,
        help="The configuration. Default: the one that every command uses.",
        show_default=False,
        show_envvar=False,
    ),
]

app = typer.Typer(no_args_is_help=True, help="Check a configuration, describe it, or start a new one.")


@app.command()
def check(
    file: OneFile = None,
    *,
    online: Annotated[
        bool, typer.Option("--online", help="Ask the archive too whether it knows the programs.")
    ] = False,
) -> None:
    """Tell every problem of a configuration at once. Exit 78 if it can't be used."""
    check_file(file or found(), os.environ, _unknown_programs if online else None)


def check_file(
    file: Path,
    environ: "Mapping[str, str]",
    online: "Callable[[LoadedConfig], Iterable[ConfigProblem]] | None" = None,
) -> None:
    """Print problems to stderr, or one line about the configuration to stdout.

    `online` asks the outside world about a configuration that is valid by itself.
    """
    from pedigreed.config.load import load_config

    try:
        loaded = load_config(file, environ)
    except ConfigurationInvalid as error:
        _fail(error)
    problems = (*loaded.warnings, *loaded.unready(), *(online(loaded) if online else ()))
    for problem in problems:
        echo(problem, err=True)
    if any(problem.is_error for problem in problems):
        raise typer.Exit(ConfigurationInvalid.exit_code)
    echo(f"{file}: ok, {_summary(loaded, len(problems))}")


def _unknown_programs(loaded: "LoadedConfig") -> "Iterator[ConfigProblem]":
    """A warning for each program that the archive has no data of."""
    from pedigreed.cli.options import open_archive
    from pedigreed.service.survey import unknown_programs

    source = loaded.config.sources.mast
    with progress("asking MAST") as shown, open_archive(source, None, shown.tell_of_pause) as archive:
        unknown = unknown_programs(loaded.config.programs, archive, shown.tell)
    for number in unknown:
        yield loaded.about_program(
            number,
            f"MAST has no data of program {number} yet: see that the number is right. It is watched all the same",
        )


def _summary(loaded: "LoadedConfig", warnings: int) -> str:
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
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="Where to write it; - prints it. Default: where every command looks for one.",
            show_default=False,
        ),
    ] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    """Write a commented one to start from."""
    if file == Path("-"):
        hand_over(start_text())
        return
    place = file or (SYSTEM_CONFIGURATION if _is_root() else home_of_configuration())
    try:
        if force:
            place.unlink(missing_ok=True)
        make_file(place, start_text())
    except OSError as error:
        _fail(Usage(f"{place}: can't be written: {error.strerror}"))
    except Usage as error:
        _fail(error)
    command = f"{program()} config edit" + (f" {file}" if file else "")
    echo(f"{place}: written; put in your programs and your mail server: {command}")


@app.command()
def edit(file: OneFile = None) -> None:
    """Open a configuration in $EDITOR, and put it in the place of the old one when it has no problem."""
    import shlex
    import subprocess
    from tempfile import TemporaryDirectory

    from pedigreed.config.load import load_text, parse_config

    place = file or found()
    old = load_text(place)
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with TemporaryDirectory(prefix="pedigreed-") as folder:
        draft = Path(folder) / place.name
        draft.write_text(old, encoding="utf-8", newline="")
        while True:
            try:
                subprocess.run([*shlex.split(editor), str(draft)], check=True)  # noqa: S603  # what the user named
            except (OSError, ValueError, subprocess.CalledProcessError) as error:
                raise Usage(f"{place} stays as it was: {editor!r} failed: {error}: set EDITOR") from None
            new = load_text(draft)
            if new == old:
                echo(f"{place}: nothing was changed")
                return
            try:
                loaded = parse_config(new, str(place), os.environ)
            except ConfigurationInvalid as error:
                echo(error, err=True)
                if is_asked("edit it again?"):
                    continue
                raise ConfigurationInvalid(f"{place} stays as it was") from None
            break
    for problem in (*loaded.warnings, *loaded.unready()):
        echo(problem, err=True)
    replace_text(place, old, new)
    echo(f"{place}: replaced")


def start_text() -> str:
    """The configuration that `init` writes: for a service where root starts one, else for a person's own use."""
    text = files("pedigreed.config").joinpath("start.yaml").read_text(encoding="utf-8")
    if _is_root():
        return text
    secret, home = home_of_configuration().parent / "smtp_password", Path.home()
    written = f"~/{secret.relative_to(home)}" if secret.is_relative_to(home) else str(secret)
    quoted = f'"{written}"' if " " in written else written
    return text.replace("{credential: smtp_password}", f"{{file: {quoted}}}")


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _fail(error: PedigreedError) -> NoReturn:
    echo(error, err=True)
    raise typer.Exit(error.exit_code)


def make_file(file: Path, text: str) -> None:
    """Write a new file, and its folder. Raises `Usage` where it can't be."""
    if file.exists():
        raise Usage(f"{file}: there is such a file already: name another, or give --force to overwrite it")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except OSError as error:
        raise Usage(f"{file}: can't be written: {error.strerror}") from None


def replace_text(file: Path, old: str, new: str) -> None:
    """Replace a file in one step. Raises `Usage` where it can't be, or was changed meanwhile."""
    from pedigreed.durable import replace_file

    place = file.resolve()
    try:
        if place.read_bytes().decode() != old:
            raise Usage(f"{file} was changed meanwhile: try again")
        replace_file(place, new.encode())
    except OSError as error:
        raise Usage(f"{file}: can't be written: {error.strerror}") from None
