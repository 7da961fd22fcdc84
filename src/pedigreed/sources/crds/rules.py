"""CRDS's rule files: fetched once, checked, and kept on disk for ever, since CRDS never changes one.

A file is ``{folder}/NAME``. Beside it is its compiled form,
``NAME.compiled``, which is made anew where it is not of the same text or of another format.
Source: ``GET {url}/unchecked_get/mappings/jwst/NAME``, as `crds` 14.0.3 fetches them.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from pedigreed.durable import replace_file
from pedigreed.model.failure import Unreadable, UpstreamUnavailable
from pedigreed.model.reference_file import RULE_FILE_NAME
from pedigreed.net.exchange import Request, blocking_exchange, limits_of, usable
from pedigreed.net.patience import Passing, Patience
from pedigreed.regular_file import open_regular

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

Compiled = TypeVar("Compiled")

LARGEST_FILE = 1_000_000
"""Bytes. The largest real one of 2025 has 53,400."""
KEPT = timedelta(days=400)
"""How long a file is kept that no context used."""
BETWEEN_REQUESTS = 0.5
"""Seconds: two requests in a second, one at a time."""
_USED_AGAIN = timedelta(days=1)
_COMPILED = ".compiled"
_OURS = re.compile(rf"\.?{RULE_FILE_NAME.pattern}(?:\.compiled)?(?:\.[0-9a-f]+)?", re.ASCII)
"""A rule file, its compiled form, and what becomes either until it is renamed."""
PATIENCE = Patience(total_timeout=900.0, largest_answer=LARGEST_FILE)


class RulesUnavailable(UpstreamUnavailable):
    """A rule file could not be had, was not what CRDS wrote, or could not be kept. The reason names it."""


@dataclass(frozen=True, slots=True)
class Compiler(Generic[Compiled]):
    """What makes a rule file's text into something that is quick to use.

    Attributes:
        compile: name and text -> the compiled form. It checks the file's sum, and raises `Unreadable`.
        encode: the form's bytes.
        decode: bytes and the text's SHA-1 -> the form; None where they are not of this text and format.
    """

    compile: Callable[[str, str], Compiled]
    encode: Callable[[Compiled], bytes]
    decode: Callable[[bytes, str], Compiled | None]


class RuleFiles(Generic[Compiled]):
    """The rule files that are on disk, and the server that has the others."""

    def __init__(
        self,
        folder: Path,
        compiler: Compiler[Compiled],
        url: str | None,
        user_agent: str,
        *,
        crds_path: Path | None = None,
        patience: Patience = PATIENCE,
        pause: float = BETWEEN_REQUESTS,
    ) -> None:
        """Read and ask nothing yet.

        Args:
            folder: where files are kept. It is made when the first is.
            compiler: what makes a text into what `file` gives.
            url: the server's address, http or https; None where nothing is to be fetched.
            user_agent: who asks, as the header has it.
            crds_path: a folder of `crds` itself, which is only read: ``{crds_path}/mappings/jwst/NAME``.
            patience: limits of what is fetched until `begin` is called again.
            pause: between the beginnings of two requests, seconds.
        """
        self._folder = folder
        self._compiler = compiler
        self._address = None if url is None else f"{url.rstrip('/')}/unchecked_get/mappings/jwst/"
        self._user_agent = user_agent
        self._others = None if crds_path is None else crds_path / "mappings" / "jwst"
        self._patience = patience
        self._pause = pause
        self._asked_at = float("-inf")
        self._deadline = patience.deadline()

    def begin(self) -> None:
        """Begin with another context, which has the whole time again."""
        self._deadline = self._patience.deadline()

    def file(self, name: str) -> Compiled:
        """A rule file, from the disk or else from the server.

        Raises:
            RulesUnavailable: there is none that is as CRDS wrote it, or it could not be kept.
        """
        if RULE_FILE_NAME.fullmatch(name) is None:
            raise RulesUnavailable(f"{name[:60]!r} is no name of a rule file")
        kept = self._kept(name)
        if kept is not None:
            return kept
        text, compiled = self._read_elsewhere(name) or self._fetched(name)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            replace_file(self._folder / name, text)
            replace_file(self._folder / (name + _COMPILED), self._compiler.encode(compiled))
        except OSError as fault:
            raise RulesUnavailable(f"{name}: it can't be kept: {fault.strerror or fault}") from fault
        return compiled

    def tidy(self, now: datetime) -> None:
        """Remove the files that no context used for `KEPT`, and what was left of those half written."""
        if not self._folder.is_dir():
            return
        oldest = (now - KEPT).timestamp()
        for path in self._folder.iterdir():
            # What somebody else put there is left alone.
            if _OURS.fullmatch(path.name) is None:
                continue
            limit = now.timestamp() - 3600 if path.name.startswith(".") else oldest
            with suppress(OSError):
                if path.stat().st_mtime < limit:
                    path.unlink()

    def _kept(self, name: str) -> Compiled | None:
        """The file on disk; None where there is none that can be used."""
        path, beside = self._folder / name, self._folder / (name + _COMPILED)
        try:
            text = path.read_bytes()
            is_old = time.time() - path.stat().st_mtime > _USED_AGAIN.total_seconds()
        except OSError:
            return None
        compiled = self._compiled(beside, hashlib.sha1(text, usedforsecurity=False).hexdigest())
        is_made = compiled is None
        try:
            compiled = self._compiler.compile(name, text.decode()) if compiled is None else compiled
        except (Unreadable, UnicodeDecodeError):
            # Damaged on this disk. It is fetched anew.
            return None
        # What can't be written beside it is made anew the next time.
        with suppress(OSError):
            if is_made:
                replace_file(beside, self._compiler.encode(compiled))
            if is_old:
                os.utime(path)
                os.utime(beside)
        return compiled

    def _compiled(self, path: Path, sha1: str) -> Compiled | None:
        try:
            return self._compiler.decode(path.read_bytes(), sha1)
        except OSError:
            return None

    def _read_elsewhere(self, name: str) -> tuple[bytes, Compiled] | None:
        """The file in a folder of `crds`; None where none that is as CRDS wrote it is there."""
        if self._others is None:
            return None
        try:
            with os.fdopen(open_regular(self._others / name), "rb") as file:
                text = file.read(LARGEST_FILE + 1)
            return text, self._compiler.compile(name, text.decode())
        except (OSError, Unreadable, UnicodeDecodeError):
            return None

    def _fetched(self, name: str) -> tuple[bytes, Compiled]:
        if self._address is None:
            raise RulesUnavailable(f"{name}: it is not on disk, and no server is to be asked")
        try:
            for attempt in self._patience.retrying(self._deadline):
                with attempt:
                    text = self._ask(self._address + name)
        except UpstreamUnavailable as fault:
            raise RulesUnavailable(f"{name}: CRDS: {fault}") from fault
        try:
            return text, self._compiler.compile(name, text.decode())
        except (Unreadable, UnicodeDecodeError) as fault:
            raise RulesUnavailable(f"{name}: it is not as CRDS wrote it: {fault}") from fault

    def _ask(self, address: str) -> bytes:
        pause = self._asked_at + self._pause - time.monotonic()
        if pause > 0:
            self._patience.sleep(pause)
        self._asked_at = time.monotonic()
        if self._deadline <= self._asked_at:
            raise Passing(f"no whole answer within {self._patience.total_timeout:g} s")
        request = Request("GET", address, {"User-Agent": self._user_agent})
        return usable(blocking_exchange(request, limits_of(self._patience, self._deadline))).body
