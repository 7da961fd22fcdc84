"""`pedigreed watch` and `unwatch`: from nothing to a configuration that can be used, and changes to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from commands import in_process

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's folder without any configuration, which is the working directory too."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("PEDIGREED_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_from_nothing_to_a_configuration_that_can_be_used(home: Path) -> None:
    ended = in_process("watch", "1180", "01181:5", "1180")
    file = home / ".config" / "pedigreed" / "pedigreed.yaml"
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"{file}: written; it watches 1180 and 1181:5. Next: ")
    checked = in_process("config", "check", file)
    assert (checked.code, checked.err) == (0, "")
    assert in_process("status").code == 0


def test_a_configuration_that_is_there_is_changed_and_keeps_its_comments_and_its_mode(home: Path) -> None:
    in_process("watch", "1180")
    file = home / ".config" / "pedigreed" / "pedigreed.yaml"
    file.write_text(file.read_text() + "# mine\n")
    file.chmod(0o640)
    assert in_process("watch", "1345", "1180").out == (
        f"{file}: my-programs watches 1345 too\nmy-programs watches 1180 already\n"
    )
    assert in_process("unwatch", "1180").out == f"{file}: my-programs watches 1180 no longer\n"
    assert "programs: [1345]" in file.read_text()
    assert file.read_text().endswith("# mine\n")
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(file.parent.iterdir()) == [file]


def test_a_link_to_a_configuration_stays_a_link(home: Path) -> None:
    in_process("watch", "1180", "--config", home / "kept.yaml")
    (home / "pedigreed.yaml").symlink_to("kept.yaml")
    assert in_process("watch", "1345").code == 0
    assert (home / "pedigreed.yaml").is_symlink()
    assert "[1180, 1345]" in (home / "kept.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("watch", "x"), "'x' is no program: write 1345"),
        (("watch", "1345", "--to", "me@obs.example"), "is there: write me@obs.example into its deliver: list"),
        (("watch", "1345", "-s", "other"), "there is no subscription 'other': the configuration has my-programs"),
        (("unwatch", "1345"), "my-programs does not watch 1345: it watches 1180"),
        (("unwatch", "1180"), "my-programs would watch nothing"),
    ],
)
def test_what_can_not_be_done_is_said_and_changes_nothing(
    home: Path, arguments: tuple[str, ...], said: str
) -> None:
    in_process("watch", "1180")
    file = home / ".config" / "pedigreed" / "pedigreed.yaml"
    before = file.read_bytes()
    ended = in_process(*arguments)
    assert ended.code == 64
    assert said in ended.err
    assert file.read_bytes() == before


def test_where_there_is_nothing_to_take_out_of_it_is_said(home: Path) -> None:
    assert in_process("unwatch", "1180").err == "pedigreed: no configuration: nothing is watched\n"
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("command", ["watch", "unwatch"])
def test_what_lies_on_disk_is_not_watched_by_a_command(home: Path, command: str) -> None:
    in_process("watch", "1180")
    file = home / ".config" / "pedigreed" / "pedigreed.yaml"
    file.write_text(
        file.read_text()
        .replace("programs: [1180]", "programs: from-disk")
        .replace("    deliver:", "    local: [/data/jades]\n    deliver:")
    )
    before = file.read_text()
    ended = in_process(command, "1345")
    assert ended.code == 64
    assert "my-programs watches the programs that lie on disk" in ended.err
    assert file.read_text() == before
