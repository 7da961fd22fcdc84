"""Whom a request is for."""

from __future__ import annotations

import pytest

from pedigreed.web.guard import is_ours


@pytest.mark.parametrize("host", ["localhost", "LocalHost:1", "127.0.0.1", "127.9.9.9:80", "[::1]", "[::1]:9464"])
def test_this_machines_own_names(host: str) -> None:
    assert is_ours(host)


@pytest.mark.parametrize(
    "host",
    [
        *("", ":80", "obs.example", "localhost.obs.example", "127.0.0.1.obs.example", "10.0.0.1", "0.0.0.0"),
        *(
            "::1",
            "[::]",
            "[fe80::1]",
            "2130706433",
            "127.1",
            "localhost:",
            "localhost:x",
            "a@localhost",
            "localhost ",
        ),
        *("localhost ", "localhost\n", "localhost, obs.example", "１27.0.0.1"),  # noqa: RUF001  # not the ASCII digit
    ],
)
def test_any_other_name(host: str) -> None:
    assert not is_ours(host)
