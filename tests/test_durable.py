"""Files that survive a power cut: whole or not at all, with the mode of the one that was there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pedigreed.durable import replace_file, write_new_file

if TYPE_CHECKING:
    from pathlib import Path


def mode_of(file: Path) -> int:
    return file.stat().st_mode & 0o777


def test_what_takes_a_files_place_has_its_mode_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "pedigreed.yaml"
    file.write_bytes(b"old")
    file.chmod(0o640)
    replace_file(file, b"new")
    assert (file.read_bytes(), mode_of(file)) == (b"new", 0o640)
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_can_not_be_replaced_stays_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "a folder"
    (place / "in it").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        replace_file(place, b"new")
    assert list(tmp_path.iterdir()) == [place]


def test_a_new_file_is_private_and_never_takes_anothers_place(tmp_path: Path) -> None:
    file = tmp_path / "message.eml"
    write_new_file(file, b"one")
    assert mode_of(file) == 0o600
    with pytest.raises(FileExistsError):
        write_new_file(file, b"other")
    assert file.read_bytes() == b"one"
