from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pedigreed.digests.print_html import OwnTemplate
from pedigreed.service.periods import LONGEST_TEMPLATE, own_template

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_read_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "digest.html").write_bytes("\ufeff<p>\u2192</p>\r\n".encode())
    assert own_template(tmp_path) == OwnTemplate("<p>\u2192</p>\r\n")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, ": No such file or directory"),
        (b"<p>\xff", " is not UTF-8: byte 3"),
        (b"x" * (LONGEST_TEMPLATE + 1), " has more than 1,000,000 bytes"),
    ],
)
def test_what_can_not_be_read_says_why(tmp_path: Path, content: bytes | None, problem: str) -> None:
    file = tmp_path / "digest.html"
    if content is not None:
        file.write_bytes(content)
    assert own_template(tmp_path) == OwnTemplate("", f"{file}{problem}")


def test_a_folder_in_its_place_can_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "digest.html").mkdir()
    assert own_template(tmp_path).problem.endswith(": Is a directory")


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "digest.html")
    assert own_template(tmp_path).problem.endswith(": not a regular file")
