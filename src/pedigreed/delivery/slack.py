"""Slack by an incoming webhook, which posts to one Slack channel.

Its answers are one word of plain text with a status. There is no identifier, so a repeat can't be told from
the first.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.delivery.pace import Pace
from pedigreed.delivery.posting import SECONDS, PostingChannel, not_taken
from pedigreed.model.delivery import Outcome, Refused, Retry, Scope, Sent, Unsure

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from pedigreed.delivery.post import Answer
    from pedigreed.model.delivery import Message

ONE_A_SECOND = timedelta(seconds=1)
"""What Slack allows a webhook."""

_TAKEN = "ok"
_SUCCESS = 200

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

    def _outcome(self, answer: Answer) -> Outcome:
        """Slack's word counts more than the status."""
        word = answer.text or ""
        reason = f"Slack answered {answer.in_words}"
        if word == _NO_TEXT or word in _OF_FORM:
            return Refused(reason, of_form=word in _OF_FORM)
        if word in _OF_WEBHOOK:
            return Retry(reason, scope=Scope.CHANNEL_BROKEN)
        if answer.status // 100 != _SUCCESS // 100:
            return not_taken(answer, reason)
        if answer.status == _SUCCESS and word == _TAKEN:
            return Sent(word)
        return Unsure(f"{reason}, which is not its {_TAKEN!r}")
