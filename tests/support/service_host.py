"""A machine on which pedigreed is installed, and the world that it has to do with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from real_servers import missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from hooks import HookServer
    from name_server import NameServer
    from pedigreed.demo.archive import DemoArchive
    from systemd_machine import Machine

ROOT = Path(__file__).parents[2]
DAEMON, ONCE, TIMER = "pedigreed.service", "pedigreed-once.service", "pedigreed-once.timer"
CONFIG = "/etc/pedigreed/pedigreed.yaml"
STATE = "/var/lib/private/pedigreed"
HOOKS, MAST = "hooks.pedigreed.test", "mast.pedigreed.test"
SECRETS = {"webhook_secret": "correct horse battery", "smtp_password": "hunter2-and-more"}

_CONFIG = """
http: {{listen: "unix:/run/pedigreed/http.sock"}}
sources: {{mast: {{url: "http://{mast}"}}, crds: {{url: none}}}}
channels:
  feed: {{webhook: {{url: "https://{hooks}/pedigreed", secret: {{credential: webhook_secret}}}}}}
subscriptions:
  - name: jades
    watch: {{programs: [{programs}]}}
    deliver: [{{channel: feed}}]
"""


@dataclass(frozen=True)
class ServiceHost:
    """What a test of the service has to do with.

    Attributes:
        machine: it runs the service.
        archive: what is watched. Its host name has to be looked up.
        hooks: where digests go, by TLS. So has its name.
        names: tells the names.
        began: where the journal was.
    """

    machine: Machine
    archive: DemoArchive
    hooks: HookServer
    names: NameServer
    began: str

    def configure(self, *programs: int) -> None:
        """Write a configuration that watches some programs."""
        mast = f"{MAST}:{self.archive.url.rpartition(':')[2]}"
        listed = ", ".join(map(str, programs))
        self.write(CONFIG, _CONFIG.format(mast=mast, hooks=f"{HOOKS}:{self.hooks.port}", programs=listed))

    def write(self, path: str, text: str, mode: int = 0o644) -> Path:
        """Make a file of the machine's."""
        file = self.machine.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode)
        file.write_text(text, encoding="utf-8")
        return file

    def edit(self, unit: str, **settings: str) -> None:
        """Change a unit as `systemctl edit` does."""
        lines = "".join(f"{key}={value}\n" for key, value in settings.items())
        self.write(f"/etc/systemd/system/{unit}.d/trial.conf", f"[Service]\n{lines}")
        self.machine.systemctl("daemon-reload")

    def told(self) -> list[str]:
        """The subjects of the digests that arrived."""
        return [json.loads(post.body)["subject"] for post in self.hooks.posts]

    def said(self, unit: str, *options: str) -> str:
        """What a unit has said in this test."""
        return self.machine.journal(unit, self.began, *options)

    def until(self, happened: Callable[[], object], within: float = 90) -> None:
        """Wait until something has happened."""
        deadline = time.monotonic() + within
        while not happened():
            assert time.monotonic() < deadline, self.said(DAEMON) + self.said(ONCE)
            time.sleep(0.1)

    def until_it_is(self, unit: str, state: str) -> None:
        """Wait until a unit is active, inactive or failed."""
        self.until(lambda: self.machine.show(unit, "ActiveState") == state)

    def until_restarted(self, unit: str) -> None:
        """Wait until a unit was started again by itself."""
        self.until(lambda: int(self.machine.show(unit, "NRestarts")) > 0)


def begin(host: ServiceHost) -> None:
    """Put on the machine what an administrator writes by hand."""
    host.configure(1180)
    host.machine.path("/etc/credstore").mkdir(mode=0o700, exist_ok=True)
    for name, secret in SECRETS.items():
        host.write(f"/etc/credstore/pedigreed.{name}", f"{secret}\n", 0o600)
    for unit in (DAEMON, ONCE):
        host.edit(unit, RestartSec="1")


def end(machine: Machine) -> None:
    """Leave the machine as if pedigreed had never run on it."""
    for unit in (TIMER, DAEMON, ONCE):
        machine.run("systemctl", "kill", "--signal=KILL", unit)
        machine.run("systemctl", "disable", "--now", unit)
        machine.run("systemctl", "clean", "--what=all", unit)
        machine.run("systemctl", "reset-failed", unit)
        machine.run("rm", "-rf", f"/etc/systemd/system/{unit}.d")
    machine.run("rm", "-rf", "/etc/credstore", "/etc/pedigreed", STATE)
    machine.systemctl("daemon-reload")


def make(target: str, destination: Path, **variables: str | Path) -> None:
    """Call make as a person does."""
    # What this process was told of Python is not for the one that is installed.
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MAKE"))}
    given = [f"{name}={value}" for name, value in {"DESTDIR": destination, **variables}.items()]
    done = subprocess.run(
        ["make", "--no-print-directory", target, *given],
        cwd=ROOT,
        env=clean,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def python() -> str:
    """A Python that a service of the machine can see, which is none in a home folder."""
    candidates = (Path(sys.base_prefix, "bin", "python3"), Path("/usr/bin/python3"))
    seen = [candidate for candidate in candidates if candidate.exists() and not _is_at_home(candidate.resolve())]
    fit = [str(candidate) for candidate in seen if _makes_environments(candidate)]
    if not fit:
        missing("a Python outside of the home folders, with its module venv,")
    return fit[0]


def _is_at_home(path: Path) -> bool:
    return any(path.is_relative_to(home) for home in ("/root", "/home", "/run/user"))


def _makes_environments(candidate: Path) -> bool:
    asked = "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([candidate, "-c", asked], capture_output=True, check=False).returncode == 0
