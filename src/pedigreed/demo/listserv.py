"""A list server with public archives on loopback, with a clock that the caller sets.

with DemoListserv(POSTS, now=DAY_1) as lists:
    ...  # a reader of lists.feed_url(NIRCAM_LIST)
    lists.now = DAY_2

The addresses are LISTSERV's (``wa.exe?RSS&L=LIST&v=2.0``). The entries are the plainest that RSS 2.0 and Atom 1.0
allow, and have a link and no other identity: no public copy of LISTSERV's own was found.
"""

from __future__ import annotations

import hashlib
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from pedigreed.demo.list_posts import POSTS
from pedigreed.demo.loopback import LoopbackService, Reply

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pedigreed.demo.list_posts import ListPost
    from pedigreed.demo.received import Received

PROGRAM = "/scripts/wa.exe"
RSS = "application/rss+xml; charset=utf-8"
ATOM = "application/atom+xml; charset=utf-8"

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NO_LIST = b"<html><head><title>LISTSERV</title></head><body><p>There is no such list.</p></body></html>"


class DemoListserv(LoopbackService):
    """Mailing lists on loopback. Use it in a ``with`` statement; outside of it there is no `url`.

    Attributes:
        now: the server's clock, UTC. Set it to move the story on: a post is there from its date on.
    """

    def __init__(self, posts: Sequence[ListPost] | None = None, *, now: datetime) -> None:
        """Serve the archives of the lists that have posts.

        Args:
            posts: of all lists; `POSTS` by default.
            now: the server's clock, UTC.
        """
        super().__init__()
        self.now = now
        self._posts = list(POSTS if posts is None else posts)

    def feed_url(self, list_name: str, version: str = "2.0") -> str:
        """The address of a list's feed. `version` is 2.0 for RSS, or ATOM1.0."""
        return f"{self.url}{PROGRAM}?RSS&L={list_name}&v={version}"

    def post(self, *posts: ListPost) -> None:
        """Add posts."""
        self._posts.extend(posts)

    def reply_to(self, received: Received) -> Reply:
        """A list's feed, or a page for everything else."""
        parts = urlsplit(received.target)
        asked = {key.upper(): values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        name = asked.get("L", "")
        posts = [post for post in self._posts if post.list_name == name]
        if parts.path != PROGRAM or "RSS" not in asked or not posts:
            return Reply(_NO_LIST, content_type="text/html; charset=utf-8")
        seen = sorted((post for post in posts if post.at <= self.now), key=lambda post: post.at, reverse=True)
        if asked.get("LIMIT", "").isdigit():
            seen = seen[: int(asked["LIMIT"])]
        is_atom = asked.get("V", "").upper().startswith("ATOM")
        body = (atom_of if is_atom else rss_of)(name, seen, f"{self.url}{PROGRAM}")
        return _conditional(Reply(body, content_type=ATOM if is_atom else RSS), received, seen)


def _conditional(feed: Reply, received: Received, posts: Sequence[ListPost]) -> Reply:
    """The feed with its validators, or 304 where the client has it."""
    etag = f'"{hashlib.sha256(feed.body).hexdigest()[:16]}"'
    validators = [("ETag", etag)]
    if posts:
        validators.append(("Last-Modified", format_datetime(posts[0].at, usegmt=True)))
    known = received.headers.get("if-none-match")
    since = received.headers.get("if-modified-since")
    is_known = known == etag if known is not None else since is not None and ("Last-Modified", since) in validators
    if is_known:
        return Reply(b"", 304, feed.content_type, tuple(validators))
    return Reply(feed.body, 200, feed.content_type, tuple(validators))


def rss_of(list_name: str, posts: Sequence[ListPost], base: str) -> bytes:
    """The newest first. `base` is the address of the archive's program, ``http://127.0.0.1:40123/scripts/wa.exe``."""
    items = "".join(
        f"<item><title>{escape(post.subject)}</title><link>{escape(_link(post, base))}</link>"
        f"<description>{escape(_html(post.text))}</description>"
        f"<pubDate>{format_datetime(post.at)}</pubDate></item>\n"
        for post in posts
    )
    return (
        f'{_HEAD}<rss version="2.0"><channel><title>{list_name} Archives</title>'
        f"<link>{escape(f'{base}?A0={list_name}')}</link><description>{list_name}</description>\n"
        f"{items}</channel></rss>\n"
    ).encode()


def atom_of(list_name: str, posts: Sequence[ListPost], base: str) -> bytes:
    """The same as Atom 1.0, whose entries have their link for an id."""
    entries = "".join(
        f"<entry><id>{escape(_link(post, base))}</id><title>{escape(post.subject)}</title>"
        f'<link href="{escape(_link(post, base))}"/><updated>{post.at.isoformat()}</updated>'
        f'<content type="html">{escape(_html(post.text))}</content></entry>\n'
        for post in posts
    )
    updated = posts[0].at.isoformat() if posts else "2026-01-01T00:00:00+00:00"
    return (
        f'{_HEAD}<feed xmlns="http://www.w3.org/2005/Atom"><title>{list_name} Archives</title>'
        f"<id>{escape(f'{base}?A0={list_name}')}</id><updated>{updated}</updated>\n{entries}</feed>\n"
    ).encode()


def _link(post: ListPost, base: str) -> str:
    """The page of the post. Minutes since the month's beginning stand for LISTSERV's place in the month's file."""
    place = (post.at.day * 24 + post.at.hour) * 60 + post.at.minute
    return f"{base}?A2=ind{post.at:%y%m}&L={post.list_name}&P={place}"


def _html(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"
