"""A Maildir and a folder of mails are read, and stay as they are."""

from __future__ import annotations

import mailbox
import os
import shutil
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from list_mails import list_mail, mast_mail
from pedigreed.config.sources import MailboxSource
from pedigreed.sources.mailbox.gathering import MOST_MAILS
from pedigreed.sources.mailbox.mail import LARGEST_MAIL
from pedigreed.sources.mailbox.open_mailbox import open_mailbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pedigreed.model.news_source import Reading


def read(folder: Path, kind: str, bookmark: str | None = None, now: datetime | None = None) -> Reading:
    source = open_mailbox(MailboxSource.model_validate({kind: folder}))
    return source.read(bookmark, now or datetime.now(UTC))


def identities(reading: Reading) -> set[str]:
    return {announcement.identity for announcement in reading.announcements}


def names(*numbers: int) -> set[str]:
    return {f"delivery-{number}@lists.example" for number in numbers}


@pytest.fixture(params=["maildir", "eml"])
def kind(request: pytest.FixtureRequest) -> str:
    said: str = request.param
    return said


@pytest.fixture
def folder(tmp_path: Path, kind: str) -> Path:
    """An empty one."""
    made = tmp_path / "mails"
    if kind == "maildir":
        mailbox.Maildir(str(made), create=True).close()
    else:
        made.mkdir()
    return made


@pytest.fixture
def put(folder: Path, kind: str) -> Callable[[int, bytes], Path]:
    """Puts a mail there, as a delivery does."""

    def deliver(number: int, content: bytes) -> Path:
        path = folder / "new" / f"{number}.x" if kind == "maildir" else folder / f"{number}.eml"
        path.write_bytes(content)
        return path

    return deliver


def state(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ctime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_new_mails_are_read_once(folder: Path, kind: str, put: Callable[[int, bytes], Path]) -> None:
    put(1, list_mail(1).as_bytes())
    put(2, mast_mail(number=2).as_bytes())
    before = state(folder)
    first = read(folder, kind)
    assert first.is_complete
    assert first.problems == first.warnings == ()
    assert identities(first) == names(1)
    assert first.announcements[0].source == f"mailbox {folder}"
    assert [event.program for event in first.events] == [1345]
    again = read(folder, kind, first.bookmark)
    assert (again.announcements, again.events) == ((), ())
    put(3, list_mail(3).as_bytes())
    assert identities(read(folder, kind, again.bookmark)) == names(3)
    (folder / "new" / "3.x" if kind == "maildir" else folder / "3.eml").unlink()
    assert state(folder) == before


def test_a_mail_that_a_program_has_seen_is_not_read_again(tmp_path: Path) -> None:
    folder = tmp_path / "mails"
    box = mailbox.Maildir(str(folder), create=True)
    key = box.add(list_mail(1).as_bytes())
    first = read(folder, "maildir")
    assert identities(first) == names(1)
    seen = box.get_message(key)
    seen.set_subdir("cur")
    seen.add_flag("S")
    box[key] = seen
    box.add(list_mail(2).as_bytes())
    assert identities(read(folder, "maildir", first.bookmark)) == names(2)
    box.close()


def test_an_old_mail_is_no_news_when_its_flags_change(tmp_path: Path) -> None:
    folder = tmp_path / "mails"
    mailbox.Maildir(str(folder), create=True).close()
    path = folder / "cur" / "1.x:2,"
    path.write_bytes(list_mail(1).as_bytes())
    long_ago = (datetime.now(UTC) - timedelta(days=100)).timestamp()
    os.utime(path, (long_ago, long_ago))
    first = read(folder, "maildir")
    path.rename(folder / "cur" / "1.x:2,S")
    assert first.announcements == read(folder, "maildir", first.bookmark).announcements == ()


def test_a_file_that_is_written_anew_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(list_mail(1).as_bytes())
    (tmp_path / "notes.txt").write_bytes(list_mail(9).as_bytes())
    first = read(tmp_path, "eml")
    path.write_bytes(list_mail(2).as_bytes() + b"more\n")
    assert identities(first) | identities(read(tmp_path, "eml", first.bookmark)) == names(1, 2)


@pytest.mark.long
def test_many_mails_are_read_in_several_readings(
    folder: Path, kind: str, put: Callable[[int, bytes], Path]
) -> None:
    bookmark = read(folder, kind).bookmark
    many = 2 * MOST_MAILS + 100
    for number in range(many):
        put(number, list_mail(number).as_bytes())
    seen: set[str] = set()
    readings = 0
    is_complete = False
    while not is_complete:
        reading = read(folder, kind, bookmark)
        seen |= identities(reading)
        bookmark, is_complete = reading.bookmark, reading.is_complete
        readings += 1
        assert readings < 10
    assert seen == names(*range(many))
    assert readings == 3
    assert not read(folder, kind, bookmark).announcements


def test_a_bookmark_stays_small(folder: Path, kind: str, put: Callable[[int, bytes], Path]) -> None:
    for number in range(300):
        put(number, list_mail(number).as_bytes())
    first = read(folder, kind)
    later = datetime.now(UTC) + timedelta(hours=1)
    put(300, list_mail(300).as_bytes())
    second = read(folder, kind, first.bookmark, later)
    assert len(second.bookmark or "") < 50 * 302


def test_the_first_reading_brings_what_is_young(
    folder: Path, kind: str, put: Callable[[int, bytes], Path]
) -> None:
    put(1, list_mail(1).as_bytes())
    assert read(folder, kind, now=datetime.now(UTC) + timedelta(days=91)).announcements == ()
    assert identities(read(folder, kind, now=datetime.now(UTC) + timedelta(days=89))) == names(1)


@pytest.mark.long
def test_what_the_first_reading_leaves_out_is_no_news_later(
    folder: Path, kind: str, put: Callable[[int, bytes], Path]
) -> None:
    for number in range(MOST_MAILS + 200):
        put(number, list_mail(number).as_bytes())
    first = read(folder, kind)
    assert len(first.announcements) == MOST_MAILS
    assert read(folder, kind, first.bookmark).announcements == ()


def test_a_clock_that_was_wrong_hides_nothing(folder: Path, kind: str, put: Callable[[int, bytes], Path]) -> None:
    put(1, list_mail(1).as_bytes())
    past = datetime.now(UTC) - timedelta(days=1)
    bookmark = read(folder, kind, now=past).bookmark
    put(2, list_mail(2).as_bytes())
    assert names(2) <= identities(read(folder, kind, bookmark, now=past))


def test_what_cannot_be_read_is_named_once_and_stops_nothing(
    folder: Path, kind: str, put: Callable[[int, bytes], Path]
) -> None:
    put(1, list_mail(1).as_bytes())
    put(2, list_mail(2).as_bytes() + LARGEST_MAIL * b"x")
    put(3, b"\xff\x00" * 1000)
    pipe = put(4, b"")
    pipe.unlink()
    os.mkfifo(pipe)
    link = put(5, b"")
    link.unlink()
    link.symlink_to("/etc/hostname")
    reading = read(folder, kind)
    assert identities(reading) == names(1)
    assert reading.is_complete
    [warning] = reading.warnings
    assert warning.startswith("the mail 2.")
    assert "has 5," in warning
    assert read(folder, kind, reading.bookmark).warnings == ()


@contextmanager
def without_rights() -> Iterator[None]:
    """As a user whom files of mode 0 stop."""
    who = os.geteuid()
    if who == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(who)


def test_what_may_not_be_read_is_told(kind: str) -> None:
    with TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        for part in ("new", "cur"):
            (folder / part).mkdir()
        inside = folder / "new" if kind == "maildir" else folder
        for number in (1, 2):
            (inside / f"{number}.eml").write_bytes(list_mail(number).as_bytes())
        (inside / "1.eml").chmod(0)
        with without_rights():
            reading = read(folder, kind)
        assert identities(reading) == names(2)
        assert reading.warnings == ("the mail 1.eml can't be read: permission denied",)
        inside.chmod(0)
        with without_rights():
            reading = read(folder, kind, reading.bookmark)
        assert reading.problems == (f"{inside} can't be read: permission denied",)
        inside.chmod(0o755)


def test_a_folder_that_is_not_there_is_told(folder: Path, kind: str) -> None:
    first = read(folder, kind)
    shutil.rmtree(folder)
    reading = read(folder, kind, first.bookmark)
    [problem] = reading.problems
    assert problem.endswith("can't be read: no such file or directory")
    assert str(folder) in problem
    assert reading.bookmark == first.bookmark
    assert not reading.is_complete


def test_a_file_in_place_of_a_folder_is_told(folder: Path, kind: str) -> None:
    shutil.rmtree(folder)
    folder.write_bytes(b"")
    [problem] = read(folder, kind).problems
    assert problem.endswith("can't be read: not a directory")


def test_another_folder_is_read_anew(
    folder: Path, kind: str, put: Callable[[int, bytes], Path], tmp_path: Path
) -> None:
    put(1, list_mail(1).as_bytes())
    bookmark = read(folder, kind).bookmark
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    assert identities(read(other, kind, bookmark)) == names(1)


@pytest.mark.parametrize(
    "bookmark", ["", "{}", "[]", '{"folder":1}', "\x00", '{"folder":"","since":1e99,"names":{}}']
)
def test_a_bookmark_that_means_nothing_is_none(
    folder: Path, kind: str, put: Callable[[int, bytes], Path], bookmark: str
) -> None:
    put(1, list_mail(1).as_bytes())
    assert identities(read(folder, kind, bookmark)) == names(1)


def test_a_name_steers_nothing(folder: Path, kind: str) -> None:
    name = "new/\x1b[31mred\udcff.x" if kind == "maildir" else "\x1b[31mred\udcff.eml"
    (folder / name).write_bytes(list_mail(1).as_bytes() + LARGEST_MAIL * b"x")
    [warning] = read(folder, kind).warnings
    assert warning.startswith("the mail red.")


def test_a_mail_keeps_its_identity_in_every_kind_of_mailbox(tmp_path: Path) -> None:
    nameless = list_mail(1, Message_ID="").as_bytes()
    mailbox.Maildir(str(tmp_path / "m"), create=True).add(nameless)
    (tmp_path / "a.eml").write_bytes(nameless.replace(b"\n", b"\r\n"))
    box = mailbox.mbox(str(tmp_path / "b"))
    box.add(message_from_bytes(nameless))
    box.close()
    found = [identities(read(tmp_path / name, kind)) for name, kind in (("m", "maildir"), ("b", "mbox"))]
    assert found == 2 * [identities(read(tmp_path, "eml"))]
    assert len(found[0]) == 1
