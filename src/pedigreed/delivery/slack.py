"""Slack by an incoming webhook, which posts to one Slack channel, and what is posted there.

Its answers are one word of plain text with a status. There is no identifier, so a repeat can't be told from
the first. Chats that take the same messages may answer in JSON.
"""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.delivery.posting import SECONDS, Pace, PostingChannel, not_taken
from pedigreed.model.delivery import Outcome, Refused, Retry, Scope, Sent, Unsure
from pedigreed.model.printable import short_line

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from pedigreed.delivery.posting import Posted
    from pedigreed.model.delivery import Message
    from pedigreed.model.digest import RenderedDigest

ONE_A_SECOND = timedelta(seconds=1)
"""What Slack allows a webhook."""

_TAKEN = "ok"
_SUCCESS = 2
_MEANS_TAKEN = (
    ("ok", (True,)),
    ("success", (True,)),
    ("status", ("ok", "success")),
    ("result", ("ok", "success")),
)
"""What chats say in JSON that take Slack's messages, such as Rocket.Chat and Zulip."""

_OF_WEBHOOK = frozenset(
    {
        "action_prohibited",
        "channel_is_archived",
        "channel_not_found",
        "invalid_token",
        "no_active_hooks",
        "no_service",
        "no_service_id",
        "no_team",
        "posting_to_general_channel_denied",
        "team_disabled",
        "user_not_found",  # a message names no user: this is the webhook's own destination
    }
)
_OF_FORM = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_payload",
        "msg_blocks_too_long",
        "msg_too_long",
        "too_many_attachments",
    }
)
"""The text alone may be taken."""
_NO_TEXT = "no_text"

_LONGEST_HEADER = 150
_LONGEST_BLOCK = 2900
"""Characters of a block, without the fence around a text: Slack takes 3,000."""

_MOST_BLOCKS = 3
"""Of text: Slack takes no more than some 13,000 characters in all."""

_FENCE = "```"

_LONGEST_TEXT = 3000
_LONGEST_REASON = 200
_CUT_ENTITY = re.compile(r"&[a-z#0-9]{0,5}$")


class SlackChannel(PostingChannel):
    """Posts messages to one webhook, a second apart."""

    def __init__(
        self,
        webhook: Callable[[], str],
        *,
        pace: Pace | None = None,
        within: float = SECONDS,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        """Describe the webhook. `webhook` gives its address; for the rest see `PostingChannel`."""
        super().__init__(webhook, pace=pace or Pace(ONE_A_SECOND), within=within, tls_context=tls_context)

    def _headers(self, message: Message) -> Mapping[str, str]:
        del message
        return {"Content-Type": "application/json; charset=utf-8"}

    def _outcome(self, answer: Posted) -> Outcome:
        """Slack's word counts more than the status."""
        word = answer.text or ""
        reason = f"Slack answered {answer.in_words}"
        if word == _NO_TEXT or word in _OF_FORM:
            return Refused(reason, of_form=word in _OF_FORM)
        if word in _OF_WEBHOOK:
            return Retry(reason, scope=Scope.CHANNEL_BROKEN)
        if answer.status // 100 != _SUCCESS:
            return not_taken(answer, reason)
        if _is_taken(word):
            return Sent(word)
        # What broke off may have been its `ok`. Anything else would be said again, and the message shown again.
        return Unsure(f"{reason}, which is not its {_TAKEN!r}", may_be_repeated=answer.is_cut)


def _is_taken(text: str) -> bool:
    if text.lower() == _TAKEN:
        return True
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and any(said.get(key) in values for key, values in _MEANS_TAKEN if key in said)


def slack_payload(rendered: RenderedDigest) -> bytes:
    """A subject and a text, such as a trial's or a word to the operator.

    The subject is the header. The text stays in its columns, and is cut where Slack would refuse it.
    """
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


def without_blocks(content: bytes, reason: str) -> bytes | None:
    """What is posted where Slack refuses the form of a message: its text alone, which says that more was there.

    None for what has no blocks, such as a document for other programs.
    """
    payload = json.loads(content)
    if not payload.get("blocks") or not isinstance(payload.get("text"), str):
        return None
    why = html.escape(short_line(reason, _LONGEST_REASON), quote=False)
    note = "The details were left out, because Slack would not take the whole message."
    note += f"\nThe reason it gave: {why}" if why else ""
    room = _LONGEST_TEXT - len(note) - 1
    text = payload["text"]
    if len(text) > room:
        text = _CUT_ENTITY.sub("", text[: room - 3]) + "..."
    return json.dumps({"text": f"{text}\n{note}"}).encode("ascii")


def _fenced(escaped: str) -> dict[str, object]:
    return {"type": "mrkdwn", "text": f"{_FENCE}\n{escaped.rstrip()}\n{_FENCE}", "verbatim": True}


def _plain(text: str, limit: int) -> str:
    """Escaped, and at most so long; an escaped character stays whole."""
    return next(iter(_pieces(text, limit)), "")


def _pieces(text: str, limit: int = _LONGEST_BLOCK) -> list[str]:
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
