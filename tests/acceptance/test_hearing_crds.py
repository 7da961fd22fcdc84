"""The real program hears of CRDS: from a server, a list and a mailbox on a real IMAP server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crds_faults import RpcError
from faults import LoginPage
from imap_host import USER
from list_mails import event, list_mail, mast_mail
from news_program import NewsProgram
from news_watcher import DAY, DAY_0, LIST, TEXT, news_watcher
from pedigreed.demo.crds_story import Reference
from pedigreed.model.instant import iso
from pedigreed.store.database import Store
from real_servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from imap_host import ImapHost

HOUR = timedelta(hours=1)
PHOTOM = Reference("jwst_miri_photom_0301.fits", change_level="SEVERE")
QUOTED = f"A delivery to CRDS is in use since context jwst_1583.\n\n{TEXT}\n\nChange level: SEVERE"
PRIVATE = "Shall we have lunch"
TOKEN = "s3cr3t-t0k3n-0f-the-f33d"
IMAP, FEED = "mailbox 127.0.0.1/INBOX", f"{LIST} at 127.0.0.1"


@pytest.fixture
def program(
    tmp_path: Path, store_url: str, imap: ImapHost, keep_secret: Callable[[str], str]
) -> Iterator[NewsProgram]:
    """The program has told the baseline."""
    keep_secret(USER.password)
    keep_secret(TOKEN)
    keep_secret(PRIVATE)
    with Store(store_url) as store, news_watcher(tmp_path, store) as heard:
        made = NewsProgram(tmp_path, store_url, heard, imap)
        made.configure()
        ended = made.once(DAY_0)
        assert ended.code == 0, ended.err
        yield made


def list_mail_of(number: int, to: str) -> Any:  # noqa: ANN401  # EmailMessage
    return list_mail(number, QUOTED, Subject=f"[{to}] New MIRI photom files", To=f"{to}@lists.example")


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_delivery_that_feed_mails_and_server_tell_is_told_once_and_can_be_looked_at(
    program: NewsProgram,
) -> None:
    heard, at = program.heard, DAY_0 + 2 * HOUR
    heard.deliver(at, "jwst_1583", TEXT, PHOTOM)
    heard.post(at + HOUR, QUOTED)
    program.mail(list_mail_of(1, "miri-reffiles"), at + HOUR)
    program.mail(list_mail_of(2, "nirspec-reffiles"), at + HOUR)
    program.mail(list_mail(99, f"{PRIVATE}?", Subject="Lunch"), at + HOUR)

    assert "jwst_1583" not in program.runs("preview", "--now", iso(DAY_0 + DAY)).out, "it asks nobody"
    ended = program.once(DAY_0 + DAY)
    assert ended.code == 0, ended.err
    assert "read CRDS: 2 new announcements\n" in ended.out
    assert f"read {IMAP}: 2 new announcements\n" in ended.out
    assert "read MIRI_REFFILES at 127.0.0.1:" in ended.out
    [text] = program.told(DAY_0 + DAY)
    assert text.count("jwst_1583 became") == 1
    said = words(text)
    assert (
        "CRDS 1 delivery jwst_1583 became the latest context on 20 Nov; severe change; MIRI, MRS: photom" in said
    )
    assert "since the old ones did not follow the loss of throughput in channel 4." in said
    assert "photom: photom step, stage 2 and 3; wfss_contam, stage 2, where the step is on: absolute flux" in said
    assert "not used by MAST yet: it makes products with jwst_1535" in said
    for source in ("CRDS", FEED, IMAP):
        assert source in said[said.index("reported by") :]
    assert PRIVATE not in program.runs("notices list", "--json").out
    assert "3 of 3 sources of CRDS announcements" in said

    assert program.imap
    assert all("\\Seen" not in flags for flags in program.imap.flags().values()), "the mailbox stays as it is"
    # Nothing of it is told again.
    assert program.once(DAY_0 + 2 * DAY).code == 0
    assert program.told(DAY_0 + 2 * DAY) == []


def test_what_was_heard_can_be_looked_at(program: NewsProgram) -> None:
    heard, at = program.heard, DAY_0 + 2 * HOUR
    heard.deliver(at, "jwst_1583", TEXT, PHOTOM)
    heard.post(at + HOUR, QUOTED)
    program.mail(list_mail_of(1, "miri-reffiles"), at + HOUR)
    assert program.once(DAY_0 + DAY).code == 0
    listed = program.asked("notices list")["notices"]
    assert [(notice["kind"], notice["context"]) for notice in listed] == [
        ("delivery", "jwst_1583"),
        ("not understood", None),
        ("delivery", "jwst_1535"),
    ]
    assert listed[1]["title"] == "Welcome back"
    shown = program.asked("notices show", "JWST_1583.pmap")
    assert shown == listed[0]
    assert shown["change_level"] == "severe"
    assert shown["reference_types"] == ["photom"]
    assert shown["files"] == [PHOTOM.name]
    assert shown["track"] == "latest"
    assert shown["activated"] == iso(at)
    assert len({each["source"] for each in shown["heard"]}) == 3

    shown_to_people = program.runs("notices show", "jwst_1583").out
    assert TEXT in shown_to_people
    assert f"from {IMAP}" in shown_to_people
    assert "jwst_1583" in program.runs("notices list").out
    assert program.asked("notices list", "--kind", "build")["notices"] == []
    assert program.runs("notices show", "jwst_9999").code == 64

    named = program.asked("history")["notices"]
    assert [(each["name"], each["context_before"], each["context"]) for each in named if each["context"]] == [
        ("jwst_1583", "jwst_1535", "jwst_1583"),
        ("jwst_1535", None, "jwst_1535"),
    ]
    assert "jwst_1535 -> jwst_1583" in program.runs("history").out

    status = program.asked("status", "--now", iso(DAY_0 + DAY))
    assert [(each["asked"], each["complete"], each["problem"]) for each in status["news_sources"]] == [
        (iso(DAY_0 + DAY), iso(DAY_0 + DAY), None)
    ] * 3
    assert status["contexts"] == {
        "latest": "jwst_1583",
        "latest_since": iso(at),
        "build": "jwst_1535",
        "build_cal_ver": "2.0.1",
        "made_with": "jwst_1535",
    }
    shown_to_people = program.runs("status", "--now", iso(DAY_0 + DAY)).out
    assert "jwst_1583 is the latest context since 2026-11-20 08:00Z; MAST makes products with jwst_1535" in (
        shown_to_people
    )
    assert IMAP in shown_to_people


def test_a_preview_is_what_is_sent(program: NewsProgram) -> None:
    program.heard.deliver(DAY_0 + HOUR, "jwst_1583", TEXT, PHOTOM)
    # Heard of by a cycle that ends no period.
    assert program.once(DAY_0 + DAY - HOUR).code == 0
    assert program.told(DAY_0 + DAY) == []
    previewed = program.runs("preview", "--now", iso(DAY_0 + DAY)).out
    program.heard.crds.misbehave(RpcError(), times=None)
    program.heard.lists.misbehave(LoginPage(), times=None)
    assert program.once(DAY_0 + DAY).code == 69
    [text] = program.told(DAY_0 + DAY)
    section = "\nCRDS  "
    assert "jwst_1583 became" in text
    sent, would_be = (each[each.index(section) : each.index("\nCHECKED")] for each in (text, previewed))
    # What could not be read at the last moment differs: the preview reads nothing.
    assert sent.partition("\nNOT READ")[0].strip() == would_be.partition("\nNOT READ")[0].strip()


Fail = Callable[[NewsProgram], None]


def fail_the_server(program: NewsProgram) -> None:
    program.heard.crds.misbehave(RpcError(), times=None)


def fail_the_feed(program: NewsProgram) -> None:
    program.heard.lists.misbehave(LoginPage(), times=None)


def fail_the_login(program: NewsProgram) -> None:
    program.changes["mailbox"] = {"imap": program.mailbox("wrong")}


def fail_the_mail_server(program: NewsProgram) -> None:
    program.changes["mailbox"] = {"imap": {**program.mailbox(), "port": free_port()}}


@pytest.mark.parametrize(
    ("fail", "name"),
    [(fail_the_server, "CRDS"), (fail_the_feed, FEED), (fail_the_login, IMAP), (fail_the_mail_server, IMAP)],
)
def test_each_source_fails_alone_and_is_named_everywhere(program: NewsProgram, fail: Fail, name: str) -> None:
    heard, at = program.heard, DAY_0 + 2 * HOUR
    fail(program)
    program.configure()
    if fail is fail_the_server:
        heard.post(at, QUOTED)
    else:
        heard.deliver(at, "jwst_1583", TEXT, PHOTOM)
    ended = program.once(DAY_0 + DAY)
    assert ended.code == 69
    assert "not everything was answered" in ended.err
    assert f"  {name}" in ended.err
    [text] = program.told(DAY_0 + DAY)
    said = words(text)
    assert "jwst_1583" in said[said.index(" CRDS 1 delivery ") :], "what the others said is told"
    assert "NOT READ 1 of 3 sources of CRDS announcements: what it announced is missing here" in said
    assert f"{name}" in said[said.index("NOT READ") :]
    assert "last read completely 20 Nov 06:00Z" in said
    assert "1 of 1 program and 2 of 3 sources of CRDS announcements" in said
    [failed] = [
        each
        for each in program.asked("status", "--now", iso(DAY_0 + DAY))["news_sources"]
        if each["problem"] is not None
    ]
    assert failed["source"].startswith(name)
    assert (failed["asked"], failed["complete"]) == (iso(DAY_0 + DAY), iso(DAY_0))
    assert failed["problem"].split()[0] in program.runs("status", "--now", iso(DAY_0 + DAY)).out


def test_a_mail_server_that_can_not_be_trusted_is_told_nothing(program: NewsProgram) -> None:
    """Its certificate is for another name."""
    program.changes["mailbox"] = {"imap": {**program.mailbox(), "host": "localhost"}}
    program.configure()
    ended = program.once(DAY_0 + DAY)
    assert ended.code == 69
    assert "mailbox localhost/INBOX" in ended.err
    assert "certificate" in ended.err


def test_a_token_in_the_address_of_a_feed_is_told_nowhere(program: NewsProgram) -> None:
    """Nor is the password of the mailbox: all that was printed, sent and kept is searched for both."""
    url = f"{program.heard.lists.feed_url(LIST)}&token={TOKEN}"
    program.changes["crds"] = {"url": program.heard.crds.url, "feeds": [{"url": url}]}
    program.configure()
    program.heard.post(DAY_0 + HOUR, QUOTED)
    assert program.once(DAY_0 + DAY - HOUR).code == 0
    assert any(TOKEN in request.target for request in program.heard.lists.requests), "it is in use"
    program.heard.lists.misbehave(LoginPage(), times=None)
    assert program.once(DAY_0 + 2 * DAY, "--log-level", "debug").code == 69
    for verb in ("status", "notices list", "history"):
        assert program.runs(verb).code == 0
        program.asked(verb)
    assert program.told(DAY_0 + 2 * DAY)


def test_a_mail_of_mast_and_the_rows_that_confirm_it_are_one_change(program: NewsProgram) -> None:
    holdings = program.heard.holdings
    names = [name for name, row in holdings.rows.items() if row["instrume"] == "MIRI"][:4]
    holdings.remake(names, DAY_0 + 3 * HOUR, context=1583)
    said = [event(program=1180, filename=name, archived_date=iso(DAY_0 + 3 * HOUR)) for name in names]
    program.mail(mast_mail(*said), DAY_0 + 4 * HOUR)
    ended = program.once(DAY_0 + DAY)
    assert ended.code == 0, ended.err
    [text] = program.told(DAY_0 + DAY)
    assert "4 of 10 products" in words(text)
    assert len(program.asked("history", "1180")["changes"]) == 4
    assert program.once(DAY_0 + 2 * DAY).code == 0
    assert program.told(DAY_0 + 2 * DAY) == []
