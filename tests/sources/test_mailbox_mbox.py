"""Mails in one file are read from where the last reading ended."""

from __future__ import annotations

import mailbox
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from list_mails import list_mail, mast_mail
from pedigreed.sources.mailbox import mbox
from pedigreed.sources.mailbox.gathering import MOST_MAILS
from pedigreed.sources.mailbox.mail import LARGEST_MAIL
from pedigreed.sources.mailbox.mbox import MboxSource
from pedigreed.sources.mailbox.senders import Senders

if TYPE_CHECKING:
    from pathlib import Path

    from pedigreed.model.news_source import Reading

NOW = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
FROM = b"From lists@lists.example Mon Nov  2 08:30:00 2026\n"


def read(path: Path, bookmark: str | None = None) -> Reading:
    return MboxSource(path, Senders()).read(bookmark, NOW)


def identities(reading: Reading) -> list[str]:
    return [announcement.identity for announcement in reading.announcements]


def names(*numbers: int) -> list[str]:
    return [f"delivery-{number}@lists.example" for number in numbers]


def mail(number: int) -> bytes:
    return FROM + list_mail(number).as_bytes() + b"\n"


def add(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """With the mails 1 and 2."""
    path = tmp_path / "mbox"
    path.write_bytes(mail(1) + mail(2))
    return path


def test_mails_are_read_once(box: Path) -> None:
    first = read(box)
    assert first.announcements[0].source == f"mailbox {box}"
    assert identities(first) == names(1, 2)
    assert first.is_complete
    second = read(box, first.bookmark)
    assert identities(second) == []
    add(box, mail(3) + FROM + mast_mail(number=4).as_bytes() + b"\n")
    third = read(box, second.bookmark)
    assert identities(third) == names(3)
    assert [event.program for event in third.events] == [1345]


def test_a_file_of_the_library_is_read(tmp_path: Path) -> None:
    made = mailbox.mbox(str(tmp_path / "box"))
    made.add(list_mail(1, "jwst_1535.pmap\n\nFrom here on\n>From there\n"))
    made.add(list_mail(2))
    made.close()
    reading = read(tmp_path / "box")
    assert identities(reading) == names(1, 2)
    assert "From here on" in reading.announcements[0].text.split("\n")


def test_the_file_stays_as_it_is(box: Path) -> None:
    os.utime(box, (1, 1))
    before = box.stat()
    assert identities(read(box)) == names(1, 2)
    after = box.stat()
    assert (after.st_mtime_ns, after.st_ctime_ns, after.st_size) == (
        before.st_mtime_ns,
        before.st_ctime_ns,
        before.st_size,
    )
    assert after.st_atime_ns == before.st_atime_ns
    assert list(box.parent.iterdir()) == [box]


def test_a_mail_that_is_being_written_waits(box: Path) -> None:
    half = mail(3)[:150]
    add(box, half)
    first = read(box)
    assert identities(first) == names(1, 2)
    add(box, mail(3)[150:])
    assert identities(read(box, first.bookmark)) == names(3)


def test_a_mail_without_a_last_empty_line_does_not_wait_for_ever(box: Path) -> None:
    add(box, mail(3).rstrip(b"\n"))
    first = read(box)
    second = read(box, first.bookmark)
    assert identities(second) == names(3)
    assert identities(read(box, second.bookmark)) == []


def test_a_file_that_was_written_anew_is_read_anew(box: Path) -> None:
    bookmark = read(box).bookmark
    box.write_bytes(mail(3))
    assert identities(read(box, bookmark)) == names(3)
    box.write_bytes(mail(3) + mail(4) + mail(5))
    assert identities(read(box, bookmark)) == names(3, 4, 5)


def test_a_file_out_of_which_a_mail_was_taken_is_read_anew(box: Path) -> None:
    for number in range(3, 60):
        add(box, mail(number))
    bookmark = read(box).bookmark
    whole = box.read_bytes()
    box.write_bytes(whole.replace(mail(50), b"") + mail(60) + mail(61))
    assert names(60)[0] in identities(read(box, bookmark))


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_line_ends_are_of_either_kind(tmp_path: Path, end: bytes) -> None:
    path = tmp_path / "mbox"
    path.write_bytes((mail(1) + mail(2)).replace(b"\n", end))
    assert identities(read(path)) == names(1, 2)


@pytest.mark.long
def test_many_mails_are_read_in_several_readings(tmp_path: Path) -> None:
    path = tmp_path / "mbox"
    path.write_bytes(b"".join(mail(number) for number in range(MOST_MAILS + 10)))
    first = read(path)
    assert identities(first) == names(*range(MOST_MAILS))
    assert not first.is_complete
    assert first.problems == ()
    second = read(path, first.bookmark)
    assert identities(second) == names(*range(MOST_MAILS, MOST_MAILS + 10))
    assert second.is_complete


def test_of_a_large_file_the_end_is_read_first(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mbox, "FIRST_BYTES", len(mail(2)) + 10)
    assert identities(read(box)) == names(2)


def test_a_mail_that_is_too_large_is_named_and_not_read(box: Path) -> None:
    add(box, mail(3).rstrip(b"\n") + b"\n" + LARGEST_MAIL * b"x" + b"\n\n" + mail(4))
    reading = read(box)
    assert identities(reading) == names(1, 2, 4)
    [warning] = reading.warnings
    assert '("[miri-reffiles] New MIRI dark 3", 2026-11-02) has 5,' in warning


def test_what_is_no_mbox_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mbox"
    [problem] = read(path).problems
    assert problem == f"{path} can't be read: no such file or directory"
    path.write_bytes(b"PK\x03\x04 something else\n\nFrom me\n")
    [problem] = read(path).problems
    assert problem == f"{path} can't be read: it is no mbox, which begins with 'From '"
    path.unlink()
    os.mkfifo(path)
    [problem] = read(path).problems
    assert problem == f"{path} can't be read: not a regular file"
    [problem] = read(tmp_path).problems
    assert "can't be read" in problem


def test_an_empty_file_has_no_mails(tmp_path: Path) -> None:
    path = tmp_path / "mbox"
    path.write_bytes(b"")
    reading = read(path)
    assert reading.is_complete
    add(path, mail(1))
    assert identities(read(path, reading.bookmark)) == names(1)


PIECES = st.lists(
    st.sampled_from(
        [FROM, b"\n", b"From ", b">From x\n", b"Subject: jwst_1535\n", b"\r\n", b"\x00", b"x" * 70_000]
    )
    | st.binary(max_size=20),
    max_size=30,
)


@settings(max_examples=examples(50))
@given(PIECES, PIECES)
def test_no_file_is_too_strange(
    tmp_path_factory: pytest.TempPathFactory, first: list[bytes], more: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("box") / "mbox"
    path.write_bytes(b"".join(first))
    bookmark = read(path).bookmark
    add(path, b"".join(more))
    reading = read(path, bookmark)
    assert len(reading.problems) + reading.is_complete == 1
    add(path, b"\n\n" + mail(7))
    assert reading.problems or names(7)[0] in identities(read(path, reading.bookmark))
