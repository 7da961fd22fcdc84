"""What is struck out of texts, and what is left."""

from __future__ import annotations

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from pedigreed import redaction
from pedigreed.config.secret import Secret
from pedigreed.redaction import MOST, Secrets, redact, remember, said_at_login, shown_address

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> Secrets:
    """The secrets of the process, none at first."""
    fresh = Secrets()
    monkeypatch.setattr(redaction, "_of_this_process", fresh)
    return fresh


HOOK = "https://hooks.slack.com/services/T0001/B0002/hunter2hunter2aa"


def test_a_secret_is_known_once_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("revealed-by-a-file\n")
    secret = Secret.read({"file": str(file)}, {})
    assert redact("a revealed-by-a-file b") == "a revealed-by-a-file b"
    secret.reveal()
    assert redact("a revealed-by-a-file b") == "a *** b"


@pytest.mark.parametrize(
    ("secret", "text", "struck"),
    [
        ("hunter2", "hunter2, hunter2!", "***, ***!"),
        ("hunter2 \n", "'hunter2'", "'***'"),
        ('pass"wörd\\1', repr({"password": 'pass"wörd\\1'}), "{'password': '***'}"),
        ('pass"wörd\\1', r'{"password": "pass\"w\u00f6rd\\1"}', '{"password": "***"}'),
        ('pass"wörd\\1', quote('pass"wörd\\1'), "***"),
        ("postgresql://bot:p%40ssword@db.example/p", "for user bot: p@ssword", "for user bot: ***"),
        ("postgresql://bot:p%40ssword@db.example/p", "postgresql+psycopg://bot:p%40ssword@db", None),
        (HOOK, f"POST {HOOK}", "POST ***"),
        (HOOK, "no such path /services/T0001/B0002/hunter2hunter2aa", "no such path ***"),
        (HOOK, "no token hunter2hunter2aa", "no token ***"),
        ("https://hc.example/ping?key=hunter2%2Ba", "key hunter2+a", "key ***"),
    ],
)
def test_every_form_of_a_secret_is_struck(secret: str, text: str, struck: str | None) -> None:
    known = Secrets()
    assert known.strike(text) == text
    known.add(secret)
    assert "p%40ssword" not in known.strike(text)
    if struck is not None:
        assert known.strike(text) == struck


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("devpw", "devpw is too short to be looked for"),
        ("sqlite:////var/lib/pedigreed/pedigreed.db", "sqlite:////var/lib/pedigreed/pedigreed.db"),
        (HOOK, "hooks, services and slack.com are words"),
        ("postgresql://pedigreed:hunter2@db.example/pedigreed", "/opt/pedigreed/service/cycle.py"),
        ("https://hc.example/pedigreed", "/opt/pedigreed/service/cycle.py"),
        ("https://[half", "half of it"),
    ],
)
def test_what_is_no_secret_is_left(secret: str, text: str) -> None:
    known = Secrets()
    known.add(secret)
    assert known.strike(text) == text


def test_of_two_secrets_the_longer_is_struck_as_a_whole() -> None:
    known = Secrets()
    known.add("hunter2")
    known.add("hunter2-and-more")
    assert known.strike("hunter2-and-more hunter2") == "*** ***"


def test_of_many_tokens_those_that_are_used_are_known() -> None:
    known = Secrets()
    known.add("the-password")
    for number in range(3 * MOST):
        known.add(f"token-{number:06}-")
        known.add("the-password")
    assert known.strike("the-password") == "***"
    assert known.strike(f"token-{3 * MOST - 1:06}-") == "***"
    assert known.strike("token-000000-") == "token-000000-", "it has expired long ago"


def test_threads_may_reveal_at_once() -> None:
    known = Secrets()
    texts = [f"secret-{number:04}" for number in range(MOST)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(known.add, texts))
    assert known.strike(" ".join(texts)) == " ".join(["***"] * MOST)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("smtp://me:hunter2@mx.example:587", "smtp://***@mx.example:587"),
        ("to https://h.example/a?token=hunter2 now", "to https://h.example/a?*** now"),
        ("https://h.example?token=hunter2", "https://h.example?***"),
        ("https://h.example/a#token=hunter2", "https://h.example/a#***"),
        ('"GET /a/b?token=hunter2 HTTP/1.1" 200', '"GET /a/b?*** HTTP/1.1" 200'),
        ("https://hooks.slack.com/services/T/B/hunter2", "https://hooks.slack.com/services/***"),
        ("https://HOOKS.slack.com/services/T/B/hunter2.", "https://HOOKS.slack.com/services/***"),
        ("POST /services/T01/B02/hunter2 failed", "POST /services/*** failed"),
        ("<https://h.example/?a=hunter2>", "<https://h.example/?***>"),
    ],
)
def test_what_may_be_a_secret_in_a_url_is_struck(text: str, left: str) -> None:
    assert redact(text, any_address=True) == left


@pytest.mark.parametrize(
    "text",
    [
        "jw01180001001_02101_00001_nrca1_cal.fits",
        "https://mast.stsci.edu/api/v0/invoke",
        "sent to me@obs.example and/or others? Yes.",
        "VALUES (?, ?) 1/2",
        "/opt/pedigreed/service/cycle.py:88",
        "services/slack.md",
        "",
    ],
)
def test_a_text_with_other_addresses_is_left(text: str) -> None:
    assert redact(text, any_address=True) == text


def test_a_known_secret_is_struck_inside_a_url_and_out_of_it() -> None:
    remember("hunter2")
    assert redact("https://hunter2.example/hunter2/x hunter2", any_address=True) == "https://***.example/***/x ***"


@pytest.mark.parametrize(
    "text", ["/" * 100_000, "://" * 100_000, "a/?" * 100_000, "://a@" * 50_000, "?#" * 100_000]
)
def test_a_long_text_costs_no_more_than_its_length(text: str) -> None:
    remember("hunter2")
    began = time.process_time()
    redact(text, any_address=True)
    assert time.process_time() - began < 2.0


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
    answer = redact(text.format(address=address), address)
    for piece in ("hunter2", "T00000", "B00000", "pass", "botbot", "secret1", "fragment"):
        assert piece not in answer


def test_words_that_are_no_secret_stay() -> None:
    assert redact("invalid_payload", "https://hooks.slack.com/services/T0/B0/x") == "invalid_payload"


def test_an_answer_without_what_was_said_at_the_login_however_short() -> None:
    told = said_at_login("bot", "pw1")
    for said in ("\0bot\0pw1", "pw1", "user=bot\x01auth=Bearer pw1\x01\x01"):
        coded = base64.b64encode(said.encode()).decode()
        assert redact(f"535 {said!r} or {coded} is wrong", *told).count("***") >= 1
        assert coded not in redact(coded, *told)
        assert "pw1" not in redact(said, *told)
    assert redact("535 login needed", *said_at_login("", "")) == "535 login needed"


def test_the_query_of_an_address_that_a_server_names_stays() -> None:
    text = "421 see https://support.example/mail/?p=TryLater"
    assert redact(text, *said_at_login("bot", "hunter2")) == text


def test_an_address_is_struck_as_a_whole_where_a_part_of_it_is_known_too() -> None:
    remember("hunter2hunter2aa")
    assert redact(f"no: {HOOK}", HOOK) == "no: ***"
