"""What the daemon tells systemd by the protocol of sd_notify(3), and so `systemctl status`: how it is."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

from pedigreed.model.work import Work

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from zoneinfo import ZoneInfo

    from pedigreed.service.agenda import Agenda


PATIENCE = 1.0
"""Seconds. A manager that does not read what it is told would hold up everything else."""


class Notifier:
    """Sends states to the socket that the environment names, or nowhere."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        name = environ.get("NOTIFY_SOCKET", "")
        # A name that begins with @ is one in Linux' own space, which begins with NUL.
        self._address = f"\0{name[1:]}" if name.startswith("@") else name
        self.watchdog = _watchdog_of(environ)

    def tell(self, **states: str | int) -> None:
        """``READY=1`` and the like, in one message. A manager that does not listen is no failure of ours."""
        if not self._address:
            return
        # A line end within a value would begin another state.
        lines = (f"{name}={' '.join(str(value).split())}" for name, value in states.items())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(PATIENCE)
            try:
                sender.connect(self._address)
                sender.send("\n".join(lines).encode())
            except OSError:
                return

    def reloading(self) -> None:
        """That a reload begins. `READY=1` ends it."""
        self.tell(RELOADING=1, MONOTONIC_USEC=time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)


def _watchdog_of(environ: Mapping[str, str]) -> float | None:
    """Seconds within which the manager wants to hear from us; None where it does not."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1e6 if microseconds.isdigit() and int(microseconds) > 0 else None


def status_line(found: Agenda, zone: ZoneInfo, *, busy: Collection[Work], faults: Mapping[Work, int]) -> str:
    """``next digest jades 2026-11-23 07:00 CET, 2 deliveries waiting; asking MAST``."""
    said = "every subscription is muted"
    if found.next_digest is not None:
        name, at = found.next_digest
        said = f"next digest {name} {at.astimezone(zone):%Y-%m-%d %H:%M %Z}"
    if found.waiting:
        said += f", {found.waiting:,} {'delivery' if found.waiting == 1 else 'deliveries'} waiting"
    doing = [work.in_words for work in Work if work in busy]
    failing = [f"{work.in_words} failed {_times(count)}" for work, count in faults.items() if count]
    return "; ".join([said, *doing, *failing])


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times in a row"
