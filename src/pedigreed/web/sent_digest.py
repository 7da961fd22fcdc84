"""A digest as it was sent: its page and its attachments, out of a mail that the outbox holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigreed.delivery.folder import MAIL, PAGE, TEXT, files_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "gz": "application/gzip",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that goes with a digest."""

    name: str
    content: bytes

    @property
    def media_type(self) -> str:
        """By its suffix; whatever is not made here is only bytes."""
        return _MEDIA_TYPES.get(self.name.rpartition(".")[2], "application/octet-stream")


@dataclass(frozen=True, slots=True)
class SentDigest:
    """What a mail of a digest holds, without the mail, which names its recipient.

    Attributes:
        page: HTML; None where the mail has none.
        attachments: by their names, in the mail's order.
    """

    page: str | None
    attachments: Mapping[str, SentFile]


NOTHING = SentDigest(None, {})


def sent_digest(mail: bytes | None) -> SentDigest:
    """Read it; `NOTHING` where there is no mail, as of a digest that went to a chat alone, or long ago."""
    if mail is None:
        return NOTHING
    files = dict(files_of(mail))
    page = files.pop(PAGE, None)
    attachments = {name: SentFile(name, content) for name, content in files.items() if name not in {MAIL, TEXT}}
    return SentDigest(None if page is None else page.decode("utf-8", "replace"), attachments)


_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_END = re.compile(r"</body\s*>", re.IGNORECASE)


def with_header(page: str, header: str) -> str:
    """The page with markup of ours at its top, and all that it had as the main part."""
    begin = _BODY.search(page)
    at = begin.end() if begin else 0
    ends = [end.start() for end in _END.finditer(page, at)]
    end = ends[-1] if ends else len(page)
    return f"{page[:at]}\n{header}\n<main>{page[at:end]}</main>\n{page[end:]}"
