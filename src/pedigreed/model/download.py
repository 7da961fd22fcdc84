"""A file that a subscription has fetched when a digest has told of it, and what came of that."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class DownloadState(StrEnum):
    """Where a download stands."""

    WAITING = "waiting"
    """It is still to be tried, or to be tried again."""
    FETCHED = "fetched"
    """The file is on the disk as the archive has it."""
    MISSING = "missing"
    """It did not come, and is not tried again."""


@dataclass(frozen=True, slots=True)
class Download:
    """One file.

    Attributes:
        filename: as the archive spells it.
        program: the program's number.
        wanted_at: when a digest told of it, UTC.
        state: where it stands.
        tries: how often it was tried.
        size: bytes; None where nothing came.
        reason: why it is not here, in plain words; None where it is, or was not tried yet.
    """

    filename: str
    program: int
    wanted_at: datetime
    state: DownloadState = DownloadState.WAITING
    tries: int = 0
    size: int | None = None
    reason: str | None = None
