"""A list's digest is the mails in it, in whichever form the list sends it."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from pedigreed.sources.mailbox.gathering import Gathering
from pedigreed.sources.mailbox.list_digest import mails_in
from pedigreed.sources.mailbox.mail import read_mail
from pedigreed.sources.mailbox.senders import Senders

if TYPE_CHECKING:
    from pedigreed.model.notice import Announcement

FLATS = "New NIRCam flat reference files were delivered.\n\nContext: jwst_1611.pmap. Change level: SEVERE"
DARKS = "New NIRCam dark reference files were delivered.\n\nContext: jwst_1612.pmap"
LIST_NAME = "nircam.lists.obs.example"

MAILMAN_PLAIN = f"""Send nircam mailing list submissions to
\tnircam@lists.obs.example

To subscribe or unsubscribe via the World Wide Web, visit
\thttps://lists.obs.example/nircam

Today's Topics:

   1. flat files (A. Author)
   2. dark files (B. Author)

----------------------------------------------------------------------

Message: 1
Date: Fri, 20 Nov 2026 11:00:00 +0000
From: "A. Author" <a@obs.example>
To: nircam@lists.obs.example
Subject: [nircam] flat files
\tof the long wavelengths
Message-ID: <inner301@obs.example>
Content-Type: text/plain; charset="us-ascii"

{FLATS}

------------------------------

Message: 2
Date: Fri, 20 Nov 2026 12:00:00 +0000
From: "B. Author" <b@obs.example>
Subject: [nircam] dark files
Message-ID: <inner302@obs.example>

{DARKS}

------------------------------

Subject: Digest Footer

_______________________________________________
nircam mailing list
nircam@lists.obs.example

------------------------------

End of nircam Digest, Vol 12, Issue 3
*************************************
"""

LISTSERV_PLAIN = f"""There are 2 messages totaling 40 lines in this issue.

Topics of the day:

  1. flat files
  2. dark files

----------------------------------------------------------------------

Date:    Fri, 20 Nov 2026 06:00:00 -0500
From:    A <a@obs.example>
Subject: flat files

{FLATS}

------------------------------

Date:    Fri, 20 Nov 2026 07:00:00 -0500
From:    B <b@obs.example>
Subject: dark files

{DARKS}

------------------------------

End of NIRCAM_REFFILES Digest - 19 Nov 2026 to 20 Nov 2026 (#2026-41)
*********************************************************************
"""

LISTSERV_INDEX = """Index    Date   Size  Poster and subject
-----    ----   ----  ------------------
00123   11/20     33  From: A <a@obs.example>
                      Subject: New NIRCam flat files, jwst_1611.pmap
00124   11/20     21  From: B <b@obs.example>
                      Subject: New NIRCam dark files, jwst_1612.pmap

To retrieve any of these, send GET NIRCAM_REFFILES to the server.
"""


def mail_of(text: str, subject: str = "nircam Digest, Vol 12, Issue 3") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "nircam-request@lists.obs.example"
    mail["Subject"] = subject
    mail["Date"] = "Sat, 21 Nov 2026 05:01:00 +0000"
    mail["Message-ID"] = "<digest@obs.example>"
    mail["List-Id"] = f"NIRCam reference files <{LIST_NAME}>"
    mail.set_content(text)
    return mail


def inner(number: int, subject: str, text: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "a@obs.example"
    mail["Subject"] = f"[nircam] {subject}"
    mail["Date"] = f"Fri, 20 Nov 2026 1{number}:00:00 +0000"
    mail["Message-ID"] = f"<inner30{number}@obs.example>"
    mail.set_content(text)
    return mail


def mime_digest() -> EmailMessage:
    mail = mail_of("Today's Topics:\n\n 1. flat files (jwst_1611)\n 2. dark files (jwst_1612)\n")
    mail.make_mixed()
    digest = EmailMessage()
    digest["Content-Type"] = "multipart/digest"
    for each in (inner(1, "flat files", FLATS), inner(2, "dark files", DARKS)):
        digest.attach(each_as_part(each))
    mail.attach(digest)
    footer = EmailMessage()
    footer.set_content("nircam mailing list\n")
    mail.attach(footer)
    return mail


def each_as_part(mail: EmailMessage) -> EmailMessage:
    part = EmailMessage()
    part.set_content(mail)
    return part


def announced(mail: EmailMessage) -> list[Announcement]:
    gathering = Gathering("mailbox here", Senders())
    gathering.take(mail.as_bytes(), "UID 1")
    return list(gathering.reading(None, is_complete=True).announcements)


@pytest.mark.parametrize("mail", [mime_digest(), mail_of(MAILMAN_PLAIN), mail_of(LISTSERV_PLAIN)])
def test_each_mail_of_a_digest_is_an_announcement(mail: EmailMessage) -> None:
    flats, darks = announced(mail)
    assert flats.title.startswith("flat files")
    assert darks.title == "dark files"
    assert (flats.text, darks.text) == (FLATS, DARKS)
    assert flats.said_at == datetime(2026, 11, 20, 11, tzinfo=UTC)
    assert darks.said_at == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert flats.identity != darks.identity
    assert [each.list_name for each in read_mail(mail.as_bytes()).letters] == [LIST_NAME] * 2


@pytest.mark.parametrize("mail", [mime_digest(), mail_of(MAILMAN_PLAIN)])
def test_a_mail_that_also_came_by_itself_is_the_same(mail: EmailMessage) -> None:
    assert [each.identity for each in announced(mail)] == ["inner301@obs.example", "inner302@obs.example"]


def test_a_listserv_digest_has_the_same_identities_at_each_reading() -> None:
    one, other = (announced(mail_of(LISTSERV_PLAIN)) for _ in range(2))
    assert [each.identity for each in one] == [each.identity for each in other]
    assert all(each.identity.startswith("sha256-") for each in one)


def test_an_index_has_the_subjects() -> None:
    titles = [each.title for each in announced(mail_of(LISTSERV_INDEX, "NIRCAM_REFFILES Index - 20 Nov 2026"))]
    assert titles == ["New NIRCam flat files, jwst_1611.pmap", "New NIRCam dark files, jwst_1612.pmap"]


def test_a_row_of_hyphens_in_a_mail_parts_nothing() -> None:
    text = MAILMAN_PLAIN.replace("Change level: SEVERE", f"{'-' * 40}\nmore of the flats")
    flats, _ = announced(mail_of(text))
    assert flats.text.endswith("more of the flats")


def test_a_digest_that_is_too_long_is_named() -> None:
    long = MAILMAN_PLAIN.replace("Change level: SEVERE", "flats " * 30_000)
    [warning] = read_mail(mail_of(long).as_bytes()).warnings
    assert warning.startswith("is a digest of more than 100,000 characters")
    assert read_mail(mail_of(MAILMAN_PLAIN).as_bytes()).warnings == ()


def test_a_forwarded_mail_is_still_read_with_the_one_that_carries_it() -> None:
    mail = mail_of("Look at this.", "Fwd: flats")
    mail.make_mixed()
    mail.attach(each_as_part(inner(1, "flat files", FLATS)))
    [announcement] = announced(mail)
    assert announcement.text.startswith("Look at this.")
    assert "jwst_1611.pmap" in announcement.text


@pytest.mark.parametrize(
    "text", ["", FLATS, f"{'-' * 70}\nFrom: a\nSubject: b\n\nc", "Today's Topics:", "Index Date"]
)
def test_other_texts_are_no_digest(text: str) -> None:
    assert mails_in(text) == ()
