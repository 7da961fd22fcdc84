"""Chromium without a window, driven through a pipe by its own protocol (the Chrome DevTools Protocol)."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable")
_PATIENCE = 60


def browser() -> str | None:
    """Its program; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@dataclass
class Chromium:
    """One page.

    Attributes:
        complaints: what it wrote to its console, violations of a content security policy too.
        requests: the addresses that were asked for since a page was opened, its own included.
    """

    orders: int
    answers: int
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    _session: str | None = None
    _number: int = 0
    _events: list[dict[str, Any]] = field(default_factory=list)
    _buffer: bytes = b""

    def order(self, method: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
        """Send an order, and give what came of it."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self.orders, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                result: dict[str, Any] = answer["result"]
                return result

    def attach(self) -> None:
        """Open a page, and listen to what it complains of."""
        target = self.order("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.order("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.order(f"{domain}.enable")

    def look(self, width: int, height: int = 800, *, scheme: str = "light") -> None:
        """Be a screen of so many CSS pixels, in light or dark."""
        self.order(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        self.order("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, url: str) -> None:
        """Go to a page, and wait until it is there."""
        self._events.clear()
        self.requests.clear()
        self.order("Page.navigate", url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._receive()

    def evaluate(self, script: str) -> Any:  # noqa: ANN401  # JSON
        """The value of an expression in the page. The page's own policy does not hold for it."""
        found = self.order("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def picture(self, file: Path) -> None:
        """Keep how the whole page looks."""
        shot = self.order("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            read = os.read(self.answers, 1 << 20)
            assert read, "Chromium ended"
            self._buffer += read
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        if "method" in message:
            self._events.append(message)
            self._listen(message)
        return message

    def _listen(self, event: dict[str, Any]) -> None:
        match event["method"]:
            case "Log.entryAdded":
                self.complaints.append(event["params"]["entry"]["text"])
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(event["params"]))
            case "Network.requestWillBeSent":
                self.requests.append(event["params"]["request"]["url"])
            case "Network.loadingFailed":
                self.complaints.append(json.dumps(event["params"]))


@contextmanager
def chromium() -> Iterator[Chromium]:
    """It runs with a profile of its own, and asks nobody on the network but the page that it is sent to."""
    program = browser()
    assert program is not None
    theirs_in, orders = _pipe()
    answers, theirs_out = _pipe()
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            program,
            *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
            *("--disable-component-update", "--disable-sync", "--disable-extensions", "--hide-scrollbars"),
            *("--no-proxy-server", "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"),
        ]
        # The protocol is spoken on the descriptors 3 and 4, whatever the pipes are called here.
        plumbed = ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "bash", *command]
        with subprocess.Popen(
            plumbed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(theirs_in, theirs_out)
        ) as process:
            os.close(theirs_in)
            os.close(theirs_out)
            page = Chromium(orders, answers)
            try:
                page.attach()
                yield page
                page._session = None
                with suppress(AssertionError, OSError):
                    page.order("Browser.close")
                process.wait(_PATIENCE)
            finally:
                process.kill()
                os.close(orders)
                os.close(answers)


def _pipe() -> tuple[int, int]:
    """Both ends of a pipe, neither of them on a descriptor that the protocol is spoken on."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return moved[0], moved[1]
