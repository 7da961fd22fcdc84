"""Cycles of the real program, whose digests go through a real Postfix and are read back over IMAP."""

from __future__ import annotations

import csv
import json
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import SMTP
from typing import TYPE_CHECKING

import pytest

from commands import Ended, pedigreed
from dovecot import SENDER
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.scenario import DAY_1, DAY_2, archive_at
from strict_mail import faults_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from mail_host import Arrived, MailHost

A, B = "a@x.example", "b@x.example"
CONFIG = """
store: sqlite:///{folder}/pedigreed.db
sources: {{mast: {{url: "{mast}"}}, crds: {{url: none}}}}
channels:
  email:
    from: '"Jörg \\"the eye\\" 望遠鏡" <pedigreed@obs.example>'
    host: 127.0.0.1
    port: {port}
    security: {security}
    username: {username}
    password: {{file: {folder}/password}}
  keep: {{folder: {{path: {folder}/kept}}}}
subscriptions:
  - name: jades
    watch: {{programs: [1180]}}
    digest: {{at: "06:00"}}
    deliver: [{{email: [a@x.example, nobody@x.example, b@x.example]}}, {{channel: keep}}]
operator: {{email: ops@x.example}}
"""
NAME = 'Jörg "the eye" 望遠鏡'


@dataclass
class Observatory:
    """A configuration, the archive it watches, and whom it trusts.

    Attributes:
        folder: where it keeps everything.
        archive: the recorded archive.
        trusted: a file of the certificates that are trusted; None for those that the system trusts.
    """

    folder: Path
    archive: DemoArchive
    trusted: Path | None

    @property
    def password(self) -> Path:
        return self.folder / "password"

    def run(self, verb: str, now: str, *options: str) -> Ended:
        environ = {"SSL_CERT_FILE": str(self.trusted)} if self.trusted else {}
        config = self.folder / "pedigreed.yaml"
        return pedigreed(verb, "--config", config, "--now", now, *options, environ=environ)

    def kept(self, pattern: str) -> bytes:
        """The one file that the folder channel wrote under such a name."""
        [file] = (self.folder / "kept").glob(pattern)
        return file.read_bytes()


@contextmanager
def observatory(folder: Path, host: MailHost, security: str = "starttls") -> Iterator[Observatory]:
    host.empty()
    port = {"starttls": host.postfix.starttls, "tls": host.postfix.tls}[security]
    with DemoArchive(archive_at, DAY_1) as archive:
        watching = Observatory(folder, archive, host.certified.public)
        watching.password.write_text(f"{SENDER.password}\n", encoding="utf-8")
        (folder / "pedigreed.yaml").write_text(
            CONFIG.format(folder=folder, mast=archive.url, port=port, security=security, username=SENDER.name),
            encoding="utf-8",
        )
        yield watching


@dataclass(frozen=True)
class Days:
    """What came of two days.

    Attributes:
        ended: how each day's cycle ended.
        text, mails: what `preview` printed before the second, of the text and of the mails.
        watching: what ran.
        a, b: the mails of the two who have mailboxes.
    """

    ended: tuple[Ended, Ended]
    text: str
    mails: str
    watching: Observatory
    a: list[Arrived]
    b: list[Arrived]


@pytest.fixture(scope="module")
def days(mail_servers: MailHost, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    with observatory(tmp_path_factory.mktemp("days"), mail_servers) as watching:
        first = watching.run("once", "2026-11-21T06:00Z")
        watching.archive.now = DAY_2
        watching.run("once", "2026-11-22T05:00Z")
        text, mails = (
            # Sending asks the archive once more, and says so.
            watching.run("preview", "2026-11-22T06:00Z", "--format", form).out.replace(
                "last complete answer 05:00Z", "last complete answer 06:00Z"
            )
            for form in ("text", "mail")
        )
        second = watching.run("once", "2026-11-22T06:00Z")
        yield Days((first, second), text, mails, watching, mail_servers.mails(A), mail_servers.mails(B))


def read(arrived: Arrived) -> EmailMessage:
    """The mail as the standard library has it at its strictest."""
    parsed: EmailMessage = message_from_bytes(arrived.content, policy=SMTP.clone(raise_on_defect=True))
    assert not [part for part in parsed.walk() if part.defects or any(value.defects for value in part.values())]
    return parsed


def were_told(ended: Ended) -> list[str]:
    """Who of the two was sent a mail, by what `once` prints."""
    return [recipient for recipient in (A, B) if f"  sent to email {recipient}\n" in ended.out]


def test_each_recipient_has_one_mail_a_day_and_one_refusal_stops_nobody(days: Days) -> None:
    for arrived in (days.a, days.b):
        first, second = [mail.seen.subject for mail in arrived]
        assert first == "[pedigreed] jades: now watching 1 program"
        assert second.startswith("[pedigreed] jades: 66 reprocessed (2.0.1, jwst_1535)")
    assert [mail.seen.to for mail in (*days.a, *days.b)] == [(A,), (A,), (B,), (B,)]
    for ended in days.ended:
        assert ended.code == 69, ended.err
        assert ended.err.count("will not arrive") == ended.out.count("refused to ") == 1
        assert "refused to email nobody@x.example: " in ended.out
        assert "550 5.1.1 <nobody@x.example>: Recipient address rejected" in ended.out


def test_the_headers_arrive_as_they_were_sent(days: Days) -> None:
    first, second = map(read, days.a)
    others = map(read, days.b)
    assert second["Date"] == "Sun, 22 Nov 2026 06:00:00 +0000"
    assert second["List-Id"] == "jades <jades.pedigreed.obs.example>"
    assert second["Auto-Submitted"] == "auto-generated"
    assert second["List-Unsubscribe"] == "<mailto:ops@x.example?subject=unsubscribe%20jades>"
    assert second["Return-Path"] == "<pedigreed@obs.example>"
    assert first["References"] == first["In-Reply-To"] == second["References"] == second["In-Reply-To"], "a thread"
    mails = [first, second, *others]
    assert len({mail["Message-ID"] for mail in mails}) == 4
    assert all(len(mail.get_all("Message-ID", [])) == len(mail.get_all("Date", [])) == 1 for mail in mails)


def test_the_servers_change_nothing_and_add_but_their_trace(days: Days) -> None:
    for mail in (days.a[1], days.b[1]):
        trace, start, rest = mail.content.partition(b"\r\nFrom: ")
        assert {name.partition(b":")[0] for name in trace.split(b"\r\n") if name[:1] != b"\t"} == {
            b"Return-Path", b"X-Original-To", b"Delivered-To", b"Received",
        }  # fmt: skip
        assert (start + rest).decode("ascii").replace("\r\n", "\n").lstrip("\n") in days.mails


def test_the_mail_went_encrypted_and_by_a_login(days: Days) -> None:
    assert all("with ESMTPSA" in read(mail)["Received"] for mail in (*days.a, *days.b))


def test_the_text_is_what_preview_shows(days: Days) -> None:
    for mail in (days.a[1], days.b[1]):
        shown = f"Subject: {mail.seen.subject}\n\n{mail.seen.text}\n"
        assert shown.replace("\r\n", "\n") == days.text


def test_the_attachments_arrive_byte_for_byte(days: Days) -> None:
    for mail in (days.a[1], days.b[1]):
        arrived = {attachment.filename: attachment for attachment in mail.seen.attachments}
        assert list(arrived) == ["jades-2026-11-22.json", "jades-2026-11-22.csv"]
        assert [attachment.content_type for attachment in arrived.values()] == ["application/json", "text/csv"]
        for name, attachment in arrived.items():
            assert attachment.payload == days.watching.kept(f"2026-11-22-*/{name}")
        listed = json.loads(arrived["jades-2026-11-22.json"].payload)
        rows = list(csv.DictReader(arrived["jades-2026-11-22.csv"].payload.decode().splitlines()))
        assert len(listed) == len({row["filename"] for row in rows}) == 66


def test_a_sender_with_accents_and_quotes_is_read_as_it_was_written(days: Days) -> None:
    for mail in (*days.a, *days.b):
        assert mail.seen.from_values is not None
        assert (mail.seen.from_values.name, mail.seen.from_values.email) == (NAME, "pedigreed@obs.example")


def test_no_mail_has_a_fault(days: Days) -> None:
    for mail in (*days.a, *days.b):
        assert faults_in(mail.content) == []
        assert read(mail).get_content_type() == "multipart/mixed"


def test_a_port_that_is_encrypted_from_the_first_byte_takes_the_mail_too(
    mail_servers: MailHost, tmp_path: Path
) -> None:
    with observatory(tmp_path, mail_servers, "tls") as watching:
        ended = watching.run("once", "2026-11-21T06:00Z")
    assert were_told(ended) == [A, B], ended.err
    for mail in (*mail_servers.mails(A), *mail_servers.mails(B)):
        assert "with ESMTPSA" in read(mail)["Received"]
        assert faults_in(mail.content) == []


@pytest.mark.failure("the login or the sender is refused")
def test_with_a_wrong_password_the_mail_waits_until_it_is_mended(mail_servers: MailHost, tmp_path: Path) -> None:
    wrong = "hunter2-and-more"
    with observatory(tmp_path, mail_servers) as watching:
        watching.password.write_text(wrong)
        ended = watching.run("once", "2026-11-21T06:00Z")
        status = watching.run("status", "2026-11-21T06:10Z")
        assert ended.code == 75, ended.err
        assert "the login was refused: 535 5.7.8" in ended.out
        assert "the login was refused: 535 5.7.8" in status.out
        assert mail_servers.mails(A) == mail_servers.mails(B) == []
        said = [ended.out, ended.err, status.out, status.err]
        said += [path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.suffix == ".db"]
        assert not [text for text in said if wrong in text]
        assert "exception ignored" not in ended.err.lower(), "every connection is closed"
        watching.password.write_text(SENDER.password, encoding="utf-8")
        mended = watching.run("once", "2026-11-21T12:00Z")
    assert were_told(mended) == [A, B], mended.err
    assert [len(mail_servers.mails(recipient)) for recipient in (A, B)] == [1, 1]


def test_a_server_that_nobody_vouches_for_is_told_nothing(mail_servers: MailHost, tmp_path: Path) -> None:
    with observatory(tmp_path, mail_servers) as watching:
        watching.trusted = None
        ended = watching.run("once", "2026-11-21T06:00Z")
    assert ended.code == 75, ended.err
    assert "certificate verify failed" in ended.out
    assert SENDER.password not in ended.out + ended.err
    assert mail_servers.mails(A) == mail_servers.mails(B) == []


@pytest.mark.failure("the message is too large")
def test_a_mail_over_the_servers_limit_arrives_without_its_attachments(
    small_mail_servers: MailHost, tmp_path: Path
) -> None:
    with observatory(tmp_path, small_mail_servers) as watching:
        watching.run("once", "2026-11-21T06:00Z")
        watching.archive.now = DAY_2
        ended = watching.run("once", "2026-11-22T06:00Z")
    assert were_told(ended) == [A, B], ended.err
    for recipient in (A, B):
        _, mail = small_mail_servers.mails(recipient)
        assert mail.seen.subject.startswith("[pedigreed] jades: 66 reprocessed (2.0.1, jwst_1535)")
        assert "REPROCESSED    66 of 112 products" in mail.seen.text
        assert "Left out, because the mail server would not take" in " ".join(mail.seen.text.split())
        assert mail.seen.attachments == []
        assert faults_in(mail.content) == []
        assert read(mail)["Date"] == "Sun, 22 Nov 2026 06:00:00 +0000"
