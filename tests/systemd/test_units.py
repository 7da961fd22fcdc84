"""The units as files: what systemd says of them, and that they and the documents go together."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from commands import pedigreed
from real_servers import missing

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "systemd"
DAEMON, ONCE = FOLDER / "pedigreed.service", FOLDER / "pedigreed-once.service"
TIMER, OF_A_USER = FOLDER / "pedigreed-once.timer", FOLDER / "user" / "pedigreed.service"
DEPLOY = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
MOST_EXPOSURE = 1.2

Settings = dict[str, list[str]]


def settings(unit: Path) -> Settings:
    """All settings of a unit, in their order. A section's name is no part of them."""
    found: Settings = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        if line and line[0] not in "#[":
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def restrictions(unit: Path) -> str:
    """What a unit says of secrets, its user and what it can't do, without the comments."""
    text = unit.read_text(encoding="utf-8")
    lines = text[text.index("LoadCredential=") :].partition("[Install]")[0].splitlines()
    return "\n".join(line for line in lines if line and not line.startswith("#"))


def credentials(unit: Path) -> dict[str, str]:
    return dict(value.split(":") for value in settings(unit)["LoadCredential"])


def analyze(*arguments: str | Path, runtime: Path) -> str:
    """What ``systemd-analyze`` says, when all is well."""
    if not shutil.which("systemd-analyze"):
        missing("systemd-analyze")
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(runtime), "SYSTEMD_PAGER": ""}
    done = subprocess.run(
        ["systemd-analyze", *arguments], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("unit", [DAEMON, ONCE, TIMER, OF_A_USER], ids=lambda unit: str(unit.relative_to(FOLDER)))
def test_systemd_finds_nothing_wrong(unit: Path, tmp_path: Path) -> None:
    # The program is not installed where the unit names it.
    for original in (DAEMON, ONCE, TIMER) if unit != OF_A_USER else (OF_A_USER,):
        text = original.read_text(encoding="utf-8").replace("/opt/pedigreed/bin/pedigreed", "/bin/true")
        (tmp_path / original.name).write_text(text, encoding="utf-8")
    manager = ["--user"] if unit == OF_A_USER else []
    assert analyze(*manager, "verify", tmp_path / unit.name, runtime=tmp_path) == ""


@pytest.mark.parametrize("unit", [DAEMON, ONCE], ids=lambda unit: unit.name)
def test_systemd_finds_little_exposed(unit: Path, tmp_path: Path) -> None:
    threshold = f"--threshold={MOST_EXPOSURE * 10:.0f}"
    said = analyze("security", "--offline=yes", "--no-pager", threshold, unit, runtime=tmp_path)
    [level] = re.findall(r"Overall exposure level for [\w.-]+: ([\d.]+)", said)
    assert float(level) <= MOST_EXPOSURE


def test_the_daemon_is_kept_as_it_needs() -> None:
    found = settings(DAEMON)
    assert found["Type"] == ["notify"]
    assert found["NotifyAccess"] == ["main"]
    assert found["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert found["Restart"] == ["on-failure"]
    assert "78" in found["RestartPreventExitStatus"][0].split()
    assert "75" not in found["RestartPreventExitStatus"][0].split()
    assert int(found["TimeoutStopSec"][0]) > 30
    assert found["DynamicUser"] == ["yes"]
    assert found["StateDirectory"] == ["pedigreed"]
    assert found["WantedBy"] == ["multi-user.target"]


def test_the_two_of_the_machine_share_their_state_secrets_and_restrictions() -> None:
    assert restrictions(DAEMON) == restrictions(ONCE)


def test_a_users_own_is_kept_and_restricted_alike_as_far_as_it_goes() -> None:
    of_the_machine, of_a_user = settings(DAEMON), settings(OF_A_USER)
    differ = {name for name, value in of_a_user.items() if of_the_machine.get(name) != value}
    # It may write to its home folder, which is its user's, but for what is executed from there.
    own = {"ProtectSystem", "InaccessiblePaths", "ReadOnlyPaths"}
    assert differ == {"ExecStart", "Environment", "WantedBy", *own}
    missing_there = of_the_machine.keys() - of_a_user.keys()
    # A manager of a user's can't take these away, or the user is the one who has them.
    beyond = {"ProtectHome", "DevicePolicy", "ProtectProc", "ProcSubset", "RemoveIPC", "KeyringMode"}
    folders = {"StateDirectory", "StateDirectoryMode", "CacheDirectory", "CacheDirectoryMode"}
    assert missing_there == {"Wants", "After", "DynamicUser", "User", "LoadCredential", *folders, *beyond}


@pytest.mark.parametrize("unit", [DAEMON, ONCE, OF_A_USER], ids=lambda unit: str(unit.relative_to(FOLDER)))
def test_the_program_understands_what_it_is_started_with(unit: Path) -> None:
    [command] = settings(unit)["ExecStart"]
    program, *arguments = shlex.split(command)
    assert program == "/opt/pedigreed/bin/pedigreed"
    ended = pedigreed(*arguments, "--help")
    assert (ended.code, ended.err) == (0, "")
    nowhere = [argument.replace("/etc/", "/nowhere/").replace("%E", "/nowhere") for argument in arguments]
    assert pedigreed(*nowhere).code == 78


def test_every_secret_that_the_example_names_is_loaded_and_no_other() -> None:
    example = (ROOT / "config" / "full.yaml").read_text(encoding="utf-8")
    named = set(re.findall(r"\{credential: ([a-z_]+)\}", example))
    assert set(credentials(DAEMON)) == named
    # Credentials of the same name are other services' too.
    assert all(source == f"pedigreed.{name}" for name, source in credentials(DAEMON).items())


def test_the_documents_name_no_secret_that_is_not_loaded() -> None:
    assert set(re.findall(r"/etc/credstore/pedigreed\.(\w+)", DEPLOY)) <= set(credentials(DAEMON))
    assert set(re.findall(r"\{credential: ([a-z_]+)\}", DEPLOY)) <= set(credentials(DAEMON))


def test_the_units_name_documents_that_are_installed() -> None:
    for unit in (DAEMON, ONCE, TIMER, OF_A_USER):
        [document] = settings(unit)["Documentation"]
        assert (ROOT / "docs" / Path(document).name).exists()
