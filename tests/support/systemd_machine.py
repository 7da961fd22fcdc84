"""A machine with systemd as its process 1: this machine with a folder laid over it, in namespaces of its own.

It shares this machine's network and kernel, and nothing else: see `systemd_machine.sh`.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SYSTEMD = "/lib/systemd/systemd"
STARTING_SECONDS = 60.0
_SCRIPT = Path(__file__).with_name("systemd_machine.sh")
_CREDENTIALS = struct.Struct("3i")


class NotBooted(Exception):
    """The kernel, or who gives us leave to use it, does not let such a machine start."""


@dataclass(frozen=True)
class Said:
    """What a command of the machine's said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Machine:
    """A machine that runs.

    Attributes:
        init: its process 1, as a number of this machine's.
    """

    init: int

    @property
    def root(self) -> Path:
        """Its root folder, from here."""
        return Path(f"/proc/{self.init}/root")

    def path(self, path: str) -> Path:
        """An absolute path of the machine's, from here."""
        return self.root / path.removeprefix("/")

    def run(
        self, *command: str, environ: Mapping[str, str] | None = None, timeout: float = 120, typed: str = ""
    ) -> Said:
        """Run a command on it, as its superuser."""
        enter = ("nsenter", "--target", str(self.init), "--mount", "--pid", "--uts", "--ipc", "--cgroup")
        clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "SYSTEMD_PAGER": "", "HOME": "/root"}
        done = subprocess.run(
            [*enter, "--wd", *command],
            env={**clean, **(environ or {})},
            input=typed,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def systemctl(self, *arguments: str) -> str:
        """Run ``systemctl``, which must do it."""
        said = self.run("systemctl", *arguments)
        assert said.code == 0, f"systemctl {' '.join(arguments)}: {said.err}{said.out}"
        return said.out

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.systemctl("show", unit, f"--property={name}", "--value").strip()

    def now_in_journal(self) -> str:
        """Where the journal is now."""
        self.run("journalctl", "--sync")
        return self.run("journalctl", "--quiet", "--lines=0", "--show-cursor").out.split()[-1]

    def journal(self, unit: str, since: str, *options: str) -> str:
        """What a unit has said since then."""
        self.run("journalctl", "--sync")
        asked = ("--quiet", "--output=cat", f"--unit={unit}", f"--after-cursor={since}", *options)
        return self.run("journalctl", *asked).out


def what_is_missing() -> str:
    """What such a machine would need and is not there; empty if nothing."""
    for program in (SYSTEMD, "systemctl", "unshare", "nsenter"):
        if not shutil.which(program):
            return program
    return "" if os.geteuid() == 0 else "the superuser, who alone makes namespaces,"


@contextmanager
def systemd_machine(folder: Path, log: Path) -> Iterator[Machine]:
    """Boot this machine with a folder laid over it, and end it without a trace.

    Raises:
        NotBooted: it does not start.
    """
    name = f"pedigreed-trial-{uuid4().hex}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening, log.open("wb") as output:
        listening.bind(f"\0{name}")
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        process = subprocess.Popen(
            ["unshare", "--mount", _SCRIPT, folder, name],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            init = _when_ready(listening, process)
            # It says more later, and would wait for ever for a reader of it.
            listening.close()
            if init is None:
                raise NotBooted(log.read_text(errors="replace").strip() or "systemd does not say that it is ready")
            yield Machine(init)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
            process.wait()


def _when_ready(listening: socket.socket, process: subprocess.Popen[bytes]) -> int | None:
    """The number of the machine's process 1, which says that it is ready and is named by the kernel."""
    listening.settimeout(0.2)
    deadline = time.monotonic() + STARTING_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(TimeoutError):
            said, ancillary, _, _ = listening.recvmsg(4096, socket.CMSG_SPACE(_CREDENTIALS.size))
            if b"READY=1" in said.split(b"\n"):
                [(_, _, credentials)] = ancillary
                number: int = _CREDENTIALS.unpack(credentials[: _CREDENTIALS.size])[0]
                return number
    return None
