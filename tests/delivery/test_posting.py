"""Every way in which a web server can answer, or fail to: what the Slack and the webhook channel make of it."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

import aiohttp
import pytest

from certificates import certificate_for
from hooks import DRIP, DROP, HANG, OK, PATH, RESET, RESET_AT_HEADERS, STALL, Clock, answer, hook_server, texts
from pedigreed.delivery.posting import Pace
from pedigreed.delivery.slack import ONE_A_SECOND, SlackChannel
from pedigreed.delivery.webhook import WebhookChannel
from pedigreed.model.delivery import Message, Outcome, Refused, Retry, Scope, Sent, Unsure
from pedigreed.model.failure import ConfigurationInvalid

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from hooks import HookServer
    from pedigreed.delivery.channels import Channel

KINDS = ("slack", "webhook")
MESSAGE = Message("1@pedigreed.invalid", "team", "", "", "hello", b'{"text": "hello"}')
OF_CHANNEL = "of channel"
BUSY = "busy"
SECRET_PIECES = ("hunter2hunter2", "T0001", "B0002")
KEY = "correct horse battery"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


def channel_of(
    kind: str, url: str, within: float = 30.0, clock: Clock | None = None, trust: ssl.SSLContext | None = None
) -> Channel:
    clock = clock or Clock()
    if kind == "slack":
        pace = Pace(ONE_A_SECOND, clock, clock.sleep)
        return SlackChannel(lambda: url, pace=pace, within=within, tls_context=trust)
    pace = Pace(timedelta(0), clock, clock.sleep)
    return WebhookChannel(lambda: url, lambda: KEY, pace=pace, within=within, tls_context=trust)


def send(kind: str, *answers: bytes, within: float = 30.0) -> tuple[Outcome, HookServer]:
    async def scenario() -> tuple[Outcome, HookServer]:
        async with hook_server(*answers) as server:
            return await channel_of(kind, server.url, within).send(MESSAGE), server

    return asyncio.run(scenario())


def kind_of(outcome: Outcome) -> type[Outcome] | str:
    if not isinstance(outcome, Retry):
        return type(outcome)
    scopes: dict[Scope, type[Outcome] | str] = {Scope.CHANNEL_BUSY: BUSY, Scope.CHANNEL_BROKEN: OF_CHANNEL}
    return scopes.get(outcome.scope, Retry)


@pytest.mark.parametrize(
    ("status", "body", "slack", "webhook"),
    [
        (200, "ok", Sent, Sent),
        (200, "ok\n", Sent, Sent),
        (200, "", Unsure, Sent),
        (200, "<html>log in</html>", Unsure, Sent),
        (200, "invalid_token", OF_CHANNEL, Sent),
        (200, "no_text", Refused, Sent),
        (200, "OK", Sent, Sent),
        (200, '{"success":true}', Sent, Sent),
        (200, '{"ok": true, "channel": "C1", "long": "' + "x" * 500 + '"}', Sent, Sent),
        (200, '{"result":"success","msg":""}', Sent, Sent),
        (200, '{"success":false,"error":"error-room-not-found"}', Unsure, Sent),
        (200, "[]", Unsure, Sent),
        (201, "ok", Sent, Sent),
        (202, "", Unsure, Sent),
        (204, "", Unsure, Sent),
        (299, "ok", Sent, Sent),
        (300, "", OF_CHANNEL, OF_CHANNEL),
        (301, "", OF_CHANNEL, OF_CHANNEL),
        (302, "ok", OF_CHANNEL, OF_CHANNEL),
        (304, "", OF_CHANNEL, OF_CHANNEL),
        (307, "", OF_CHANNEL, OF_CHANNEL),
        (308, "", OF_CHANNEL, OF_CHANNEL),
        (400, "", Refused, Refused),
        (400, "invalid_payload", Refused, Refused),
        (400, "invalid_blocks", Refused, Refused),
        (400, "msg_blocks_too_long", Refused, Refused),
        (400, "too_many_attachments", Refused, Refused),
        (400, "user_not_found", OF_CHANNEL, Refused),
        (400, "invalid_token", OF_CHANNEL, Refused),
        (401, "", OF_CHANNEL, OF_CHANNEL),
        (402, "", Refused, Refused),
        (403, "action_prohibited", OF_CHANNEL, OF_CHANNEL),
        (403, "invalid_token", OF_CHANNEL, OF_CHANNEL),
        (403, "<html>no</html>", OF_CHANNEL, OF_CHANNEL),
        (404, "channel_not_found", OF_CHANNEL, OF_CHANNEL),
        (404, "no_service", OF_CHANNEL, OF_CHANNEL),
        (404, "", OF_CHANNEL, OF_CHANNEL),
        (405, "", Refused, Refused),
        (408, "", Retry, Retry),
        (409, "", Refused, Refused),
        (410, "channel_is_archived", OF_CHANNEL, OF_CHANNEL),
        (413, "", Refused, Refused),
        (415, "", Refused, Refused),
        (418, "", Refused, Refused),
        (422, "", Refused, Refused),
        (425, "", Retry, Retry),
        (429, "rate_limited", BUSY, BUSY),
        (451, "", Refused, Refused),
        (499, "", Refused, Refused),
        (500, "rollup_error", Retry, Retry),
        (500, "ok", Retry, Retry),
        (501, "", Retry, Retry),
        (502, "", Retry, Retry),
        (503, "", BUSY, BUSY),
        (504, "", Retry, Retry),
        (520, "", Retry, Retry),
        (599, "", Retry, Retry),
    ],
)
def test_each_answer_has_its_outcome(
    status: int, body: str, slack: type[Outcome] | str, webhook: type[Outcome] | str
) -> None:
    for kind, expected in zip(KINDS, (slack, webhook), strict=True):
        outcome, server = send(kind, answer(status, body))
        assert kind_of(outcome) == expected
        assert server.bodies == [MESSAGE.content]
        if not isinstance(outcome, Sent):
            assert str(status) in outcome.reason


@pytest.mark.failure("a chat answers something else than ok")
@pytest.mark.parametrize("body", ["", "<html>log in</html>", '{"success":false}', "queued"])
def test_what_else_a_chat_says_to_a_message_is_no_reason_to_post_it_again(body: str) -> None:
    outcome, _ = send("slack", answer(200, body))
    assert isinstance(outcome, Unsure)
    assert not outcome.may_be_repeated
    assert body.strip("<>") in outcome.reason


@pytest.mark.parametrize(
    ("status", "body", "slack", "webhook"),
    [
        (413, "", True, True),
        (400, "invalid_blocks", True, False),
        (400, "invalid_blocks_format", True, False),
        (400, "invalid_payload", True, False),
        (400, "msg_blocks_too_long", True, False),
        (400, "msg_too_long", True, False),
        (400, "too_many_attachments", True, False),
        (400, "no_text", False, False),
        (400, "", False, False),
        (422, "", False, False),
    ],
)
def test_a_refusal_says_whether_a_lighter_form_may_be_taken(
    status: int, body: str, *, slack: bool, webhook: bool
) -> None:
    for kind, of_form in zip(KINDS, (slack, webhook), strict=True):
        outcome, _ = send(kind, answer(status, body))
        assert isinstance(outcome, Refused)
        assert outcome.of_form is of_form


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("status", "asked", "pause"),
    [
        (429, "30", 30),
        (429, "0", 1),
        (429, "", 1),
        (429, "soon", 1),
        (429, "-5", 1),
        (429, "1e9", 1),
        (429, "9" * 400, 86_400),
        (429, "Sun, 22 Nov 2026 06:02:00 GMT", 120),
        (429, "Sun, 22 Nov 2026 05:00:00 GMT", 1),
        (429, "Sun, 22 Nov 9999 05:00:00 GMT", 86_400),
        (503, "120", 120),
        (503, "", 0),
        (500, "7", 7),
        (408, "", 0),
    ],
)
def test_a_pause_is_kept_as_it_is_asked_for(kind: str, status: int, asked: str, pause: int) -> None:
    headers = {"Retry_After": asked, "Date": "Sun, 22 Nov 2026 06:00:00 GMT"}
    outcome, _ = send(kind, answer(status, "later", **headers))
    assert isinstance(outcome, Retry)
    assert outcome.after == timedelta(seconds=pause)


@pytest.mark.failure("Slack or a webhook gives no answer after the message")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (RESET_AT_HEADERS, Unsure),
        (DROP, Unsure),
        (RESET, Unsure),
        (HANG, Unsure),
        (b"what\r\n\r\n", Unsure),
        (b"HTTP/1.1 2", Unsure),
        (STALL + b"HTTP/1.1 200 OK\r\nContent-", Unsure),
        (DRIP + b"HTTP/1.1 200 OK\r\nX-Slow: ", Unsure),
        (b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * 300_000 + b"\r\n\r\nok", Unsure),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\nno_se", OF_CHANNEL),
        (STALL + b"HTTP/1.1 429 Slow\r\nContent-Length: 100\r\n\r\n", BUSY),
        (DRIP + b"HTTP/1.1 500 Oops\r\nContent-Length: 100000000\r\n\r\n", Retry),
    ],
)
def test_each_way_to_break_off_has_its_outcome(kind: str, said: bytes, outcome: type[Outcome] | str) -> None:
    slow = said == HANG or said.startswith((STALL, DRIP))
    result, server = send(kind, said, within=1.0 if slow else 30.0)
    assert kind_of(result) == outcome
    assert len(server.posts) == (said != RESET_AT_HEADERS)


@pytest.mark.parametrize(
    "said",
    [
        STALL + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no",
        DRIP + b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no",
    ],
)
def test_only_slack_needs_the_whole_of_a_good_answer(said: bytes) -> None:
    assert isinstance(outcome := send("slack", said, within=1.0)[0], Unsure)
    assert outcome.may_be_repeated
    assert isinstance(send("webhook", said, within=1.0)[0], Sent)


@pytest.mark.parametrize("kind", KINDS)
def test_a_huge_answer_is_not_read_to_its_end(kind: str) -> None:
    endless = b"HTTP/1.1 500 Oops\r\n\r\n" + b"y" * 10_000_000
    outcome, _ = send(kind, endless)
    assert isinstance(outcome, Retry)
    assert len(outcome.reason) < 300


@pytest.mark.parametrize("kind", KINDS)
def test_the_reason_is_one_printable_line(kind: str) -> None:
    outcome, _ = send(kind, answer(400, b"no\r\n\x1b[31m \xff " + b"z" * 5000))
    assert isinstance(outcome, Refused)
    assert outcome.reason.isprintable()
    assert len(outcome.reason) < 300
    outcome.reason.encode("utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_a_redirect_leads_nowhere(kind: str) -> None:
    async def scenario() -> None:
        async with hook_server() as other, hook_server(answer(307, Location=other.url)) as server:
            assert kind_of(await channel_of(kind, server.url).send(MESSAGE)) == OF_CHANNEL
            assert other.posts == []

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://hooks.invalid/hunter2hunter2", BUSY),
        ("https://127.0.0.1:1/hunter2hunter2", BUSY),
        ("hunter2hunter2", OF_CHANNEL),
        ("", OF_CHANNEL),
        ("ftp://hooks.example/hunter2hunter2", OF_CHANNEL),
        ("https://hooks.example:port/hunter2hunter2", OF_CHANNEL),
        ("https:///hunter2hunter2", OF_CHANNEL),
        ("https://hooks.example/hunter2\r\nX-Header: hunter2hunter2", OF_CHANNEL),
        ("https://xn--/hunter2hunter2", OF_CHANNEL),
    ],
)
def test_where_nothing_can_be_handed_over_it_is_tried_again(
    kind: str, url: str, expected: type[Outcome] | str
) -> None:
    outcome = asyncio.run(channel_of(kind, url).send(MESSAGE))
    assert kind_of(outcome) == expected
    assert isinstance(outcome, Retry)
    assert outcome.reason
    assert "hunter2" not in outcome.reason


@pytest.mark.parametrize("kind", KINDS)
def test_silence_before_there_is_a_connection_holds_up_the_channel(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as queue:
        for _ in range(3):
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        url = f"http://127.0.0.1:{server.getsockname()[1]}{PATH}"
        assert kind_of(asyncio.run(channel_of(kind, url, within=0.3).send(MESSAGE))) == BUSY


@pytest.mark.parametrize("kind", KINDS)
def test_the_white_space_around_an_address_is_no_part_of_it(kind: str) -> None:
    async def scenario() -> None:
        async with hook_server() as server:
            assert isinstance(await channel_of(kind, f" {server.url}\r\n").send(MESSAGE), Sent)
            assert [post.target for post in server.posts] == [PATH]

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_that_nobody_vouches_for_gets_nothing(kind: str, tmp_path: Path) -> None:
    certified = certificate_for("127.0.0.1", tmp_path)

    async def scenario() -> None:
        async with hook_server(tls=certified.server) as server:
            outcome = await channel_of(kind, server.url).send(MESSAGE)
            assert kind_of(outcome) == OF_CHANNEL
            assert "certificate" in texts([outcome])
            assert server.posts == []
            assert isinstance(await channel_of(kind, server.url, trust=certified.trust).send(MESSAGE), Sent)

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", KINDS)
def test_a_proxy_is_used_and_its_refusal_is_no_word_on_the_message(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append((await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[0])
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            await writer.wait_closed()

        async with await asyncio.start_server(refuse, "127.0.0.1", 0) as proxy:
            monkeypatch.delenv("NO_PROXY")
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
            outcome = await channel_of(kind, "https://hooks.example/hunter2hunter2").send(MESSAGE)
            assert isinstance(outcome, Retry)
            assert kind_of(outcome) == BUSY
            assert "hunter2" not in outcome.reason

    asked: list[str] = []
    asyncio.run(scenario())
    assert asked == ["CONNECT hooks.example:443 HTTP/1.1"]


@pytest.mark.failure("Slack says that it gets too much")
@pytest.mark.parametrize("kind", KINDS)
def test_a_storm_of_429_meets_one_post_for_each_pause(kind: str) -> None:
    async def scenario() -> None:
        clock = Clock()
        async with hook_server(*[answer(429, Retry_After="30")] * 3, OK) as server:
            channel = channel_of(kind, server.url, clock=clock)
            for refusals in (1, 2, 3):
                outcomes = [await channel.send(MESSAGE) for _ in range(5)]
                assert all(
                    isinstance(outcome, Retry) and outcome.scope is Scope.CHANNEL_BUSY for outcome in outcomes
                )
                assert [outcome.after for outcome in outcomes if isinstance(outcome, Retry)] == [
                    timedelta(seconds=30)
                ] * 5
                assert len(server.posts) == refusals
                clock.now += 30
            assert isinstance(await channel.send(MESSAGE), Sent)

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", KINDS)
def test_a_cancelled_send_leaves_no_connection(kind: str) -> None:
    async def scenario() -> None:
        async with hook_server(HANG) as server:
            sending = asyncio.create_task(channel_of(kind, server.url).send(MESSAGE))
            await server.handed_over.wait()
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", KINDS)
def test_a_channel_outlives_an_event_loop(kind: str) -> None:
    clock, urls = Clock(), [""]
    channel = (
        SlackChannel(lambda: urls[-1], pace=Pace(ONE_A_SECOND, clock, clock.sleep))
        if kind == "slack"
        else WebhookChannel(lambda: urls[-1], lambda: KEY)
    )

    async def scenario() -> None:
        async with hook_server() as server:
            urls.append(server.url)
            outcomes = await asyncio.gather(*(channel.send(MESSAGE) for _ in range(3)))
            assert all(isinstance(outcome, Sent) for outcome in outcomes)

    for _ in range(2):
        asyncio.run(scenario())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "said",
    [
        OK,
        DROP,
        HANG,
        b"what\r\n\r\n",
        answer(400, f"no: {PATH} and hunter2hunter2"),
        answer(404, f"http://127.0.0.1{PATH}?x"),
        answer(301, Location=f"https://hooks.example{PATH}"),
        answer(500, PATH.encode(), X_Echo=PATH),
    ],
)
def test_no_secret_is_in_an_outcome_a_log_or_the_channel(
    kind: str, said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    names = ("aiohttp.client", "aiohttp.internal", "asyncio")
    for name in names:
        caplog.set_level(logging.DEBUG, name)
    caplog.set_level(logging.DEBUG)

    async def scenario() -> None:
        async with hook_server(said) as server:
            channel = channel_of(kind, server.url, within=1.0 if said == HANG else 30.0)
            outcome = await channel.send(MESSAGE)
            told = texts([channel, outcome, *(record.getMessage() for record in caplog.records)])
            assert not [piece for piece in (*SECRET_PIECES, KEY) if piece in told.replace(server.scheme, "")]

    asyncio.run(scenario())


def test_what_an_answer_says_in_a_cookie_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """And other uses of the library are logged as ever."""
    caplog.set_level(logging.DEBUG)
    cookie = "the address x=y"

    async def scenario() -> None:
        async with hook_server(answer(200, "ok", Set_Cookie=cookie)) as server:
            assert isinstance(await channel_of("slack", server.url).send(MESSAGE), Sent)
            assert cookie.partition("=")[0] not in caplog.text
            async with aiohttp.ClientSession() as client, client.post(server.url) as response:
                assert not response.cookies
                assert "aiohttp.internal" in {record.name for record in caplog.records}

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_that_is_not_there_is_told_by_its_place(kind: str) -> None:
    def missing() -> str:
        raise ConfigurationInvalid("the credential 'hook' is not there:\n add it")

    channel: Channel = SlackChannel(missing) if kind == "slack" else WebhookChannel(lambda: "https://x", missing)
    outcome = asyncio.run(channel.send(MESSAGE))
    assert outcome == Retry("the credential 'hook' is not there: add it", scope=Scope.CHANNEL_BROKEN)


@pytest.mark.parametrize("kind", KINDS)
def test_the_server_is_told_who_posts_and_what(kind: str) -> None:
    _, server = send(kind)
    (post,) = server.posts
    assert post.target == PATH
    assert post.headers["content-type"].startswith("application/json")
    assert post.headers["user-agent"].startswith("pedigreed/")
    assert post.headers["content-length"] == str(len(MESSAGE.content))
