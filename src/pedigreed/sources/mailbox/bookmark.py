"""How far a mailbox was read, as text that is kept between readings."""

from __future__ import annotations

from typing import TypeVar

import msgspec

Kept = TypeVar("Kept", bound=msgspec.Struct)


def written(place: msgspec.Struct) -> str:
    """The bookmark of a place."""
    return msgspec.json.encode(place).decode()


def read_as(kind: type[Kept], bookmark: str | None) -> Kept | None:
    """The place; None where there is no bookmark, or it is of another kind of mailbox: it is read anew then."""
    if bookmark is None:
        return None
    try:
        return msgspec.json.decode(bookmark, type=kind)
    except msgspec.MsgspecError:
        return None
