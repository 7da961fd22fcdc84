"""PostgreSQL servers of a test's own, one of which follows the other, behind an address that can be moved."""

from __future__ import annotations

import os
import select
import shutil
import socket
import subprocess
import tempfile
import threading
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from real_servers import free_port, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

_USER = "postgres"
_CHUNK = 65536


def is_postgresql_installed() -> bool:
    return bool(_found())


def _found() -> list[Path]:
    return sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def _programs() -> Path:
    if not (found := _found()):
        missing("PostgreSQL's own programs")
    return found[-1].parent


class Server:
    """A server in a folder. It is `postgres` who runs it where the tests are run by root, whom it refuses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._bin = _programs()

    def make(self) -> None:
        self._run("initdb", "-D", self.folder, "-U", _USER, "-A", "trust", "--no-sync", "-E", "UTF8")

    def follow(self, leader: Server) -> None:
        """Begin anew as a standby of another server, with all that it has."""
        shutil.rmtree(self.folder, ignore_errors=True)
        source = ["-h", "127.0.0.1", "-p", str(leader.port), "-U", _USER]
        self._run("pg_basebackup", *source, "-D", self.folder, "-R", "-X", "stream", "-c", "fast", "--no-sync")

    def start(self) -> None:
        options = f"-p {self.port} -h 127.0.0.1 -k '' -F"
        self._run("pg_ctl", "start", "-w", "-D", self.folder, "-o", options, "-l", f"{self.folder}.log")

    def promote(self) -> None:
        self._run("pg_ctl", "promote", "-w", "-D", self.folder)

    def stop(self) -> None:
        """At once, as by a cut of the power."""
        with suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "stop", "-m", "immediate", "-D", self.folder)

    def _run(self, program: str, *arguments: str | Path) -> None:
        as_user = {"user": _USER, "group": _USER, "extra_groups": ()} if os.getuid() == 0 else {}
        subprocess.run(
            [self._bin / program, *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            timeout=120,
            **as_user,  # type: ignore[call-overload]  # as keywords
        )


class Address:
    """A port that leads to one server after the other, as a name or a floating address does."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._leads_to = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def lead_to(self, server: Server) -> None:
        """What was connected is cut off."""
        self._leads_to = server.port
        self._cut()

    def close(self) -> None:
        self._listener.close()
        self._cut()

    def _cut(self) -> None:
        while self._open:
            with suppress(OSError):
                self._open.pop().shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self._leads_to)) as server:
            self._open += [client, server]
            while True:
                for source in select.select([client, server], [], [])[0]:
                    said = source.recv(_CHUNK)
                    if not said:
                        return
                    (server if source is client else client).sendall(said)


@contextmanager
def one_server() -> Iterator[Server]:
    """A server that runs."""
    # The folder of a test is closed to any other user.
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="pedigreed-pg-") as folder:
        if os.getuid() == 0:
            shutil.chown(folder, _USER, _USER)
        server = Server(Path(folder) / "first")
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def leader_and_standby() -> Iterator[tuple[Server, Server, Address]]:
    """Two servers, of which the second follows the first, and an address that leads to the first."""
    with ExitStack() as stack:
        first = stack.enter_context(one_server())
        second = Server(first.folder.with_name("second"))
        second.follow(first)
        stack.callback(second.stop)
        second.start()
        address = Address()
        stack.callback(address.close)
        address.lead_to(first)
        yield first, second, address
