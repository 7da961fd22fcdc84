"""What a channel is: the way to one kind of destination."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pedigreed.model.delivery import Message, Outcome


class Channel(Protocol):
    """Hands messages over, one at a time.

    The channel classifies what happened, and the outbox decides what follows.
    A destination that fails is an outcome, never an exception.
    """

    async def send(self, message: Message) -> Outcome:
        """Try once. The outcome's reason is one line, without secrets."""
        ...

    async def close(self) -> None:
        """Let go of what the channel holds, such as open connections. It may send again afterwards."""
        ...
