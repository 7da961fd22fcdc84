"""The registry of secrets: what it strikes out, and what it leaves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from pedigreed.config.revealed import MOST, Revealed, revealed
from pedigreed.config.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

HOOK = "https://hooks.slack.com/services/T0001/B0002/hunter2hunter2aa"


def test_a_secret_is_known_once_it_is_revealed(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("revealed-by-a-file\n")
    secret = Secret.read({"file": str(file)}, {})
    assert revealed.strike("a revealed-by-a-file b") == "a revealed-by-a-file b"
    secret.reveal()
    assert revealed.strike("a revealed-by-a-file b") == "a *** b"


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
    known = Revealed()
    assert known.strike(text) == text
    assert known.add(secret) == secret
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
    known = Revealed()
    known.add(secret)
    assert known.strike(text) == text


def test_of_two_secrets_the_longer_is_struck_as_a_whole() -> None:
    known = Revealed()
    known.add("hunter2")
    known.add("hunter2-and-more")
    assert known.strike("hunter2-and-more hunter2") == "*** ***"


def test_of_many_tokens_those_that_are_used_are_known() -> None:
    known = Revealed()
    known.add("the-password")
    for number in range(3 * MOST):
        known.add(f"token-{number:06}-")
        known.add("the-password")
    assert known.strike("the-password") == "***"
    assert known.strike(f"token-{3 * MOST - 1:06}-") == "***"
    assert known.strike("token-000000-") == "token-000000-", "it has expired long ago"


def test_threads_may_reveal_at_once() -> None:
    known = Revealed()
    texts = [f"secret-{number:04}" for number in range(MOST)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(known.add, texts))
    assert known.strike(" ".join(texts)) == " ".join(["***"] * MOST)
