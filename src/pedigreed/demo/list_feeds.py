"""The feeds of a LISTSERV archive: RSS 2.0 and Atom 1.0.

The addresses are LISTSERV's (``wa.exe?RSS&L=LIST&v=2.0``). The entries are the plainest that the two forms allow,
and have a link and no other identity: no public copy of LISTSERV's own was found.
"""

from __future__ import annotations

from email.utils import format_datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.demo.list_posts import ListPost

RSS = "application/rss+xml; charset=utf-8"
ATOM = "application/atom+xml; charset=utf-8"

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


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
