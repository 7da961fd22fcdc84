"""`pedigreed send-test`: whether a channel works."""

from typing import TYPE_CHECKING, Annotated

import typer

from pedigreed.cli import completion
from pedigreed.cli.options import ConfigFile, Json, load
from pedigreed.cli.output import echo, print_json, progress
from pedigreed.model.delivery import Refused, Retry, Scope, Sent, Unsure
from pedigreed.model.failure import TryAgain, UpstreamUnavailable, Usage

if TYPE_CHECKING:
    from pedigreed.config.load import LoadedConfig
    from pedigreed.config.settings import Config
    from pedigreed.model.delivery import Message, Outcome


def send_test(
    name: Annotated[
        str,
        typer.Argument(
            metavar="CHANNEL", help="As the configuration names it.", autocompletion=completion.channels
        ),
    ],
    config: ConfigFile = None,
    *,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="ADDRESS", help="For email: to whom. Default: the operator.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Send a short test message by a channel.

    It is sent now, past the outbox, and what came of it is told. Exits 69 if it was refused, and 75 if it may
    be taken later or may have arrived.
    """
    loaded = load(config)
    recipient = _recipient(loaded.config, name, to)
    loaded.require_secrets("channels", name)
    with progress(f"sending to {name}"):
        message, outcome = _sent(loaded, name, recipient)
    if as_json:
        print_json(_document(message, outcome))
    _tell(message, outcome, as_json=as_json)


def trial_sent(loaded: "LoadedConfig", name: str) -> "Outcome | None":
    """What came of a test message by a channel to its usual destination; None where it has none."""
    try:
        recipient = _recipient(loaded.config, name, None)
    except Usage:
        return None
    return _sent(loaded, name, recipient)[1]


def _sent(loaded: "LoadedConfig", name: str, recipient: str) -> "tuple[Message, Outcome]":
    import socket
    from datetime import UTC, datetime
    from pathlib import Path

    from pedigreed.service.channel_test import send_trial, trial_message

    message = trial_message(
        loaded.config,
        name,
        recipient,
        configuration=str(Path(loaded.file).resolve()),
        host=socket.gethostname(),
        now=datetime.now(UTC),
    )
    return message, send_trial(loaded.config, message)


def _recipient(config: "Config", channel: str, to: str | None) -> str:
    """Whom the message is for; empty for a channel without recipients. Raises `Usage`."""
    from pedigreed.config.address import parse_address
    from pedigreed.config.config_problem import choose
    from pedigreed.delivery.messages import operator_address

    try:
        choose(channel, config.channels, "channel")
        if to is not None:
            parse_address(to)
    except ValueError as error:
        raise Usage(str(error)) from None
    if config.channels[channel].kind != "email":
        if to is not None:
            raise Usage(f"the channel {channel!r} has one destination: leave --to out")
        return ""
    recipient = to or operator_address(config)
    if recipient is None:
        raise Usage("to whom? Give --to ADDRESS, or write operator: {email: ADDRESS} into the configuration")
    return recipient


def _tell(message: "Message", outcome: "Outcome", *, as_json: bool) -> None:
    where = " ".join(filter(None, (message.channel, message.recipient)))
    match outcome:
        case Sent(receipt):
            if not as_json:
                echo(f"sent to {where}" + (f": {receipt}" if receipt else ""))
        case Refused(reason):
            raise UpstreamUnavailable(f"refused by {where}: {reason}")
        case Retry(reason, _, Scope.CHANNEL_BROKEN):
            raise TryAgain(f"not sent to {where}, and nothing will be until this is mended: {reason}")
        case Retry(reason):
            raise TryAgain(f"not sent to {where}; a later try may do: {reason}")
        case Unsure(reason):
            raise TryAgain(f"it may have arrived at {where}, and may not: {reason}")


_WORDS = {Sent: "sent", Refused: "refused", Retry: "not now", Unsure: "unsure"}


def _document(message: "Message", outcome: "Outcome") -> dict[str, object]:
    return {
        "channel": message.channel,
        "recipient": message.recipient or None,
        "subject": message.subject,
        "message_id": message.message_id,
        "outcome": _WORDS[type(outcome)],
        "said": outcome.receipt if isinstance(outcome, Sent) else outcome.reason,
        "needs_mending": isinstance(outcome, Retry) and outcome.scope is Scope.CHANNEL_BROKEN,
    }
