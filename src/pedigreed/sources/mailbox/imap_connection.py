"""A connection to an IMAP server that ends in time and takes no more than it asked for, and what is asked over it.

Python's `imaplib` speaks the protocol. What is its connection's business is done here: how long to wait, whom to
trust, and how much to take in. A server that says no end of lines, or one byte a minute, is left.
"""

from __future__ import annotations

import base64
import imaplib
import re
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imap_tools import BaseMailBox

from pedigreed import __version__
from pedigreed.config.channels import Security
from pedigreed.model.failure import PedigreedError, UpstreamUnavailable
from pedigreed.net.breakage import NO_TLS, answers_without_tls
from pedigreed.redaction import redact, said_at_login
from pedigreed.sources.mailbox.mail import LARGEST_MAIL
from pedigreed.sources.plain_text import plain_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.config.sources import ImapMailbox


_LONGEST_LINE = 5_000_000
"""Bytes. The answer to a search has all numbers of mails on one line."""

_AT_ONCE = 65_536


@dataclass(frozen=True, slots=True)
class ImapLimits:
    """Limits of one reading. All times are seconds.

    Attributes:
        connect: for the connection, with each of the host's addresses.
        command: for the answer to one command.
        total: for the whole reading.
        answer: bytes of the answer to one command.
    """

    connect: float = 30.0
    command: float = 60.0
    total: float = 300.0
    answer: int = 4 * LARGEST_MAIL


class BrokenOff(OSError):
    """The connection is of no more use. Its text goes on after the server's name."""


class ImapConnection(imaplib.IMAP4):
    """A connection, encrypted as it has to be. It logs nobody in."""

    def __init__(
        self, config: ImapMailbox, limits: ImapLimits, tls_context: ssl.SSLContext, ends_at: float
    ) -> None:
        """Connect. Raises what `imaplib` and the socket raise.

        Args:
            config: where to.
            limits: but for the total, which `ends_at` holds.
            tls_context: whom to trust.
            ends_at: when the whole reading has taken too long, on the monotonic clock (seconds).
        """
        self._security = config.security
        self._limits = limits
        self._tls_context = tls_context
        self._ends_at = ends_at
        self._allow()
        self._buffer = bytearray()
        super().__init__(config.host, config.port)
        if self._security is Security.STARTTLS:
            try:
                self._encrypt()
            except BaseException:
                self.shutdown()
                raise

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:  # noqa: ARG002  # the limits are known
        """Connect, and encrypt at once if so it is to be."""
        self.host, self.port = host, port
        self.sock = socket.create_connection((host, port), min(self._limits.connect, self._left()))
        if self._security is Security.TLS:
            try:
                self._wrap()
            except BaseException:
                self.sock.close()
                raise

    def read(self, size: int) -> bytes:
        """So many bytes."""
        if size > self._allowed:
            raise BrokenOff(f"sends {size:,} bytes, more than it was asked for")
        while len(self._buffer) < size:
            self._receive()
        return self._taken(size)

    def readline(self) -> bytes:
        """A line with its end; nothing where the connection has ended."""
        looked_at = 0
        while (end := self._buffer.find(b"\n", looked_at)) < 0:
            looked_at = len(self._buffer)
            if looked_at > min(_LONGEST_LINE, self._allowed):
                raise BrokenOff("sends a line without an end")
            self._receive()
        return self._taken(end + 1)

    def send(self, data: bytes) -> None:  # type: ignore[override]  # typeshed has it as any buffer
        """Begin to say something, to which the answer may take its time anew."""
        self._allow()
        self.sock.settimeout(self._left())
        self.sock.sendall(data)

    def shutdown(self) -> None:
        """End the connection now."""
        self.sock.close()

    def _allow(self) -> None:
        self._allowed = self._limits.answer
        self._until = min(self._ends_at, time.monotonic() + self._limits.command)

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise self._late()
        return left

    def _late(self) -> BrokenOff:
        if self._until < self._ends_at:
            return BrokenOff("did not answer in time")
        return BrokenOff(f"was not done within {self._limits.total:g} s, and the rest is read the next time")

    def _receive(self) -> None:
        self.sock.settimeout(self._left())
        try:
            received = self.sock.recv(_AT_ONCE)
        except TimeoutError:
            raise self._late() from None
        if not received:
            raise BrokenOff("has ended the connection")
        self._buffer += received

    def _taken(self, size: int) -> bytes:
        self._allowed -= size
        if self._allowed < 0:
            raise BrokenOff("sends more than it was asked for")
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _encrypt(self) -> None:
        if "STARTTLS" not in self.capabilities:
            raise BrokenOff("offers no STARTTLS, and nothing is said to it unencrypted")
        kind, _ = self.xatom("STARTTLS")
        if kind != "OK":
            raise BrokenOff("refuses STARTTLS")
        if self._buffer:
            # Somebody on the way may have said it, to be taken as said under encryption.
            raise BrokenOff("goes on in the clear after STARTTLS")
        self._wrap()
        _, [*lines] = self.capability()
        said = b" ".join(line for line in lines if isinstance(line, bytes))
        self.capabilities = tuple(said.decode("ascii", "replace").upper().split())

    def _wrap(self) -> None:
        self.sock.settimeout(self._left())
        self.sock = self._tls_context.wrap_socket(self.sock, server_hostname=self.host)


class ImapClient(BaseMailBox):
    """The library's commands on such a connection."""

    client: ImapConnection

    def __init__(self, connection: ImapConnection) -> None:
        self._connection = connection
        super().__init__()

    def _get_mailbox_client(self) -> ImapConnection:
        return self._connection


_LONGEST_SENTENCE = 500


def in_words(error: Exception, host: str) -> str:  # noqa: PLR0911  # a line for each kind
    """A sentence about it."""
    match error:
        case PedigreedError():
            return str(error)
        case ssl.SSLCertVerificationError():
            return f"the certificate of {host} is not trusted: {error.verify_message}"
        case ssl.SSLError() if answers_without_tls(error):
            return f"{host}: {NO_TLS}"
        case ssl.SSLError():
            return f"TLS with {host} does not come about: {error.reason or error}"
        case BrokenOff():
            return f"{host} {error}"
        case TimeoutError():
            return f"{host} did not answer in time"
        case socket.gaierror():
            return f"the address of {host} is not found: {error.strerror}"
        case OSError():
            return f"{host} can't be reached: {error.strerror or error}"
        case imaplib.IMAP4.error():
            return f"{host} does not go on: {error}"
    return f"{host} gives an answer that is no IMAP ({type(error).__name__})"


def said(answer: Sequence[object]) -> str:
    """What the server said, on one line."""
    return plain_line(b" ".join(item for item in answer if isinstance(item, bytes)).decode("utf-8", "replace"))


def redacted(text: str, config: ImapMailbox, secret: str) -> str:
    """The text on one line without the password or token, in whatever form the server repeats it."""
    bearer = base64.b64encode(_oauthbearer(config, secret)).decode("ascii")
    return plain_line(redact(text, bearer, *said_at_login(config.username, secret)), _LONGEST_SENTENCE)


def say_token(client: ImapClient, config: ImapMailbox, token: str) -> None:
    """Log in with an access token. Raises what `imaplib` raises, with what the server has against the token."""
    capabilities = client.client.capabilities
    if "AUTH=XOAUTH2" in capabilities:
        said = f"user={config.username}\x01auth=Bearer {token}\x01\x01".encode()
        login = _Bearer(said, b"")
        mechanism = "XOAUTH2"
    elif "AUTH=OAUTHBEARER" in capabilities:
        login = _Bearer(_oauthbearer(config, token), b"\x01")
        mechanism = "OAUTHBEARER"
    else:
        raise imaplib.IMAP4.error("it takes no access token (XOAUTH2 or OAUTHBEARER)")
    try:
        client.client.authenticate(mechanism, login)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        raise imaplib.IMAP4.error(f"{error} {login.refusal}".strip()) from None


def _oauthbearer(config: ImapMailbox, token: str) -> bytes:
    """RFC 7628, section 3.1."""
    username = config.username.replace("=", "=3D").replace(",", "=2C")
    said = f"n,a={username},\x01host={config.host}\x01port={config.port}\x01auth=Bearer {token}\x01\x01"
    # Half a character, as an environment may hold, can't be said to a server, and need not be struck out of words.
    return said.encode(errors="replace")


class _Bearer:
    """Says the token, and then what ends the login where the server answers why it refuses the token.

    Attributes:
        refusal: why; empty where it did not say.
    """

    def __init__(self, said: bytes, ends_with: bytes) -> None:
        self.refusal = ""
        self._said: bytes | None = said
        self._ends_with = ends_with

    def __call__(self, challenge: bytes) -> bytes:
        if self._said is not None:
            said, self._said = self._said, None
            return said
        self.refusal = challenge.decode("utf-8", "replace")
        return self._ends_with


WHOLE = f"BODY.PEEK[]<0.{LARGEST_MAIL + 1}>"
"""A mail. The size that the server tells is not believed: no more than the limit is asked for."""

_NAMING_FIELDS = "BODY.PEEK[HEADER.FIELDS (DATE SUBJECT)]"
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,15})")
_UID = re.compile(rb"[( ]UID (\d{1,15})")
_RESPONSE = re.compile(rb"\d+ \(")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_ESCAPED = re.compile(rb"\\(.)")
_NAMES = {WHOLE: rb"BODY\[\](?:<\d+>)?", _NAMING_FIELDS: rb"BODY\[HEADER\.FIELDS[^\]]*\]"}
"""What is asked for -> how the answer calls it."""


class NotHandedOut(Exception):
    """The server did not give one mail, and goes on."""


def introduce(client: ImapClient) -> None:
    """Say who asks (RFC 2971) to a server that wants to know: some of them open no folder before."""
    if "ID" not in client.client.capabilities:
        return
    try:
        client.client.xatom("ID", f'("name" "pedigreed" "version" "{__version__}")')
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error:
        # It did not want to know after all.
        return


def uids_of(client: ImapClient, criteria: str) -> list[int]:
    """The mails that fit. A server may say them in several lines."""
    kind, answer = client.client.uid("SEARCH", criteria)
    if kind != "OK":
        raise UpstreamUnavailable(f"{client.client.host} does not say which mails there are: {said(answer)}")
    return [int(uid) for line in answer if isinstance(line, bytes) for uid in line.split()]


def size_of(client: ImapClient, uid: int) -> int | None:
    """In bytes; 0 where the server does not say it, and None where it says that there is no such mail."""
    kind, answer = client.client.uid("FETCH", str(uid), "(RFC822.SIZE)")
    if kind != "OK":
        return 0
    mine = _about(uid, answer)
    found = _SIZE.search(b" ".join(map(_words, mine)))
    return int(found[1]) if found else 0 if mine else None


def naming_header(client: ImapClient, uid: int) -> bytes:
    """What a person knows the mail by; empty where the server does not tell."""
    try:
        return section(client, uid, _NAMING_FIELDS) or b""
    except NotHandedOut:
        return b""


def section(client: ImapClient, uid: int, what: str) -> bytes | None:
    """A section of a mail; None where the mail has gone. Raises `NotHandedOut`, and what `imaplib` raises."""
    try:
        kind, answer = client.client.uid("FETCH", str(uid), f"(UID {what})")
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        raise NotHandedOut(f"the server says: {plain_line(str(error))}") from None
    if kind != "OK":
        raise NotHandedOut(f"the server says: {said(answer)}")
    for item in _about(uid, answer):
        named = re.search(_NAMES[what], _words(item), re.IGNORECASE)
        if named is None:
            continue
        if isinstance(item, tuple):
            return bytes(item[1])
        quoted = _STRING.match(item, named.end() + 1)
        if quoted is None:
            raise NotHandedOut("there is nothing in it")
        return _ESCAPED.sub(rb"\1", quoted[0][1:-1])
    if any(isinstance(item, tuple) for item in answer):
        raise NotHandedOut("the server answers with something else than was asked for")
    return None


Item = bytes | tuple[bytes, bytes]
"""Words of an answer, or words with the literal after them, as `imaplib` has them."""


def _about(uid: int, answer: Sequence[Item | None]) -> list[Item]:
    """What an answer says of one mail. A server may tell of others at any time (RFC 3501, 7)."""
    responses: list[list[Item]] = []
    for item in answer:
        if item is None:
            continue
        if not responses or _RESPONSE.match(_words(item)):
            responses.append([])
        responses[-1].append(item)
    return [item for response in responses if _uid_of(response) in {uid, None} for item in response]


def _uid_of(response: Sequence[Item]) -> int | None:
    found = _UID.search(_STRING.sub(b"", b"".join(map(_words, response))))
    return int(found[1]) if found else None


def _words(item: Item) -> bytes:
    return item[0] if isinstance(item, tuple) else item
