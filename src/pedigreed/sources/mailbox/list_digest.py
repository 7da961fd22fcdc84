"""A mailing list's digest as text: the mails in it, each by itself.

Mailman and LISTSERV write them after RFC 1153: rows of hyphens part the mails, and each begins with some fields of
its header. LISTSERV's index has the fields alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

MOST_MAILS = 500
"""Of one digest."""

_ROW = re.compile(r"^-{25,}$", re.MULTILINE)
_FIELD = re.compile(r"(?P<name>[A-Za-z][A-Za-z-]{1,30}): ?(?P<value>.*)")
_FIELDS = frozenset(
    {
        *("message", "date", "from", "reply-to", "sender", "subject", "to", "cc", "message-id", "in-reply-to"),
        *("references", "content-type", "content-transfer-encoding", "mime-version", "keywords", "organization"),
    }
)
_SAYS_SO = re.compile(
    r"^(?:Today's Topics:|Topics (?:of the day|in this (?:special )?issue):?"
    r"|There (?:is|are) \d+ messages? totaling .*|Send .* mailing list submissions to)$",
    re.MULTILINE,
)
_OPENING = 4_000
_FOOTER = re.compile(r"(?:subject: digest footer|end of .* digest)", re.IGNORECASE)
_INDEX_TITLE = re.compile(r"^Index +Date +Size +Poster and subject$", re.MULTILINE | re.IGNORECASE)
_INDEX_ITEM = re.compile(r"^(?:\S+ +)*?From: (?P<author>.*)\n(?:.*\n)?Subject: (?P<subject>.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ListedMail:
    """A mail of a digest. What it does not say is empty.

    Attributes:
        author, date, subject, message_id: the fields of its header as they stand there.
        text: below them.
    """

    author: str
    date: str
    subject: str
    message_id: str
    text: str


def mails_in(text: str) -> tuple[ListedMail, ...]:
    """The mails of a digest, in its order; none where the text is no digest. `text` is plain: see `plain_text`."""
    if _INDEX_TITLE.search(text[:_OPENING]):
        return tuple(
            ListedMail(item["author"], "", item["subject"], "", "") for item in _INDEX_ITEM.finditer(text)
        )[:MOST_MAILS]
    if not _SAYS_SO.search(text[:_OPENING]):
        return ()
    found: list[ListedMail] = []
    _, *blocks = _ROW.split(text, MOST_MAILS)
    for block in blocks:
        if _FOOTER.match(block.strip()):
            continue
        if mail := _mail(block.strip("\n")):
            found.append(mail)
        elif found:
            # Somebody's own row of hyphens.
            found[-1] = replace(found[-1], text=f"{found[-1].text}\n{block.strip()}".strip("\n"))
    return tuple(found)


def _mail(block: str) -> ListedMail | None:
    """The mail that a block is; None where it does not begin with the header of one."""
    header, _, text = block.partition("\n\n")
    fields: dict[str, str] = {}
    last = ""
    for line in header.split("\n"):
        field = _FIELD.fullmatch(line)
        if field and field["name"].lower() in _FIELDS:
            last = field["name"].lower()
            fields.setdefault(last, field["value"].strip())
        elif last:
            fields[last] = f"{fields[last]} {line}"
        else:
            return None
    if not fields.keys() >= {"from", "subject"}:
        return None
    identity = fields.get("message-id", "").strip("<> ")
    return ListedMail(fields["from"], fields.get("date", ""), fields["subject"], identity, text.strip("\n"))
