"""What a mail server's answers mean for a message."""

from __future__ import annotations

import re

from aiosmtplib import SMTPResponseException

from pedigreed.model.delivery import Outcome, Refused, Retry, Scope, Sent, Unsure

_PERMANENT = 5
_REFUSALS = frozenset({4, 5})
_GOING_DOWN = 421
_OVER_LIMIT = 552
_LONGEST_SIZE = 21

_LOGIN_WANTED = frozenset({530, 534, 535, 538})
"""The server serves nobody like this: the login is at fault, not the message (RFC 4954, 6)."""

_TOO_LARGE = re.compile(r"5\.(?:3\.4|2\.3)\b")
"""Enhanced codes of a message that is too large (RFC 3463, 3.3 and 3.4)."""


def is_permanent(code: int) -> bool:
    """Whether an answer's code says that trying again will not help (RFC 5321, 4.2.1)."""
    return code // 100 == _PERMANENT


def is_refusal(code: int) -> bool:
    """Whether an answer is a plain no, after which a session goes on (RFC 5321, 4.2.1 and 4.3.2)."""
    return code // 100 in _REFUSALS and not is_going_down(code)


def is_going_down(code: int) -> bool:
    """Whether the server ends the session, whatever it was told (RFC 5321, 3.8)."""
    return code == _GOING_DOWN


def in_words(error: Exception) -> str:
    """What went wrong in a session; of an answer, its code and text."""
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {error.message}"
    return str(error) or type(error).__name__


def before_handover(command: str, code: int, text: str) -> Retry | Refused:
    """What an answer other than the wished one means while the server has no message yet.

    All messages of a channel have one sender. A server that refuses it for good refuses the channel.
    One that is going down (RFC 5321, 4.3.2) takes no message, whichever command it says so at.
    """
    reason = f"{command} was answered with {code} {text}"
    if not is_permanent(code):
        return Retry(reason, scope=Scope.CHANNEL_BUSY if is_going_down(code) else Scope.MESSAGE)
    of_sender = command == "MAIL" and not is_about_size(code, text)
    if of_sender or code in _LOGIN_WANTED:
        return Retry(reason, scope=Scope.CHANNEL_BROKEN)
    return Refused(reason, of_form=is_about_size(code, text, command))


def is_about_size(code: int, text: str, command: str = "") -> bool:
    """Whether the answer is that the message is too large (RFC 1870, 6).

    The plain code at RCPT is that of a full mailbox too, which holds no lighter message either.
    """
    is_plain = code == _OVER_LIMIT and command != "RCPT"
    return is_plain or (is_permanent(code) and _TOO_LARGE.match(text) is not None)


def larger_than_taken(size: int, announced: str) -> Refused | None:
    """The refusal of a message that the server has said it would not take; None for one that it may take.

    Args:
        size: of the message, in bytes.
        announced: what follows SIZE in the server's greeting: its limit, where 0 or nothing stands for none
            (RFC 1870, 3).
    """
    limit = int(announced) if announced.isascii() and announced.isdigit() and len(announced) < _LONGEST_SIZE else 0
    if not limit or size <= limit:
        return None
    return Refused(f"the message has {size:,} bytes, and the server takes at most {limit:,}", of_form=True)


def after_handover(code: int, text: str) -> Outcome:
    """What the answer to the whole message means."""
    reason = f"the message was answered with {code} {text}"
    match code // 100:
        case 2:
            return Sent(receipt=f"{code} {text}")
        case 4:
            return Retry(reason)
        case 5:
            return Refused(reason, of_form=is_about_size(code, text))
        case _:
            return Unsure(reason)
