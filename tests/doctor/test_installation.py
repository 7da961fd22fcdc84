"""What a configuration names is looked at with the servers themselves, and nothing is changed or sent by it."""

from __future__ import annotations

import asyncio
import json
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from broken_imap import BrokenImap, broken_imap
from faults import HtmlPage
from leaks import keep_secret, no_secret_leaks, pytest_runtest_makereport
from mail_server import USERNAME, MailServer, mail_server
from misbehaving import FaultyListserv
from pedigreed.config.settings import Config
from pedigreed.delivery import command
from pedigreed.delivery.channels import open_channels
from pedigreed.demo.list_posts import NIRCAM_LIST
from pedigreed.doctor.assumption import Assumption, Outcome
from pedigreed.doctor.examination import report_of
from pedigreed.doctor.installation import examine_installation
from pedigreed.model.delivery import Sent
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pedigreed.doctor.assumption import Finding
    from pedigreed.model.delivery import Outcome as Delivered

__all__ = ["keep_secret", "no_secret_leaks", "pytest_runtest_makereport"]

NOW = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
PASSWORD = "opensesame-4711"


def configured(
    mailbox: dict[str, Any] | None = None,
    feeds: tuple[str, ...] = (),
    local: tuple[str, ...] = (),
    **channels: Any,  # noqa: ANN401  # YAML
) -> Config:
    channels = channels or {"keep": {"folder": {"path": "/nowhere/that/is"}}}
    (first, *_) = channels
    destination = {"email": ["me@obs.example"]} if first == "email" else {"channel": first}
    return Config.model_validate(
        {
            "sources": {"crds": {"feeds": [{"url": each} for each in feeds]}, "mailbox": mailbox},
            "channels": channels,
            "subscriptions": [
                {"name": "a", "watch": {"programs": [1180]}, "deliver": [destination], "local": list(local)}
            ],
        },
        strict=False,
    )


def found(config: Config, send: Callable[[str], Delivered | None] | None = None) -> list[Finding]:
    return list(examine_installation(config, lambda: None, send, NOW))


def found_beside_a_mail_server(
    config_of: Callable[[MailServer], Config], send: Callable[[str], Delivered | None] | None = None
) -> tuple[MailServer, list[Finding]]:
    async def look() -> tuple[MailServer, list[Finding]]:
        async with mail_server(password=PASSWORD) as server:
            return server, await asyncio.to_thread(found, config_of(server), send)

    return asyncio.run(look())


def of(findings: list[Finding], name: str) -> Finding:
    return next(finding for finding in findings if finding.assumption.name == name)


def imap(server: BrokenImap) -> dict[str, Any]:
    login = {"username": "bot", "password": PASSWORD}
    return {"imap": {"host": "127.0.0.1", "port": server.port, "security": "plain", **login}}


def test_a_mailbox_is_logged_in_to_and_opened_without_a_mail_being_read() -> None:
    with broken_imap(BrokenImap()) as server:
        mailbox = of(found(configured(imap(server))), "mailbox")
    assert mailbox.outcome is Outcome.RIGHT
    assert "IMAP4REV1" in mailbox.came
    assert [command.split()[0] for command in server.heard] == ["CAPABILITY", "LOGIN", "EXAMINE"]


@pytest.mark.parametrize(
    ("command", "answer", "words"),
    [
        ("LOGIN", b"<tag> NO no such account, opensesame-4711\r\n", "127.0.0.1 refuses the login of bot: no such"),
        ("EXAMINE", b"<tag> NO not there\r\n", "the folder INBOX on 127.0.0.1 can't be opened: not there"),
        ("GREETING", b"", "127.0.0.1 has ended the connection"),
    ],
)
def test_a_mailbox_that_does_not_open_is_told_without_the_password(
    command: str, answer: bytes, words: str, keep_secret: Callable[[str], str]
) -> None:
    keep_secret(PASSWORD)
    with broken_imap(BrokenImap(answers={command: answer})) as server:
        mailbox = of(found(configured(imap(server))), "mailbox")
    assert mailbox.outcome is Outcome.WRONG
    assert mailbox.came.startswith(words)
    assert PASSWORD not in mailbox.came


def test_a_maildir_is_looked_into(tmp_path: Path) -> None:
    assert of(found(configured({"maildir": str(tmp_path)})), "mailbox").outcome is Outcome.WRONG
    for name in ("cur", "new", "tmp"):
        (tmp_path / name).mkdir()
    assert of(found(configured({"maildir": str(tmp_path)})), "mailbox").outcome is Outcome.RIGHT


def test_each_feed_is_read(lists: FaultyListserv) -> None:
    feed = lists.feed_url(NIRCAM_LIST)
    assert of(found(configured(feeds=(feed,))), "feed").outcome is Outcome.RIGHT
    lists.misbehave(HtmlPage(), times=None)
    assert of(found(configured(feeds=(feed,))), "feed").outcome is Outcome.WRONG


@pytest.fixture
def lists() -> Iterator[FaultyListserv]:
    with FaultyListserv(now=NOW) as served:
        yield served


def smtp(port: int, password: str) -> dict[str, Any]:
    place = {"from": "bot@obs.example", "host": "127.0.0.1", "port": port, "security": "plain"}
    return {**place, "username": USERNAME, "password": password}


@pytest.mark.parametrize(("password", "outcome"), [(PASSWORD, Outcome.RIGHT), ("wrong-4712", Outcome.WRONG)])
def test_a_mail_server_is_logged_in_to_and_gets_no_message(password: str, outcome: Outcome) -> None:
    server, findings = found_beside_a_mail_server(lambda server: configured(email=smtp(server.port, password)))
    channel = of(findings, "channel")
    assert channel.outcome is outcome, channel.came
    assert channel.subject == "email"
    assert server.logins
    assert not server.mails


def test_a_message_is_sent_where_it_is_asked_for() -> None:
    sent: list[str] = []

    def send(name: str) -> Delivered | None:
        sent.append(name)
        return Sent("") if name == "email" else None

    keep = {"folder": {"path": "/nowhere"}}
    _, findings = found_beside_a_mail_server(
        lambda server: configured(email=smtp(server.port, PASSWORD), keep=keep), send
    )
    assert sorted(sent) == ["email", "keep"]
    told = {each.subject: each.outcome for each in findings if each.assumption.name == "message"}
    assert told == {"email": Outcome.RIGHT, "keep": Outcome.UNKNOWN}


def test_a_web_address_is_connected_to_and_told_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/services/T0/B0/token4711"
        right = of(found(configured(team={"slack": {"webhook": address}})), "channel")
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(100) == b""
    assert right.outcome is Outcome.RIGHT
    ill = of(found(configured(team={"slack": {"webhook": address}})), "channel")
    assert (ill.outcome, ill.came) == (Outcome.WRONG, "connection refused")


def test_folders_are_looked_at(tmp_path: Path) -> None:
    config = configured(local=(str(tmp_path), str(tmp_path / "absent")), keep={"folder": {"path": str(tmp_path)}})
    findings = found(config)
    told = {each.subject: each.outcome for each in findings if each.assumption.name == "local folder"}
    assert told == {str(tmp_path): Outcome.RIGHT, str(tmp_path / "absent"): Outcome.WRONG}
    assert of(findings, "channel").outcome is Outcome.RIGHT
    assert not list(tmp_path.iterdir())


def test_a_store_tells_its_size_and_room(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store(url):
        pass
    (*_, store) = examine_installation(configured(), lambda: Store(url), None, NOW)
    assert store.assumption.name == "store"
    assert "GB free" in store.came
    assert of(found(configured()), "store").came == "none yet: the first cycle makes it"


def test_a_report_has_nothing_that_a_configuration_names(tmp_path: Path, lists: FaultyListserv) -> None:
    secrets = (PASSWORD, USERNAME, str(tmp_path), "127.0.0.1", "obs.example", "token4711", "topsecretname", "bot")
    lists.misbehave(HtmlPage(), times=None)
    with broken_imap(BrokenImap(answers={"EXAMINE": b"<tag> NO not there\r\n"})) as mailbox:
        _, findings = found_beside_a_mail_server(
            lambda server: configured(
                imap(mailbox),
                (lists.feed_url(NIRCAM_LIST),),
                (str(tmp_path / "absent"),),
                email=smtp(server.port, "wrong-4712"),
                topsecretname={"slack": {"webhook": f"http://127.0.0.1:{server.port}/services/token4711"}},
                keep={"folder": {"path": str(tmp_path / "mails")}},
            )
        )
    assert len(findings) == 7
    text = json.dumps(report_of(findings, "1.0", 1180))
    assert [secret for secret in secrets if secret in text] == []


def test_what_a_server_says_is_told_without_places() -> None:
    said = (
        "see https://mast.example.edu/x?token=abc, /srv/data/db1, ops@stsci.edu, db1.stsci.edu or 10.0.0.7:99: "
        "jw01180001001_02101_00001_nrca1_cal.fits and jw09999001001_02101_00001_nrca1_cal.fits"
    )
    known = Assumption("a", "b", "evidence", "c")
    (entry,) = report_of([known.wrong(said)], "1.0", 1180)["findings"]
    assert "jw01180001001" in entry["came"]
    for secret in ("token", "abc", "srv", "db1", "stsci", "10.0.0.7", "jw09999"):
        assert secret not in entry["came"], secret


@pytest.mark.parametrize(
    "said",
    [
        "no such file: /home/me/.config/pedigreed/token",
        "~/.mast/token is not readable",
        r"C:\\Users\\me\\token.txt is gone",
        r"\\\\server4711\\share",
        "Authorization: token 0123456789abcdef0123456789abcdef",
        "the token=4711secret is over",
        'invalid "password": 4711secret',
        "bad request a1b2c3d4e5f6a7b8c9d0e1f2",
        "can't reach db4711.internal",
        "can't reach mast-db4711:5432",
        "can't reach 2001:db8::4711",
        "//mast4711.stsci.edu/x is moved",
        "http://me:4711@mast.example/x?token=4711 is moved",
        "JW04711001001_02101_00001_NRCA1_CAL.FITS is stale",
    ],
)
def test_a_report_has_no_secret_and_no_place_in_whatever_form(said: str) -> None:
    known = Assumption("a", "b", "evidence", "c")
    (entry,) = report_of([known.wrong(said, key=said, columns={said: [said]})], "1.0", 1180)["findings"]
    for secret in ("4711", "/me", "me/", "0123456789", "a1b2c3", ".mast"):
        assert secret not in json.dumps(entry), entry["came"]


@pytest.mark.parametrize(
    "said",
    [
        "MAST answered ERROR: Invalid column name 'pedigreedasksforthis'.",
        "145 rows, 0 of them can't be read, the last of jwst_1583.pmap",
        "jwst_1535.pmap for 2.0.1, whose products have jwst_1535.pmap",
        "application/json, over TLS, with a certificate that is trusted, in 0.4 s",
        "1b, 2a, 2b, 3; 12 of 24 cal files have their rate listed",
        "1 pmap, 9 imap, 223 rmap",
    ],
)
def test_a_report_keeps_what_an_issue_needs(said: str) -> None:
    (entry,) = report_of([Assumption("a", "b", "evidence", "c").right(said)], "1.0", 1180)["findings"]
    assert entry["came"] == said


def test_every_channel_is_looked_at_as_it_is_opened(tmp_path: Path) -> None:
    channels: dict[str, Any] = {
        "box": {"maildir": {"path": str(tmp_path / "box")}},
        "keep": {"folder": {"path": str(tmp_path / "keep")}},
        "run": {"command": {"run": ["/bin/true"]}},
        "lost": {"command": {"run": ["/no/such/program"]}},
    }
    config = configured(**channels)
    told = {each.subject: each.outcome for each in found(config) if each.assumption.name == "channel"}
    assert told.keys() == open_channels(config.channels).keys()
    assert [name for name, outcome in told.items() if outcome is not Outcome.RIGHT] == ["lost"]


def test_sendmail_is_looked_for_where_machines_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "sendmail"
    monkeypatch.setattr(command, "_SENDMAIL", (str(place),))
    config = configured(own={"command": {"run": "sendmail", "to": "me@obs.example"}})

    def outcome() -> Outcome:
        return next(each.outcome for each in found(config) if each.assumption.name == "channel")

    assert outcome() is Outcome.WRONG
    place.write_text("#!/bin/sh\n")
    place.chmod(0o700)
    assert outcome() is Outcome.RIGHT
