"""`pedigreed preview`: what would be sent if the period ended now."""

import gzip
import webbrowser
from enum import StrEnum
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated

import typer

from pedigreed.cli import completion
from pedigreed.cli.options import ConfigFile, Now, chosen_subscriptions, load, moment, open_store_if_there
from pedigreed.cli.output import echo, hand_over
from pedigreed.model.failure import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pedigreed.config.settings import Config, Subscription
    from pedigreed.model.digest import RenderedDigest


class Format(StrEnum):
    """What to print of a digest."""

    TEXT = "text"
    HTML = "html"
    JSON = "json"
    CSV = "csv"
    MAIL = "mail"
    SLACK = "slack"
    WEBHOOK = "webhook"


def preview(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="SUBSCRIPTION",
            help="Default: all of them.",
            show_default=False,
            autocompletion=completion.subscriptions,
        ),
    ] = None,
    config: ConfigFile = None,
    now: Now = None,
    *,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="The text (the default), the page, an attachment, the whole mails, the Slack message, or the "
            "document that a webhook gets.",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="DESTINATION",
            help="Print the one message to this address or channel, byte for byte, and nothing else.",
            show_default=False,
        ),
    ] = None,
    opens: Annotated[
        bool,
        typer.Option("--open", help="With --format html: write the page to a file, and open it in a browser."),
    ] = False,
) -> None:
    """Print what would be sent if the period ended now. Asks nobody and changes nothing."""
    from pedigreed.digests.compose import compose, is_worth_sending
    from pedigreed.service.facts_reader import FactsReader
    from pedigreed.service.periods import rendered_for
    from pedigreed.service.subscriptions import programs_now

    if to is not None and form is not None:
        raise Usage("--to prints the message in the form that its channel has: leave --format out")
    if opens and form is not Format.HTML:
        raise Usage("--open opens a page: add --format html")
    at = moment(now)
    loaded = load(config)
    chosen = chosen_subscriptions(loaded.config, name)
    if to is not None:
        chosen = (_delivering(chosen, to),)
    store = open_store_if_there(loaded)
    if store is None:
        echo("nothing was watched yet: `pedigreed once` looks for the first time", err=True)
        return
    with store, store.reading() as connection:
        watched = programs_now(loaded.config, connection)
        reader = FactsReader(watched, at)
        names = {one.name for one in chosen}
        previewed = [each for each in watched.subscriptions if each.name in names]
        reader.prepare(connection, previewed)
        for subscription in previewed:
            facts = reader.read(connection, subscription)
            digest = compose(facts)
            rendered = rendered_for(
                digest,
                subscription,
                loaded.config,
                Path(loaded.file).name,
                has_document=form is Format.WEBHOOK,
                has_blocks=form is Format.SLACK,
            )
            if not is_worth_sending(
                digest, subscription.digest.empty, last_period=facts.last_period, last_sent=facts.last_sent
            ):
                echo(f"{subscription.name}: nothing would be sent; there is nothing to tell", err=True)
            if rendered.template_problem:
                echo(f"{subscription.name}: your template was not used: {rendered.template_problem}", err=True)
            if opens:
                show(rendered.html, subscription.name)
            elif to is None:
                _print(rendered, subscription, loaded.config, form or Format.TEXT, at)
            else:
                _print_message(rendered, subscription, loaded.config, to, at)


def _delivering(chosen: "Sequence[Subscription]", to: str) -> "Subscription":
    """The one that delivers to a destination."""
    from pedigreed.delivery.messages import destinations_of

    places = {
        entry.name: [recipient or channel for channel, recipient in destinations_of(entry.deliver)]
        for entry in chosen
    }
    found = [entry for entry in chosen if to in places[entry.name]]
    if not found:
        where = "; ".join(f"{name} delivers to {', '.join(of_it)}" for name, of_it in places.items())
        raise Usage(f"nothing is delivered to {to!r}: {where}")
    if len(found) > 1:
        names = ", ".join(entry.name for entry in found)
        raise Usage(f"several subscriptions deliver to {to}: name one of {names}")
    return found[0]


def _print_message(
    rendered: "RenderedDigest", subscription: "Subscription", config: "Config", to: str, at: "datetime"
) -> None:
    from pedigreed.delivery.messages import messages_of

    for message in messages_of(rendered, subscription, config, at):
        if (message.recipient or message.channel) == to:
            hand_over(message.content)


def _print(
    rendered: "RenderedDigest", subscription: "Subscription", config: "Config", form: Format, at: "datetime"
) -> None:
    from pedigreed.config.channels import Form
    from pedigreed.delivery.messages import form_of, messages_of

    if form is Format.TEXT:
        echo(f"Subject: {rendered.subject}\n\n{rendered.text}")
    elif form is Format.HTML:
        hand_over(rendered.html)
    elif form is Format.MAIL:
        for message in messages_of(rendered, subscription, config, at):
            if form_of(config.channels[message.channel]) is Form.MAIL:
                hand_over(message.content)
    elif form is Format.SLACK:
        hand_over(rendered.slack + b"\n")
    elif form is Format.WEBHOOK:
        hand_over(rendered.document + b"\n")
    else:
        for attachment in rendered.attachments:
            plain = attachment.filename.removesuffix(".gz")
            if plain.endswith(f".{form.value}"):
                is_packed = plain != attachment.filename
                hand_over(gzip.decompress(attachment.content) if is_packed else attachment.content)


def show(html: str, name: str) -> None:
    """Write a page to a file that only its owner can read, and open it where there is a browser.

    The file stays: a browser may read it after the command has ended. Its path is printed.

    Args:
        html: the page, ASCII.
        name: of the file, without the suffix.
    """
    file = Path(mkdtemp(prefix="pedigreed-")) / f"{name}.html"
    file.write_text(html, encoding="ascii", newline="")
    echo(file)
    if not webbrowser.open(file.as_uri()):
        echo("there is no browser here: open the file with one", err=True)
