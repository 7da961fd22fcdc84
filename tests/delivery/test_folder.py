from __future__ import annotations

import asyncio
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from pedigreed.config.address import Sender
from pedigreed.delivery.digest_mail import build_mail
from pedigreed.delivery.folder import FolderChannel, files_of, folder_name, safe_filename
from pedigreed.model.delivery import Message, Outcome, Retry, Sent
from pedigreed.model.digest import Attachment, RenderedDigest

if TYPE_CHECKING:
    from pathlib import Path

SENDER = Sender("pedigreed", "pedigreed@obs.example")
NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
NAMES = st.text() | st.sampled_from(
    ["../../etc/passwd", "/", "..", ".", "a/b\\c", "CON: *?", "x" * 400, "\x00", "é" * 300]
)


def shown(subscription: str = "jades", *attachments: Attachment, digest_id: str = "0" * 32) -> Message:
    rendered = RenderedDigest(
        digest_id, subscription, "hello", "Ångström\nhello\n", attachments, html="<p>hello</p>\n"
    )
    return build_mail(rendered, channel="show", sender=SENDER, recipient="", now=NOW)


def deliver(folder: Path, message: Message) -> Outcome:
    return asyncio.run(FolderChannel(folder).send(message))


def test_a_person_finds_the_mail_its_text_its_page_and_its_attachments(tmp_path: Path) -> None:
    message = shown(
        "jades",
        Attachment("jades.json", "application/json", b"{}\r\n"),
        Attachment("jades.csv", "text/csv", b"a\n"),
    )
    deliver(tmp_path / "far" / "digests", message)
    [place] = (tmp_path / "far" / "digests").iterdir()
    assert place.name.startswith("2026-11-22-jades-")
    assert {file.name: file.read_bytes() for file in place.iterdir()} == {
        "message.eml": message.content,
        "digest.txt": "Ångström\nhello\n".encode(),
        "digest.html": b"<p>hello</p>\n",
        "jades.json": b"{}\r\n",
        "jades.csv": b"a\n",
    }


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    digests = tmp_path / "far" / "digests"
    deliver(digests, shown("jades", Attachment("jades.json", "application/json", b"{}")))
    [place] = digests.iterdir()
    assert {stat.S_IMODE(path.stat().st_mode) for path in (place, digests, digests.parent)} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} == {0o600}


def test_attachments_of_one_name_are_all_kept(tmp_path: Path) -> None:
    names = ["a.csv", "A.csv", "a.csv", "message.eml", "digest.txt", "digest.html", "a-2.csv"]
    deliver(tmp_path, shown("jades", *(Attachment(name, "text/csv", name.encode()) for name in names)))
    [place] = tmp_path.iterdir()
    kept = [file.name.casefold() for file in place.iterdir()]
    assert len(set(kept)) == len(kept) == len(names) + 3


@given(subscription=NAMES, filenames=st.lists(NAMES, max_size=4))
def test_no_name_leads_out_of_the_folder(subscription: str, filenames: list[str]) -> None:
    message = shown(subscription, *(Attachment(name, "text/csv", b"") for name in filenames))
    names = [folder_name(message), *(name for name, _ in files_of(message.content))]
    for name in names:
        assert not set(name) & set("/\\\0:")
        assert not name.startswith(".")
        assert 0 < len(name.encode()) <= 255
    files = [name.casefold() for name in names[1:]]
    assert len(set(files)) == len(files) == len(filenames) + 3


@given(name=NAMES)
def test_a_safe_name_stays_as_it_is(name: str) -> None:
    assert safe_filename(safe_filename(name)) == safe_filename(name)


def test_a_message_without_date_list_or_parts_is_kept_too(tmp_path: Path) -> None:
    assert isinstance(deliver(tmp_path, Message("1@obs.example", "show", "", "", "", b"no header at all")), Sent)
    [place] = tmp_path.iterdir()
    assert (place / "message.eml").read_bytes() == b"no header at all"


def test_digests_of_one_day_do_not_mix(tmp_path: Path) -> None:
    for number in range(3):
        deliver(tmp_path, shown(digest_id=f"{number:032x}"))
    assert len(list(tmp_path.iterdir())) == 3


def test_nothing_is_left_behind_by_a_delivery_that_fails(tmp_path: Path) -> None:
    message = shown()
    (tmp_path / folder_name(message)).symlink_to("nowhere")
    outcome = deliver(tmp_path, message)
    assert isinstance(outcome, Retry)
    assert [path.name for path in tmp_path.iterdir()] == [folder_name(message)]


def test_what_is_there_is_not_written_again(tmp_path: Path) -> None:
    message = shown()
    deliver(tmp_path, message)
    [place] = tmp_path.iterdir()
    (place / "note").touch()
    assert isinstance(deliver(tmp_path, message), Sent)
    assert (place / "note").exists()
