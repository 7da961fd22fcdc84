"""The secrets that the process has read, so that no log tells one.

There is one registry for the process and not one a context: what a channel reveals in its task, a library may
tell in another, or in a thread. It stands beside `Secret`, which fills it, and below the log, which reads it.
"""

from __future__ import annotations

import json
import re
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STRUCK = "***"

SHORTEST = 6
"""Characters. What is shorter is found in words that are no secret."""

SHORTEST_OF_A_PATH = 16
"""The same for a piece of a web address, where shorter ones are words such as ``/services/``."""

MOST = 200
"""How many secrets are remembered: access tokens come anew each hour. Those used last stay."""


class Revealed:
    """Texts that are secret, and a way to strike them out. For threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._forms: dict[str, frozenset[str]] = {}
        self._pattern: re.Pattern[str] | None = None

    def add(self, text: str) -> str:
        """Remember a secret. Gives it back."""
        with self._lock:
            known = self._forms.pop(text, None)
            self._forms[text] = _forms(text) if known is None else known
            if known is None:
                if len(self._forms) > MOST:
                    del self._forms[next(iter(self._forms))]
                self._pattern = _pattern(self._forms.values())
        return text

    def strike(self, text: str) -> str:
        """The text without any secret that was remembered."""
        pattern = self._pattern
        return text if pattern is None else pattern.sub(STRUCK, text)


revealed = Revealed()
"""Those of this process."""


def _pattern(forms: Iterable[frozenset[str]]) -> re.Pattern[str] | None:
    every = sorted(frozenset().union(*forms), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, every))) if every else None


def _forms(text: str) -> frozenset[str]:
    """How a secret may be written: as it is, quoted by Python or JSON, or in a URL."""
    if text.startswith("sqlite:"):
        return frozenset()  # a store's file, of which nothing is secret
    written = (form for piece in (text, text.strip(), *_of_url(text)) for form in _spellings(piece))
    return frozenset(form for form in written if len(form) >= SHORTEST)


def _spellings(piece: str) -> Iterator[str]:
    yield piece
    yield repr(piece)[1:-1]
    yield json.dumps(piece)[1:-1]
    yield json.dumps(piece, ensure_ascii=False)[1:-1]
    yield quote(piece, errors="replace")
    yield quote_plus(piece, errors="replace")


def _of_url(text: str) -> Iterator[str]:
    """The pieces of a URL that are secret by themselves; none of any other text."""
    try:
        parts = urlsplit(text.strip())
        password = parts.password
    except ValueError:
        return
    if not parts.netloc:
        return
    if password:
        yield from (password, unquote(password))
    for pair in parts.query.split("&"):
        value = pair.partition("=")[2]
        yield from (value, unquote_plus(value))
    if parts.scheme in {"http", "https"}:
        tail = text.strip().partition(parts.netloc)[2]
        yield from (piece for piece in (tail, *parts.path.split("/")) if len(piece) >= SHORTEST_OF_A_PATH)
