"""What can break between pedigreed and a web server, and the words that people are told of it."""

from __future__ import annotations

import errno
import socket
import ssl
from dataclasses import dataclass
from enum import Enum
from http.client import RemoteDisconnected
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Breakage(Enum):
    """What can break. The value is how it is told, after the name of who was asked and a colon."""

    REFUSED = "connection refused"
    RESET = "connection reset"
    CLOSED = "connection closed"
    UNREACHABLE = "the network does not reach it"
    NAME = "its name does not resolve"
    CERTIFICATE = "its certificate is not valid"
    TLS = "no TLS connection"
    PROXY = "the proxy refused"
    TIMED_OUT = "no answer in time"
    CUT = "the answer broke off"
    TOO_LARGE = "the answer is too large"
    NOT_DECOMPRESSED = "the answer does not decompress"
    NOT_HTTP = "the answer is no HTTP"
    REDIRECT = "it redirects to what is no web address"
    ADDRESS = "its address or that of a proxy can't be used"
    UNKNOWN = "the connection failed"

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed a moment later."""
        return self not in _LASTING

    @property
    def reaches_nobody(self) -> bool:
        """Whether nobody was there to be asked: the network may be away."""
        return self in {Breakage.NAME, Breakage.REFUSED, Breakage.UNREACHABLE}


_LASTING = frozenset(
    {
        Breakage.CERTIFICATE,
        Breakage.TLS,
        Breakage.TOO_LARGE,
        Breakage.NOT_DECOMPRESSED,
        Breakage.REDIRECT,
        Breakage.ADDRESS,
    }
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no answer, or none that is whole. `words` never have the address in them."""

    what: Breakage
    words: str


def trouble(what: Breakage, words: str | None = None) -> Trouble:
    """What broke, in its usual words or in better ones."""
    return Trouble(what, words or what.value)


_TYPES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Breakage], ...] = (
    (ssl.SSLCertVerificationError, Breakage.CERTIFICATE),
    # The connection or the time ended during the handshake, which says nothing of the two sides.
    (
        (
            ssl.SSLEOFError,
            ssl.SSLZeroReturnError,
            ssl.SSLSyscallError,
            ssl.SSLWantReadError,
            ssl.SSLWantWriteError,
        ),
        Breakage.CLOSED,
    ),
    (ssl.SSLError, Breakage.TLS),
    (socket.gaierror, Breakage.NAME),
    (ConnectionRefusedError, Breakage.REFUSED),
    (RemoteDisconnected, Breakage.CLOSED),
    ((ConnectionResetError, BrokenPipeError), Breakage.RESET),
    (ConnectionAbortedError, Breakage.CLOSED),
    (TimeoutError, Breakage.TIMED_OUT),
)
_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN})
_SIGNS = (
    ("complete", Breakage.CUT),
    ("decod", Breakage.NOT_DECOMPRESSED),
    ("timed out", Breakage.TIMED_OUT),
    ("disconnected", Breakage.CLOSED),
    ("closed", Breakage.CLOSED),
    ("aborted", Breakage.CLOSED),
)
"""What the libraries write where the type of the error does not say it."""


def what_broke(error: BaseException) -> Trouble:
    """What an error of `aiohttp`, `requests` or the system means."""
    what = _what(error)
    return trouble(what, f"{what.value}: {type(error).__name__}" if what is Breakage.UNKNOWN else None)


def answers_without_tls(error: BaseException) -> bool:
    """Whether the other side spoke, and no TLS: a mail server's port for STARTTLS does so."""
    return any(getattr(cause, "reason", None) == "WRONG_VERSION_NUMBER" for cause in _causes(error))


NO_TLS = "it answers without TLS: try security: starttls"


def _what(error: BaseException) -> Breakage:
    said = str(error).lower()
    causes = tuple(_causes(error))
    for types, what in _TYPES:
        if any(isinstance(cause, types) for cause in causes):
            return what
    if any(isinstance(cause, OSError) and cause.errno in _UNREACHABLE for cause in causes):
        return Breakage.UNREACHABLE
    by_words = next((what for sign, what in _SIGNS if sign in said), None)
    if by_words is None and isinstance(error, ValueError):
        return Breakage.ADDRESS
    return by_words or Breakage.UNKNOWN


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and all that it came of, each once."""
    waiting, seen = [error], set[int]()
    while waiting:
        cause = waiting.pop()
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            waiting.extend(cause.exceptions)
        # The HTTP library raises "from None", and so hides what it came of, but keeps it.
        if (before := cause.__cause__ or cause.__context__) is not None:
            waiting.append(before)
