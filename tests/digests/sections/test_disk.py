"""What is said of files on disk."""

from __future__ import annotations

import pytest

from pedigreed.digests.sections.disk import disk_in_words, local_command
from pedigreed.model.digest import OnDisk


@pytest.mark.parametrize(
    ("on_disk", "said", "command"),
    [
        (
            OnDisk("/data/jades", 212, 3911),
            "212 of 3,911 files under /data/jades are older than the archive's",
            "pedigreed local /data/jades",
        ),
        (
            OnDisk("/data/my jades", 1, 1, unread=3),
            "1 of 1 file under /data/my jades is older than the archive's; 3 could not be read",
            "pedigreed local '/data/my jades'",
        ),
        (OnDisk("/d", 0, 2), "none of 2 files under /d is older than the archive's", ""),
        (
            OnDisk("/d", 0, 0, unread=1),
            "no file under /d is among the products that you watch; 1 could not be read",
            "",
        ),
        (
            OnDisk("/d", 5, 9, problem="it can't be read: permission denied"),
            "/d was not looked through, so nothing is known of it now: it can't be read: permission denied",
            "",
        ),
    ],
)
def test_a_folder_in_words(on_disk: OnDisk, said: str, command: str) -> None:
    assert disk_in_words(on_disk) == said
    assert local_command([on_disk]) == command


@pytest.mark.parametrize("folder", ["/data/" + "x" * 80, "/data/a  b"])
def test_a_command_that_can_not_be_copied_names_no_folder(folder: str) -> None:
    assert local_command([OnDisk(folder, 1, 1)]) == "pedigreed local"


def test_a_folder_with_characters_that_no_terminal_shows_is_written_as_a_shell_reads_it() -> None:
    assert local_command([OnDisk("/data/a\nb", 1, 1)]) == r"pedigreed local $'/data/a\x0ab'"
