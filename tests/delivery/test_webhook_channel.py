from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, hmac

from hooks import Post, answer, hook_server
from pedigreed.delivery.webhook import WebhookChannel, signature_of
from pedigreed.model.delivery import Message, Retry, Sent

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
KEY = "correct horse battery \u00e9"
MESSAGE = Message("0123abcd@pedigreed.invalid", "feed", "", "", "hello", b'{"subject": "h\\u00e9llo"}')
DOCUMENT = (Path(__file__).parents[2] / "docs" / "webhook.md").read_text(encoding="utf-8")


def posts_of(*answers: bytes, times: int = 1) -> list[Post]:
    """What the receiver gets of a message that is tried so many times, an hour apart."""

    async def scenario() -> list[Post]:
        moments = iter(NOW + timedelta(hours=number) for number in range(times))
        async with hook_server(*answers) as server:
            channel = WebhookChannel(lambda: server.url, lambda: KEY, clock=lambda: next(moments))
            for _ in range(times):
                await channel.send(MESSAGE)
            return server.posts

    return asyncio.run(scenario())


def test_the_signature_covers_the_time_and_the_body() -> None:
    (post,) = posts_of()
    assert post.headers["x-pedigreed-timestamp"] == "1795327200"
    assert post.headers["x-pedigreed-signature"] == signature_of(KEY, "1795327200", MESSAGE.content)
    assert post.headers["idempotency-key"] == MESSAGE.message_id


def test_another_library_makes_the_same_signature() -> None:
    made = hmac.HMAC(KEY.encode(), hashes.SHA256())
    made.update(b"1795327200." + MESSAGE.content)
    assert signature_of(KEY, "1795327200", MESSAGE.content) == f"sha256={made.finalize().hex()}"


def test_a_repeat_has_the_same_body_and_key_and_a_signature_of_its_own() -> None:
    first, second = posts_of(answer(500), answer(200), times=2)
    assert first.body == second.body == MESSAGE.content
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.headers["x-pedigreed-timestamp"] != second.headers["x-pedigreed-timestamp"]
    assert first.headers["x-pedigreed-signature"] != second.headers["x-pedigreed-signature"]


def test_a_receiver_verifies_as_the_document_shows() -> None:
    shown = re.search(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    assert shown
    names: dict[str, object] = {}
    exec(shown[1], names)
    is_genuine = names["is_genuine"]
    assert callable(is_genuine)
    (post,) = posts_of()
    stamp, signature = post.headers["x-pedigreed-timestamp"], post.headers["x-pedigreed-signature"]
    now = NOW.timestamp() + 10
    assert is_genuine(KEY, stamp, signature, post.body, now)
    assert not is_genuine(KEY, stamp, signature, post.body + b" ", now)
    assert not is_genuine(KEY, str(int(stamp) + 1), signature, post.body, now)
    assert not is_genuine("another key", stamp, signature, post.body, now)
    assert not is_genuine(KEY, stamp, signature, post.body, now + 3600)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_the_receipt_is_what_was_answered(status: int) -> None:
    async def scenario() -> None:
        async with hook_server(answer(status, "" if status == 204 else "kept as 77")) as server:
            outcome = await WebhookChannel(lambda: server.url, lambda: KEY).send(MESSAGE)
            assert outcome == Sent("204" if status == 204 else f"{status} kept as 77")

    asyncio.run(scenario())


def test_one_answer_of_503_does_not_hold_the_next_message() -> None:
    async def scenario() -> None:
        async with hook_server(answer(503), answer(200)) as server:
            channel = WebhookChannel(lambda: server.url, lambda: KEY)
            assert isinstance(await channel.send(MESSAGE), Retry)
            assert isinstance(await channel.send(MESSAGE), Sent)

    asyncio.run(scenario())
