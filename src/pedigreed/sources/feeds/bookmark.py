"""What the server said a feed's state is, so that it need not send it again."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_SENDABLE = re.compile(r"[\x20-\x7e]{1,1000}")


@dataclass(frozen=True, slots=True)
class FeedBookmark:
    """The validators of the last complete answer (RFC 9110, section 8.8).

    Attributes:
        address: a digest of the address that they are of. For another address they mean nothing.
        etag, last_modified: the headers' values; None where there was none.
    """

    address: str
    etag: str | None = None
    last_modified: str | None = None

    @property
    def text(self) -> str | None:
        """As it is kept. None where the server gave no validator."""
        return msgspec.json.encode(self).decode() if self.etag or self.last_modified else None

    @property
    def conditions(self) -> dict[str, str]:
        """The request's headers."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if value}


def bookmark_of(url: str, headers: Mapping[str, str]) -> FeedBookmark:
    """What an answer's headers say. A value that can't be sent back is none."""
    return FeedBookmark(_digest(url), _sendable(headers.get("ETag")), _sendable(headers.get("Last-Modified")))


def read_bookmark(text: str | None, url: str) -> FeedBookmark:
    """The kept one. What can't be read, or is of another address, is as if there were none."""
    try:
        kept = msgspec.json.decode(text or "", type=FeedBookmark)
    except (msgspec.DecodeError, UnicodeError):
        return FeedBookmark(_digest(url))
    if kept.address != _digest(url):
        return FeedBookmark(_digest(url))
    return FeedBookmark(kept.address, _sendable(kept.etag), _sendable(kept.last_modified))


def _sendable(value: str | None) -> str | None:
    return value if value and _SENDABLE.fullmatch(value) else None


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()[:16]
