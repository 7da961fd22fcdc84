from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import SMTP
from email.utils import parseaddr
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pedigreed.config.address import Sender
from pedigreed.delivery.digest_mail import build_mail, list_label
from pedigreed.model.digest import Attachment, RenderedDigest
from pedigreed.model.failure import Unreadable
from pedigreed.model.printable import short_line
from strict_mail import faults_in

if TYPE_CHECKING:
    from email.message import EmailMessage

    from pedigreed.model.delivery import Message

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
SENDER = Sender("pedigreed", "pedigreed@obs.example")
STRICT = SMTP.clone(raise_on_defect=True)
FIELDS = {
    "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "List-Id", "Auto-Submitted",
    "X-Auto-Response-Suppress", "List-Unsubscribe", "MIME-Version", "Content-Type",
}  # fmt: skip

INJECTIONS = st.sampled_from(
    ["\r\nBcc: x@x.example", "\n\nbody", "=?utf-8?q?x?=", "\u2028To: y", "<y@x.example>", '", "', "\x00", "\x85"]
)
LINES = st.lists(st.text(max_size=40) | INJECTIONS, max_size=6).map("".join)


def rendered(
    subject: str = "[pedigreed] jades: 1,204 reprocessed",
    text: str = "1,204 products were reprocessed.\n",
    subscription: str = "jades",
    attachments: tuple[Attachment, ...] = (),
    digest_id: str = "0" * 32,
) -> RenderedDigest:
    return RenderedDigest(digest_id, subscription, subject, text, attachments)


def mail(
    digest: RenderedDigest | None = None,
    *,
    channel: str = "email",
    sender: Sender | None = SENDER,
    recipient: str = "a@x.example",
    operator: str = "ops@obs.example",
    now: datetime = NOW,
) -> Message:
    return build_mail(
        digest or rendered(), channel=channel, sender=sender, recipient=recipient, now=now, operator=operator
    )


def read(message: Message) -> EmailMessage:
    """The mail as two strict readers have it: no fault of its bytes, no defect of the structure or of a header."""
    assert faults_in(message.content) == []
    parsed: EmailMessage = message_from_bytes(message.content, policy=STRICT)
    for part in parsed.walk():
        assert not part.defects
        assert not any(value.defects for value in part.values())
    return parsed


def text_of(parsed: EmailMessage) -> str:
    body = parsed.get_body(("plain",))
    assert body is not None
    content = body.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def name_of(message: Message) -> str:
    """The author's name by RFC 2047. The newer parser of Python 3.11 keeps the space between encoded words."""
    name, _ = parseaddr(message_from_bytes(message.content)["From"])
    return str(make_header(decode_header(name)))


def test_the_headers_say_who_what_when_and_that_a_machine_wrote() -> None:
    parsed = read(mail())
    assert set(parsed.keys()) == FIELDS
    assert parsed["From"] == "pedigreed <pedigreed@obs.example>"
    assert parsed["To"] == "a@x.example"
    assert parsed["Subject"] == "[pedigreed] jades: 1,204 reprocessed"
    assert parsed["Date"].datetime == NOW
    assert parsed["List-Id"] == "jades <jades.pedigreed.obs.example>"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["X-Auto-Response-Suppress"] == "All"
    assert parsed["List-Unsubscribe"] == "<mailto:ops@obs.example?subject=unsubscribe%20jades>"
    assert parsed.get_content_type() == "multipart/mixed"


@given(text=LINES)
def test_the_text_comes_first_and_then_the_same_in_html(text: str) -> None:
    parsed = read(mail(rendered(text=f"{text}\nREPROCESSED    66 products <b>&\n")))
    forms = next(iter(parsed.iter_parts()))
    assert forms.get_content_type() == "multipart/alternative"
    plain, page = forms.iter_parts()
    assert (plain.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
    shown = html.unescape(page.get_content().replace("\r\n", "\n"))
    assert "REPROCESSED    66 products <b>&\n" in shown
    assert "<b>" not in page.get_content()


def test_a_digest_with_a_page_of_its_own_is_sent_with_it() -> None:
    page = "<!DOCTYPE html>\n<p>1,204 products</p>\n"
    parsed = read(mail(replace(rendered(), html=page)))
    body = parsed.get_body(("html",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == page
    assert body["Content-Transfer-Encoding"] == "7bit"
    assert text_of(parsed) == rendered().text


def test_the_envelope_and_the_identity_are_the_mails_own() -> None:
    message = mail()
    assert (message.channel, message.recipient, message.sender) == (
        "email",
        "a@x.example",
        "pedigreed@obs.example",
    )
    assert message.subject == "[pedigreed] jades: 1,204 reprocessed"
    assert re.fullmatch(r"[0-9a-f]{32}@obs\.example", message.message_id)
    assert read(message)["Message-ID"] == f"<{message.message_id}>"


def test_equal_arguments_give_equal_bytes() -> None:
    attachments = (Attachment("jades.json", "application/json", b"{}"),)
    madrid = timezone(timedelta(hours=1))
    assert mail(rendered(attachments=attachments)) == mail(rendered(attachments=attachments))
    assert mail(now=NOW) == mail(now=NOW.astimezone(madrid))


def test_the_identity_follows_from_digest_channel_and_recipient_alone() -> None:
    same = {mail(now=NOW + timedelta(days=1)), mail(rendered(text="other\n")), mail(operator="")}
    assert {message.message_id for message in same} == {mail().message_id}
    others = [
        mail(rendered(digest_id="1" * 32)),
        mail(channel="second"),
        mail(recipient="b@x.example"),
        mail(recipient="", channel="keep"),
        mail(recipient="", channel="show"),
        mail(),
    ]
    assert len({message.message_id for message in others}) == len(others)


def test_the_mails_of_a_subscription_are_a_thread() -> None:
    first, second = read(mail()), read(mail(rendered(digest_id="1" * 32), recipient="b@x.example"))
    assert first["References"] == first["In-Reply-To"] == second["References"] == second["In-Reply-To"]
    assert first["References"] != first["Message-ID"]
    assert read(mail(rendered(subscription="ceers")))["References"] != first["References"]


def test_without_an_operator_there_is_no_stop_link() -> None:
    assert "List-Unsubscribe" not in read(mail(operator=""))


def test_without_a_recipient_the_mail_names_nobody_and_has_no_envelope() -> None:
    message = mail(recipient="", sender=None)
    parsed = read(message)
    assert parsed["To"] == "undisclosed-recipients:;"
    assert parsed["From"].addresses[0].domain == "pedigreed.invalid"
    assert message.recipient == message.sender == ""


@pytest.mark.parametrize(
    "address", ["a@x.example\r\nBcc: b@x.example", "a b@x.example", "a", "<a@x.example>", "é@x"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(Unreadable):
        mail(recipient=address)
    with pytest.raises(Unreadable):
        mail(operator=address)
    with pytest.raises(Unreadable):
        mail(sender=Sender("", address))


def test_ascii_text_of_78_columns_is_readable_as_it_is() -> None:
    text = "\n".join(["REPROCESSED  1,204 of 3,911 products".ljust(78, "."), "", "  CAL_VER  = 2.0.1 -> 3", ""])
    assert text.replace("\n", "\r\n").encode() in mail(rendered(text=text)).content


@given(text=LINES)
def test_any_text_arrives_as_it_was_written(text: str) -> None:
    assert text_of(read(mail(rendered(text=text)))) == text


def test_a_text_that_looks_like_the_end_of_the_mail_does_not_end_it() -> None:
    text = f"--=_{mail().message_id.partition('@')[0]}--\nmore\n"
    assert text_of(read(mail(rendered(text=text)))) == text


@example(subject="", subscription="", name='", "' + 41 * "0")
@given(subject=LINES, subscription=LINES, name=LINES)
def test_no_subject_or_name_adds_or_breaks_a_header(subject: str, subscription: str, name: str) -> None:
    message = mail(rendered(subject=subject, subscription=subscription), sender=Sender(name, SENDER.address))
    parsed = read(message)
    assert set(parsed.keys()) == FIELDS
    assert len(parsed.keys()) == len(FIELDS)
    assert parsed["Subject"] == message.subject == short_line(subject, 200)
    assert [mailbox.addr_spec for mailbox in parsed["From"].addresses] == [SENDER.address]
    assert name_of(message) == short_line(name, 60)
    assert parsed["List-Id"].endswith(f"<{list_label(subscription)}.pedigreed.obs.example>")
    assert text_of(parsed) == rendered().text


@given(subject=LINES, text=LINES, subscription=LINES, filename=LINES)
@example(subject="x" * 3000, text="x" * 3000, subscription="x" * 3000, filename="é" * 3000)
def test_every_line_is_short_ascii_and_ends_with_crlf(
    subject: str, text: str, subscription: str, filename: str
) -> None:
    attachments = (Attachment(filename, "text/csv", b"a,b\n" * 100),)
    content = mail(rendered(subject, text, subscription, attachments)).content
    assert content.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    assert content.endswith(b"--\r\n")
    assert max(map(len, content.split(b"\r\n"))) <= 998


@given(
    filename=LINES, media_type=LINES | st.sampled_from(["multipart/mixed", "message/rfc822"]), content=st.binary()
)
def test_any_attachment_arrives_byte_for_byte_under_a_harmless_name(
    filename: str, media_type: str, content: bytes
) -> None:
    [part] = read(mail(rendered(attachments=(Attachment(filename, media_type, content),)))).iter_attachments()
    assert part.get_content_type() == "application/octet-stream"
    assert part.get_content() == content
    name = part.get_filename()
    assert name
    assert name == short_line(name)
    assert not set(name) & set('/\\"')


def test_an_attachment_keeps_its_name_and_type() -> None:
    attachments = (
        Attachment("jades-2026-11-22.json", "application/json", b"{}"),
        Attachment("jádes 22.csv", "text/csv; charset=utf-8", "μ".encode()),
    )
    parts = list(read(mail(rendered(attachments=attachments))).iter_attachments())
    assert [(part.get_filename(), part.get_content_type()) for part in parts] == [
        ("jades-2026-11-22.json", "application/json"),
        ("jádes 22.csv", "text/csv"),
    ]
    assert parts[1].get_content() == "μ"


@given(names=st.lists(LINES, unique=True, min_size=2, max_size=2))
def test_different_subscriptions_have_different_labels(names: list[str]) -> None:
    one, other = map(list_label, names)
    assert one != other
    assert re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", one)
