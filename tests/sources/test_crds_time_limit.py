"""The limit on the whole of an exchange, where it runs out before there is a connection."""

from __future__ import annotations

import socket

from pedigreed.sources.crds.time_limit import TimeLimit


class Connected:
    """A connection as the HTTP library hands it to those who trace it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def get_extra_info(self, name: str) -> socket.socket | None:
        return self._connection if name == "socket" else None


def test_a_connection_that_comes_too_late_is_ended_at_once() -> None:
    here, there = socket.socketpair()
    with here, there:
        with TimeLimit(0.0) as limit:
            limit._timer.join()
            assert limit.is_over
            limit.watch("connection.connect_tcp.complete", {"return_value": Connected(here)})
        assert there.recv(1) == b""


def test_a_limit_that_is_not_reached_ends_nothing() -> None:
    here, there = socket.socketpair()
    with here, there:
        with TimeLimit(600.0) as limit:
            limit.watch("connection.connect_tcp.started", {})
            limit.watch("connection.connect_tcp.complete", {"return_value": Connected(here)})
        assert not limit.is_over
        here.sendall(b"x")
        assert there.recv(1) == b"x"


def test_a_connection_that_is_gone_is_no_trouble() -> None:
    here, there = socket.socketpair()
    there.close()
    here.close()
    with TimeLimit(0.0) as limit:
        limit._timer.join()
        limit.watch("connection.start_tls.complete", {"return_value": Connected(here)})
    assert limit.is_over
