"""Where the daemon can be looked at by HTTP. There is no login, so it is for this machine alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer

from pedigreed.config.config_problem import quoted
from pedigreed.config.value import Settings, described

_FORMS = 'write "127.0.0.1:9464", "[::1]:9464" or "unix:/run/pedigreed/http.sock"'
_ADDRESS = re.compile(r"(?:\[([^\[\]]*)\]|([^:\[\]]*)):([0-9]{1,5})", re.ASCII)
_IPV4 = 4
_LARGEST_PORT = 65535
_LONGEST_PATH = 107
"""Bytes. Linux has no room for a longer one, and BSD for a few less."""


@dataclass(frozen=True, slots=True)
class Loopback:
    """A port of this machine that no other machine reaches."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UnixSocket:
    """A socket in the file system."""

    path: Path

    def __str__(self) -> str:
        return f"unix:{self.path}"


def parse_listen(value: object) -> Loopback | UnixSocket:
    """Where to listen. Raises `ValueError` with the fix; for what is open to other machines too."""
    if isinstance(value, Loopback | UnixSocket):
        return value
    if not isinstance(value, str):
        raise ValueError(f"'listen' is an address and a port, or a socket: {_FORMS}")  # noqa: TRY004  # pydantic reads ValueError
    if value.startswith("unix:"):
        return _socket(value.removeprefix("unix:"))
    return _loopback(value)


def _socket(path: str) -> UnixSocket:
    if not path.startswith("/") or path.endswith("/") or "\0" in path:
        raise ValueError(f"{quoted(path)} is no whole path of a socket: write unix:/run/pedigreed/http.sock")
    if len(path.encode()) > _LONGEST_PATH:
        raise ValueError(f"the path of a socket has no more than {_LONGEST_PATH} bytes: choose a shorter one")
    return UnixSocket(Path(path))


def _loopback(text: str) -> Loopback:
    form = _ADDRESS.fullmatch(text)
    if form is None:
        raise ValueError(f"{quoted(text)} is no address with a port: {_FORMS}")
    host, port = form[1] or form[2], int(form[3])
    if not 1 <= port <= _LARGEST_PORT:
        raise ValueError(f"{port} is no port: write 1 to {_LARGEST_PORT}, such as 127.0.0.1:9464")
    if host.lower() == "localhost":
        raise ValueError(f"'localhost' can mean two addresses: write 127.0.0.1:{port} or [::1]:{port}")
    try:
        address = ip_address(host)
    except ValueError:
        raise ValueError(f"{quoted(host)} is no IP address: {_FORMS}") from None
    if not (address.is_loopback and (address.version == _IPV4 or str(address) == "::1")):
        raise ValueError(
            f"{quoted(host)} is open to other machines, and there is no login: write 127.0.0.1:{port}, "
            "and put a proxy with a login before it (docs/http.md shows one)"
        )
    return Loopback(str(address), port)


Listen = Annotated[
    Loopback | UnixSocket,
    BeforeValidator(parse_listen),
    PlainSerializer(str, return_type=str),
    described(
        r"^(127\.[0-9.]+:[0-9]+|\[[0:]*:0*1\]:[0-9]+|unix:/.*[^/])$",
        "127.0.0.1:9464",
        "unix:/run/pedigreed/http.sock",
    ),
]


class HttpEndpoint(Settings):
    """Where the daemon can be looked at: its health, its figures and a page that changes nothing."""

    listen: Listen = Field(
        description="A loopback address with a port, or unix: and the path of a socket. Other machines come "
        "through a proxy with a login."
    )
