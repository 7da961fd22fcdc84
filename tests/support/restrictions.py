"""Tries what a service may and may not do, and prints as JSON what came of each. Run by the service itself."""

from __future__ import annotations

import ctypes
import errno
import importlib
import json
import mmap
import os
import resource
import socket
import ssl
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_NEW_USER_NAMESPACE = 0x10000000
_OTHER_PERSONALITY = 0x0008
_TRACE_ME = 0
_SIZE_OF_LOG = 10
_LIBC = ctypes.CDLL(None, use_errno=True)


def _called(name: str, *arguments: int) -> None:
    if getattr(_LIBC, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


def _set_user_bit() -> None:
    file = Path(os.environ["STATE_DIRECTORY"], "tried")
    file.touch()
    try:
        file.chmod(stat.S_ISUID | 0o700)
    finally:
        file.unlink()


def _socket(family: socket.AddressFamily, kind: socket.SocketKind = socket.SOCK_DGRAM) -> None:
    socket.socket(family, kind).close()


def _see_others() -> None:
    seen = {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    if not seen - {os.getpid()}:
        raise FileNotFoundError(errno.ENOENT, "no other process")


FORBIDDEN: dict[str, Callable[[], object]] = {
    "write to the system": lambda: Path("/usr/tried").touch(),
    "write to the settings": lambda: Path("/etc/pedigreed/tried").touch(),
    "write to the program": lambda: Path("/opt/pedigreed/tried").touch(),
    "write to another's state": lambda: Path("/var/lib/tried").touch(),
    "write to the credentials": lambda: Path(os.environ["CREDENTIALS_DIRECTORY"], "tried").touch(),
    "write to the kernel's settings": lambda: Path("/proc/sys/kernel/core_pattern").write_text("x"),
    "read the secrets of all": lambda: list(Path("/etc/credstore").iterdir()),
    "see root's home": lambda: list(Path("/root").iterdir()),
    "see other homes": lambda: list(Path("/home").iterdir()),
    "see other processes": _see_others,
    "see the kernel's log": lambda: os.close(os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)),
    "ask for the kernel's log": lambda: _called("klogctl", _SIZE_OF_LOG, 0, 0),
    "see the hardware": lambda: Path("/proc/cpuinfo").read_bytes(),
    "write what it executes": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC),
    "open a netlink socket": lambda: _socket(socket.AF_NETLINK),
    "open a packet socket": lambda: _socket(socket.AF_PACKET),
    "open a raw socket": lambda: _socket(socket.AF_INET, socket.SOCK_RAW),
    "make a namespace": lambda: _called("unshare", _NEW_USER_NAMESPACE),
    "make a file that gives rights": _set_user_bit,
    "run in real time": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    "change its priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, 5),
    "set the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()),
    "name the machine": lambda: socket.sethostname("tried"),
    "take on another personality": lambda: _called("personality", _OTHER_PERSONALITY),
    "trace": lambda: _called("ptrace", _TRACE_ME),
    "become root": lambda: os.setuid(0),
}

_LIBRARIES = ("numpy.linalg", "astropy.io.votable", "astroquery.mast", "psycopg", "cryptography.x509")


def _load_libraries() -> None:
    for name in _LIBRARIES:
        importlib.import_module(name)


def _compute() -> None:
    import numpy as np  # noqa: PLC0415  # loading it is what is tried

    np.linalg.inv(np.random.default_rng(1).random((300, 300)))


def _connect_locally() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    ours.close()
    theirs.close()


ALLOWED: dict[str, Callable[[], object]] = {
    "load the libraries": _load_libraries,
    "compute": _compute,
    "speak TLS": ssl.create_default_context,
    "look a name up": lambda: socket.getaddrinfo("mast.pedigreed.test", 443),
    "use local sockets": _connect_locally,
    "write its state": lambda: Path(os.environ["STATE_DIRECTORY"], "tried").write_text("x"),
    "write its cache": lambda: Path.home().joinpath("tried").write_text("x"),
    "write to its own /tmp": lambda: Path("/tmp/tried").write_text("x"),
    "start a process": lambda: subprocess.run(["/bin/true"], check=True),
    "read its settings": lambda: Path("/etc/pedigreed/pedigreed.yaml").read_text(),
}


def _outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except (OSError, ImportError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def main() -> None:
    """Print the outcome of each: an empty text is one that was let."""
    found = {name: _outcome(attempt) for name, attempt in {**FORBIDDEN, **ALLOWED}.items()}
    limits = {"core": resource.getrlimit(resource.RLIMIT_CORE), "umask": os.umask(0)}
    json.dump({"outcomes": found, **limits}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
