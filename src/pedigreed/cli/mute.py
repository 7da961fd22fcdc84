"""`pedigreed mute`: hold a subscription quiet for a while."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pedigreed.cli import completion
from pedigreed.cli.options import ConfigFile, Json, Now, load, moment, open_store, open_store_if_there
from pedigreed.cli.output import day_and_time, echo, print_json, print_table, table
from pedigreed.model.failure import Usage

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from pedigreed.config.load import LoadedConfig
    from pedigreed.config.settings import Config
    from pedigreed.model.pause import Mute

_FORMS = "write a date such as 2026-12-01, a moment such as 2026-12-01T09:00, or a duration such as 3d"
_LIKE_A_DURATION = re.compile(r"\d+ *[a-z]*", re.ASCII | re.IGNORECASE)


def mute(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="SUBSCRIPTION",
            help="Default: list those that are muted.",
            show_default=False,
            autocompletion=completion.subscriptions,
        ),
    ] = None,
    config: ConfigFile = None,
    now: Now = None,
    *,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="MOMENT",
            help="2026-12-01 (when that day begins), 2026-12-01T09:00, or a duration such as 3d. "
            "Without a zone it is in the configuration's.",
            show_default=False,
        ),
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Let it speak again.")] = False,
    as_json: Json = False,
) -> None:
    """Hold a subscription quiet until a moment.

    The archive is watched all the same. No digest of it is composed meanwhile, and the first one afterwards
    tells everything. What waits in the outbox already is sent. Without a subscription, list those that are muted.
    """
    at = moment(now)
    if name is None:
        if until is not None or off:
            raise Usage("which subscription? Name it, or leave --until and --off out for a list")
        _list(load(config), at, as_json=as_json)
    elif as_json:
        raise Usage("--json is for the list: leave the subscription out")
    elif (until is None) is not off:
        raise Usage(f"how long? Give either --until MOMENT, or --off to let {name} speak again")
    elif until is None:
        _end(load(config), name, at)
    else:
        _begin(load(config), name, until, at)


def _begin(loaded: "LoadedConfig", name: str, until: str, at: datetime) -> None:
    from pedigreed.model.pause import Mute
    from pedigreed.store import pauses

    _expect_subscription(loaded.config, name)
    ends = _end_of(until, loaded.config.zone, at)
    with open_store(loaded) as store, store.writing() as connection:
        before = pauses.load_mutes(connection, at).get(name)
        pauses.mute(connection, Mute(name, before.since if before else at, ends))
    echo(f"{name} is muted until {day_and_time(ends)}; the first digest afterwards tells everything")


def _end(loaded: "LoadedConfig", name: str, at: datetime) -> None:
    """Also of one that the configuration does not have any more."""
    from pedigreed.store import pauses

    was_muted = False
    store = open_store_if_there(loaded)
    if store is not None:
        with store, store.writing() as connection:
            was_muted = name in pauses.load_mutes(connection, at)
            pauses.unmute(connection, name)
    if not was_muted:
        _expect_subscription(loaded.config, name)
    echo(
        f"{name} is no longer muted: its next digest has all that came in between"
        if was_muted
        else f"{name} was not muted"
    )


def _list(loaded: "LoadedConfig", at: datetime, *, as_json: bool) -> None:
    from pedigreed.store import pauses

    found: list[Mute] = []
    store = open_store_if_there(loaded)
    if store is not None:
        with store, store.reading() as connection:
            found = list(pauses.load_mutes(connection, at).values())
    if as_json:
        print_json(
            {
                "mutes": [
                    {"subscription": each.subscription, "since": each.since, "until": each.until} for each in found
                ]
            }
        )
        return
    if not found:
        echo("no subscription is muted")
        return
    made = table("subscription", "muted since", "until")
    for each in found:
        made.add_row(each.subscription, day_and_time(each.since), day_and_time(each.until))
    print_table(made)


def _expect_subscription(config: "Config", name: str) -> None:
    from pedigreed.config.config_problem import choose

    try:
        choose(name, [entry.name for entry in config.subscriptions], "subscription")
    except ValueError as error:
        raise Usage(str(error)) from None


def _end_of(until: str, zone: "ZoneInfo", at: datetime) -> datetime:
    """The moment that is meant, UTC. Raises `Usage` if it can't be read, or is not to come."""
    ends = _read(until, zone, at)
    if ends <= at:
        raise Usage(
            f"--until {until} is {day_and_time(ends)}, which is past: {_FORMS}, or --off to let it speak again"
        )
    return ends


def _read(until: str, zone: "ZoneInfo", at: datetime) -> datetime:
    from pedigreed.config.value import parse_duration

    if _LIKE_A_DURATION.fullmatch(until):
        try:
            return at + parse_duration(until)
        except ValueError as error:
            raise Usage(f"--until: {error}") from None
    try:
        read = datetime.fromisoformat(until)
        return read.replace(tzinfo=read.tzinfo or zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Usage(f"--until {until!r} is no moment: {_FORMS}") from None
