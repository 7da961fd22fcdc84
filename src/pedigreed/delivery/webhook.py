"""Any other system by a signed POST. What it gets, and how it verifies that, stands in docs/webhook.md."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pedigreed.delivery.posting import SECONDS, Pace, PostingChannel, not_taken
from pedigreed.model.delivery import Outcome, Sent

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from pedigreed.delivery.posting import Posted
    from pedigreed.model.delivery import Message
    from pedigreed.model.digest import RenderedDigest

_SUCCESS = 2


class WebhookChannel(PostingChannel):
    """Posts messages to one address.

    The body is the same each time that a message is tried. The signature is made anew with the time, so that a
    receiver can refuse what is old.
    """

    def __init__(
        self,
        url: Callable[[], str],
        secret: Callable[[], str],
        *,
        pace: Pace | None = None,
        within: float = SECONDS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        """Describe the receiver.

        Args:
            url: gives the address.
            secret: gives the key of the signature; called for each message.
            pace: None for as fast as it takes them.
            within: seconds that one message may take.
            clock: the time that is signed with a message.
            tls_context: whom to trust; None for the system's authorities.
        """
        super().__init__(url, pace=pace or Pace(timedelta(0)), within=within, tls_context=tls_context)
        self._secret = secret
        self._clock = clock

    def _headers(self, message: Message) -> Mapping[str, str]:
        timestamp = str(int(self._clock().timestamp()))
        return {
            "Idempotency-Key": message.message_id,
            "X-Pedigreed-Timestamp": timestamp,
            "X-Pedigreed-Signature": signature_of(self._secret(), timestamp, message.content),
        }

    def _outcome(self, answer: Posted) -> Outcome:
        """The status says it all; the body is for people."""
        if answer.status // 100 == _SUCCESS:
            return Sent(answer.in_words)
        return not_taken(answer, f"the webhook answered {answer.in_words}")


def webhook_document(rendered: RenderedDigest) -> bytes:
    """A subject and a text, such as a trial's: the keys of a digest's document that there are without a digest."""
    return json.dumps(
        {
            "version": 1,
            "digest_id": rendered.digest_id,
            "subscription": rendered.subscription,
            "subject": rendered.subject,
            "text": rendered.text,
        }
    ).encode("ascii")


def signature_of(secret: str, timestamp: str, content: bytes) -> str:
    """``sha256=`` and the HMAC-SHA-256 of the time, a dot and the body, in hexadecimal digits.

    Args:
        secret: the key, in UTF-8.
        timestamp: seconds since 1970 (UTC), in decimal digits.
        content: the body, byte for byte.
    """
    signed = f"{timestamp}.".encode("ascii") + content
    return f"sha256={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"
