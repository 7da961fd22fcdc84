"""`pedigreed preview`: what would be sent if the period ended now."""

import gzip
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pedigreed.cli.options import ConfigFile, Now, load, moment, open_store_if_there
from pedigreed.model.failure import Usage

if TYPE_CHECKING:
    from pedigreed.config.settings import Config, Subscription
    from pedigreed.service.drafting import Draft


_MAILS = frozenset(("email", "maildir", "folder"))
"""The kinds of channel that are handed a mail."""


class Format(StrEnum):
    """What to print of a digest."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    MAIL = "mail"
    SLACK = "slack"


def preview(
    name: Annotated[
        str | None, typer.Argument(metavar="[SUBSCRIPTION]", help="Default: all of them.", show_default=False)
    ] = None,
    config: ConfigFile = None,
    now: Now = None,
    *,
    form: Annotated[
        Format, typer.Option("--format", help="The text, an attachment, the whole mail, or the Slack message.")
    ] = Format.TEXT,
) -> None:
    """Print what would be sent if the period ended now. Asks nobody and changes nothing."""
    from pedigreed.service.drafting import draft, last_period

    at = moment(now)
    loaded = load(config)
    chosen = _chosen(loaded.config, name)
    store = open_store_if_there(loaded)
    if store is None:
        typer.echo("nothing was watched yet: `pedigreed once` looks for the first time", err=True)
        return
    with store, store.reading() as connection:
        for subscription in chosen:
            last = last_period(connection, subscription, at)
            drafted = draft(
                connection, loaded.config, subscription, last=last, configuration=Path(loaded.file).name, now=at
            )
            _print(drafted, subscription, loaded.config, form)


def _chosen(config: "Config", name: str | None) -> "tuple[Subscription, ...]":
    chosen = tuple(entry for entry in config.subscriptions if name in {None, entry.name})
    if not chosen:
        names = ", ".join(entry.name for entry in config.subscriptions)
        raise Usage(f"there is no subscription {name!r}: the configuration has {names}")
    return chosen


def _print(drafted: "Draft", subscription: "Subscription", config: "Config", form: Format) -> None:
    from pedigreed.service.destinations import messages_of

    if not drafted.is_worth_sending:
        typer.echo(f"{subscription.name}: nothing would be sent; there is nothing to tell", err=True)
    rendered = drafted.rendered
    if form is Format.TEXT:
        typer.echo(f"Subject: {rendered.subject}\n\n{rendered.text}")
    elif form is Format.MAIL:
        for message in messages_of(rendered, subscription, config, drafted.digest.ends):
            if config.channels[message.channel].kind in _MAILS:
                typer.echo(message.content, nl=False)
    elif form is Format.SLACK:
        typer.echo(rendered.slack)
    else:
        for attachment in rendered.attachments:
            plain = attachment.filename.removesuffix(".gz")
            if plain.endswith(f".{form.value}"):
                is_packed = plain != attachment.filename
                typer.echo(gzip.decompress(attachment.content) if is_packed else attachment.content, nl=False)
