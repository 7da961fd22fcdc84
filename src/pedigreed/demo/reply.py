"""An HTTP reply of the recorded archive, and how it reaches the client."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Delivery(Enum):
    """What happens to a reply on its way."""

    WHOLE = "whole"
    RESET_BEFORE = "the connection is reset before a byte is sent"
    RESET_MID_BODY = "the connection is reset after half of the body"
    HANG = "nothing is sent until the server closes"
    DRIP = "a few bytes at a time, with pauses"


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP reply.

    Attributes:
        body: what is sent.
        status: the HTTP status.
        content_type: the header's value.
        headers: further ones.
        delivery: how it is sent.
    """

    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    delivery: Delivery = Delivery.WHOLE
