"""Which addresses are not for the whole internet. Where redirects lead is tested with who follows them."""

from __future__ import annotations

import pytest

from pedigreed.net.redirects import is_private


@pytest.mark.parametrize(
    ("host", "private"),
    [
        *(
            (each, True)
            for each in ("127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0")
        ),
        *((each, True) for each in ("127.1", "2130706433", "0x7f.0.0.1", "017700000001", "10.257")),
        *((each, True) for each in ("::1", "[::1]", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1")),
        *((each, True) for each in ("64:ff9b::10.0.0.1", "2002:7f00:1::")),
        *((each, False) for each in ("9.9.9.9", "2620:fe::fe", "::ffff:9.9.9.9", "64:ff9b::9.9.9.9")),
        *((each, False) for each in ("lists.example", "")),
    ],
)
def test_an_address_that_is_not_for_the_whole_internet_is_known(host: str, private: bool) -> None:
    assert is_private(host) is private
