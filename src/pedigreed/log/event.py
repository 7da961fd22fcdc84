"""From an event, ours or a library's, to its line: what it holds as JSON has it, and without a secret."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pedigreed.model.instant import iso
from pedigreed.model.printable import printable
from pedigreed.redaction import redact

if TYPE_CHECKING:
    from structlog.typing import EventDict


class Level(StrEnum):
    """From what on an event is shown."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def number(self) -> int:
        """As the standard library counts."""
        return logging.getLevelNamesMapping()[self.upper()]

    @property
    def of_libraries(self) -> int:
        """The same for what is not ours: less, as it is meant for who works on it."""
        return logging.INFO if self is Level.DEBUG else max(self.number, logging.WARNING)


def level_name(number: int) -> str:
    """The name of an event's level. Libraries may have levels of their own between these."""
    for level in (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO):
        if number >= level:
            return logging.getLevelName(level).lower()
    return "debug"


DEEPEST = 10
"""How far lists and mappings are followed into each other; one may hold itself."""

MOST = 2000
"""How many values one event may have."""

_LEFT_OUT = "..."
_LARGEST = 1 << 63


def plain(value: object) -> object:
    """A value as strings, numbers, lists and mappings. Raises nothing, whatever it is."""
    return _Walk().plain(value, 0)


class _Walk:
    """One value's parts, as far as there is room for them."""

    def __init__(self) -> None:
        self._left = MOST

    def plain(self, value: object, depth: int) -> object:
        self._left -= 1
        if not isinstance(value, Collection) or isinstance(value, str | bytes | bytearray):
            return _single(value)
        if depth == DEEPEST:
            return _LEFT_OUT
        try:
            if isinstance(value, Mapping):
                return self._mapping(value, depth + 1)
            return self._list(value, depth + 1)
        except Exception:  # noqa: BLE001  # a value must not stop what it is told of
            return _shown(value)

    def _mapping(self, value: Mapping[object, object], depth: int) -> object:
        made: dict[str, object] = {}
        for key, inner in value.items():
            if self._left <= 0:
                made[_LEFT_OUT] = len(value) - len(made)
                break
            made[_text(key) if isinstance(key, str | bytes) else _shown(key)] = self.plain(inner, depth)
        return made

    def _list(self, value: Collection[object], depth: int) -> object:
        made: list[object] = []
        for inner in value:
            if self._left <= 0:
                made.append(_LEFT_OUT)
                break
            made.append(self.plain(inner, depth))
        return made


def _single(value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str | bytes | bytearray):
        return _text(value)
    if isinstance(value, int | float):
        return _number(value)
    return _redacted(value.isoformat()) if isinstance(value, date | time) else _shown(value)


def _text(value: str | bytes | bytearray) -> str:
    if isinstance(value, str):
        return _redacted(str.__str__(value))
    # As text, since a secret would not be recognised in the quoted form.
    return _redacted(value.decode("utf-8", "backslashreplace"))


def _number(value: float) -> object:
    if isinstance(value, int):
        # JSON has no limit, but those who read it do, and so has Python's way to write one.
        return int(value) if -_LARGEST <= value < _LARGEST else hex(value)
    return float(value) if math.isfinite(value) else repr(float(value))


def _shown(value: object) -> str:
    try:
        return _redacted(repr(value))
    except Exception:  # noqa: BLE001  # as above
        return f"<{type(value).__name__}>"


def _redacted(text: str) -> str:
    return redact(text, any_address=True)


LONGEST = 40_000
"""Characters. The journal breaks a line that is longer than 48 KB."""

_SHORT = 500
_OF_STRUCTLOG = ("_record", "_from_structlog")
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
    # Other values than text are shown quoted.
    return {
        key: printable(value, keep="\n" if key == "exception" else "").strip() if isinstance(value, str) else value
        for key, value in event.items()
    }


def _cut(event: EventDict) -> EventDict:
    """The event with its long values as the beginnings of how they would be written."""
    written = {key: text for key, value in event.items() if len(text := json.dumps(value)) > _SHORT}
    # Quotes and backslashes of what is cut are quoted once more, which doubles them.
    room = LONGEST // (3 * len(written))
    return {**event, **{key: f"{text[:room]}..." for key, text in written.items() if len(text) > room}}
