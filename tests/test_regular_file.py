"""Files that are opened, and those that are not even opened."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from pedigreed.regular_file import open_regular

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_opened_for_reading_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.eml"
    file.write_bytes(b"content")
    with os.fdopen(open_regular(file), "rb") as opened:
        assert opened.read() == b"content"
    with os.fdopen(open_regular(str(file)), "rb") as opened, pytest.raises(OSError, match="Bad file descriptor"):
        os.write(opened.fileno(), b"x")


def test_a_link_is_followed_where_that_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(b"content")
    link = tmp_path / "link"
    link.symlink_to("a.eml")
    with os.fdopen(open_regular(link), "rb") as opened:
        assert opened.read() == b"content"
    with pytest.raises(OSError, match="not a regular file"):
        open_regular(link, follows_links=False)


def test_what_is_no_file_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe, device, folder = tmp_path / "pipe", tmp_path / "device", tmp_path / "folder"
    os.mkfifo(pipe)
    device.symlink_to("/dev/null")
    folder.mkdir()
    opened: list[object] = []
    monkeypatch.setattr(os, "open", lambda *given: opened.append(given))
    with socket.socket(socket.AF_UNIX) as served:
        served.bind(str(tmp_path / "socket"))
        for path in (pipe, device, tmp_path / "socket"):
            with pytest.raises(OSError, match="not a regular file"):
                open_regular(path)
        with pytest.raises(IsADirectoryError):
            open_regular(folder)
    assert opened == []
