"""What can go wrong with the reply of any server: the connection, HTTP, and a feed. `Fault` is what they share.

`archive_faults` has what only the archive gets wrong, `crds_faults` what only CRDS does.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from pedigreed.demo.loopback import Reply

if TYPE_CHECKING:
    from pedigreed.demo.columnsconfig import Columns
    from pedigreed.demo.loopback import Exchange
    from pedigreed.demo.protocol import Answer, Query
    from pedigreed.demo.received import RequestKind

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_DRIP_PAUSE_S = 0.02
_BLOCK = b" " * (1 << 20)
_LOGIN_PAGE = b"""<!DOCTYPE html>
<html><head><title>LISTSERV: Login Required</title></head>
<body><form method="post"><input name="Y"><input name="p" type="password"></form></body></html>
"""
_BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE rss [\n<!ENTITY l0 "ha">\n'
    + "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">\n' for level in range(1, 11))
    + ']>\n<rss version="2.0"><channel><title>&l10;</title>'
    "<item><title>&l10;</title><link>http://lists.example/1</link></item></channel></rss>\n"
).encode()


class Fault:
    """Spoils nothing. Each fault overrides what it spoils: the columns, the query, the answer or the reply."""

    def on_columns(self, columns: Columns, kind: RequestKind) -> Columns:  # noqa: ARG002  # for the overriding
        """The columns that the service has, for a request of this kind."""
        return columns

    def on_query(self, query: Query) -> Query:
        """What the service takes the request for."""
        return query

    def on_answer(self, answered: Answer, query: Query) -> Answer:  # noqa: ARG002  # for the overriding
        """The rows and what is said of them."""
        return answered

    def on_reply(self, reply: Reply) -> Reply:
        """The HTTP reply and its way to the client."""
        return reply


def _page(title: str) -> bytes:
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    ).encode()


def _html(title: str, status: int, *headers: tuple[str, str]) -> Reply:
    return Reply(_page(title), status, "text/html", headers)


class GatewayTimeout(Fault):
    """504 with the proxy's HTML."""

    def on_reply(self, _reply: Reply) -> Reply:
        return _html("504 Gateway Time-out", 504)


class Unavailable(Fault):
    """503 with HTML."""

    def on_reply(self, _reply: Reply) -> Reply:
        return _html("503 Service Temporarily Unavailable", 503)


class ServerError(Fault):
    """500 with HTML."""

    def on_reply(self, _reply: Reply) -> Reply:
        return _html("500 Internal Server Error", 500)


@dataclass(frozen=True, slots=True)
class ClientError(Fault):
    """A 4xx with HTML: 413 unless said otherwise."""

    status: int = 413

    def on_reply(self, _reply: Reply) -> Reply:
        return _html(f"{self.status} {HTTPStatus(self.status).phrase}", self.status)


@dataclass(frozen=True, slots=True)
class TooManyRequests(Fault):
    """429. `retry_after` is the header: seconds, or a moment for an HTTP date; None for no header."""

    retry_after: int | datetime | None = 1

    def on_reply(self, _reply: Reply) -> Reply:
        if self.retry_after is None:
            return _html("429 Too Many Requests", 429)
        wait = (
            str(self.retry_after)
            if isinstance(self.retry_after, int)
            else format_datetime(self.retry_after, usegmt=True)
        )
        return _html("429 Too Many Requests", 429, ("Retry-After", wait))


class HtmlPage(Fault):
    """A maintenance page with status 200."""

    def on_reply(self, _reply: Reply) -> Reply:
        return _html("Scheduled maintenance", 200)


class EmptyBody(Fault):
    """Status 200 and nothing in it: the columns configuration answers so when it fails."""

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, body=b"")


@dataclass(frozen=True, slots=True)
class ClockOff(Fault):
    """The server's clock is so far ahead."""

    by: timedelta = timedelta(hours=-5)

    def on_reply(self, reply: Reply) -> Reply:
        said = format_datetime(datetime.now(UTC) + self.by, usegmt=True)
        return replace(reply, headers=(*reply.headers, ("Date", said)))


class FromCache(Fault):
    """A proxy on the way answers with what it was told yesterday, and says so."""

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, headers=(*reply.headers, ("Age", "86400")))


@dataclass(frozen=True, slots=True)
class OtherBody(Fault):
    """Status 200, and a body that has nothing to do with the question."""

    body: bytes = b'{"status": "ERROR", "msg": "Object reference not set to an instance of an object."}'

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, body=self.body)


class TruncatedJson(Fault):
    """The first half of the JSON as if that were all of it."""

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, body=reply.body[: len(reply.body) // 2])


class _ResetBefore(Reply):
    """The connection is reset before a byte is sent."""

    def send(self, exchange: Exchange) -> None:
        _reset(exchange)


class _ResetMidBody(Reply):
    """The connection is reset after half of the body."""

    def send(self, exchange: Exchange) -> None:
        exchange.wfile.write(exchange.head(self) + self.body[: len(self.body) // 2])
        _reset(exchange)


class _Hang(Reply):
    """Nothing is sent until the server closes."""

    def send(self, exchange: Exchange) -> None:
        exchange.close_connection = True
        exchange.answered()
        exchange.closing.wait()


class _Drip(Reply):
    """The body comes byte by byte, with pauses."""

    def send(self, exchange: Exchange) -> None:
        exchange.answered()
        exchange.wfile.write(exchange.head(self))
        _drip(exchange, self.body)


class _SlowHead(Reply):
    """The head comes byte by byte with pauses, and is never at its end in time."""

    def send(self, exchange: Exchange) -> None:
        exchange.answered()
        _drip(exchange, exchange.head(self) + self.body)


@dataclass(frozen=True, slots=True)
class _StrangeHead(Reply):
    """A header is another than it must be."""

    header: str = ""

    def send(self, exchange: Exchange) -> None:
        exchange.answered()
        exchange.close_connection = True
        name = self.header.partition(":")[0]
        lines = exchange.head(self).decode().split("\r\n")
        kept = [line for line in lines[:-2] if not line.startswith(f"{name}:")]
        exchange.wfile.write("\r\n".join((*kept, self.header, "", "")).encode() + self.body)


class _Endless(Reply):
    """After the body come as many spaces as the client takes."""

    def send(self, exchange: Exchange) -> None:
        exchange.answered()
        exchange.close_connection = True
        length = f"Content-Length: {len(self.body)}\r\n".encode()
        exchange.wfile.write(exchange.head(self).replace(length, b"Connection: close\r\n") + self.body)
        while not exchange.closing.is_set():
            exchange.wfile.write(_BLOCK)


class ResetBefore(Fault):
    """The connection is reset before a byte of the reply."""

    def on_reply(self, reply: Reply) -> Reply:
        return _sent_as(_ResetBefore, reply)


class ResetMidBody(Fault):
    """The connection is reset after half of the body."""

    def on_reply(self, reply: Reply) -> Reply:
        return _sent_as(_ResetMidBody, reply)


class Hang(Fault):
    """No answer, ever. The connection ends when the archive closes."""

    def on_reply(self, reply: Reply) -> Reply:
        return _sent_as(_Hang, reply)


class Drip(Fault):
    """Byte by byte with pauses: no single read times out, and the whole takes far too long."""

    def on_reply(self, reply: Reply) -> Reply:
        return _sent_as(_Drip, reply)


class SlowHead(Fault):
    """Not even the head comes in time, and no single read times out."""

    def on_reply(self, reply: Reply) -> Reply:
        return _sent_as(_SlowHead, reply)


@dataclass(frozen=True, slots=True)
class StrangeHead(Fault):
    """A header that no server may send, such as ``Content-Length: 1826, 1826``, in the place of the true one."""

    header: str
    status: int = 200

    def on_reply(self, reply: Reply) -> Reply:
        return _StrangeHead(reply.body, self.status, reply.content_type, reply.headers, self.header)


class Endless(Fault):
    """The reply, and then spaces without end."""

    def on_reply(self, reply: Reply) -> Reply:
        return _sent_as(_Endless, reply)


class LoginPage(Fault):
    """An HTML page with status 200, as for a list that is not public."""

    def on_reply(self, _reply: Reply) -> Reply:
        return Reply(_LOGIN_PAGE, content_type="text/html; charset=utf-8")


@dataclass(frozen=True, slots=True)
class CutFeed(Fault):
    """The first part of the feed as if that were all of it: `part` of 1 of its bytes."""

    part: float = 0.5

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, body=reply.body[: int(len(reply.body) * self.part)])


@dataclass(frozen=True, slots=True)
class Redirect(Fault):
    """A redirect to `location`. An empty one is the same address again: a loop."""

    location: str = ""
    status: int = 302

    def on_reply(self, _reply: Reply) -> Reply:
        return Reply(b"", self.status, "text/html", (("Location", self.location),))


class EntityBomb(Fault):
    """A feed whose title would expand to 20 GB."""

    def on_reply(self, _reply: Reply) -> Reply:
        return Reply(_BOMB, content_type="application/rss+xml")


@dataclass(frozen=True, slots=True)
class WrongCharset(Fault):
    """The header tells of a charset that the feed is not in."""

    charset: str = "us-ascii"

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, content_type=f"text/xml; charset={self.charset}")


@dataclass(frozen=True, slots=True)
class GzipBomb(Fault):
    """The feed and then spaces, compressed to a thousandth: `megabytes` of them."""

    megabytes: int = 1000

    def on_reply(self, reply: Reply) -> Reply:
        packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
        packed = packer.compress(reply.body)
        packed += b"".join(packer.compress(_BLOCK) for _ in range(self.megabytes)) + packer.flush()
        return replace(reply, body=packed, headers=(*reply.headers, ("Content-Encoding", "gzip")))


def _sent_as(way: type[Reply], reply: Reply) -> Reply:
    return way(reply.body, reply.status, reply.content_type, reply.headers)


def _drip(exchange: Exchange, content: bytes) -> None:
    exchange.close_connection = True
    for start in range(len(content)):
        exchange.wfile.write(content[start : start + 1])
        if exchange.closing.wait(_DRIP_PAUSE_S):
            return


def _reset(exchange: Exchange) -> None:
    exchange.close_connection = True
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    exchange.rfile.close()
    with contextlib.suppress(OSError):
        exchange.connection.close()
