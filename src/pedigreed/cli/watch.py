"""`pedigreed watch` and `pedigreed unwatch`: programs into the configuration and out of it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pedigreed.cli import completion
from pedigreed.cli.config import make_file, replace_text
from pedigreed.cli.options import ConfigFile, chosen_subscriptions, find, home_of_configuration
from pedigreed.cli.output import echo, program
from pedigreed.model.failure import Unreadable, Usage
from pedigreed.model.program import ProgramSelection

if TYPE_CHECKING:
    from pedigreed.config.load import LoadedConfig
    from pedigreed.config.subscription import Subscription

Programs = Annotated[
    list[str], typer.Argument(metavar="PROGRAM", help="Programs, or observations of one: 1345 1180:5,7-9")
]
SubscriptionName = Annotated[
    str | None,
    typer.Option(
        "--subscription",
        "-s",
        metavar="NAME",
        help="Which one, where there are several.",
        show_default=False,
        autocompletion=completion.subscriptions,
    ),
]


def watch(
    programs: Programs,
    config: ConfigFile = None,
    *,
    name: SubscriptionName = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="ADDRESS",
            help="For a new configuration: mail digests there, by this machine's mail system, and print none.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Watch programs: put them into the configuration.

    Without a configuration it makes one, whose digests are printed by `pedigreed once`. Everything else in the
    file stays as it is, comments included.
    """
    from pedigreed.config.edit import new_text, watching_more

    chosen = _parsed(programs)
    file = config or find()
    if file is None or not file.exists():
        file = file or home_of_configuration()
        make_file(file, new_text(chosen, _address(to)))
        echo(f"{file}: written; it watches {_listed(chosen)}. Next: {program()} once")
        return
    if to is not None:
        raise Usage(f"{file} is there: write {to} into its deliver: list")
    loaded = _loaded(file)
    subscription = _of(loaded, name)
    more = [each for each in chosen if each not in subscription.watch.programs]
    if more:
        replace_text(file, loaded.text, watching_more(loaded.text, subscription.name, more, os.environ))
        echo(f"{file}: {subscription.name} watches {_listed(more)} too")
    if known := [each for each in chosen if each not in more]:
        echo(f"{subscription.name} watches {_listed(known)} already")


def unwatch(programs: Programs, config: ConfigFile = None, *, name: SubscriptionName = None) -> None:
    """Watch programs no longer: take them out of the configuration.

    What was seen of them stays in the store. Everything else in the file stays as it is, comments included.
    """
    from pedigreed.config.edit import watching_less

    chosen = _parsed(programs)
    file = config or find()
    if file is None:
        raise Usage("no configuration: nothing is watched")
    loaded = _loaded(file)
    subscription = _of(loaded, name)
    there = subscription.watch.programs
    if missing := [each for each in chosen if each not in there]:
        raise Usage(f"{subscription.name} does not watch {_listed(missing)}: it watches {_listed(there)}")
    if set(there) <= set(chosen):
        raise Usage(f"{subscription.name} would watch nothing: remove the subscription from {file}, or mute it")
    replace_text(file, loaded.text, watching_less(loaded.text, subscription.name, chosen, os.environ))
    echo(f"{file}: {subscription.name} watches {_listed(chosen)} no longer")


def _parsed(programs: list[str]) -> list[ProgramSelection]:
    try:
        return list(dict.fromkeys(map(ProgramSelection.parse, programs)))
    except Unreadable as error:
        raise Usage(str(error)) from None


def _address(to: str | None) -> str | None:
    from pedigreed.config.address import parse_address

    try:
        return None if to is None else parse_address(to)
    except ValueError as error:
        raise Usage(f"--to {error}") from None


def _loaded(file: Path) -> "LoadedConfig":
    from pedigreed.config.load import load_config

    return load_config(file, os.environ)


def _of(loaded: "LoadedConfig", name: str | None) -> "Subscription":
    first, *others = chosen_subscriptions(loaded.config, name)
    if others:
        names = ", ".join(entry.name for entry in (first, *others))
        raise Usage(f"{loaded.file} has several subscriptions: give --subscription, one of {names}")
    if first.watches_all:
        raise Usage(f"{first.name} watches every program of the archive: edit {loaded.file} to watch some of them")
    if first.watches_disk:
        raise Usage(f"{first.name} watches the programs that lie on disk: put files there, or edit {loaded.file}")
    return first


def _listed(programs: "list[ProgramSelection] | tuple[ProgramSelection, ...]") -> str:
    texts = [str(each) for each in programs]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
