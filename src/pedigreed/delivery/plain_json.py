"""What is only a subject and a text, as JSON: a trial, or a word to the operator."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pedigreed.model.digest import RenderedDigest

_LONGEST_HEADER = 150
_LONGEST_TEXT = 2900
"""Characters of a block, without the fence around a text: Slack takes 3,000."""

_MOST_BLOCKS = 3
"""Of text: Slack takes no more than some 13,000 characters in all."""

_FENCE = "```"


def slack_payload(rendered: RenderedDigest) -> bytes:
    """The subject as the header and the text as it is, in columns, cut where Slack would refuse it."""
    pieces = _pieces(rendered.text.replace(_FENCE, "'''").rstrip())
    kept = pieces[:_MOST_BLOCKS]
    if len(pieces) > len(kept):
        kept[-1] += "..."
    header = _plain(rendered.subject, _LONGEST_HEADER) or "pedigreed"
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": header, "emoji": False}},
        *({"type": "section", "text": _fenced(piece)} for piece in kept),
    ]
    return json.dumps({"text": header, "blocks": blocks}).encode("ascii")


def webhook_document(rendered: RenderedDigest) -> bytes:
    """The keys of a digest's document that there are without a digest."""
    return json.dumps(
        {
            "version": 1,
            "digest_id": rendered.digest_id,
            "subscription": rendered.subscription,
            "subject": rendered.subject,
            "text": rendered.text,
        }
    ).encode("ascii")


def _fenced(escaped: str) -> dict[str, object]:
    return {"type": "mrkdwn", "text": f"{_FENCE}\n{escaped.rstrip()}\n{_FENCE}", "verbatim": True}


def _plain(text: str, limit: int) -> str:
    """Escaped, and at most so long; an escaped character stays whole."""
    return next(iter(_pieces(text, limit)), "")


def _pieces(text: str, limit: int = _LONGEST_TEXT) -> list[str]:
    """The text, escaped, in pieces that are at most so long. They end with a line where one ends in time."""
    pieces = [""]
    for line in text.splitlines(keepends=True):
        for character in _words(line, limit):
            if len(pieces[-1]) + len(character) > limit:
                pieces.append("")
            pieces[-1] += character
    return [piece for piece in pieces if piece.strip()]


def _words(line: str, limit: int) -> list[str]:
    """A line as one, or its characters where it is too long."""
    escaped = html.escape(line, quote=False)
    return [escaped] if len(escaped) <= limit else [html.escape(character, quote=False) for character in line]
