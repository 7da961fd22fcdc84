"""Faults of the connection and of HTTP."""

from __future__ import annotations

from dataclasses import dataclass, replace
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from pedigreed.demo.fault import Fault
from pedigreed.demo.reply import Delivery, Reply

if TYPE_CHECKING:
    from datetime import datetime


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
class OtherBody(Fault):
    """Status 200, and a body that has nothing to do with the question."""

    body: bytes = b'{"status": "ERROR", "msg": "Object reference not set to an instance of an object."}'

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, body=self.body)


class TruncatedJson(Fault):
    """The first half of the JSON as if that were all of it."""

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, body=reply.body[: len(reply.body) // 2])


class ResetBefore(Fault):
    """The connection is reset before a byte of the reply."""

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, delivery=Delivery.RESET_BEFORE)


class ResetMidBody(Fault):
    """The connection is reset after half of the body."""

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, delivery=Delivery.RESET_MID_BODY)


class Hang(Fault):
    """No answer, ever. The connection ends when the archive closes."""

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, delivery=Delivery.HANG)


class Drip(Fault):
    """Byte by byte with pauses: no single read times out, and the whole takes far too long."""

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, delivery=Delivery.DRIP)
