"""The socket that is listened on."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from pedigreed.config.http import Loopback, UnixSocket
from pedigreed.web.http_server import clear, open_socket

if TYPE_CHECKING:
    from pathlib import Path


def test_a_socket_that_a_killed_process_left_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "http.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert path.is_socket()
    with open_socket(UnixSocket(path)), socket.socket(socket.AF_UNIX) as visitor:
        visitor.connect(str(path))
        assert path.stat().st_mode & 0o777 == 0o660


def test_a_socket_that_somebody_listens_on_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "http.sock"
    with open_socket(UnixSocket(path)):
        with pytest.raises(OSError, match="in use"):
            open_socket(UnixSocket(path))
        clear(UnixSocket(path))
        assert path.exists()
    clear(UnixSocket(path))
    assert not path.exists()


def test_a_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "http.sock"
    path.write_text("mine")
    with pytest.raises(OSError, match="in use"):
        open_socket(UnixSocket(path))
    clear(UnixSocket(path))
    assert path.read_text() == "mine"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1"])
def test_a_port_is_listened_on_once(host: str) -> None:
    with open_socket(Loopback(host, 0)) as opened:
        port: int = opened.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            open_socket(Loopback(host, port))
