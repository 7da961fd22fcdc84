"""The other end of sd_notify(3): a real socket that keeps what a service tells its manager."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_END = b"that is all"


@dataclass
class ServiceManager:
    """What was told.

    Attributes:
        address: for ``NOTIFY_SOCKET``.
        told: every message, by the names of its states.
    """

    address: str
    told: list[dict[str, str]] = field(default_factory=list)

    def times(self, name: str) -> int:
        """How many messages said something of a state."""
        return sum(name in message for message in self.told)

    @property
    def statuses(self) -> list[str]:
        return [message["STATUS"] for message in self.told if "STATUS" in message]

    @property
    def status(self) -> str:
        """The last one, or nothing."""
        return (self.statuses or [""])[-1]

    def read(self, bound: socket.socket) -> None:
        while (message := bound.recv(1 << 16)) != _END:
            lines = message.decode().splitlines()
            self.told.append(dict(line.split("=", 1) for line in lines))


@contextmanager
def service_manager(address: str) -> Iterator[ServiceManager]:
    """Listen at a path, or at a name in Linux' own space where it begins with @."""
    manager = ServiceManager(address)
    name = f"\0{address[1:]}" if address.startswith("@") else address
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as closing,
    ):
        bound.bind(name)
        reader = threading.Thread(target=manager.read, args=(bound,))
        reader.start()
        try:
            yield manager
        finally:
            closing.sendto(_END, name)
            reader.join()
