"""What Postfix and an IMAP reader make of mails that are not easy."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from typing import TYPE_CHECKING

import pytest

from dovecot import SENDER
from pedigreed.config.address import Sender
from pedigreed.config.channels import Security
from pedigreed.delivery.digest_mail import build_mail
from pedigreed.delivery.smtp import SmtpChannel
from pedigreed.model.delivery import Refused, Retry, Scope, Sent
from pedigreed.model.digest import Attachment, RenderedDigest
from strict_mail import faults_in

if TYPE_CHECKING:
    from mail_host import Arrived, MailHost
    from pedigreed.model.delivery import Message, Outcome

RECIPIENT = "a@x.example"
NAME = 'Ångström "deep" \\ fields, 銀河 <x@y.example>'
SUBJECT = 'μ "quoted", (commented) =?utf-8?q?no?= ' + 30 * "銀河 "
TEXTS = {
    "dots": ".\n..\n.leading\n\n.\n",
    "long": "x" * 5000 + "\n" + "word " * 2000 + "\n",
    "letters": "Ångström, μm, 銀河, 🔭 \n",
    "controls": "nul \x00, escape \x1b, return \r, tab \t, form feed \x0c\n",
    "almost mail": "From me\n>From you\nSubject: no\n\n--=_boundary--\n",
    "empty": "",
    "unfinished": "no line end",
}


def channel(host: MailHost) -> SmtpChannel:
    return SmtpChannel(
        "127.0.0.1",
        host.postfix.starttls,
        Security.STARTTLS,
        username=SENDER.name,
        password=lambda: SENDER.password,
        tls_context=host.certified.trust,
    )


def mail(text: str, attachment: bytes = b"a,b\n") -> Message:
    return build_mail(
        RenderedDigest("0" * 32, NAME, SUBJECT, text, (Attachment("jádes 22.csv", "text/csv", attachment),)),
        channel="email",
        sender=Sender(NAME, "pedigreed@obs.example"),
        recipient=RECIPIENT,
        now=datetime(2026, 11, 22, 6, 0, tzinfo=UTC),
        operator="ops@obs.example",
    )


def sent(host: MailHost, message: Message) -> tuple[Outcome, list[Arrived]]:
    """What the channel says of a message, and what came of it."""

    async def scenario() -> Outcome:
        by = channel(host)
        try:
            return await by.send(message)
        finally:
            await by.close()

    host.empty()
    return asyncio.run(scenario()), host.mails(RECIPIENT)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_text_arrives_in_the_bytes_that_were_sent(text: str, mail_servers: MailHost) -> None:
    message = mail(text, bytes(range(256)))
    outcome, [arrived] = sent(mail_servers, message)
    assert isinstance(outcome, Sent)
    assert outcome.receipt.startswith("250 2.0.0 Ok: queued as ")
    assert arrived.content.endswith(b"\r\n" + message.content)
    assert faults_in(arrived.content) == []
    assert arrived.seen.attachments[0].payload == bytes(range(256))
    assert arrived.seen.attachments[0].filename == "jádes 22.csv"


def test_names_and_subject_are_read_as_they_were_written(mail_servers: MailHost) -> None:
    message = mail("the text\n")
    _, [arrived] = sent(mail_servers, message)
    assert arrived.seen.subject == message.subject == SUBJECT.strip()
    assert arrived.seen.from_values is not None
    assert arrived.seen.from_values.name == NAME
    assert arrived.seen.from_values.email == "pedigreed@obs.example"
    [list_id] = arrived.seen.headers["list-id"]
    name, _, label = str(make_header(decode_header(list_id))).rpartition(" <")
    assert name.strip() == NAME
    assert label.endswith(".pedigreed.obs.example>")


def test_a_message_over_the_servers_limit_is_refused_for_its_form(small_mail_servers: MailHost) -> None:
    outcome, arrived = sent(small_mail_servers, mail("the text\n", 20_000 * b"a"))
    assert isinstance(outcome, Refused)
    assert outcome.of_form
    assert arrived == []


@pytest.mark.failure("a permanent answer is about the sender, the login, the client or a quota")
def test_what_postfix_holds_against_the_client_at_rcpt_holds_the_channel(mail_servers: MailHost) -> None:
    """It says so of every restriction at RCPT, unless `smtpd_delay_reject` is turned off."""

    async def scenario() -> Outcome:
        by = SmtpChannel(
            "127.0.0.1",
            mail_servers.postfix.starttls,
            Security.STARTTLS,
            tls_context=mail_servers.certified.trust,
            ehlo="node_12",
        )
        try:
            return await by.send(mail("news\n"))
        finally:
            await by.close()

    outcome = asyncio.run(scenario())
    assert isinstance(outcome, Retry)
    assert outcome.scope is Scope.CHANNEL_BROKEN
    assert "RCPT was answered with 554 5.7.1" in outcome.reason
    assert "Client host rejected" in outcome.reason


@pytest.mark.failure("every recipient of a run gets the same permanent answer")
def test_what_postfix_does_not_relay_may_be_the_recipients_or_the_channels(mail_servers: MailHost) -> None:
    outcome, _ = sent(mail_servers, replace(mail("news\n"), recipient="a@elsewhere.example"))
    assert isinstance(outcome, Refused)
    assert "Relay access denied" in outcome.reason
    assert not outcome.is_certain
