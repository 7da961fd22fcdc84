"""What a shell offers for an argument: the names of the configuration, and what the store knows of."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pedigreed.model.failure import PedigreedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pedigreed.config.load import LoadedConfig

_MOST = 100


def subscriptions(ctx: typer.Context, incomplete: str) -> list[str]:
    """The names of subscriptions."""
    return _of_configuration(ctx, incomplete, lambda loaded: [entry.name for entry in loaded.config.subscriptions])


def channels(ctx: typer.Context, incomplete: str) -> list[str]:
    """The names of channels."""
    return _of_configuration(ctx, incomplete, lambda loaded: list(loaded.config.channels))


def programs(ctx: typer.Context, incomplete: str) -> list[str]:
    """The programs that are watched."""
    return _of_configuration(ctx, incomplete, lambda loaded: map(str, sorted(loaded.config.programs)))


def deliveries(ctx: typer.Context, incomplete: str) -> list[str]:
    """The numbers of the newest deliveries."""

    def numbers(loaded: "LoadedConfig") -> list[str]:
        from pedigreed.cli.options import open_store_if_there
        from pedigreed.store import listed_deliveries

        store = open_store_if_there(loaded)
        if store is None:
            return []
        with store, store.reading() as connection:
            return [str(listed.delivery.key) for listed in listed_deliveries.newest(connection, _MOST)]

    return _of_configuration(ctx, incomplete, numbers)


def notices(ctx: typer.Context, incomplete: str) -> list[str]:
    """The names of what happened in CRDS."""

    def names(loaded: "LoadedConfig") -> list[str]:
        from pedigreed.cli.options import open_store_if_there
        from pedigreed.notices.merging import notices_of
        from pedigreed.store import announcements

        store = open_store_if_there(loaded)
        if store is None:
            return []
        with store, store.reading() as connection:
            return [notice.name for notice in notices_of(announcements.load(connection))]

    return _of_configuration(ctx, incomplete, names)


def _of_configuration(
    ctx: typer.Context, incomplete: str, read: "Callable[[LoadedConfig], Iterable[str]]"
) -> list[str]:
    """What begins as what was typed; nothing where the configuration or the store can't be read."""
    from pedigreed.cli.options import read as read_configuration

    given = ctx.params.get("config")
    with suppress(PedigreedError, OSError):
        loaded = read_configuration(Path(given) if given else None)
        return [name for name in read(loaded) if name.startswith(incomplete)]
    return []
