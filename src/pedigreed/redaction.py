"""What is secret stays out of every text: the secrets that were read are remembered, and struck out.

The memory is one for the process and not one a task: what a channel reads in its task, a library may repeat in
another, or in a thread.
"""

from __future__ import annotations

import base64
import json
import logging
import re
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STRUCK = "***"

SHORTEST = 6
"""Characters of a secret that is looked for everywhere. What is shorter is found in words that are no secret."""

SHORTEST_OF_A_PATH = 16
"""The same for a piece of a web address, where shorter ones are words such as ``/services/``."""

MOST = 200
"""How many secrets are remembered: access tokens come anew each hour. Those used last stay."""


class Secrets:
    """Texts that are secret, and a way to strike them out. For threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._forms: dict[str, frozenset[str]] = {}
        self._pattern: re.Pattern[str] | None = None
        self._has_more = False

    def add(self, text: str) -> None:
        """Remember a secret."""
        with self._lock:
            known = self._forms.pop(text, None)
            self._forms[text] = _forms_anywhere(text) if known is None else known
            if known is None:
                if len(self._forms) > MOST:
                    del self._forms[next(iter(self._forms))]
                # Looked for from the next text on: a pattern of many is slow to make.
                self._has_more = True

    def strike(self, text: str) -> str:
        """The text without any secret that was remembered."""
        if self._has_more:
            with self._lock:
                self._pattern = _pattern(frozenset().union(*self._forms.values()))
                self._has_more = False
        return text if self._pattern is None else self._pattern.sub(STRUCK, text)


_of_this_process = Secrets()


def remember(secret: str) -> str:
    """Have a secret struck out of every text from here on. Gives it back."""
    _of_this_process.add(secret)
    return secret


def redact(text: str, *given: str, any_address: bool = False) -> str:
    """The text without secrets.

    Args:
        text: what another program said, or what is to be logged.
        given: the secrets that the other one got, such as the address that was asked or `said_at_login`. They
            are struck out however short they are.
        any_address: strike out of every URL what may be secret: user and password, query, and what makes an
            address of a Slack webhook work. For texts of which nobody knows what is in them.
    """
    # First, as it is whole that an address is found with all of its parts.
    if given and (pattern := _pattern(frozenset().union(*map(_forms_in_an_answer, given)))):
        text = pattern.sub(STRUCK, text)
    text = _of_this_process.strike(text)
    # Few texts have a URL, and the look for one is what costs.
    return _TOKEN.sub(_without_secrets, text) if any_address and "/" in text else text


def said_at_login(username: str, secret: str) -> tuple[str, ...]:
    """What is said with a password or an access token in AUTH PLAIN (RFC 4616), LOGIN and XOAUTH2."""
    plain = f"\0{username}\0{secret}"
    xoauth2 = f"user={username}\x01auth=Bearer {secret}\x01\x01"
    return tuple(each for each in (_base64(plain), _base64(xoauth2), secret) if secret)


def shown_address(address: str) -> str:
    """``https://hooks.slack.com/services/***``: what may be shown of a web address that works as a secret."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port else ""
    folder = _SLACK_FOLDER if parts.path.startswith(f"{_SLACK_FOLDER}/") else ""
    return f"{parts.scheme}://{host}{port}{folder}/{STRUCK}"


@contextmanager
def http_log_silenced() -> Iterator[None]:
    """Keep the HTTP library's own log silent in this task, at whatever level it is set.

    It has headers of answers, which may repeat an address.
    """
    token = _is_silenced.set(True)
    try:
        yield
    finally:
        _is_silenced.reset(token)


_is_silenced = ContextVar("is_silenced", default=False)


def _is_logged(_record: logging.LogRecord) -> bool:
    return not _is_silenced.get()


for _name in ("aiohttp.client", "aiohttp.internal"):
    logging.getLogger(_name).addFilter(_is_logged)


def _pattern(forms: Iterable[str]) -> re.Pattern[str] | None:
    every = sorted(forms, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, every))) if every else None


def _forms_anywhere(secret: str) -> frozenset[str]:
    if secret.startswith("sqlite:"):
        return frozenset()  # a store's file, of which nothing is secret
    pieces = (secret, secret.strip(), *_pieces_of_url(secret, SHORTEST_OF_A_PATH))
    return frozenset(form for piece in pieces for form in _spellings(piece) if len(form) >= SHORTEST)


def _forms_in_an_answer(secret: str) -> frozenset[str]:
    """Of an address also its user, its fragment and shorter pieces, but for words such as ``hooks``."""
    wholes = (form for form in _spellings(secret) if form)
    pieces = (form for piece in _pieces_of_url(secret, SHORTEST, is_given=True) for form in _spellings(piece))
    return frozenset((*wholes, *(form for form in pieces if len(form) >= SHORTEST)))


def _spellings(piece: str) -> Iterator[str]:
    """As it is, quoted by Python or JSON, in a URL, and in base64, as a login says it."""
    yield piece
    yield repr(piece)[1:-1]
    yield repr(piece.encode(errors="replace"))[2:-1]
    yield json.dumps(piece)[1:-1]
    yield json.dumps(piece, ensure_ascii=False)[1:-1]
    yield quote(piece, errors="replace")
    yield quote_plus(piece, errors="replace")
    yield _base64(piece)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode(errors="replace")).decode("ascii")


def _pieces_of_url(text: str, shortest_of_a_path: int, *, is_given: bool = False) -> Iterator[str]:
    """The pieces of a URL that are secret by themselves; none of any other text."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        password = parts.password
    except ValueError:
        return
    if not parts.netloc:
        return
    if password:
        yield from (password, unquote(password))
    for pair in parts.query.split("&"):
        value = pair.split("=", 1)[-1]
        yield from (value, unquote_plus(value))
    if is_given:
        yield from (parts.username or "", parts.fragment)
    if parts.scheme in {"http", "https"}:
        tail = text.partition(parts.netloc)[2]
        yield from (piece for piece in (tail, *parts.path.split("/")) if len(piece) >= shortest_of_a_path)


_SLACK_FOLDER = "/services"
_TOKEN = re.compile(r'[^\s"<>]+')
_LOGIN = re.compile(r"://[^/?#]*@")
_SLACK = re.compile(r"(hooks\.slack(?:-gov)?\.com/[a-z]+/|/services/(?=T\w+/B\w+/)).+", re.IGNORECASE)


def _without_secrets(match: re.Match[str]) -> str:
    token = match[0]
    if "/" not in token:
        return token
    token = _LOGIN.sub(f"://{STRUCK}@", token)
    token = _SLACK.sub(rf"\1{STRUCK}", token)
    return _without_query(token)


def _without_query(token: str) -> str:
    """Also of a path alone, as some libraries log it. What follows the first `?` goes, to the end."""
    marks = [token.find("?", token.index("/")), token.find("#") if "://" in token else -1]
    ends = [mark + 1 for mark in marks if mark >= 0]
    return f"{token[: min(ends)]}{STRUCK}" if ends and min(ends) < len(token) else token
