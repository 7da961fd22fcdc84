"""The recorded archive: a real HTTP server on loopback whose clock and conduct the caller sets.

with DemoArchive(archive_at, now=DAY_1) as archive:
    archive.misbehave(GatewayTimeout(), times=2, when=is_page)
    ...  # a client of archive.url
    archive.now = DAY_2
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.demo.on_loopback import OnLoopback
from pedigreed.demo.portal import Portal
from pedigreed.demo.request_log import RequestLog
from pedigreed.demo.server import PortalServer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from pedigreed.demo.fault import Fault
    from pedigreed.demo.filters import Row
    from pedigreed.demo.received import Received


class DemoArchive(OnLoopback):
    """A JWST archive on loopback. Use it in a ``with`` statement; outside of it there is no `url`."""

    def __init__(
        self, rows_at: Callable[[datetime], Sequence[Row]], now: datetime, *, executing_polls: int = 0
    ) -> None:
        """Serve ``rows_at(now)``.

        Args:
            rows_at: what the archive has at a moment (UTC); see `scenario.archive_at` and `rows.always`.
            now: the archive's clock, UTC.
            executing_polls: how often each new request is told to come again before it is answered.
        """
        self._portal = Portal(rows_at, now, executing_polls)
        self._log = RequestLog()

    @property
    def now(self) -> datetime:
        """The archive's clock, UTC. Set it to move the story on."""
        return self._portal.now

    @now.setter
    def now(self, now: datetime) -> None:
        self._portal.now = now

    @property
    def requests(self) -> list[Received]:
        """Every request that came, in the order of coming. Clear it to forget them."""
        return self._log.requests

    @property
    def most_at_once(self) -> int:
        """The most requests that were being answered at any one time: 1 for a serial client."""
        return self._log.most_at_once

    def misbehave(
        self, fault: Fault, times: int | None = 1, when: Callable[[Received], bool] | None = None
    ) -> None:
        """Let the next requests meet a fault.

        Args:
            fault: one of `faults`.
            times: how many requests meet it; None for all until `well_behaved`.
            when: which requests it is for, such as `script.is_page`; every one by default.
        """
        self._portal.script.add(fault, times, when or _every_request)

    def well_behaved(self) -> None:
        """Forget every fault."""
        self._portal.script.clear()

    def _listen(self) -> PortalServer:
        return PortalServer(self._portal, self._log)


def _every_request(_received: Received) -> bool:
    return True
