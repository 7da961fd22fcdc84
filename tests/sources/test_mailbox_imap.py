"""A folder on a real IMAP server is read, and stays as it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from imap_host import USER
from list_mails import list_mail, mast_mail
from pedigreed.config.channels import Security
from pedigreed.config.secret import Secret
from pedigreed.config.sources import MailboxSource
from pedigreed.sources.mailbox.mail import LARGEST_MAIL
from pedigreed.sources.mailbox.open_mailbox import open_mailbox

if TYPE_CHECKING:
    from pathlib import Path

    from imap_host import ImapHost
    from pedigreed.model.news_source import Reading

NOW = datetime.now(UTC)
"""The server gives mails the time at which they come."""

PRIVATE = list_mail(99, "Shall we have lunch?\n", Subject="Lunch")


def read(host: ImapHost, bookmark: str | None = None, **changes: object) -> Reading:
    source = open_mailbox(MailboxSource(imap=host.config(**changes)), tls_context=host.certified.trust)
    return source.read(bookmark, NOW)


def identities(reading: Reading) -> list[str]:
    return [announcement.identity for announcement in reading.announcements]


@pytest.mark.parametrize("security", Security)
def test_mails_come_over_any_kind_of_connection(imap: ImapHost, security: Security) -> None:
    imap.append(list_mail(1).as_bytes(), mast_mail(number=2).as_bytes(), PRIVATE.as_bytes())
    port = imap.server.tls if security is Security.TLS else imap.server.port
    reading = read(imap, security=security, port=port)
    assert reading.problems == ()
    assert reading.is_complete
    [announcement] = reading.announcements
    assert announcement.source == "mailbox 127.0.0.1/INBOX"
    assert announcement.identity == "delivery-1@lists.example"
    assert announcement.title == "New MIRI dark 1"
    assert announcement.text == "jwst_miri_dark_0001.fits is in use since jwst_1535.pmap."
    assert [event.program for event in reading.events] == [1345]


def test_only_new_mails_are_read_again(imap: ImapHost) -> None:
    imap.append(list_mail(1).as_bytes())
    first = read(imap)
    assert identities(read(imap, first.bookmark)) == []
    imap.append(list_mail(2).as_bytes())
    assert identities(read(imap, first.bookmark)) == ["delivery-2@lists.example"]


def test_nothing_changes_in_the_mailbox(imap: ImapHost) -> None:
    imap.append(list_mail(1).as_bytes(), list_mail(2).as_bytes())
    delivered = imap.deliver("3.x", list_mail(3).as_bytes())
    before = {path: path.stat().st_mtime_ns for path in mails_in(imap)}
    assert delivered in before
    assert len(read(imap).announcements) == 3
    assert {path: path.stat().st_mtime_ns for path in mails_in(imap)} == before
    assert all("\\Seen" not in flags for flags in imap.flags().values())


def mails_in(host: ImapHost) -> list[Path]:
    return [path for part in ("new", "cur") for path in (host.maildir / part).iterdir()]


def test_many_mails_are_read_at_once(imap: ImapHost) -> None:
    imap.append(*(list_mail(number).as_bytes() for number in range(1, 301)))
    reading = read(imap)
    assert reading.is_complete
    assert identities(reading) == [f"delivery-{number}@lists.example" for number in range(1, 301)]


def test_mails_that_are_none_are_read_as_far_as_they_can_be(imap: ImapHost) -> None:
    imap.append(list_mail(1).as_bytes())
    strange = [
        b"",
        b"\n",
        b"\x00\xff\r\r\n\n",
        b"From \n",
        1000 * b"Content-Type: multipart/mixed; boundary=x\n\n--x\n",
    ]
    for number, content in enumerate(strange):
        imap.deliver(f"{number}.strange", content)
    imap.append(list_mail(2).as_bytes())
    first = read(imap)
    assert first.problems == ()
    assert identities(first) == ["delivery-1@lists.example", "delivery-2@lists.example"]
    assert read(imap, first.bookmark).warnings == ()


def test_old_mails_are_no_part_of_the_first_reading(imap: ImapHost) -> None:
    imap.append(list_mail(1).as_bytes(), at=NOW - timedelta(days=100))
    imap.append(list_mail(2).as_bytes())
    assert identities(read(imap)) == ["delivery-2@lists.example"]


def test_a_folder_with_new_numbers_is_read_anew(imap: ImapHost) -> None:
    imap.append(list_mail(1).as_bytes(), list_mail(2).as_bytes())
    bookmark = read(imap).bookmark
    uidlist = imap.maildir / "dovecot-uidlist"
    version, validity, rest = uidlist.read_text().split(" ", 2)
    uidlist.write_text(f"{version} V{int(validity[1:]) + 1} {rest}")
    again = read(imap, bookmark)
    assert identities(again) == ["delivery-1@lists.example", "delivery-2@lists.example"]
    assert again.bookmark != bookmark


def test_another_folder_is_read_anew(imap: ImapHost) -> None:
    imap.append(list_mail(1).as_bytes())
    bookmark = read(imap).bookmark
    with imap.opened() as mailbox:
        mailbox.folder.create("Lists.Référence & co")
    imap.append(list_mail(2).as_bytes(), folder="Lists.Référence & co")
    reading = read(imap, bookmark, folder="Lists.Référence & co")
    assert identities(reading) == ["delivery-2@lists.example"]


def test_a_mail_that_the_server_cannot_read_does_not_stop_the_rest(imap: ImapHost) -> None:
    imap.append(*(list_mail(number).as_bytes() for number in (1, 2, 3)))
    broken = next(path for path in imap.maildir.rglob("*") if path.is_file() and b"dark 2" in path.read_bytes())
    broken.chmod(0)
    first = read(imap)
    assert identities(first) == ["delivery-1@lists.example", "delivery-3@lists.example"]
    assert len(first.warnings) == 1
    assert first.warnings[0].startswith("the mail UID 2 could not be fetched, and is asked for again")
    bookmark = first.bookmark
    for _ in range(5):
        reading = read(imap, bookmark)
        bookmark = reading.bookmark
        assert not reading.is_complete
        assert reading.problems[0].startswith("1 mail was not handed out, and is asked for again; UID 2: ")
    broken.chmod(0o600)
    mended = read(imap, bookmark)
    assert identities(mended) == ["delivery-2@lists.example"]
    assert mended.is_complete


def test_a_mail_that_is_too_large_is_named_and_not_read(imap: ImapHost) -> None:
    large = list_mail(1, "jwst_1535.pmap\n" + LARGEST_MAIL // 60 * ("x" * 60 + "\n"))
    imap.append(large.as_bytes(), list_mail(2).as_bytes())
    reading = read(imap)
    assert identities(reading) == ["delivery-2@lists.example"]
    [warning] = reading.warnings
    assert warning.startswith('the mail UID 1 ("[miri-reffiles] New MIRI dark 1", 2026-11-02) has 5,')


def test_a_refused_login_is_told_without_the_password(imap: ImapHost) -> None:
    reading = read(imap, "kept", password=Secret("inline", "wrong one"))
    [problem] = reading.problems
    assert problem.startswith(f"127.0.0.1 refuses the login of {USER.name}: ")
    assert "wrong one" not in problem
    assert reading.bookmark == "kept"
    assert not reading.is_complete


def test_a_password_of_any_letters_is_refused_as_another(imap: ImapHost) -> None:
    [problem] = read(imap, password=Secret("inline", "pässwörd\r\nx NOOP")).problems
    assert "refuses the login" in problem


def test_a_password_that_is_no_text_is_told(imap: ImapHost) -> None:
    [problem] = read(imap, password=Secret("env", "IMAP_PASSWORD", {"IMAP_PASSWORD": "p\udcff"})).problems
    assert problem.endswith("the name or the password has letters that can't be said to it")


def test_a_secret_that_is_not_there_is_told(imap: ImapHost) -> None:
    [problem] = read(imap, password=Secret("env", "IMAP_PASSWORD", {})).problems
    assert problem == "the environment variable IMAP_PASSWORD is not set or empty: set it for the service"


def test_a_folder_that_is_not_there_is_told(imap: ImapHost) -> None:
    [problem] = read(imap, folder="Nowhere").problems
    assert problem.startswith("the folder Nowhere on 127.0.0.1 can't be opened: ")


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_a_certificate_that_is_not_trusted_is_told(imap: ImapHost, security: Security) -> None:
    imap.append(list_mail(1).as_bytes())
    port = imap.server.tls if security is Security.TLS else imap.server.port
    reading = open_mailbox(MailboxSource(imap=imap.config(security=security, port=port))).read(None, NOW)
    [problem] = reading.problems
    assert problem.startswith("the certificate of 127.0.0.1 is not trusted: ")
    assert reading.announcements == ()
