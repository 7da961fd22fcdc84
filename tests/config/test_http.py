"""`http`: where the daemon can be looked at, which is this machine alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from pedigreed.config.http import Loopback, UnixSocket
from pedigreed.config.load import parse_config
from pedigreed.model.failure import ConfigurationInvalid

SUBSCRIPTION = """
subscriptions: [{name: a, watch: {programs: [1]}, deliver: [{channel: keep}]}]
channels: {keep: {folder: {path: /mail}}}
"""
FORMS = 'write "127.0.0.1:9464", "[::1]:9464" or "unix:/run/pedigreed/http.sock"'
PROXY = "and put a proxy with a login before it (docs/http.md shows one)"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("127.0.0.1:9464", Loopback("127.0.0.1", 9464)),
        ("127.1.2.3:1", Loopback("127.1.2.3", 1)),
        ('"[::1]:9464"', Loopback("::1", 9464)),
        ('"[0:0::1]:9464"', Loopback("::1", 9464)),
        ("unix:/run/pedigreed/http.sock", UnixSocket(Path("/run/pedigreed/http.sock"))),
    ],
)
def test_a_loopback_address_or_a_socket_is_listened_on(written: str, meant: Loopback | UnixSocket) -> None:
    http = parse_config(f"http: {{listen: {written}}}{SUBSCRIPTION}", "f", {}).config.http
    assert http is not None
    assert http.listen == meant


def test_nothing_is_listened_on_unless_it_is_asked_for() -> None:
    assert parse_config(SUBSCRIPTION, "f", {}).config.http is None


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            "0.0.0.0:9464",
            f"'0.0.0.0' is open to other machines, and there is no login: write 127.0.0.1:9464, {PROXY}",
        ),
        (
            '"[::]:80"',
            f"'::' is open to other machines, and there is no login: write 127.0.0.1:80, {PROXY}",
        ),
        (
            "192.0.2.7:80",
            f"'192.0.2.7' is open to other machines, and there is no login: write 127.0.0.1:80, {PROXY}",
        ),
        (
            '"[::ffff:127.0.0.1]:80"',
            f"'::ffff:127.0.0.1' is open to other machines, and there is no login: write 127.0.0.1:80, {PROXY}",
        ),
        ("localhost:80", "'localhost' can mean two addresses: write 127.0.0.1:80 or [::1]:80"),
        ("obs.example:80", f"'obs.example' is no IP address: {FORMS}"),
        ('":80"', f"'' is no IP address: {FORMS}"),
        ("127.0.0.1", f"'127.0.0.1' is no address with a port: {FORMS}"),
        ("http://127.0.0.1:80", f"'http://127.0.0.1:80' is no address with a port: {FORMS}"),
        ("127.0.0.1:0", "0 is no port: write 1 to 65535, such as 127.0.0.1:9464"),
        ("127.0.0.1:65536", "65536 is no port: write 1 to 65535, such as 127.0.0.1:9464"),
        ("9464", f"'listen' is an address and a port, or a socket: {FORMS}"),
        ("unix:http.sock", "'http.sock' is no whole path of a socket: write unix:/run/pedigreed/http.sock"),
        ("unix:/run/", "'/run/' is no whole path of a socket: write unix:/run/pedigreed/http.sock"),
        (f"unix:/{'a' * 107}", "the path of a socket has no more than 107 bytes: choose a shorter one"),
    ],
)
def test_what_other_machines_could_reach_is_refused_with_a_place_and_a_fix(written: str, said: str) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        parse_config(f"http: {{listen: {written}}}{SUBSCRIPTION}", "f", {})
    assert str(refused.value) == f"f:1:16: {said}"
