"""How far a mailbox was read: the bookmark that is kept between readings."""

from __future__ import annotations

from typing import Self

import msgspec


class Place(msgspec.Struct, frozen=True):
    """A place in a mailbox. Each kind of mailbox has its own fields."""

    @classmethod
    def of(cls, bookmark: str | None) -> Self | None:
        """The place that a bookmark tells; None where it is none of this kind: the mailbox is read anew then."""
        if bookmark is None:
            return None
        try:
            return msgspec.json.decode(bookmark, type=cls)
        except msgspec.MsgspecError:
            return None

    def written(self) -> str:
        """The bookmark."""
        return msgspec.json.encode(self).decode()
