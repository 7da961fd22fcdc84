"""What goes wrong with feeds. `http_faults` has what goes wrong with every server."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

from pedigreed.demo.fault import Fault
from pedigreed.demo.reply import Reply

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


@dataclass(frozen=True, slots=True)
class EndlessReply(Reply):
    """After the body come as many spaces as the client takes."""


@dataclass(frozen=True, slots=True)
class SlowHeadReply(Reply):
    """The head comes byte by byte with pauses, and is never at its end in time."""


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


class Endless(Fault):
    """The feed, and then spaces without end."""

    def on_reply(self, reply: Reply) -> Reply:
        return EndlessReply(reply.body, reply.status, reply.content_type, reply.headers)


class SlowHead(Fault):
    """Not even the head comes in time, and no single read times out."""

    def on_reply(self, reply: Reply) -> Reply:
        return SlowHeadReply(reply.body, reply.status, reply.content_type, reply.headers)


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
