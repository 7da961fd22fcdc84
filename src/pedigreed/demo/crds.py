"""CRDS on loopback: a real HTTP server whose clock and conduct the caller sets.

with DemoCrds(crds_at, now=DAY_1) as crds:
    crds.misbehave(RpcError(), when=is_call_of("get_context_history"))
    ...  # a client of crds.url
    crds.now = DAY_2
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import msgspec

from pedigreed.demo.crds_faults import CrdsFault, encoded
from pedigreed.demo.crds_methods import answer
from pedigreed.demo.on_loopback import OnLoopback
from pedigreed.demo.received import RequestKind
from pedigreed.demo.reply import Reply
from pedigreed.demo.request_log import RequestLog
from pedigreed.demo.script import Script
from pedigreed.demo.server import PortalServer
from pedigreed.model.failure import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pedigreed.demo.crds_story import CrdsState
    from pedigreed.demo.fault import Fault
    from pedigreed.demo.received import Received

ENCODED_ABOVE = 1_000
"""Bytes of a result's JSON above which it is encoded."""


class DemoCrds(OnLoopback):
    """A CRDS server on loopback. Use it in a ``with`` statement; outside of it there is no `url`.

    Attributes:
        now: the server's clock, UTC. Set it to move the story on.
    """

    def __init__(
        self,
        state_at: Callable[[datetime], CrdsState],
        now: datetime,
        *,
        encoded_above: int = ENCODED_ABOVE,
    ) -> None:
        """Serve ``state_at(now)``.

        Args:
            state_at: what the server holds at a moment (UTC); see `crds_story.crds_at`.
            now: the server's clock, UTC.
            encoded_above: how many bytes a result may have that is sent as it is.
        """
        self.now = now
        self._state_at = state_at
        self._encoded_above = encoded_above
        self._script = Script()
        self._log = RequestLog()

    @property
    def requests(self) -> list[Received]:
        """Every request that came, in the order of coming; `service` is its method. Clear it to forget them."""
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
            fault: one of `crds_faults`, or of those of HTTP in `faults`.
            times: how many requests meet it; None for all until `well_behaved`.
            when: which requests it is for, such as `is_call_of`; every one by default.
        """
        self._script.add(fault, times, when or _every_request)

    def well_behaved(self) -> None:
        """Forget every fault."""
        self._script.clear()

    def reply_to(self, received: Received) -> Reply:
        """The reply, spoiled by the faults that the request meets."""
        faults = self._script.take(received)
        if received.kind is not RequestKind.RPC or received.method != "POST":
            reply = Reply(b"<html><body>404 Not Found</body></html>", 404, "text/html")
        else:
            envelope = self._envelope(received)
            for fault in faults:
                if isinstance(fault, CrdsFault):
                    envelope = fault.on_envelope(envelope)
            reply = Reply(msgspec.json.encode(envelope), content_type="application/json-rpc")
        for fault in faults:
            reply = fault.on_reply(reply)
        return reply

    def _listen(self) -> PortalServer:
        return PortalServer(self, self._log)

    def _envelope(self, received: Received) -> dict[str, object]:
        envelope: dict[str, object] = {"error": None, "jsonrpc": "1.0", "id": received.request.get("id")}
        try:
            result = answer(self._state_at(self.now), received.service, received.request.get("params"))
        except Unreadable as refusal:
            words = str(refusal)
            error = {"message": words, "code": 500, "data": None, "name": words.partition(":")[0]}
            return {**envelope, "error": error, "result": None}
        plain = msgspec.json.encode(result)
        return {
            **envelope,
            "result": encoded(gzip.compress(plain)) if len(plain) > self._encoded_above else result,
        }


def is_call_of(method: str) -> Callable[[Received], bool]:
    """Whether a request calls the method."""
    return lambda received: received.service == method


def _every_request(_received: Received) -> bool:
    return True
