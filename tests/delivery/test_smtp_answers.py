"""Every way in which a mail server can fail, at every step."""

from __future__ import annotations

import asyncio

import pytest

from pedigreed.config.channels import Security
from pedigreed.delivery import smtp_session
from pedigreed.delivery.smtp import SmtpChannel
from pedigreed.model.delivery import Message, Outcome, Refused, Retry, Scope, Sent, Unsure
from scripted_mail_server import DROP, HALF, HANG, RESET, ScriptedMailServer, scripted_mail_server

MESSAGE = Message(
    message_id="1@obs.example",
    channel="email",
    recipient="a@x.example",
    sender="pedigreed@obs.example",
    subject="hello",
    content=b"Subject: hello\r\n\r\n.first\r\nlast\r\n",
)
ON_THE_WIRE = b"Subject: hello\r\n\r\n..first\r\nlast\r\n.\r\n"


def send(
    script: dict[str, bytes], timeout: float = 30.0, final_timeout: float = 30.0
) -> tuple[Outcome, ScriptedMailServer]:
    async def scenario() -> tuple[Outcome, ScriptedMailServer]:
        async with scripted_mail_server(script) as server:
            channel = SmtpChannel(
                "127.0.0.1", server.port, Security.PLAIN, timeout=timeout, final_timeout=final_timeout
            )
            outcome = await channel.send(MESSAGE)
            await channel.close()
            return outcome, server

    return asyncio.run(scenario())


def test_an_obliging_server_gets_the_message_with_its_dots_doubled() -> None:
    outcome, server = send({})
    assert outcome == Sent("250 kept as 77")
    assert server.bodies == [ON_THE_WIRE]
    assert server.heard[1:] == [
        f"MAIL FROM:<pedigreed@obs.example> SIZE={len(MESSAGE.content)}",
        "RCPT TO:<a@x.example>",
        "DATA",
        "QUIT",
    ]


@pytest.mark.parametrize(
    ("step", "said", "outcome"),
    [
        ("CONNECT", b"421 too busy\r\n", Retry),
        ("CONNECT", b"554 no service for you\r\n", Retry),
        ("CONNECT", b"hello\r\n", Retry),
        ("CONNECT", DROP, Retry),
        ("CONNECT", RESET, Retry),
        ("EHLO", b"421 too busy\r\n", Retry),
        ("EHLO", b"500 what\r\n", Sent),
        ("EHLO", DROP, Retry),
        ("MAIL", b"421 going down\r\n", Retry),
        ("MAIL", b"451 later\r\n", Retry),
        ("MAIL", b"530 authentication required\r\n", Retry),
        ("MAIL", b"550 not from you\r\n", Retry),
        ("MAIL", b"552 too large\r\n", Refused),
        ("MAIL", b"what\r\n", Retry),
        ("MAIL", DROP, Retry),
        ("RCPT", b"421 going down\r\n", Retry),
        ("RCPT", b"450 greylisted\r\n", Retry),
        ("RCPT", b"452 too many\r\n", Retry),
        ("RCPT", b"251 will forward\r\n", Sent),
        ("RCPT", b"550 no such user\r\n", Refused),
        ("RCPT", b"553-no\r\n553 no\r\n", Refused),
        ("RCPT", b"what\r\n", Retry),
        ("RCPT", DROP, Retry),
        ("RCPT", RESET, Retry),
        ("DATA", b"421 going down\r\n", Retry),
        ("DATA", b"451 later\r\n", Retry),
        ("DATA", b"554 no\r\n", Refused),
        ("DATA", b"250 what data\r\n", Retry),
        ("DATA", DROP, Retry),
        ("DATA", RESET, Retry),
        ("BODY", b"250-kept\r\n250 as 77\r\n", Sent),
        ("BODY", b"252 kept\r\n", Sent),
        ("BODY", b"421 going down\r\n", Retry),
        ("BODY", b"451 later\r\n", Retry),
        ("BODY", b"552 too large\r\n", Refused),
        ("BODY", b"554 spam\r\n", Refused),
        ("BODY", b"354 more\r\n", Unsure),
        ("BODY", b"what\r\n", Unsure),
        ("BODY", HALF, Unsure),
        ("BODY", DROP, Unsure),
        ("BODY", RESET, Unsure),
        ("QUIT", b"550 stay\r\n", Sent),
        ("QUIT", b"what\r\n", Sent),
        ("QUIT", DROP, Sent),
        ("QUIT", RESET, Sent),
    ],
)
def test_each_answer_has_its_outcome(step: str, said: bytes, outcome: type[Outcome]) -> None:
    result, server = send({step: said}, final_timeout=0.3 if said == HALF else 30.0)
    assert type(result) is outcome
    handed_over = step in ("BODY", "QUIT") or outcome is Sent
    assert server.bodies == ([ON_THE_WIRE] if handed_over else [])


@pytest.mark.parametrize(
    ("script", "scope"),
    [
        ({"CONNECT": b"421 too busy\r\n"}, Scope.CHANNEL_BUSY),
        ({"CONNECT": b"554 no service for you\r\n"}, Scope.CHANNEL_BROKEN),
        ({"CONNECT": b"hello\r\n"}, Scope.CHANNEL_BUSY),
        ({"CONNECT": DROP}, Scope.CHANNEL_BUSY),
        ({"CONNECT": RESET}, Scope.CHANNEL_BUSY),
        ({"EHLO": b"421 too busy\r\n"}, Scope.CHANNEL_BUSY),
        ({"EHLO": b"451 later\r\n", "HELO": b"451 later\r\n"}, Scope.CHANNEL_BUSY),
        ({"EHLO": b"550 not you\r\n", "HELO": b"550 not you\r\n"}, Scope.CHANNEL_BROKEN),
        ({"EHLO": DROP}, Scope.CHANNEL_BUSY),
        ({"MAIL": b"421 going down\r\n"}, Scope.CHANNEL_BUSY),
        ({"MAIL": b"451 later\r\n"}, Scope.MESSAGE),
        ({"MAIL": b"530 authentication required\r\n"}, Scope.CHANNEL_BROKEN),
        ({"MAIL": b"550 not from you\r\n"}, Scope.CHANNEL_BROKEN),
        ({"MAIL": b"553 5.1.8 no such domain\r\n"}, Scope.CHANNEL_BROKEN),
        ({"MAIL": DROP}, Scope.CHANNEL_BUSY),
        ({"RCPT": b"421 going down\r\n"}, Scope.CHANNEL_BUSY),
        ({"RCPT": b"450 greylisted\r\n"}, Scope.MESSAGE),
        ({"RCPT": b"530 authentication required\r\n"}, Scope.CHANNEL_BROKEN),
        ({"RCPT": DROP}, Scope.MESSAGE),
        ({"DATA": b"421 going down\r\n"}, Scope.CHANNEL_BUSY),
        ({"DATA": b"451 later\r\n"}, Scope.MESSAGE),
        ({"DATA": RESET}, Scope.MESSAGE),
        ({"BODY": b"421 going down\r\n"}, Scope.MESSAGE),
        ({"BODY": b"451 later\r\n"}, Scope.MESSAGE),
    ],
)
def test_a_server_that_serves_nobody_holds_up_the_channel(script: dict[str, bytes], scope: Scope) -> None:
    outcome, _ = send(script)
    assert isinstance(outcome, Retry)
    assert outcome.scope is scope


@pytest.mark.failure("the message is too large")
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "BODY"])
@pytest.mark.parametrize(
    ("said", "of_form"),
    [
        (b"552 too large\r\n", True),
        (b"554 5.3.4 too big\r\n", True),
        (b"550 5.2.3 limit\r\n", True),
        (b"550 5.7.1 no\r\n", False),
        (b"554 no\r\n", False),
    ],
)
def test_a_message_that_is_too_large_may_be_taken_in_a_lighter_form(
    step: str, said: bytes, *, of_form: bool
) -> None:
    outcome, _ = send({step: said})
    if step == "MAIL" and not of_form:
        assert isinstance(outcome, Retry)
        return
    assert isinstance(outcome, Refused)
    is_full_mailbox = step == "RCPT" and said.startswith(b"552 too")
    assert outcome.of_form is (of_form and not is_full_mailbox)


def test_a_message_beyond_the_size_that_a_server_takes_is_not_begun() -> None:
    size = len(MESSAGE.content)
    outcome, server = send({"EHLO": f"250-mail.example\r\n250 SIZE {size - 1}\r\n".encode()})
    assert outcome == Refused(
        f"127.0.0.1:{server.port} (plain): the message has {size} bytes, and the server takes at most {size - 1}",
        of_form=True,
    )
    assert not any(line.startswith("MAIL") for line in server.heard)


@pytest.mark.parametrize(
    "size", ["SIZE", "SIZE 0", "SIZE ten", "SIZE -1", f"SIZE {len(MESSAGE.content)}", f"SIZE {'9' * 5000}"]
)
def test_a_size_that_is_none_or_enough_keeps_nothing_back(size: str) -> None:
    outcome, _ = send({"EHLO": f"250-mail.example\r\n250 {size}\r\n".encode()})
    assert isinstance(outcome, Sent)


@pytest.mark.parametrize("step", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
def test_silence_before_the_message_is_tried_again(step: str) -> None:
    outcome, server = send({step: HANG}, timeout=0.3)
    assert isinstance(outcome, Retry)
    assert outcome.scope is (Scope.MESSAGE if step in {"RCPT", "DATA"} else Scope.CHANNEL_BUSY)
    assert server.bodies == []


@pytest.mark.failure("no answer after the whole message")
def test_silence_after_the_message_leaves_it_unsure() -> None:
    outcome, server = send({"BODY": HANG}, final_timeout=0.3)
    assert isinstance(outcome, Unsure)
    assert server.bodies == [ON_THE_WIRE]


def test_silence_after_the_farewell_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_session, "_SHORT_SECONDS", 0.2)
    outcome, _ = send({"QUIT": HANG})
    assert isinstance(outcome, Sent)


def test_a_server_that_greets_nobody_refuses_no_message() -> None:
    outcome, server = send({"EHLO": b"554 go away\r\n", "HELO": b"554 go away\r\n"})
    assert isinstance(outcome, Retry)
    assert not any(line.startswith("MAIL") for line in server.heard)


def test_the_reason_is_one_printable_line_with_the_server_and_its_answer() -> None:
    outcome, server = send({"RCPT": b"550-no \xff such\r\n550 user\x1b[31m " + b"x" * 2000 + b"\r\n"})
    assert isinstance(outcome, Refused)
    assert outcome.reason.startswith(f"127.0.0.1:{server.port} (plain): RCPT was answered with 550 no ")
    assert len(outcome.reason) <= 500
    assert outcome.reason.isprintable()
    outcome.reason.encode("utf-8")


@pytest.mark.parametrize(
    "recipient", ["a@x.example> SIZE=1", "a@x.example\r\nDATA", "ä@x.example", "a b@x.example"]
)
def test_an_address_that_would_be_a_command_is_refused_and_never_said(recipient: str) -> None:
    async def scenario() -> None:
        async with scripted_mail_server({}) as server:
            message = Message("1@obs.example", "email", recipient, "p@obs.example", "", b"Subject: x\r\n\r\n")
            channel = SmtpChannel("127.0.0.1", server.port, Security.PLAIN)
            assert isinstance(await channel.send(message), Refused)
            await channel.close()
            assert server.commands == ["EHLO", "MAIL", "RSET", "QUIT"]

    asyncio.run(scenario())


def test_a_message_cannot_end_early_and_go_on_as_commands() -> None:
    smuggled = b"Subject: x\r\n\r\nbody\n.\nMAIL FROM:<x@x.example>\r.\r\nend"

    async def scenario() -> None:
        async with scripted_mail_server({}) as server:
            message = Message("1@obs.example", "email", "a@x.example", "p@obs.example", "", smuggled)
            channel = SmtpChannel("127.0.0.1", server.port, Security.PLAIN)
            assert isinstance(await channel.send(message), Sent)
            await channel.close()
            lines = b"Subject: x\r\n\r\nbody\r\n..\r\nMAIL FROM:<x@x.example>\r\n..\r\nend\r\n.\r\n"
            assert server.bodies == [lines]

    asyncio.run(scenario())


def test_a_cancelled_send_leaves_no_connection() -> None:
    async def scenario() -> None:
        async with scripted_mail_server({"BODY": HANG}) as server:
            sending = asyncio.create_task(SmtpChannel("127.0.0.1", server.port, Security.PLAIN).send(MESSAGE))
            await server.handed_over.wait()
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending

    asyncio.run(scenario())


CHANNEL, RECIPIENT, CONTENT, UNKNOWN = "channel", "recipient", "content", "unknown"

SAID_BY_SERVERS = [
    # Postfix
    ("553 5.7.1 <p@obs.example>: Sender address rejected: not owned by user bot@obs.example", CHANNEL),
    ("553 5.7.1 <p@obs.example>: Sender address rejected: not logged in", CHANNEL),
    ("550 5.1.0 <p@obs.example>: Sender address rejected: User unknown in virtual mailbox table", CHANNEL),
    ("550 5.1.8 <p@obs.example>: Sender address rejected: Domain not found", CHANNEL),
    ("554 5.7.1 <a@x.example>: Relay access denied", UNKNOWN),
    ("554 5.7.1 <unknown[192.0.2.7]>: Client host rejected: Access denied", CHANNEL),
    ("550 5.7.25 Client host rejected: cannot find your hostname, [192.0.2.7]", CHANNEL),
    ("550 5.7.1 <cluster>: Helo command rejected: Host not found", CHANNEL),
    ("504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname", CHANNEL),
    ("503 5.5.1 Error: need MAIL command", CHANNEL),
    ("554 5.7.1 <a@x.example>: Recipient address rejected: Sending quota exceeded", CHANNEL),
    ("554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org", CHANNEL),
    ("550 5.1.1 <a@x.example>: Recipient address rejected: User unknown in local recipient table", RECIPIENT),
    ("550 5.1.1 <a@x.example>: Recipient address rejected: User unknown in relay recipient table", RECIPIENT),
    ("554 5.7.1 <a@x.example>: Recipient address rejected: Access denied", RECIPIENT),
    ("550 5.1.2 <a@x.example>: Recipient address rejected: Domain not found", RECIPIENT),
    (
        "556 5.1.10 <a@x.example>: Recipient address rejected: Domain x.example does not accept mail (nullMX)",
        RECIPIENT,
    ),
    ("550 5.7.1 message content rejected", CONTENT),
    ("554 5.7.1 virus Eicar-Test-Signature detected by ClamAV", CONTENT),
    # Exim
    ("550 relay not permitted", UNKNOWN),
    ("550 Sender verify failed", CHANNEL),
    ("554 Transaction failed: Address blacklisted.", RECIPIENT),
    ("554 IP address blacklisted", CHANNEL),
    ("554 Message rejected: Sending suspended for this account.", CHANNEL),
    ("550 5.7.705 Access denied, tenant has exceeded threshold", CHANNEL),
    ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", RECIPIENT),
    ("503 valid RCPT command must precede DATA", CHANNEL),
    ("550-Verification failed for <p@obs.example>\n550-Unrouteable address\n550 Sender verify failed", CHANNEL),
    ("550 HELO required before MAIL", CHANNEL),
    ("550 authentication required", CHANNEL),
    ("550 Unrouteable address", RECIPIENT),
    ("550 Unknown user", RECIPIENT),
    ("552 mailbox is full", RECIPIENT),
    ("550 This message contains malware (Eicar)", CONTENT),
    ("550 Administrative prohibition", UNKNOWN),
    # Exchange and Exchange Online
    ("554 5.2.252 SendAsDenied; bot@obs.example not allowed to send as p@obs.example", CHANNEL),
    ("550 5.7.60 SMTP; Client does not have permissions to send as this sender", CHANNEL),
    ("530 5.7.57 Client not authenticated to send mail", CHANNEL),
    ("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", CHANNEL),
    ("550 5.7.501 Access denied, spam abuse detected", CHANNEL),
    ("550 5.7.708 Access denied, traffic not accepted from this IP", CHANNEL),
    ("550 5.1.90 Your message can't be sent because you've reached your daily limit for recipients", CHANNEL),
    (
        "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message",
        CHANNEL,
    ),
    ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", RECIPIENT),
    ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", RECIPIENT),
    ("554 5.2.2 mailbox full", RECIPIENT),
    ("550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required", RECIPIENT),
    ("550 5.7.124 Sender not in allowed-senders list", RECIPIENT),
    ("554 5.2.0 STOREDRV.Deliver.Exception:StorageTransientException; Failed to process message", UNKNOWN),
    # Gmail
    (
        "550-5.4.5 Daily user sending limit exceeded. For more information on Gmail\n550 5.4.5 sending limits",
        CHANNEL,
    ),
    ("550-5.7.26 This mail has been blocked because the sender is unauthenticated.\n550 5.7.26 Gmail", CHANNEL),
    ("550-5.7.1 [192.0.2.7 19] Our system has detected an unusual rate of\n550 5.7.1 mail from your IP", CHANNEL),
    ("550-5.1.1 The email account that you tried to reach does not exist.\n550 5.1.1 Please try", RECIPIENT),
    ("552-5.2.2 The recipient's inbox is out of storage space.\n552 5.2.2 Please direct", RECIPIENT),
    ("550 5.2.1 The email account that you tried to reach is inactive.", RECIPIENT),
    (
        "552-5.7.0 This message was blocked because its content presents a\n552 5.7.0 potential security issue",
        CONTENT,
    ),
    ("550-5.7.1 The user or domain that you are sending to (or from) has a policy that\n550 5.7.1 x", UNKNOWN),
    # Amazon SES
    ("554 Message rejected: Email address is not verified. The following identities failed the check", CHANNEL),
    ("554 Message rejected: Sending paused for this account.", CHANNEL),
    # others
    ("550 The from address does not match a verified Sender Identity. Mail cannot be sent until", CHANNEL),
    ("550 5.7.1 Account disabled: it has been disabled from sending", CHANNEL),
    ("550 User has no permission", CHANNEL),
    ("550-Requested action not taken: mailbox unavailable\n550 invalid DNS MX or A/AAAA resource record", CHANNEL),
    ("550 #5.7.1 Your access to submit messages to this e-mail system has been rejected.", CHANNEL),
    ("550 Requested action not taken: mailbox unavailable", RECIPIENT),
    ("550 5.7.1 <a@x.example>... user unknown at relay.x.example", RECIPIENT),
    ("550 #5.1.0 Address rejected.", RECIPIENT),
    ("550 5.6.0 Message content rejected", CONTENT),
    ("521 this server takes no mail from you", CHANNEL),
    ("554 Transaction failed", UNKNOWN),
    ("550 5.7.1 no", UNKNOWN),
]


@pytest.mark.failure("a permanent answer is about the sender, the login, the client or a quota")
@pytest.mark.parametrize("step", ["RCPT", "BODY"])
@pytest.mark.parametrize(("said", "about"), SAID_BY_SERVERS)
def test_what_is_not_the_recipients_is_held_whatever_step_it_is_said_at(step: str, said: str, about: str) -> None:
    lines = [line if line[:3].isdigit() else f"550 {line}" for line in said.split("\n")]
    outcome, _ = send({step: "".join(f"{line}\r\n" for line in lines).encode()})
    match outcome:
        case Retry(scope=Scope.CHANNEL_BROKEN):
            assert about == CHANNEL
        case Refused(_, False, is_certain):
            assert about == UNKNOWN if not is_certain else about in {RECIPIENT, CONTENT}
        case _:
            pytest.fail(f"{outcome}")
