"""`pedigreed deliveries`: look through the outbox, try again, call off."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pedigreed.cli import completion
from pedigreed.cli.options import ConfigFile, Json, Now, load, moment, open_store_if_there
from pedigreed.cli.output import day_and_time, echo, hand_over, print_json, print_table, table
from pedigreed.model.delivery import DeliveryState
from pedigreed.model.failure import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from pedigreed.config.load import LoadedConfig
    from pedigreed.model.delivery import Delivery, ListedDelivery
    from pedigreed.model.pause import Pause
    from pedigreed.store.database import Store


_LONGEST_WORD = 70
_LABELS = 16
_NOWHERE = "there is no delivery yet: `pedigreed once` makes the first ones"

app = typer.Typer(no_args_is_help=True, help="Look through the outbox; try again, or call off.")

Numbers = Annotated[
    list[int],
    typer.Argument(metavar="NUMBER", help="As `deliveries list` has them.", autocompletion=completion.deliveries),
]


@app.command("list")
def list_(
    config: ConfigFile = None,
    now: Now = None,
    *,
    state: Annotated[
        list[DeliveryState] | None,
        typer.Option(
            "--state",
            metavar="STATE",
            help=f"Only those that are {', '.join(DeliveryState)}; may be repeated.",
            show_default=False,
        ),
    ] = None,
    channel: Annotated[
        str | None,
        typer.Option(
            "--channel",
            metavar="NAME",
            help="Only by this channel.",
            show_default=False,
            autocompletion=completion.channels,
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(metavar="NUMBER", min=1, max=1_000_000, help="How many, the newest first.")
    ] = 50,
    as_json: Json = False,
) -> None:
    """Print the deliveries, newest first.

    Of each: where it goes, how it stands, since when or until when, and what was said last.
    """
    from pedigreed.model.pause import Paused
    from pedigreed.store import listed_deliveries, pauses

    at = moment(now)
    loaded = load(config)
    store = open_store_if_there(loaded)
    found: list[ListedDelivery] = []
    paused: dict[str, Pause] = {}
    if store is not None:
        with store, store.reading() as connection:
            found = listed_deliveries.newest(connection, limit, states=state or (), channel=channel)
            paused = pauses.load(connection, Paused.CHANNEL)
    if not found:
        _expect_channel(loaded, channel)
    if as_json:
        print_json({"deliveries": [document(listed, paused, at) for listed in found]})
    elif found:
        _print_list(found, paused, at)
    else:
        echo("there is no such delivery" if state or channel else "there is no delivery yet")


@app.command()
def show(
    number: Annotated[
        int,
        typer.Argument(
            metavar="NUMBER", help="As `deliveries list` has it.", autocompletion=completion.deliveries
        ),
    ],
    config: ConfigFile = None,
    now: Now = None,
    *,
    raw: Annotated[
        bool, typer.Option("--raw", help="Print the message itself, byte for byte, and nothing else.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print everything about one delivery, or its message."""
    from pedigreed.model.pause import Paused
    from pedigreed.store import listed_deliveries, pauses

    if raw and as_json:
        raise Usage("--raw prints the message as it is: leave --json out")
    at = moment(now)
    with _opened(load(config)) as store, store.reading() as connection:
        listed = listed_deliveries.by_number(connection, [number]).get(number)
        if listed is None:
            raise Usage(f"there is no delivery {number}: `pedigreed deliveries list` has the numbers")
        paused = pauses.load(connection, Paused.CHANNEL)
        content = listed_deliveries.content_of(connection, number) if raw else b""
    if content is None:
        raise Usage(f"the bytes of delivery {number} are kept no more; their SHA-256 is {listed.sha256}")
    if raw:
        hand_over(content)
    elif as_json:
        print_json(document(listed, paused, at))
    else:
        _print_one(listed, paused, at)


@app.command()
def retry(
    numbers: Annotated[
        list[int] | None,
        typer.Argument(
            metavar="NUMBER",
            help="As `deliveries list` has them.",
            show_default=False,
            autocompletion=completion.deliveries,
        ),
    ] = None,
    config: ConfigFile = None,
    now: Now = None,
    *,
    given_up: Annotated[
        bool, typer.Option("--given-up", help="All that were refused, expired or unsure.")
    ] = False,
    channel: Annotated[
        str | None,
        typer.Option(
            "--channel", metavar="NAME", help="With --given-up: only by this channel.", show_default=False
        ),
    ] = None,
) -> None:
    """Let deliveries wait again, due now, as if they had not been tried.

    The pause of their channel ends, so that the next cycle tries. What was sent is not sent again.
    """
    from pedigreed.service import delivery_orders

    if bool(numbers) == given_up:
        raise Usage("which deliveries? Give their numbers, or --given-up for all that did not arrive")
    if channel and not given_up:
        raise Usage("--channel goes with --given-up: numbers say by themselves which deliveries are meant")
    at = moment(now)
    loaded = load(config)
    with _opened(loaded) as store:
        retried = (
            delivery_orders.retry(store, numbers, at)
            if numbers
            else delivery_orders.retry_given_up(store, channel, at)
        )
    if not retried.deliveries:
        _expect_channel(loaded, channel)
        echo("nothing was given up")
        return
    for listed in retried.deliveries:
        echo(f"{named(listed.delivery)} waits again")
    for pause in retried.resumed:
        echo(f"the pause of channel {pause.name} is over; it began with: {pause.reason}")
    echo("the next cycle tries: `pedigreed once` runs one now")


@app.command()
def cancel(numbers: Numbers, config: ConfigFile = None, now: Now = None) -> None:
    """Call deliveries off that still wait: they are not sent."""
    from pedigreed.service import delivery_orders

    at = moment(now)
    with _opened(load(config)) as store:
        cancelled = delivery_orders.cancel(store, numbers, at)
    for listed in cancelled:
        delivery = listed.delivery
        arrived = "; it may have arrived already" if may_have_arrived(delivery) else ""
        echo(f"{named(delivery)} is cancelled{arrived}")


def _opened(loaded: "LoadedConfig") -> "Store":
    store = open_store_if_there(loaded)
    if store is None:
        raise Usage(_NOWHERE)
    return store


def _expect_channel(loaded: "LoadedConfig", channel: str | None) -> None:
    """Raise `Usage` for a channel that the configuration does not have: with no delivery either, it is a slip."""
    from pedigreed.config.config_problem import choose

    if channel is not None:
        try:
            choose(channel, loaded.config.channels, "channel")
        except ValueError as error:
            raise Usage(str(error)) from None


def _print_list(found: "Sequence[ListedDelivery]", paused: "Mapping[str, Pause]", at: "datetime") -> None:
    from pedigreed.model.printable import short_line

    made = table("no.", "subscription", "to", "state", "attempts", "when", "said last", right=("no.", "attempts"))
    for listed in found:
        delivery = listed.delivery
        made.add_row(
            str(delivery.key),
            listed.subscription or "operator",
            where(delivery),
            state_of(delivery),
            str(delivery.attempts),
            when(delivery, paused, at),
            short_line(delivery.last_outcome or "-", _LONGEST_WORD),
        )
    print_table(made)


def _print_one(listed: "ListedDelivery", paused: "Mapping[str, Pause]", at: "datetime") -> None:
    delivery = listed.delivery
    message = delivery.message
    pause = pause_of(delivery, paused, at)
    lines = {
        "delivery": str(delivery.key),
        "subscription": listed.subscription or "none; a word to the operator",
        "digest": delivery.digest_id,
        "to": where(delivery),
        "from": message.sender,
        "subject": message.subject,
        "Message-ID": message.message_id,
        "size": f"{listed.size:,} bytes" + (", kept no more" if listed.sha256 else ""),
        "SHA-256": listed.sha256,
        "created": day_and_time(delivery.created_at),
        "state": state_of(delivery),
        "when": when(delivery, paused, at),
        "attempts": f"{delivery.attempts}" + (f", {delivery.unsure} without an answer" if delivery.unsure else ""),
        "said last": delivery.last_outcome,
        "channel paused": f"since {day_and_time(pause.since)}: {pause.reason}" if pause else None,
    }
    for label, said in lines.items():
        if said:
            echo(f"{label:<{_LABELS}}{said}")


def named(delivery: "Delivery") -> str:
    """``delivery 17 to email me@obs.example``."""
    return f"delivery {delivery.key} to {where(delivery)}"


def where(delivery: "Delivery") -> str:
    return " ".join(filter(None, (delivery.message.channel, delivery.message.recipient)))


def state_of(delivery: "Delivery") -> str:
    return delivery.state.value + (", perhaps twice" if delivery.maybe_repeated else "")


def may_have_arrived(delivery: "Delivery") -> bool:
    return delivery.maybe_repeated or delivery.state is DeliveryState.SENDING


def when(delivery: "Delivery", paused: "Mapping[str, Pause]", at: "datetime") -> str:
    """When it was finished, is tried next, or has to be handed over by."""
    if delivery.finished_at is not None:
        return day_and_time(delivery.finished_at)
    if pause := pause_of(delivery, paused, at):
        return f"paused to {day_and_time(pause.until)}"
    if delivery.next_attempt_at is None or delivery.next_attempt_at <= at:
        return "due now"
    until = "until " if delivery.state is DeliveryState.SENDING else ""
    return until + day_and_time(delivery.next_attempt_at)


def pause_of(delivery: "Delivery", paused: "Mapping[str, Pause]", at: "datetime") -> "Pause | None":
    """The pause of its channel that a delivery waits for."""
    pause = paused.get(delivery.message.channel)
    if pause is None or pause.until <= at or delivery.next_attempt_at is None:
        return None
    return pause if delivery.next_attempt_at < pause.until else None


def document(listed: "ListedDelivery", paused: "Mapping[str, Pause]", at: "datetime") -> dict[str, Any]:
    """The shape that docs/json.md has."""
    delivery = listed.delivery
    message = delivery.message
    pause = pause_of(delivery, paused, at)
    return {
        "number": delivery.key,
        "subscription": listed.subscription,
        "digest": delivery.digest_id,
        "channel": message.channel,
        "recipient": message.recipient or None,
        "sender": message.sender or None,
        "subject": message.subject,
        "message_id": message.message_id,
        "bytes": listed.size,
        "sha256": listed.sha256,
        "created": delivery.created_at,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "unsure_attempts": delivery.unsure,
        "maybe_repeated": delivery.maybe_repeated,
        "next_attempt": delivery.next_attempt_at,
        "finished": delivery.finished_at,
        "paused_until": pause.until if pause else None,
        "outcome": delivery.last_outcome,
    }
