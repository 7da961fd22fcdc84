"""A delivery as people look at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pedigreed.model.delivery import Delivery


@dataclass(frozen=True, slots=True)
class ListedDelivery:
    """A row of the outbox, without the bytes of its message.

    Attributes:
        delivery: the row. The content of its message is empty.
        subscription: whose digest it is; None for a word to the operator.
        size: of the message, in bytes.
    """

    delivery: Delivery
    subscription: str | None
    size: int
