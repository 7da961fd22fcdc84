from __future__ import annotations

import asyncio
import mailbox
import resource
import stat
from typing import TYPE_CHECKING

import pytest

from pedigreed.delivery.folder import MaildirChannel
from pedigreed.model.delivery import Message, Outcome, Retry, Sent

if TYPE_CHECKING:
    from pathlib import Path

MESSAGE = Message("1@obs.example", "keep", "", "", "hello", b"Subject: hello\r\n\r\nhello\r\n")


def deliver(folder: Path, message: Message = MESSAGE) -> Outcome:
    return asyncio.run(MaildirChannel(folder).send(message))


def test_a_mail_reader_finds_the_mail_as_new(tmp_path: Path) -> None:
    deliver(tmp_path / "far" / "mail")
    [found] = mailbox.Maildir(tmp_path / "far" / "mail")
    assert found["Subject"] == "hello"
    assert found.get_subdir() == "new"


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    place = tmp_path / "far" / "away" / "mail"
    deliver(place)
    made = (tmp_path / "far", place.parent, place, *place.iterdir())
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700}
    [file] = (place / "new").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("flags", ["", ":2,", ":2,S", ":2,RS"])
def test_a_mail_that_was_read_is_not_delivered_again(tmp_path: Path, flags: str) -> None:
    deliver(tmp_path)
    [file] = (tmp_path / "new").iterdir()
    file.rename(tmp_path / "cur" / f"{file.name}{flags}")
    assert isinstance(deliver(tmp_path), Sent)
    assert list((tmp_path / "new").iterdir()) == []


def test_nothing_is_left_behind_by_a_delivery_that_fails(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        outcome = deliver(tmp_path, Message("2@obs.example", "keep", "", "", "", b"x" * 5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert isinstance(outcome, Retry)
    assert [path for path in tmp_path.glob("**/*") if path.is_file()] == []


def test_the_reason_names_the_place(tmp_path: Path) -> None:
    (tmp_path / "new").symlink_to("nowhere")
    outcome = deliver(tmp_path)
    assert isinstance(outcome, Retry)
    assert str(tmp_path / "new") in outcome.reason


def test_an_unfinished_delivery_does_not_hinder_the_next(tmp_path: Path) -> None:
    deliver(tmp_path)
    [file] = (tmp_path / "new").iterdir()
    file.rename(tmp_path / "tmp" / f"{file.name}.0123456789abcdef")
    assert isinstance(deliver(tmp_path), Sent)
    [file] = (tmp_path / "new").iterdir()
    assert file.read_bytes() == MESSAGE.content
