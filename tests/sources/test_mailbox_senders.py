"""Whose mails are believed: what the configuration and the own mail server say, and what others forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pedigreed.config.sources import MailboxSource
from pedigreed.model.notice import Sender
from pedigreed.sources.mailbox.open_mailbox import open_mailbox
from watcher import DAY_0

if TYPE_CHECKING:
    from pathlib import Path

OWN = "mx.obs.example"
BY_NAME: dict[str, Any] = {"authserv_id": OWN}
RECEIVED = "Received: from mail.stsci.edu ([192.0.2.7]) by mx.obs.example; Fri, 20 Nov 2026 05:00:00 +0000"
ALL_PASS = (
    f"Authentication-Results: {OWN};\n dkim=pass (2048-bit key) header.d=stsci.edu header.i=@stsci.edu;\n"
    "\tspf=pass smtp.mailfrom=owner-crds@stsci.edu; dmarc=pass (p=NONE) header.from=stsci.edu"
)
VERIFIED, UNVERIFIED = Sender.VERIFIED, Sender.UNVERIFIED


def results(words: str, server: str = OWN) -> str:
    return f"Authentication-Results: {server}; {words}"


def sender_of(folder: Path, *header: str, author: str = "crds@stsci.edu", **rules: Any) -> Sender | None:  # noqa: ANN401  # YAML
    """What is known of the sender of a mail with these fields, by a mailbox that is configured so."""
    lines = [*header, f"From: {author}", "Message-ID: <1@stsci.edu>", "Subject: jwst_1583 in CRDS"]
    mail = "\r\n".join([*(line.replace("\n", "\r\n") for line in lines), "", "jwst_1583.pmap is the latest.", ""])
    (folder / "1.eml").write_bytes(mail.encode("utf-8", "surrogateescape"))
    config = MailboxSource.model_validate({"eml": str(folder), **rules}, strict=False)
    (announcement,) = open_mailbox(config).read(None, DAY_0).announcements
    return announcement.sender


FROM: dict[str, Any] = {"from": ["stsci.edu"]}


@pytest.mark.parametrize(
    ("header", "rules", "expected"),
    [
        ((), {}, None),
        ((ALL_PASS, RECEIVED), {}, None),
        ((ALL_PASS, RECEIVED), FROM, VERIFIED),
        ((RECEIVED, ALL_PASS), FROM, None),
        ((RECEIVED, ALL_PASS), FROM | BY_NAME, VERIFIED),
        ((RECEIVED, ALL_PASS), FROM | {"authserv_id": "MX.obs.example"}, VERIFIED),
        ((ALL_PASS,), FROM, None),
        ((), FROM, None),
        ((results("dkim=pass header.d=stsci.edu"), RECEIVED), FROM, VERIFIED),
        ((results("dkim=pass header.d=evil.example"), RECEIVED), FROM, None),
        ((results("dkim=pass header.d=edu"), RECEIVED), FROM, None),
        ((results("dkim=pass header.d=notstsci.edu"), RECEIVED), FROM, None),
        ((results("spf=pass smtp.mailfrom=list.stsci.edu"), RECEIVED), FROM, None),
        ((results("spf=pass smtp.mailfrom=bounce@stsci.edu"), RECEIVED), FROM, VERIFIED),
        ((results("spf=pass smtp.helo=stsci.edu"), RECEIVED), FROM, None),
        ((results("none"), RECEIVED), FROM, None),
        ((results("dmarc=fail header.from=stsci.edu"), RECEIVED), {}, UNVERIFIED),
        ((results("dmarc=fail header.from=stsci.edu"), RECEIVED), FROM, UNVERIFIED),
        ((results("spf=fail smtp.mailfrom=a@stsci.edu"), RECEIVED), {}, UNVERIFIED),
        ((results("spf=softfail smtp.mailfrom=a@stsci.edu; dkim=none"), RECEIVED), {}, UNVERIFIED),
        ((results("dmarc=fail; dkim=pass header.d=lists.example"), RECEIVED), {}, None),
        ((results("spf=fail; dkim=pass header.d=stsci.edu"), RECEIVED), FROM, VERIFIED),
        ((results("spf=temperror; dmarc=none"), RECEIVED), FROM, None),
    ],
)
def test_a_sender_is_known_by_the_configuration_and_the_own_server(
    tmp_path: Path, header: tuple[str, ...], rules: dict[str, Any], expected: Sender | None
) -> None:
    assert sender_of(tmp_path, *header, **rules) is expected


@pytest.mark.parametrize(
    "header",
    [
        (results("dmarc=fail", "mx.other.example"), RECEIVED, ALL_PASS),
        (results("dmarc=none (dmarc=pass)"), RECEIVED),
        (results('dmarc=none reason="; dmarc=pass"'), RECEIVED),
        (results("dmarc=none (a (nested; dmarc=pass) one; dkim=pass header.d=stsci.edu)"), RECEIVED),
        (results("dmarc=none (never closed; dmarc=pass"), RECEIVED),
        (results("dkim=pass header.d=evil.example header.x=header.d=stsci.edu.evil.example"), RECEIVED),
        (f"X-{ALL_PASS}", RECEIVED),
        (results(";" * 3000), RECEIVED),
        (results("(" * 3000), RECEIVED),
        ("Authentication-Results:", RECEIVED),
    ],
)
def test_what_is_forged_or_odd_verifies_nobody(tmp_path: Path, header: tuple[str, ...]) -> None:
    assert sender_of(tmp_path, *header, **FROM) in {None, UNVERIFIED}
    assert sender_of(tmp_path, *header, **FROM, **BY_NAME) in {None, UNVERIFIED}


def test_only_the_topmost_word_counts(tmp_path: Path) -> None:
    failed = results("dmarc=fail header.from=stsci.edu")
    assert sender_of(tmp_path, failed, RECEIVED, ALL_PASS, **FROM, **BY_NAME) is UNVERIFIED
    assert sender_of(tmp_path, RECEIVED, ALL_PASS, failed, **FROM, **BY_NAME) is VERIFIED
    assert (
        sender_of(tmp_path, RECEIVED, results("dmarc=pass", "evil.example"), ALL_PASS, **FROM, **BY_NAME) is None
    )


@pytest.mark.parametrize(
    ("author", "is_known"),
    [
        ("crds@stsci.edu", True),
        ("CRDS <CRDS@STScI.edu>", True),
        ("=?utf-8?q?CRDS?= <crds@list.stsci.edu>", True),
        ("crds@notstsci.edu", False),
        ("crds@stsci.edu.evil.example", False),
        ('"crds@stsci.edu" <a@evil.example>', False),
        ("crds@stsci.edu, a@evil.example", False),
        ("crds@stsci.edu\nFrom: a@evil.example", False),
        ("crds@stsci.edu <a@evil.example>", False),
        ("<@stsci.edu:a@evil.example>", False),
        ("a@evil.example@stsci.edu", False),
        ("", False),
        ("undisclosed", False),
    ],
)
def test_a_sender_is_the_one_address_of_from(tmp_path: Path, author: str, is_known: bool) -> None:
    found = sender_of(tmp_path, ALL_PASS, RECEIVED, author=author, **FROM)
    assert found is (VERIFIED if is_known else UNVERIFIED)


def test_an_address_is_no_domain(tmp_path: Path) -> None:
    rules: dict[str, Any] = {"from": ["crds@stsci.edu"]}
    assert sender_of(tmp_path, ALL_PASS, RECEIVED, **rules) is VERIFIED
    assert sender_of(tmp_path, ALL_PASS, RECEIVED, author="other@stsci.edu", **rules) is UNVERIFIED
