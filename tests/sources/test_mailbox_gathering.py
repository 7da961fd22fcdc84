"""What becomes of the mails of one reading."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart

import pytest

from list_mails import event, list_mail, mast_mail
from pedigreed.delivery.digest_mail import build_mail
from pedigreed.model.digest import Attachment, RenderedDigest
from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import Announcement, Medium
from pedigreed.sources.mailbox.gathering import MOST_ARCHIVE_EVENTS, MOST_MAILS, Gathering
from pedigreed.sources.mailbox.mast_events import MOST_EVENTS
from pedigreed.sources.mailbox.senders import Senders

NOW = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)


def gathered(*mails: bytes) -> Gathering:
    gathering = Gathering("mailbox here", Senders())
    for number, mail in enumerate(mails):
        gathering.take(mail, f"UID {number}")
    return gathering


def test_a_mail_about_crds_is_an_announcement() -> None:
    reading = gathered(list_mail(1).as_bytes()).reading("there", is_complete=True)
    assert reading.announcements == (
        Announcement(
            source="mailbox here",
            medium=Medium.MAIL,
            identity="delivery-1@lists.example",
            said_at=datetime(2026, 11, 2, 8, 30, tzinfo=UTC),
            title="New MIRI dark 1",
            text="jwst_miri_dark_0001.fits is in use since jwst_1535.pmap.",
        ),
    )
    assert reading.bookmark == "there"
    assert reading.is_complete


def test_a_mail_with_events_is_no_announcement() -> None:
    mail = mast_mail(event(program=5))
    mail.replace_header("Subject", "jwst_1535.pmap")
    reading = gathered(mail.as_bytes()).reading(None, is_complete=True)
    assert reading.announcements == ()
    assert [seen.program for seen in reading.events] == [5]


def test_a_mail_that_came_twice_is_one() -> None:
    mails = [list_mail(1).as_bytes(), mast_mail().as_bytes()]
    reading = gathered(*mails, *mails).reading(None, is_complete=True)
    assert (len(reading.announcements), len(reading.events)) == (1, 1)


def test_a_private_mail_leaves_no_trace() -> None:
    mail = list_mail(1, "Shall we have lunch?\n", Subject="Lunch").as_bytes()
    assert gathered(mail).reading(None, is_complete=True) == gathered().reading(None, is_complete=True)


def test_a_digest_of_pedigreed_is_not_told_again() -> None:
    manifest = Attachment("changes.json", "application/json", json.dumps([event()]).encode())
    digest = RenderedDigest("0" * 32, "Jádes", "jwst_1535", "CRDS: jwst_1535.pmap", (manifest,))
    message = build_mail(digest, channel="email", sender=None, recipient="a@x.example", now=NOW, operator="")
    reading = gathered(message.content).reading(None, is_complete=True)
    assert (reading.announcements, reading.events) == ((), ())


def test_a_problem_is_no_complete_reading() -> None:
    reading = gathered().reading(None, is_complete=True, problems=("the server is ill",))
    assert not reading.is_complete


def test_warnings_have_a_limit() -> None:
    gathering = gathered()
    for number in range(50):
        gathering.pass_over(b"", f"UID {number}", "is odd")
    warnings = gathering.reading(None, is_complete=True).warnings
    assert warnings[0] == "the mail UID 0 is odd"
    assert warnings[20:] == ("30 more warnings of this kind",)


@pytest.mark.long
def test_one_reading_has_a_limit() -> None:
    assert not gathered(*[b""] * (MOST_MAILS - 1)).is_full
    assert gathered(*[b""] * MOST_MAILS).is_full
    gathering = gathered()
    for mail in range(MOST_ARCHIVE_EVENTS // MOST_EVENTS):
        assert not gathering.is_full
        rows = [event(filename=f"{mail}.{number}") for number in range(MOST_EVENTS)]
        short = [{key: row[key] for key in ("mission", "program", "event_type", "filename")} for row in rows]
        gathering.take(mast_mail(*short).as_bytes(), "")
    assert gathering.is_full


@pytest.mark.parametrize(
    "field",
    [
        {"Auto-Submitted": "auto-replied (vacation)"},
        {"X-Autoreply": "yes"},
        {"Precedence": "auto_reply"},
        {"Precedence": "junk"},
        {"Return-Path": "<>"},
        {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
        {"Subject": "Automatische Antwort: Neue Dateien"},
        {"Subject": "R\u00e9ponse automatique : NIRCam"},
        {"Subject": "Undeliverable: New MIRI darks"},
        {"Subject": "Automatic reply: New MIRI dark 1"},
        {"Subject": "Out of Office: New MIRI dark 1"},
        {"Subject": "[EXTERNAL] Automatic reply: New MIRI dark 1"},
        {"Subject": "Away from my office Re: New MIRI dark 1"},
        {"Subject": "Automatisk svar: New MIRI dark 1"},
        {"Subject": "Mail delivery failed: returning message to sender"},
        {"From": "Mail Delivery Subsystem <MAILER-DAEMON@obs.example>"},
        {"Auto-Submitted": "auto-generated (vacation)", "Precedence": "bulk"},
        {"Subject": "Vacation: New MIRI dark 1"},
        {"Subject": "Absence : New MIRI dark 1"},
        {"Subject": "Re: MIRI dark 1"},
        {"X-List-Administrivia": "yes"},
    ],
)
def test_an_answer_of_a_program_is_told_to_nobody(field: dict[str, str]) -> None:
    mail = list_mail(1, "I am out of office. For MIRI reference files in CRDS ask b@obs.example.\n", **field)
    assert gathered(mail.as_bytes()).reading(None, is_complete=True).announcements == ()


def test_who_is_away_and_tells_of_files_all_the_same_is_heard() -> None:
    said = "I am away next week. The new darks of MIRI are in jwst_1535.pmap.\n"
    assert gathered(list_mail(1, said).as_bytes()).reading(None, is_complete=True).announcements


def test_an_answer_of_a_program_in_a_digest_is_told_to_nobody() -> None:
    digest = MIMEMultipart()
    digest["From"] = "MIRI_REFFILES automatic digest system <LISTSERV@lists.example>"
    digest["Subject"] = "MIRI_REFFILES Digest"
    digest["List-Id"] = "<miri-reffiles.lists.example>"
    mails = MIMEMultipart("digest")
    away = list_mail(2, "I am out of office. For MIRI reference files in CRDS ask b@obs.example.\n")
    for mail in (list_mail(1), away):
        mails.attach(MIMEMessage(mail))
    digest.attach(mails)
    [announcement] = gathered(digest.as_bytes()).reading(None, is_complete=True).announcements
    assert announcement.identity == "delivery-1@lists.example"
    assert announcement.facts.instruments == (Instrument.MIRI,), "the list is of one"


@pytest.mark.parametrize("field", [{"Auto-Submitted": "no"}, {"Auto-Submitted": "auto-generated"}])
def test_a_list_that_a_program_feeds_is_read(field: dict[str, str]) -> None:
    assert len(gathered(list_mail(1, **field).as_bytes()).reading(None, is_complete=True).announcements) == 1


@pytest.mark.parametrize(
    "banner",
    [
        (
            "CAUTION: This email originated from outside of your organization. Do not click links or open "
            "attachments unless you recognize the sender.\n\n"
        ),
        "[EXTERNAL EMAIL]\n",
        "External Email\n\n",
        (
            "This message was sent from outside the institute.\nPlease do not click on links you do not expect!"
            "\n________________________________\n"
        ),
        "*** WARNING *** This e-mail comes from an external sender. ***\n\n",
        "EXTERNAL: Do not open attachments unless you trust the sender.\n\n",
        "[EXTERNAL]: This is from an external sender. The message may be phishing.\n\n",
        "ZjQcmQRYFpfptBannerStart\nThis message is from an external sender\nZjQcmQRYFpfptBannerEnd\n\n",
        "You don't often get email from crds@lists.example. Learn why this is important<https://why.example>\n\n",
        "External (crds@lists.example)\n\nReport this email <https://report.example>\n\n",
        "Warning: this email is from outside. Be careful. Use the button to report suspicious mails.\n\n",
        "Vorsicht: Diese E-Mail kommt von extern. Bitte keine Anh\u00e4nge \u00f6ffnen.\n\n",
        "Attention : ce message vient de l'ext\u00e9rieur. Ne cliquez sur aucun lien.\n\n",
    ],
)
def test_what_a_company_puts_above_a_mail_is_no_part_of_it(banner: str) -> None:
    said = "New MIRI darks were delivered. They are in use since jwst_1535.pmap."
    mail = list_mail(1, f"{banner}{said}\n", Subject="[EXTERNAL] EXTERNAL: New MIRI darks")
    [announcement] = gathered(mail.as_bytes()).reading(None, is_complete=True).announcements
    assert (announcement.title, announcement.text) == ("New MIRI darks", said)


@pytest.mark.parametrize(
    "said",
    [
        "Attention: the MIRI darks of jwst_1535.pmap are bad.",
        "External flats were made for jwst_1535.pmap. Click on the link.",
        "Warning: links to jwst_1535.pmap have changed.",
        "This message came from outside of the MIRI team. The darks of jwst_1535.pmap are new.",
    ],
)
def test_a_text_that_only_looks_like_one_stays_whole(said: str) -> None:
    [announcement] = gathered(list_mail(1, f"{said}\n").as_bytes()).reading(None, is_complete=True).announcements
    assert announcement.text == said
