"""Slack's blocks: what a text in them may hold, and how much of it they take."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

from pedigreed.digests.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Block = dict[str, Any]

LONGEST_HEADER = 150
LONGEST_SECTION = 3000
LONGEST_FIELD = 2000
MOST_FIELDS = 10
MOST_BLOCKS = 40
"""Slack takes 50."""

LONGEST_IN_ALL = 10_000
"""Characters of a whole payload, keys included. Slack refuses some 13,000 characters of text, and does not say so
in its documentation."""

_LOOK_ALIKE = str.maketrans({"*": "\u2217", "~": "\u223c", "`": "'"})
_EMPHASIS = re.compile(r"(?<!\w)_|_(?!\w)")
_EMOJI = re.compile(r":(?=[\w+'-]*[a-z][\w+'-]*:|100:|1234:)", re.IGNORECASE)


def safe(text: str) -> str:
    """Text from anywhere on one line of mrkdwn, shown as it is.

    The three characters of Slack's own markup are escaped. Those that would format, or make an emoji of a word,
    are written with others that look alike, since they can't be escaped.
    """
    shown = _EMOJI.sub("\u2236", _EMPHASIS.sub("\u02cd", one_line(text).translate(_LOOK_ALIKE)))
    return html.escape(shown, quote=False)


def bold(title: str) -> str:
    """A title of our own."""
    return f"*{title}*"


def code(text: str) -> str:
    """A command or a name, in the fixed font."""
    return f"`{safe(text)}`"


def header(text: str) -> Block:
    """The first line, in large letters; what is too long is cut."""
    line = one_line(text)
    while len(html.escape(line, quote=False)) > LONGEST_HEADER:
        line = line[:-4].rstrip() + "..."
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": html.escape(line, quote=False), "emoji": False},
    }


def section(lines: Iterable[str], fields: Sequence[str] = ()) -> Block:
    """Lines of mrkdwn, and fields in two columns below them."""
    block: Block = {"type": "section", "text": _mrkdwn("\n".join(lines))}
    if fields:
        block["fields"] = [_mrkdwn(field) for field in fields]
    return block


def context(lines: Iterable[str]) -> Block:
    """Lines of mrkdwn in small letters."""
    return {"type": "context", "elements": [_mrkdwn("\n".join(lines))]}


def payload_of(fallback: str, blocks: Sequence[Block]) -> Block:
    """What a webhook takes. `fallback` is the news for notifications and readers without blocks."""
    return {"text": safe(fallback), "blocks": list(blocks)}


def fits(payload: Block) -> bool:
    """Whether Slack takes it: each limit of one block, and both limits of the whole."""
    blocks: list[Block] = payload["blocks"]
    return (
        len(blocks) <= MOST_BLOCKS
        and all(map(_block_fits, blocks))
        and len(json.dumps(payload, ensure_ascii=False)) < LONGEST_IN_ALL
    )


def _block_fits(block: Block) -> bool:
    fields = [*block.get("fields", ()), *block.get("elements", ())]
    return (
        len(block.get("text", {"text": ""})["text"]) <= LONGEST_SECTION
        and len(fields) <= MOST_FIELDS
        and all(len(field["text"]) <= LONGEST_FIELD for field in fields)
    )


def _mrkdwn(text: str) -> dict[str, str | bool]:
    # Verbatim: what looks like an address or a channel is not made into a link.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
