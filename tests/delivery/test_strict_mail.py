"""The strict reading of mails finds each kind of fault, and none in what is right."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pedigreed.config.address import Sender
from pedigreed.delivery.digest_mail import build_mail
from pedigreed.model.digest import Attachment, RenderedDigest
from strict_mail import faults_in

GOOD = build_mail(
    RenderedDigest(
        digest_id="0" * 32,
        subscription="jades",
        subject="3 µm and more",
        text="The text, with µ.\n",
        attachments=(Attachment("jades.csv", "text/csv", b"a,b\n"),),
    ),
    channel="email",
    sender=Sender("pedigreed", "pedigreed@obs.example"),
    recipient="a@x.example",
    now=datetime(2026, 11, 22, 6, 0, tzinfo=UTC),
).content


def test_a_good_mail_has_no_fault() -> None:
    assert faults_in(GOOD) == []


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        (b"The text", b"The te\xc3\xa9t", "a byte is none of ASCII"),
        (b"The text", b"The\0text", "there is a NUL"),
        (b"The text", b"The\ntext", "stands alone"),
        (b"The text", b"The\rtext", "stands alone"),
        (b"The text", 999 * b"x", "a line is longer than 998"),
        (b"To: a", b"To : a", "is no field"),
        (b"To: a", b"To: \x1ba", "is no field"),
        (b"\r\nTo: a", b"\r\n\r\nTo: a", "mail: there is no date"),
        (b"To: a@x.example", b"To:\r\n \r\n a@x.example", "folded into a blank line"),
        (b"To: a@x.example", b"To: a@@x.example", "to: 'a@@x.example' is not what it should be"),
        (b"From: pedigreed <", b"From: pedi,greed <", "from: "),
        (b"\r\nTo: ", b"\r\nTo: b@x.example\r\nTo: ", "to stands there twice"),
        (b"Sun, 22", b"Mon, 22", "another day of the week"),
        (b"Sun, 22 Nov", b"Sun, 31 Nov", "is no day"),
        (b"06:00:00 +0000", b"06:00:00", "date: "),
        (b"Message-ID: <", b"Message-ID: ", "message-id: "),
        (b"Message-ID:", b"X-Message-ID:", "there is no message-id"),
        (b"=C2=B5", b"=C2", "can't be decoded"),
        (b"=?utf-8?q?", b"=?utf-8?x?", "is no encoded word"),
        (b"=?utf-8?q?", b"=?utf-8?q?" + 60 * b"x", "a line with encoded words is too long"),
        (b"multipart/mixed; boundary", b"multipart/mixed; b", "is no boundary"),
        (b"--\r\n", b"\r\n", "it is not closed once, at its end"),
        (b"--\r\n", b"--\r\nmore\r\n", "there is something outside the parts"),
        (b"quoted-printable", b"8bit", "content-transfer-encoding: '8bit'"),
        (b"The text", b"The text ==", "a line is not quoted-printable"),
        (b"The text", b"The text \r\n", "ends in white space"),
        (b"The text", 80 * b"x", "a line of quoted-printable is too long"),
        (b"with =C2=B5", b"with =C2", "it is not utf-8"),
        (b"YSxiCg==", b"YSxiCg=", "it is not base64"),
        (b"YSxiCg==", 20 * b"YSxi", "a line of base64 is too long"),
        (b'filename="jades.csv"', b"filename=jad,es.csv", "content-disposition: "),
    ],
)
def test_each_fault_is_found(right: bytes, wrong: bytes, fault: str) -> None:
    assert right in GOOD
    assert fault in "\n".join(faults_in(GOOD.replace(right, wrong, 1)))


def test_a_mail_that_is_cut_off_is_faulty_wherever_it_ends() -> None:
    assert all(faults_in(GOOD[:length]) for length in range(len(GOOD)))
