"""The archives of mailing lists: what they answer to a request."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from pedigreed.demo.list_feeds import ATOM, RSS, atom_of, rss_of
from pedigreed.demo.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from pedigreed.demo.fault import Fault
    from pedigreed.demo.list_posts import ListPost

PROGRAM = "/scripts/wa.exe"
_NO_LIST = b"<html><head><title>LISTSERV</title></head><body><p>There is no such list.</p></body></html>"


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A request as it came.

    Attributes:
        target: path and query.
        headers: names in lower case.
    """

    target: str
    headers: Mapping[str, str] = field(default_factory=dict)


class ListArchive:
    """Filled and asked by several threads.

    Attributes:
        now: its clock, UTC. A post is there from its date on.
        posts: of all lists, in any order.
        requests: every one that came, in the order of coming.
    """

    def __init__(self, posts: Sequence[ListPost], now: datetime) -> None:
        self.now = now
        self.posts = list(posts)
        self.requests: list[ListRequest] = []
        self._faults: list[tuple[Fault, int | None]] = []
        self._lock = threading.Lock()

    def misbehave(self, fault: Fault, times: int | None) -> None:
        """After the faults that were there before."""
        with self._lock:
            self._faults.append((fault, times))

    def well_behaved(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._faults.clear()

    def reply_to(self, request: ListRequest, base: str) -> Reply:
        """`base` is the address of the archive's program."""
        with self._lock:
            self.requests.append(request)
            fault = self._next_fault()
        reply = self._good_reply(request, base)
        return fault.on_reply(reply) if fault else reply

    def _next_fault(self) -> Fault | None:
        if not self._faults:
            return None
        fault, times = self._faults.pop(0)
        if times is None or times > 1:
            self._faults.insert(0, (fault, None if times is None else times - 1))
        return fault

    def _good_reply(self, request: ListRequest, base: str) -> Reply:
        parts = urlsplit(request.target)
        asked = {key.upper(): values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        name = asked.get("L", "")
        posts = [post for post in self.posts if post.list_name == name]
        if parts.path != PROGRAM or "RSS" not in asked or not posts:
            return Reply(_NO_LIST, content_type="text/html; charset=utf-8")
        seen = sorted((post for post in posts if post.at <= self.now), key=lambda post: post.at, reverse=True)
        if asked.get("LIMIT", "").isdigit():
            seen = seen[: int(asked["LIMIT"])]
        is_atom = asked.get("V", "").upper().startswith("ATOM")
        feed = Reply((atom_of if is_atom else rss_of)(name, seen, base), content_type=ATOM if is_atom else RSS)
        return _conditional(feed, request, seen)


def _conditional(feed: Reply, request: ListRequest, posts: Sequence[ListPost]) -> Reply:
    """The feed with its validators, or 304 where the client has it."""
    etag = f'"{hashlib.sha256(feed.body).hexdigest()[:16]}"'
    validators = [("ETag", etag)]
    if posts:
        validators.append(("Last-Modified", format_datetime(posts[0].at, usegmt=True)))
    known = request.headers.get("if-none-match")
    since = request.headers.get("if-modified-since")
    is_known = known == etag if known is not None else since is not None and ("Last-Modified", since) in validators
    if is_known:
        return Reply(b"", 304, feed.content_type, tuple(validators))
    return Reply(feed.body, 200, feed.content_type, tuple(validators))
