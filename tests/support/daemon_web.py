"""The daemon beside the test, and an HTTP client that asks it."""

from __future__ import annotations

import json
import os
import signal
import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import httpx

from background import wait_until
from commands import ended, running

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from commands import Ended


def client(listen: str) -> httpx.Client:
    """One that asks where the daemon listens."""
    if listen.startswith("unix:"):
        transport = httpx.HTTPTransport(uds=listen.removeprefix("unix:"))
        return httpx.Client(transport=transport, base_url="http://localhost", timeout=20)
    return httpx.Client(base_url=f"http://{listen}", timeout=20, trust_env=False)


@dataclass
class Running:
    """The daemon's process, and who asks it."""

    process: subprocess.Popen[bytes]
    http: httpx.Client

    @property
    def memory(self) -> float:
        """What it has in memory, in MB."""
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:  # noqa: PTH123  # no file of ours
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def get(self, path: str, code: int = 200, **headers: str) -> httpx.Response:
        """An answer that has this code."""
        answer = self.http.get(path, headers=headers)
        assert answer.status_code == code, answer.text
        return answer

    def stop(self) -> Ended:
        self.process.send_signal(signal.SIGTERM)
        return ended(self.process)


def _is_listened_on(listen: str) -> bool:
    host, _, port = listen.rpartition(":")
    is_file = listen.startswith("unix:")
    with socket.socket(socket.AF_UNIX if is_file else socket.AF_INET) as trying:
        return trying.connect_ex(listen.removeprefix("unix:") if is_file else (host, int(port))) == 0


@contextmanager
def asking(listen: str) -> Iterator[httpx.Client]:
    """One that asks there, as soon as somebody listens."""
    wait_until(lambda: _is_listened_on(listen))
    with client(listen) as http:
        yield http


@contextmanager
def looked_at(config: Path, listen: str, environ: dict[str, str] | None = None) -> Iterator[Running]:
    """`pedigreed run`, which answers already."""
    with running("run", "--config", config, environ=environ) as process, asking(listen) as http:
        yield Running(process, http)


@contextmanager
def notified(config: Path, environ: dict[str, str] | None = None) -> Iterator[tuple[Running, Callable[[], str]]]:
    """`pedigreed run` as systemd runs it, with a function that gives all that it said of itself until now."""
    said: list[bytes] = []
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"{folder}/notify")
        manager.setblocking(False)

        def until_now() -> str:
            with suppress(BlockingIOError):
                while True:
                    said.append(manager.recv(65536))
            return b"\n".join(said).decode()

        own = {**(environ or {}), "NOTIFY_SOCKET": f"{folder}/notify"}
        with running("run", "--config", config, environ=own) as process, httpx.Client() as http:
            yield Running(process, http), until_now


def with_http(config: Path, listen: str | None) -> None:
    """Let a configuration that is written as JSON listen, or not."""
    document: dict[str, Any] = json.loads(config.read_text(encoding="utf-8"))
    document.pop("http", None)
    if listen:
        document["http"] = {"listen": listen}
    config.write_text(json.dumps(document), encoding="utf-8")
