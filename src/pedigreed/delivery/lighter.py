from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pedigreed.model.message import Message


def lighter(message: Message, reason: str) -> Message | None:
    return None
