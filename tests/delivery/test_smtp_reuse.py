"""Several messages in one session: what it spares, and that no message fares worse for being the second."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import pytest

from hooks import Clock
from pedigreed.config.channels import Security
from pedigreed.delivery import smtp_session
from pedigreed.delivery.smtp import LONGEST_IDLE, MOST_MESSAGES, SmtpChannel
from pedigreed.model.delivery import Message, Outcome, Refused, Retry, Scope, Sent, Unsure
from scripted_mail_server import DROP, HANG, RESET, ScriptedMailServer, scripted_mail_server

if TYPE_CHECKING:
    from collections.abc import Callable

ONE_MESSAGE = ["MAIL", "RCPT", "DATA"]


def message(number: int = 1, recipient: str = "a@x.example") -> Message:
    return Message(
        message_id=f"{number}@obs.example",
        channel="email",
        recipient=recipient,
        sender="pedigreed@obs.example",
        subject="hello",
        content=f"Subject: {number}\r\n\r\nhello\r\n".encode(),
    )


def on_the_wire(*numbers: int) -> list[bytes]:
    return [message(number).content + b".\r\n" for number in numbers]


def channel_to(
    server: ScriptedMailServer, clock: Callable[[], float] | None = None, timeout: float = 30.0
) -> SmtpChannel:
    return SmtpChannel(
        "127.0.0.1",
        server.port,
        Security.PLAIN,
        timeout=timeout,
        final_timeout=timeout,
        clock=clock or Clock(),
    )


def send_two(script: dict[str, bytes], timeout: float = 30.0) -> tuple[list[Outcome], ScriptedMailServer]:
    """Two messages, one after the other, in a batch of their own."""

    async def scenario() -> tuple[list[Outcome], ScriptedMailServer]:
        async with scripted_mail_server(script) as server:
            channel = channel_to(server, timeout=timeout)
            outcomes = [await channel.send(message(number)) for number in (1, 2)]
            await channel.close()
            return outcomes, server

    return asyncio.run(scenario())


def test_the_messages_of_a_batch_share_a_session() -> None:
    outcomes, server = send_two({})
    assert outcomes == [Sent("250 kept as 77")] * 2
    assert server.bodies == on_the_wire(1, 2)
    assert server.commands == ["EHLO", *ONE_MESSAGE, *ONE_MESSAGE, "QUIT"]


def test_a_session_is_logged_in_to_once_and_echoes_no_password_later() -> None:
    revealed = []

    def reveal() -> str:
        revealed.append("correct horse")
        return "correct horse"

    async def scenario() -> None:
        echo = b"550 no such user as correct horse\r\n"
        script = {"EHLO": b"250-hello\r\n250 AUTH PLAIN\r\n", "AUTH": b"235 welcome\r\n", "1.2 RCPT": echo}
        async with scripted_mail_server(script) as server:
            channel = SmtpChannel("127.0.0.1", server.port, Security.PLAIN, username="bot", password=reveal)
            assert isinstance(await channel.send(message(1)), Sent)
            refused = await channel.send(message(2))
            assert isinstance(refused, Refused)
            assert refused.reason.endswith("550 no such user as ***")
            await channel.close()
            assert server.commands == ["EHLO", "AUTH", *ONE_MESSAGE, "MAIL", "RCPT", "RSET", "QUIT"]

    asyncio.run(scenario())
    assert len(revealed) == 1


@pytest.mark.parametrize(
    ("step", "said", "after"),
    [
        ("RCPT", b"550 no such user\r\n", ["RSET", *ONE_MESSAGE]),
        ("RCPT", b"450 greylisted\r\n", ["RSET", *ONE_MESSAGE]),
        ("DATA", b"451 later\r\n", ["RSET", *ONE_MESSAGE]),
        ("BODY", b"554 spam\r\n", ["RSET", *ONE_MESSAGE]),
        ("MAIL", b"451 later\r\n", ["QUIT", "EHLO", *ONE_MESSAGE]),
        ("DATA", b"250 what data\r\n", ["EHLO", *ONE_MESSAGE]),
        ("RCPT", b"what\r\n", ["EHLO", *ONE_MESSAGE]),
        ("RCPT", b"421 going down\r\n", ["EHLO", *ONE_MESSAGE]),
        ("BODY", b"421 going down\r\n", ["EHLO", *ONE_MESSAGE]),
        ("BODY", b"354 more\r\n", ["EHLO", *ONE_MESSAGE]),
        ("BODY", DROP, ["EHLO", *ONE_MESSAGE]),
    ],
)
def test_after_any_other_answer_the_next_message_begins_anew(step: str, said: bytes, after: list[str]) -> None:
    (first, second), server = send_two({f"1.1 {step}": said})
    assert not isinstance(first, Sent)
    assert isinstance(second, Sent)
    begun = ONE_MESSAGE[: ONE_MESSAGE.index("DATA" if step == "BODY" else step) + 1]
    assert server.commands == ["EHLO", *begun, *after, "QUIT"]


@pytest.mark.parametrize("said", [b"250 ok\r\n", b"500 what\r\n", b"421 going down\r\n", DROP, RESET, HANG])
def test_a_session_that_cannot_be_set_back_is_left(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_session, "_SHORT_SECONDS", 0.2)
    (first, second), server = send_two({"1.1 RCPT": b"550 no such user\r\n", "1.1 RSET": said})
    assert isinstance(first, Refused)
    assert isinstance(second, Sent)
    assert server.sessions == (1 if said == b"250 ok\r\n" else 2)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("said", [b"421 idle for too long\r\n", b"what\r\n", DROP, RESET, HANG])
def test_a_kept_session_that_is_gone_costs_the_second_message_nothing(step: str, said: bytes) -> None:
    outcomes, server = send_two({f"1.2 {step}": said}, timeout=0.4 if said == HANG else 30.0)
    assert outcomes == [Sent("250 kept as 77")] * 2
    assert server.bodies == on_the_wire(1, 2)
    assert server.sessions == 2


@pytest.mark.parametrize(
    "said",
    [b"451 too many in this session\r\n", b"503 bad sequence\r\n", b"550 5.5.1 limit\r\n", b"552 large\r\n"],
)
def test_a_kept_session_that_takes_no_more_is_no_word_on_the_message(said: bytes) -> None:
    outcomes, server = send_two({"1.2 MAIL": said})
    assert outcomes == [Sent("250 kept as 77")] * 2
    assert server.bodies == on_the_wire(1, 2)
    assert server.commands == ["EHLO", *ONE_MESSAGE, "MAIL", "QUIT", "EHLO", *ONE_MESSAGE, "QUIT"]


@pytest.mark.parametrize(
    ("step", "said", "outcome"),
    [
        ("RCPT", b"450 greylisted\r\n", Retry),
        ("RCPT", b"550 no such user\r\n", Refused),
        ("DATA", b"451 later\r\n", Retry),
        ("DATA", b"554 no\r\n", Refused),
        ("BODY", b"451 later\r\n", Retry),
        ("BODY", b"421 going down\r\n", Retry),
        ("BODY", b"554 spam\r\n", Refused),
        ("BODY", b"354 more\r\n", Unsure),
        ("BODY", b"what\r\n", Unsure),
        ("BODY", DROP, Unsure),
        ("BODY", RESET, Unsure),
        ("BODY", HANG, Unsure),
    ],
)
def test_what_a_kept_session_says_of_the_second_message_is_believed_and_never_sent_twice(
    step: str, said: bytes, outcome: type[Outcome]
) -> None:
    (first, second), server = send_two({f"1.2 {step}": said}, timeout=0.4 if said == HANG else 30.0)
    assert isinstance(first, Sent)
    assert type(second) is outcome
    assert server.bodies == (on_the_wire(1, 2) if step == "BODY" else on_the_wire(1))
    assert server.sessions == 1


def test_the_fresh_session_is_the_last_one_that_is_tried() -> None:
    (_, second), server = send_two({"1.2 MAIL": DROP, "2.1 MAIL": b"421 going down\r\n"})
    assert isinstance(second, Retry)
    assert second.scope is Scope.CHANNEL_BUSY
    assert (server.sessions, server.bodies) == (2, on_the_wire(1))


def test_where_no_fresh_session_can_be_had_the_channel_is_busy() -> None:
    async def scenario() -> None:
        async with scripted_mail_server({"1.2 MAIL": DROP}) as server:
            channel = channel_to(server)
            await channel.send(message(1))
            server.script["CONNECT"] = b"421 too busy\r\n"
            outcome = await channel.send(message(2))
            assert isinstance(outcome, Retry)
            assert outcome.scope is Scope.CHANNEL_BUSY
            assert "421 too busy" in outcome.reason

    asyncio.run(scenario())


def test_a_session_that_the_server_ended_meanwhile_costs_the_next_message_nothing() -> None:
    async def scenario() -> None:
        async with scripted_mail_server() as server:
            channel = channel_to(server)
            await channel.send(message(1))
            await server.end_sessions()
            assert isinstance(await channel.send(message(2)), Sent)
            await channel.close()
            assert server.bodies == on_the_wire(1, 2)
            assert server.sessions == 2

    asyncio.run(scenario())


def test_messages_at_the_same_time_share_no_session_and_leave_theirs_for_the_next() -> None:
    async def scenario() -> None:
        async with scripted_mail_server() as server:
            channel = channel_to(server)
            for batch in (range(5), range(5, 10)):
                outcomes = await asyncio.gather(*(channel.send(message(number)) for number in batch))
                assert all(isinstance(outcome, Sent) for outcome in outcomes)
            await channel.close()
            assert server.sessions == 5
            assert sorted(server.bodies) == sorted(on_the_wire(*range(10)))
            assert server.commands.count("QUIT") == 5

    asyncio.run(scenario())


def test_a_session_takes_so_many_messages_and_no_more() -> None:
    async def scenario() -> None:
        async with scripted_mail_server() as server:
            channel = channel_to(server)
            for number in range(MOST_MESSAGES + 1):
                assert isinstance(await channel.send(message(number)), Sent)
            await channel.close()
            assert server.sessions == 2
            assert server.commands.index("QUIT") == 1 + 3 * MOST_MESSAGES
            assert server.bodies == on_the_wire(*range(MOST_MESSAGES + 1))

    asyncio.run(scenario())


@pytest.mark.parametrize(("seconds", "sessions"), [(LONGEST_IDLE, 1), (LONGEST_IDLE + 1, 2)])
def test_a_session_that_lay_idle_is_not_taken_up(seconds: float, sessions: int) -> None:
    async def scenario() -> None:
        clock = Clock()
        async with scripted_mail_server() as server:
            channel = channel_to(server, clock)
            await channel.send(message(1))
            clock.now += seconds
            assert isinstance(await channel.send(message(2)), Sent)
            await channel.close()
            assert server.sessions == sessions

    asyncio.run(scenario())


@pytest.mark.parametrize("said", [b"221 bye\r\n", b"500 what\r\n", b"what\r\n", DROP, RESET, HANG])
def test_a_closed_channel_holds_nothing_and_sends_again(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_session, "_SHORT_SECONDS", 0.2)

    async def scenario() -> None:
        async with scripted_mail_server({"QUIT": said}) as server:
            channel = channel_to(server)
            for number in (1, 2):
                assert isinstance(await channel.send(message(number)), Sent)
                await channel.close()
                async with asyncio.timeout(20):
                    await asyncio.gather(*server.talks)
            assert server.commands == ["EHLO", *ONE_MESSAGE, "QUIT"] * 2

    asyncio.run(scenario())


@pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning")
def test_a_session_of_another_event_loop_is_left_alone() -> None:
    channel = SmtpChannel("127.0.0.1", 1, Security.PLAIN)

    async def leave_open() -> None:
        async with scripted_mail_server() as server:
            channel.port = server.port
            assert isinstance(await channel.send(message(1)), Sent)
            assert len(server.talks) == 1
            server.talks.clear()

    async def find_it(*, close_first: bool) -> None:
        async with scripted_mail_server() as server:
            channel.port = server.port
            if close_first:
                await channel.close()
            assert isinstance(await channel.send(message(2)), Sent)
            await channel.close()
            assert server.bodies == on_the_wire(2)

    for close_first in (True, False):
        asyncio.run(leave_open())
        asyncio.run(find_it(close_first=close_first))
    gc.collect()


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "BODY"])
def test_a_cancelled_send_leaves_no_session_behind(step: str) -> None:
    async def scenario() -> None:
        async with scripted_mail_server({f"1.2 {step}": HANG}) as server:
            channel = channel_to(server)
            await channel.send(message(1))
            sending = asyncio.create_task(channel.send(message(2)))
            async with asyncio.timeout(20):
                await server.hanging.wait()
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            assert isinstance(await channel.send(message(3)), Sent)
            await channel.close()
            assert server.sessions == 2

    asyncio.run(scenario())
