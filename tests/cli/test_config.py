"""`pedigreed config`: what it prints where, and how it exits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from commands import in_process
from pedigreed.cli.config import app, check_file
from pedigreed.config.config_problem import ConfigProblem, Severity

if TYPE_CHECKING:
    from pathlib import Path

    from commands import Ended
    from pedigreed.config.load import LoadedConfig

TEXT = """\
subscriptions:
  - {name: a, watch: {programs: [1, 2]}, deliver: [{channel: keep}]}
  - {name: b, watch: {programs: [2]}, deliver: [{channel: keep}]}
channels: {keep: {folder: {path: /mail}}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "pedigreed.yaml"
    file.write_text(TEXT)
    return file


def test_a_valid_configuration_is_counted(file: Path) -> None:
    done = CliRunner().invoke(app, ["check", str(file)])
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"{file}: ok, 2 subscriptions, 2 programs, 1 channel\n"


def test_every_problem_is_a_line_on_stderr_and_the_exit_is_78(file: Path) -> None:
    file.write_text(TEXT.replace("[1, 2]", "[01, 2, 2]").replace("keep}]}\n  -", "kept}]}\n  -"))
    done = CliRunner().invoke(app, ["check", str(file)])
    assert (done.exit_code, done.stdout) == (78, "")
    assert done.stderr.splitlines() == [
        f'{file}:2:34: 01 is read as 1, in octal, by YAML 1.1: write 1, or "01" in quotes if it is text',
        f"{file}:2:41: warning: the program 2 is watched already by line 2: remove one of the two",
        f"{file}:2:66: no channel 'kept' is defined, did you mean 'keep'?",
    ]


def test_warnings_alone_do_not_fail(file: Path) -> None:
    file.write_text(TEXT.replace("[1, 2]", "[1, 1]"))
    done = CliRunner().invoke(app, ["check", str(file)])
    assert done.exit_code == 0
    assert (
        done.stderr == f"{file}:2:37: warning: the program 1 is watched already by line 2: remove one of the two\n"
    )
    assert done.stdout.endswith(", 1 channel, 1 warning\n")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["check", str(tmp_path / "none.yaml")])
    assert done.exit_code == 78
    assert done.stderr.startswith(f"{tmp_path / 'none.yaml'}: no such file: ")


def test_an_online_check_adds_its_problems(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def unknown(loaded: LoadedConfig) -> tuple[ConfigProblem, ...]:
        return (loaded.about_program(2, "the archive does not know program 2"),)

    check_file(file, {}, unknown)
    printed = capsys.readouterr()
    assert printed.err == f"{file}:2:37: warning: the archive does not know program 2\n"
    assert printed.out.endswith(", 1 warning\n")


def test_an_online_check_can_refuse(file: Path) -> None:
    def refuse(loaded: LoadedConfig) -> tuple[ConfigProblem, ...]:
        return (ConfigProblem(loaded.file, 1, 1, "no", Severity.ERROR),)

    with pytest.raises(typer.Exit) as left:
        check_file(file, {}, refuse)
    assert left.value.exit_code == 78


def test_the_schema_is_printed_as_json() -> None:
    done = CliRunner().invoke(app, ["schema"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["required"] == ["subscriptions"]


def test_init_prints_a_start_where_that_is_asked_for() -> None:
    done = CliRunner().invoke(app, ["init", "-"])
    assert done.exit_code == 0
    assert done.stdout.startswith("# A configuration of pedigreed")


def test_what_init_writes_passes_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    file = tmp_path / "new.yaml"
    assert CliRunner().invoke(app, ["init", str(file)]).exit_code == 0
    done = CliRunner().invoke(app, ["check", str(file)])
    assert done.exit_code == 0
    assert "warning: the credential 'smtp_password' can't be looked up" in done.stderr
    assert f"{file}:22:16: warning: 'me@obs.example' is an example: write your own" in done.stderr


def test_init_does_not_overwrite_unless_told_to(file: Path) -> None:
    done = CliRunner().invoke(app, ["init", str(file)])
    assert done.exit_code == 64
    assert done.stderr == f"{file}: there is such a file already: name another, or give --force to overwrite it\n"
    assert file.read_text() == TEXT
    assert CliRunner().invoke(app, ["init", str(file), "--force"]).exit_code == 0
    assert file.read_text().startswith("# A configuration of pedigreed")


def test_init_says_when_it_can_not_write(tmp_path: Path) -> None:
    (tmp_path / "none").touch()
    done = CliRunner().invoke(app, ["init", str(tmp_path / "none" / "new.yaml")])
    assert done.exit_code == 64
    assert done.stderr == f"{tmp_path / 'none' / 'new.yaml'}: can't be written: File exists\n"


def test_without_a_file_it_is_about_the_one_that_every_command_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = {"HOME": str(tmp_path)}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pedigreed.cli.config._is_root", lambda: False)
    place = tmp_path / ".config" / "pedigreed" / "pedigreed.yaml"
    assert in_process("config", "check", environ=home).code == 64
    assert in_process("config", "init", environ=home).out.startswith(f"{place}: written; ")
    checked = in_process("config", "check", environ=home)
    assert checked.code == 78
    assert f"write the secret into {place.parent / 'smtp_password'}, mode 0600" in checked.err
    (place.parent / "smtp_password").write_text("hunter2\n")
    assert in_process("config", "check", environ=home).code == 0
    other = tmp_path / "other.yaml"
    other.write_text(TEXT)
    assert f"{other}: ok" in in_process("config", "check", environ={**home, "PEDIGREED_CONFIG": str(other)}).out


def edited(file: Path, script: str) -> Ended:
    """What comes of an edit by a script of `sed`."""
    return in_process("config", "edit", file, environ={"EDITOR": f"sed -i '{script}'"})


@pytest.mark.process
def test_what_was_edited_is_checked_before_it_takes_the_place_of_the_old(file: Path) -> None:
    file.chmod(0o640)
    ended = edited(file, "s/name: b/name: c/")
    assert (ended.code, ended.out) == (0, f"{file}: replaced\n")
    assert file.read_text() == TEXT.replace("name: b", "name: c")
    assert file.stat().st_mode & 0o777 == 0o640
    assert edited(file, "s/none//").out == f"{file}: nothing was changed\n"


@pytest.mark.process
@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("s/keep}/kept}/", 78, ":2:62: no channel 'kept' is defined, did you mean 'keep'?"),
        ("no script", 64, "\"sed -i 'no script'\" failed"),
    ],
)
def test_an_edit_that_does_not_do_leaves_the_file_as_it_was(file: Path, script: str, code: int, said: str) -> None:
    ended = edited(file, script)
    assert ended.code == code
    assert said in ended.err
    assert f"{file} stays as it was" in ended.err
    assert file.read_text() == TEXT
