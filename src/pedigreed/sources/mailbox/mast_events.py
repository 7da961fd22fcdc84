"""The events in MAST's subscription mails.

The mails carry a JSON list with an object for each file: ``event_id``, ``mission``, ``fileset``, ``filename``,
``program`` (a number), ``event_type`` (New, Reprocessed or Public), ``archived_date`` and ``public_release_date``
(UTC without a zone, with no, 3 or 7 digits of a fraction). There is no pedigree in it.

A list of that form counts whoever sent it. An event only brings the check of a program forward, so that a forged
one costs a request to MAST, while a sender's address proves nothing and may change.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pedigreed.model.failure import Unreadable
from pedigreed.model.instant import parse_instant
from pedigreed.model.news_source import ArchiveEvent
from pedigreed.model.program import ProgramSelection
from pedigreed.sources.plain_text import plain_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

MOST_EVENTS = 20_000
"""Of one mail."""

_EVENT_TYPES = {word.lower(): word for word in ("New", "Reprocessed", "Public")}
_LONGEST_NAME = 250
_LISTS = ("events", "data", "results")
"""Where a list may be found in an object, should MAST put one around it."""


def events_in(documents: Iterable[str], most: int = MOST_EVENTS) -> tuple[ArchiveEvent, ...]:
    """The events of JWST in texts that may be JSON, no more than so many. What is anything else is passed over."""
    events: dict[ArchiveEvent, None] = {}
    for document in documents:
        for row in _rows(document):
            if len(events) >= most:
                return tuple(events)
            if event := _event(row):
                events[event] = None
    return tuple(events)


def _rows(document: str) -> Iterator[dict[str, Any]]:
    try:
        read = json.loads(document)
    except (ValueError, RecursionError):
        return
    if isinstance(read, dict):
        read = next((read[key] for key in _LISTS if isinstance(read.get(key), list)), [read])
    if isinstance(read, list):
        yield from (row for row in read if isinstance(row, dict))


def _event(row: dict[str, Any]) -> ArchiveEvent | None:
    mission, event_type, name = (row.get(key) for key in ("mission", "event_type", "filename"))
    if not (isinstance(mission, str) and isinstance(event_type, str) and isinstance(name, str)):
        return None
    word = _EVENT_TYPES.get(event_type.strip().lower())
    filename = plain_line(name, _LONGEST_NAME + 1)
    program = _program(row.get("program"))
    if mission.strip().lower() != "jwst" or not word or not program or not 0 < len(filename) <= _LONGEST_NAME:
        return None
    return ArchiveEvent(program, filename, word, _instant(row.get("archived_date")))


def _program(value: object) -> int | None:
    """A number from 1 to 99999, or digits; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    with suppress(Unreadable, ValueError):
        selection = ProgramSelection.parse(str(value))
        return None if selection.observations else selection.program
    return None


def _instant(value: object) -> datetime | None:
    if isinstance(value, str):
        with suppress(Unreadable):
            return parse_instant(value)
    return None
