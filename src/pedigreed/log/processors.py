"""From an event, ours or a library's, to its line. structlog calls these one after the other."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pedigreed.log.level import level_name
from pedigreed.log.plain import plain
from pedigreed.model.instant import iso

if TYPE_CHECKING:
    import logging

    from structlog.typing import EventDict

LONGEST = 40_000
"""Characters. The journal breaks a line that is longer than 48 KB."""

_SHORT = 500
_OF_STRUCTLOG = ("_record", "_from_structlog")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_PRIORITIES = {"critical": 3, "error": 3, "warning": 4, "info": 6, "debug": 7}
"""Of syslog. Not even what ends pedigreed is critical to the system."""


def make_plain(_logger: object, _name: str, event: EventDict) -> EventDict:
    """Make every value one that JSON has, without secrets. The keys of an event are our own words."""
    return {key: value if key in _OF_STRUCTLOG else plain(value) for key, value in event.items()}


def introduce(_logger: object, _name: str, event: EventDict) -> EventDict:
    """Put the level first, and the name of the library where it is not ours."""
    record: logging.LogRecord = event.pop("_record")
    is_ours = event.pop("_from_structlog")
    made: dict[str, Any] = {"level": level_name(record.levelno)}
    if not is_ours:
        made["logger"] = record.name
    return {**made, "event": event.pop("event", ""), **event, **made}


def stamp(_logger: object, _name: str, event: EventDict) -> EventDict:
    """Put the time before everything, for a reader that has none of its own."""
    event.pop("timestamp", None)
    return {"timestamp": iso(datetime.now(UTC)), **event}


def as_json(_logger: object, _name: str, event: EventDict) -> str:
    """One line of JSON, in ASCII, so that nothing in it can be taken for the end of a line."""
    line = json.dumps(event)
    return line if len(line) <= LONGEST else json.dumps(_cut(event))


def as_json_for_the_journal(logger: object, name: str, event: EventDict) -> str:
    """The same after its priority, which the journal takes off and keeps."""
    return f"<{_PRIORITIES[event['level']]}>{as_json(logger, name, event)}"


def tame(_logger: object, _name: str, event: EventDict) -> EventDict:
    """Keep what stands in a text from moving a terminal's cursor. A traceback keeps its lines."""
    return {key: _tamed(value, keep="\n" if key == "exception" else "") for key, value in event.items()}


def _tamed(value: object, keep: str) -> object:
    """Other values than text are shown quoted."""
    if not isinstance(value, str):
        return value
    return _CONTROL.sub(lambda match: keep if keep and keep in match[0] else " ", value).strip()


def _cut(event: EventDict) -> EventDict:
    """The event with its long values as the beginnings of how they would be written."""
    written = {key: text for key, value in event.items() if len(text := json.dumps(value)) > _SHORT}
    # Quotes and backslashes of what is cut are quoted once more, which doubles them.
    room = LONGEST // (3 * len(written))
    return {**event, **{key: f"{text[:room]}..." for key, text in written.items() if len(text) > room}}
