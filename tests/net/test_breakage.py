"""The words for what can break, of whichever library it comes."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest
import requests

from certificates import certificate_for
from pedigreed.net.breakage import Breakage, what_broke
from raw_server import HANG, RESET, raw_server

if TYPE_CHECKING:
    from pathlib import Path


def broken(url: str, **options: float) -> Breakage:
    """What `requests` meets, as astroquery uses it."""
    with pytest.raises(requests.RequestException) as failed:
        body(url, options.get("timeout", 20))
    return what_broke(failed.value).what


def body(url: str, timeout: float) -> bytes:
    with requests.get(url, timeout=timeout, stream=True) as response:
        return response.content


@pytest.fixture(autouse=True)
def no_netrc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ((), {Breakage.CLOSED}),
        ((RESET,), {Breakage.RESET}),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",), {Breakage.CUT}),
        ((HANG,), {Breakage.TIMED_OUT}),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", HANG), {Breakage.TIMED_OUT}),
        ((b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nplain",), {Breakage.NOT_DECOMPRESSED}),
    ],
)
def test_what_a_server_does(said: tuple[bytes, ...], what: set[Breakage]) -> None:
    with raw_server(said) as server:
        assert broken(server.url, timeout=0.3) in what


def test_what_comes_before_a_connection(tmp_path: Path) -> None:
    assert broken("http://mast.invalid") is Breakage.NAME
    with raw_server((), tls=certificate_for("127.0.0.1", tmp_path).server) as server:
        assert broken(server.url) is Breakage.CERTIFICATE


def test_what_the_system_says() -> None:
    assert what_broke(OSError(errno.EHOSTUNREACH, "No route to host")).what is Breakage.UNREACHABLE
    assert what_broke(ConnectionRefusedError()).what is Breakage.REFUSED
    assert what_broke(BrokenPipeError()).what is Breakage.RESET


def test_what_is_not_known_is_told_by_its_kind() -> None:
    assert what_broke(RuntimeError("https://secret.example")).words == "the connection failed: RuntimeError"


def test_errors_that_caused_each_other_come_to_an_end() -> None:
    first, second = OSError("a"), OSError("b")
    first.__context__, second.__context__ = second, first
    assert what_broke(first).what is Breakage.UNKNOWN
