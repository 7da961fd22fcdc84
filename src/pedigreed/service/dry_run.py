"""A dry run: a whole cycle on a copy of the store, of which nothing is sent and nothing stays."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pedigreed.config.address import StoreUrl
from pedigreed.model.delivery import Sent
from pedigreed.model.failure import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pedigreed.config.settings import Config
    from pedigreed.model.delivery import Message, Outcome

_SQLITE = "sqlite:///"


class SendsNothing:
    """A channel that takes everything and hands over nothing."""

    async def send(self, message: Message) -> Outcome:  # noqa: ARG002  # as a channel has it
        return Sent("")

    async def close(self) -> None:
        return


@contextmanager
def on_a_copy(config: Config) -> Iterator[Config]:
    """The configuration for a cycle of which nothing stays: its store is a copy, and nobody is told of its end.

    Raises:
        Usage: the store is no file, of which a copy could be made.
    """
    url = config.store.reveal()
    if not url.startswith(_SQLITE):
        raise Usage(
            "--dry-run works on a copy of an SQLite store: `pedigreed preview` shows what is due on others"
        )
    file = Path(url.removeprefix(_SQLITE))
    with TemporaryDirectory(prefix="pedigreed-") as folder:
        copy = Path(folder) / file.name
        if file.exists():
            with (
                closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as kept,
                closing(sqlite3.connect(copy)) as tried,
            ):
                kept.backup(tried)
        yield config.model_copy(update={"store": StoreUrl.of(f"{_SQLITE}{copy}"), "heartbeat": None})
