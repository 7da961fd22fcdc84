"""Something small in a store that a test writes, and reads again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pedigreed.model.pause import Pause, Paused
from pedigreed.store import pauses

if TYPE_CHECKING:
    from pedigreed.store.database import Store

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def note(store: Store, name: str) -> None:
    with store.writing() as connection:
        pauses.begin(connection, Pause(Paused.CHANNEL, name, NOON, NOON, 1, "why"))


def noted(store: Store) -> set[str]:
    with store.reading() as connection:
        return set(pauses.load(connection, Paused.CHANNEL))
