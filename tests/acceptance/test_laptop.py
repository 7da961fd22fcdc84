"""A person's own computer: a Mac as far as Linux can play one, and Windows, which is told at once."""

from __future__ import annotations

import plistlib
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

import commands
from background import wait_until
from daemon_process import daemon_process
from misbehaving import FaultyArchive
from pedigreed.demo.rows import always
from watcher import DAY_0, Holdings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

AS_ON_MACOS = '''
"""Makes Python on Linux as it is on a Mac: by its name, what it has and lacks, and without a fork that ends well.

The number of F_FULLFSYNC is no command of Linux's fcntl: as on a disk that does not know it.
"""

import fcntl, os, select, signal, socket, sys, sysconfig, time, types

sysconfig.get_config_vars()
sys.platform = "darwin"
sys.modules["_scproxy"] = types.ModuleType("_scproxy")
sys.modules["_scproxy"]._get_proxies = dict
sys.modules["_scproxy"]._get_proxy_settings = dict
fcntl.F_FULLFSYNC = 51
LACKING = {
    os: "sched_getaffinity posix_fadvise posix_fallocate fdatasync pidfd_open memfd_create eventfd pipe2 "
        "getrandom copy_file_range splice unshare setns O_PATH O_TMPFILE O_DIRECT O_NOATIME O_RSYNC",
    socket: "SOCK_CLOEXEC SOCK_NONBLOCK AF_NETLINK AF_PACKET AF_VSOCK SO_DOMAIN SO_PEERCRED",
    select: "epoll",
    signal: "pidfd_send_signal SIGPWR SIGSTKFLT SIGPOLL sigwaitinfo sigtimedwait",
    time: "CLOCK_BOOTTIME CLOCK_TAI",
}
for module, names in LACKING.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)

def fork():
    os.write(2, b"forked\\n")
    os._exit(99)

os.fork = fork
os.geteuid = lambda: 501
'''


@pytest.fixture
def mac(tmp_path: Path) -> dict[str, str]:
    """What the environment of a person on a Mac has."""
    (tmp_path / "mac").mkdir()
    (tmp_path / "mac" / "sitecustomize.py").write_text(AS_ON_MACOS)
    return {"HOME": str(tmp_path), "PYTHONPATH": str(tmp_path / "mac")}


@pytest.fixture
def recorded() -> Iterator[FaultyArchive]:
    """An archive with one program."""
    holdings = Holdings()
    holdings.add(1180, 4)
    with FaultyArchive(always(list(holdings.rows.values())), DAY_0) as archive:
        yield archive


@pytest.mark.process
def test_a_mac_keeps_its_places_and_runs_cycles_and_the_daemon(
    tmp_path: Path, mac: dict[str, str], recorded: FaultyArchive
) -> None:
    home = tmp_path / "Library" / "Application Support" / "pedigreed"

    def types(*arguments: str) -> commands.Ended:
        return commands.pedigreed(*arguments, environ=mac, cwd=tmp_path)

    watching = types("watch", "1180")
    assert (watching.code, watching.err) == (0, "")
    config = home / "pedigreed.yaml"
    assert watching.out.startswith(f"{config}: written")
    sources = f"sources: {{mast: {{url: '{recorded.url}'}}, crds: {{url: none}}}}\n"
    config.write_text(f"{config.read_text()}\n{sources}")
    first = types("once")
    assert (first.code, first.err) == (0, "")
    assert "NOW WATCHING   1 program with 4 products" in first.out
    assert types("once", "--quiet") == commands.Ended(0, "", "")
    assert f"store: {home}/pedigreed.db" in types("status").out
    with daemon_process(config, tmp_path, mac) as daemon:
        wait_until(daemon.is_ready)
        assert daemon.end() == 0
    assert not [entry for entry in daemon.log if entry["level"] in {"error", "critical"}]


@pytest.mark.process
def test_a_configuration_to_start_from_names_a_secret_beside_it(tmp_path: Path, mac: dict[str, str]) -> None:
    text = commands.printed("config", "init", "-", environ={**mac, "HOME": str(tmp_path)}).decode()
    assert '{file: "~/Library/Application Support/pedigreed/smtp_password"}' in text


@pytest.mark.process
def test_windows_is_told_at_once_and_what_to_do() -> None:
    program = textwrap.dedent(
        """
        import asyncio, logging, pathlib, subprocess, sys, sysconfig, tempfile, typer
        sysconfig.get_config_vars()
        sys.platform = "win32"
        for name in ("fcntl", "grp", "pwd", "resource", "termios"):
            sys.modules[name] = None
        sys.argv = ["pedigreed", "check", "1180"]
        from pedigreed.cli.app import main
        main()
        """
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 64, done.stderr
    assert done.stderr.startswith("pedigreed: Windows is not supported, only Linux and macOS: ")
    assert "wsl --install" in done.stderr
    assert done.stdout == ""


def test_launchd_is_given_a_whole_command() -> None:
    agent = plistlib.loads((ROOT / "launchd" / "pedigreed-once.plist").read_bytes())
    assert agent["Label"] == "pedigreed-once"
    *shell, command = agent["ProgramArguments"]
    assert shell == ["/bin/sh", "-c"]
    subprocess.run(["sh", "-n", "-c", command], check=True)
    assert "exec pedigreed once --quiet" in command
    assert agent["Umask"] == 0o077


@pytest.mark.parametrize("name", ["run", "service"])
def test_what_linux_alone_needs_is_not_installed_elsewhere(name: str) -> None:
    """The library that asks a Linux desktop for secrets brings one that is compiled on an older Mac."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    requirements = [Requirement(line) for line in re.findall(r"^[a-z].*?==.*?(?= \\$|$)", text, re.MULTILINE)]
    assert len(requirements) > 40
    for platform, has in (("linux", True), ("darwin", False)):
        wanted = {
            each.name
            for each in requirements
            if each.marker is None
            or each.marker.evaluate({"sys_platform": platform, "platform_python_implementation": "CPython"})
        }
        assert {"secretstorage", "jeepney", "cryptography", "cffi"} <= wanted or not has
        assert has or not {"secretstorage", "jeepney", "cryptography", "cffi"} & wanted
        assert {"keyring", "platformdirs", "astroquery"} <= wanted
