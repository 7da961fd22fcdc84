"""`pedigreed` itself: its verbs, and how it ends."""

import sys
from typing import Annotated, NoReturn

import typer
from typer.core import TyperArgument

from pedigreed import __version__
from pedigreed.cli import (
    almanac,
    check,
    config,
    deliveries,
    demo,
    doctor,
    fetch,
    history,
    impact,
    local,
    mute,
    notices,
    once,
    preview,
    run,
    send_test,
    status,
    watch,
)
from pedigreed.cli.output import echo
from pedigreed.model.failure import PedigreedError, Usage

_CLICK_USAGE = 2

# Typer puts a metavar in the place of an option's type, and writes an argument's behind it: PATH <list[Path]>.
setattr(TyperArgument, "display_type_rich", lambda _argument, ctx: None)  # noqa: ARG005, B010

app = typer.Typer(
    name="pedigreed",
    help="Watch the pedigree of JWST data in the MAST archive, and be told what changed, once.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(check.check)
app.command()(watch.watch)
app.command()(watch.unwatch)
app.command()(once.once)
app.command()(run.run)
app.command()(preview.preview)
app.command()(status.status)
app.command()(history.history)
app.command()(almanac.almanac)
app.command()(impact.impact)
app.command()(local.local)
app.command()(fetch.fetch)
app.command()(mute.mute)
app.command("send-test")(send_test.send_test)
app.command()(demo.demo)
app.command()(doctor.doctor)
app.command(hidden=True)(run.work)
app.add_typer(notices.app, name="notices")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(config.app, name="config")


def _print_version(wanted: bool) -> None:
    if wanted:
        echo(f"pedigreed {__version__}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Watch the pedigree of JWST data in the MAST archive, and be told what changed, once."""


def main() -> NoReturn:
    """Run the command line. Exit codes follow sysexits.h; see `pedigreed.model.failure`."""
    if sys.platform == "win32":
        echo(
            "pedigreed: Windows is not supported, only Linux and macOS: "
            "install it in the Windows Subsystem for Linux (wsl --install), where it works as on Linux",
            err=True,
        )
        sys.exit(Usage.exit_code)
    try:
        app()
    except PedigreedError as error:
        echo(f"pedigreed: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of a pipe has gone. Python would complain once more when it closes the stream.
        sys.stdout = None
        sys.exit(141)
    except SystemExit as end:
        sys.exit(Usage.exit_code if end.code == _CLICK_USAGE else end.code)
    sys.exit(0)
