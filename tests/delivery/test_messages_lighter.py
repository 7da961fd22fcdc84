"""What is left of a message that a destination would not take whole."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from any_digest import worst
from pedigreed.config.address import Sender
from pedigreed.delivery.digest_mail import build_mail
from pedigreed.delivery.messages import lighter_form
from pedigreed.delivery.slack import slack_payload
from pedigreed.delivery.webhook import webhook_document
from pedigreed.digests.render import render
from pedigreed.model.delivery import Message
from pedigreed.model.digest import Attachment, RenderedDigest

if TYPE_CHECKING:
    from email.message import EmailMessage

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
STRICT = SMTP.clone(raise_on_defect=True)
REASON = "127.0.0.1:25 (tls): the message was answered with 552 5.3.4 too large"
TEXT = "1,204 products were reprocessed.\n\nAttached: jades.json (40 files)\n          jades.csv (40 changes)\n"
ATTACHMENTS = (
    Attachment("jades.json", "application/json", b"x" * 4_210_000),
    Attachment("jades.csv", "text/csv", b"x" * 12_345),
)
WORDS = st.lists(
    st.text(max_size=40)
    | st.sampled_from(["\r\n", "\n", "--=_", "Attached: ", "=?utf-8?q?x?=", "<", "\x00", "."]),
    max_size=8,
).map("".join)
FILES = st.lists(
    st.builds(Attachment, WORDS, st.just("text/csv"), st.binary(max_size=200)), min_size=1, max_size=4
)


def mail(
    text: str = TEXT, attachments: tuple[Attachment, ...] = ATTACHMENTS, subject: str = "[pedigreed] jades"
) -> Message:
    return build_mail(
        RenderedDigest("0" * 32, "jades", subject, text, attachments),
        channel="email",
        sender=Sender("pedigreed", "pedigreed@obs.example"),
        recipient="a@x.example",
        now=NOW,
        operator="ops@obs.example",
    )


def slack(payload: object) -> Message:
    return Message("1@pedigreed.invalid", "team", "", "", "hello", json.dumps(payload).encode())


def lightened(message: Message, reason: str = REASON) -> Message:
    result = lighter_form(message, reason)
    assert result is not None
    return result


def read(message: Message) -> EmailMessage:
    """The mail as a strict reader has it."""
    parsed: EmailMessage = message_from_bytes(message.content, policy=STRICT)
    for part in parsed.walk():
        assert not part.defects
        assert not any(value.defects for value in part.values())
    return parsed


def body_of(parsed: EmailMessage, subtype: str = "plain") -> str:
    body = parsed.get_body((subtype,))
    assert body is not None
    content = body.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def text_of_slack(message: Message) -> str:
    payload = json.loads(message.content)
    assert set(payload) == {"text"}
    text = payload["text"]
    assert isinstance(text, str)
    return text


def test_a_mail_loses_its_attachments_and_tells_so_at_the_end_of_its_text() -> None:
    parsed = read(lightened(mail()))
    assert list(parsed.iter_attachments()) == []
    assert body_of(parsed) == (
        "1,204 products were reprocessed.\n"
        "\n"
        "Left out: jades.json (40 files)\n"
        "          jades.csv (40 changes)\n"
        "\n"
        "Left out, because the mail server would not take a message so large: the page,\n"
        "jades.json (4.2 MB), jades.csv (12 kB). The reason it gave: 127.0.0.1:25\n"
        "(tls): the message was answered with 552 5.3.4 too large\n"
    )


def test_the_header_is_the_same_byte_for_byte() -> None:
    before = mail(subject="Ångström " * 40)
    after = lightened(before)
    assert after.content.partition(b"\r\n\r\n")[0] == before.content.partition(b"\r\n\r\n")[0]
    assert (after.message_id, after.channel, after.recipient, after.sender, after.subject) == (
        before.message_id,
        before.channel,
        before.recipient,
        before.sender,
        before.subject,
    )


def test_equal_arguments_give_equal_bytes() -> None:
    assert lighter_form(mail(), REASON) == lighter_form(mail(), REASON)


def test_a_mail_without_attachments_loses_its_page_and_then_can_get_no_lighter() -> None:
    light = lightened(mail(attachments=()))
    assert [part.get_content_type() for part in read(light).walk()] == ["multipart/mixed", "text/plain"]
    assert "would not take a message so large: the page.\nThe reason it gave" in body_of(read(light))
    assert lighter_form(light, REASON) is None


@pytest.mark.long
def test_a_digest_claims_no_attachments_that_are_left_out() -> None:
    rendered = render(worst(), configuration="pedigreed.yaml")
    built = build_mail(rendered, channel="email", sender=None, recipient="a@x.example", now=NOW)
    text, light = body_of(read(built)), body_of(read(lightened(built)))
    assert text.count("\nAttached: ") == light.count("\nLeft out: ") == 1
    assert "Attached: " not in light
    assert light.rstrip().endswith("too large")


@example(subject="", text="no line end", files=[Attachment("a.csv", "text/csv", b"1")], reason="")
@example(subject="", text="--=_texts--\n", files=[Attachment("é" * 200, "text/csv", b"")], reason="--=_texts--")
@given(subject=WORDS, text=WORDS, files=FILES, reason=WORDS)
def test_whatever_a_mail_says_its_lighter_form_says_it_without_attachments(
    subject: str, text: str, files: list[Attachment], reason: str
) -> None:
    whole = mail(text, tuple(files), subject)
    light = lightened(whole, reason)
    parsed, before = read(light), read(whole)
    assert parsed.items() == before.items()
    assert parsed["Message-ID"] == f"<{whole.message_id}>"
    assert list(parsed.iter_attachments()) == []
    kept, told = body_of(parsed)[: len(text)], body_of(parsed)[len(text) :]
    assert kept.replace("\nLeft out: ", "\nAttached: ") == text.replace("\nLeft out: ", "\nAttached: ")
    assert "Left out, because the mail server would not take a message so large: the page,\n" in told
    lines = light.content.split(b"\r\n")
    assert light.content.isascii()
    assert light.content.endswith(b"--\r\n")
    assert not any(b"\n" in line or b"\r" in line or len(line) > 998 for line in lines)
    assert lighter_form(light, reason) is None


@given(content=st.binary() | st.binary().map(lambda tail: mail().content[:900] + tail))
def test_what_was_not_written_here_has_no_lighter_form(content: bytes) -> None:
    assert (
        lighter_form(Message("1@obs.example", "email", "a@x.example", "p@obs.example", "", content), REASON)
        is None
    )


@pytest.mark.parametrize(
    "content",
    [
        b"Subject: x\r\n\r\nplain\r\n",
        b'Content-Type: multipart/mixed; boundary="=_x"\r\n\r\nno part\r\n',
        b"Content-Type: multipart/mixed\r\n\r\nno boundary\r\n",
        mail().content.replace(b"=_", b"xx"),
        mail().content.replace(b"charset=utf-8", b"charset=what"),
        mail().content.replace(b"text/", b"image/"),
    ],
)
def test_a_mail_of_another_make_stays_as_it_is(content: bytes) -> None:
    assert (
        lighter_form(Message("1@obs.example", "email", "a@x.example", "p@obs.example", "", content), REASON)
        is None
    )


def test_a_slack_message_keeps_its_text_and_tells_that_more_was_there() -> None:
    light = lightened(
        slack({"text": "jades: 1,204 &lt;new&gt;", "blocks": [{}]}), "Slack answered 400 <no_blocks>"
    )
    assert text_of_slack(light) == (
        "jades: 1,204 &lt;new&gt;\n"
        "The details were left out, because Slack would not take the whole message.\n"
        "The reason it gave: Slack answered 400 &lt;no_blocks&gt;"
    )
    assert light.message_id == "1@pedigreed.invalid"
    assert lighter_form(light, REASON) is None


@pytest.mark.parametrize("text", ["x" * 5000, "&amp;" * 1000, "x" + "&amp;" * 1000, "μ" * 5000])
def test_a_long_slack_text_is_cut_between_characters(text: str) -> None:
    told = text_of_slack(lightened(slack({"text": text, "blocks": [{}]})))
    assert len(told) <= 3000
    kept, _, _ = told.partition("...\n")
    assert text.startswith(kept)
    assert not kept.replace("&amp;", "").count("&")


def test_a_trial_has_a_lighter_form_for_slack_and_none_for_other_programs() -> None:
    rendered = RenderedDigest("0" * 32, "jades", "a subject", "a text\n", ())
    payload = Message("1@pedigreed.invalid", "team", "", "", "", slack_payload(rendered))
    assert text_of_slack(lightened(payload)).startswith("a subject\n")
    document = Message("1@pedigreed.invalid", "feed", "", "", "", webhook_document(rendered))
    assert lighter_form(document, REASON) is None


@pytest.mark.parametrize(
    "payload",
    [{}, {"text": "x"}, {"text": "x", "blocks": []}, {"blocks": [{}]}, {"text": 1, "blocks": [{}]}],
)
def test_a_payload_without_text_and_blocks_has_no_lighter_form(payload: object) -> None:
    assert lighter_form(slack(payload), REASON) is None
