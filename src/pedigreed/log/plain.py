"""What an event holds, as JSON has it, and with every secret struck out."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import date, time

from pedigreed.redaction import redact

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
