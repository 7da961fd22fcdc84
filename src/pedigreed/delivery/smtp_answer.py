"""What a mail server's answers mean for a message."""

from __future__ import annotations

import base64

from pedigreed.model.outcome import Outcome, Refused, Retry, Sent, Unsure

_PERMANENT = 5

_LOGIN_WANTED = frozenset({530, 534, 535, 538})
"""The server serves nobody like this: the login is at fault, not the message (RFC 4954, 6)."""


def before_handover(command: str, code: int, text: str) -> Retry | Refused:
    """What an answer other than the wished one means while the server has no message yet."""
    reason = f"{command} was answered with {code} {text}"
    if code // 100 == _PERMANENT and code not in _LOGIN_WANTED:
        return Refused(reason)
    return Retry(reason)


def after_handover(code: int, text: str) -> Outcome:
    """What the answer to the whole message means."""
    reason = f"the message was answered with {code} {text}"
    match code // 100:
        case 2:
            return Sent(receipt=f"{code} {text}")
        case 4:
            return Retry(reason)
        case 5:
            return Refused(reason)
        case _:
            return Unsure(reason)


def without_password(text: str, username: str, password: str) -> str:
    """The text with the password struck out, in the forms that a login says it in (RFC 4616, AUTH LOGIN)."""
    if not password:
        return text
    forms = (f"\0{username}\0{password}".encode(), password.encode())
    for said in (*(base64.b64encode(form).decode("ascii") for form in forms), password):
        text = text.replace(said, "***")
    return text
