from __future__ import annotations

import pytest

from pedigreed.delivery.web_address import shown_address, without_address


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://hooks.slack.com/services/T000/B000/hunter2", "https://hooks.slack.com/services/***"),
        ("https://HOOKS.slack.com:8443/services/T000/B000/hunter2", "https://hooks.slack.com:8443/services/***"),
        ("https://hooks.obs.example/in?token=hunter2", "https://hooks.obs.example/***"),
        ("https://bot:hunter2@hooks.obs.example/", "https://hooks.obs.example/***"),
        ("http://[::1]:8080/hunter2#hunter2", "http://[::1]:8080/***"),
        ("https://hooks.obs.example", "https://hooks.obs.example/***"),
        ("https://hooks.obs.example/servicesx/hunter2", "https://hooks.obs.example/***"),
    ],
)
def test_of_an_address_only_the_host_is_shown(address: str, shown: str) -> None:
    assert shown_address(address) == shown


@pytest.mark.parametrize(
    "text",
    [
        "no such hook: {address}",
        "no such hook: {address}/",
        "/services/T00000/B00000/hunter2hunter2?key=pass%20word is gone",
        "hunter2hunter2",
        "the key pass%20word, or pass word",
        "user botbot with secret1",
        "HTTPConnectionPool(host='hooks.obs.example'): /services/T00000/B00000/hunter2hunter2",
    ],
)
def test_no_piece_that_may_be_a_secret_is_left(text: str) -> None:
    address = (
        "https://botbot:secret1@hooks.obs.example/services/T00000/B00000/hunter2hunter2?key=pass%20word#fragment"
    )
    told = without_address(text.format(address=address), address)
    for piece in ("hunter2", "T00000", "B00000", "pass", "botbot", "secret1", "fragment"):
        assert piece not in told


def test_words_that_are_no_secret_stay() -> None:
    assert without_address("invalid_payload", "https://hooks.slack.com/services/T0/B0/x") == "invalid_payload"
