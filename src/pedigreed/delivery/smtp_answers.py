"""What a mail server's answers mean: for this message, for its recipient, or for the whole channel.

Servers say what they hold against the sender, the login or the client at whatever step they like: Postfix at RCPT
unless it is told otherwise, Exchange Online and Gmail after the message. So a permanent answer is judged by its
enhanced code (RFC 3463) and its words, and not by its step.
"""

from __future__ import annotations

import re

from aiosmtplib import SMTPResponseException

from pedigreed.model.delivery import Outcome, Refused, Retry, Scope, Sent, Unsure

_PERMANENT = 5
_REFUSALS = frozenset({4, 5})
_GOING_DOWN = 421
_OVER_LIMIT = 552
_LONGEST_SIZE = 21

_OF_CHANNEL_BY_CODE = frozenset({500, 502, 503, 521, 530, 534, 535, 538})
"""The server serves nobody like this: the conversation, the client or the login is at fault (RFC 5321, 4.2.3;
RFC 4954, 6; RFC 7504)."""

_OF_RECIPIENT_BY_CODE = frozenset({551, 556})
"""The user is elsewhere, or the domain takes no mail (RFC 5321, 4.2.3; RFC 7504)."""

_ENHANCED = re.compile(r"\s*#?(5\.\d{1,3}\.\d{1,3})\b", re.ASCII)
_NEXT_LINE = re.compile(r"\s*\n\s*(?:#?5\.\d{1,3}\.\d{1,3}\s+)?", re.ASCII)
_ADDRESS = re.compile(r"\S+@\S+")
_SUBJECT_AND_DETAIL = re.compile(r"5\.(\d+)\.(\d+)", re.ASCII)

_TOO_LARGE = frozenset({"5.3.4", "5.2.3"})
"""Enhanced codes of a message that is too large (RFC 3463, 3.3 and 3.4)."""

_OF_CHOOSY_RECIPIENT = frozenset(
    {
        *("5.7.2", "5.7.17", "5.7.18", "5.7.19"),
        *("5.7.124", "5.7.129", "5.7.133", "5.7.134", "5.7.135", "5.7.136", "5.7.504", "5.7.505"),
    }
)
"""A list or a group that takes mail from some senders only, which it names, and a mailbox that changed hands
(RFC 7293)."""

_OF_RECIPIENT = frozenset(
    {
        *("5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.1.351"),
        *("5.2.1", "5.2.2", "5.2.4"),
        *("5.4.4", "5.4.310"),  # no way to the recipient's domain
    }
)
_OF_CHANNEL = frozenset({"5.1.7", "5.1.8", "5.1.9", "5.1.90", "5.3.2", "5.4.5"})
"""The sender's address (RFC 3463, 3.2; RFC 7505), and quotas of Exchange Online and Gmail."""

_SEND_AS_DENIED = re.compile(r"5\.2\.25\d", re.ASCII)
_VAGUE_SECURITY = frozenset({"5.7.0", "5.7.1"})
"""Said of all that a policy forbids: the words say of what. Any other 5.7 is the sender's or the client's."""


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_NAMES_CHANNEL = _words(
    r"sender (?:address )?(?:rejected|denied|refused|blocked|verif|unknown|not )",
    r"(?:helo|ehlo)\b",
    r"client (?:host|was|not|does not|must|network|\[)",
    r"send ?as ?denied|send as (?:this|that) sender|sendasdenied",
    r"submission ?quota",
    r"from sending|sending (?:is |has been )?(?:paused|suspended|disabled)",
    r"sender identity|(?:\bfrom|sending) address|(?:identity|email address) is not verified",
    r"dns .{1,30}resource record",
)
"""What no server says of a recipient, whatever code stands before it."""

_OF_MAILBOX = _words(
    r"mailbox (?:is |has )?(?:been )?(?:full|exceed|over|disabled|inactive|suspended|closed)",
    r"mailbox (?:is )?(?:unavailable|not found)",
    r"mailbox (?:quota|does ?n[o']t)|\bstorage\b|resolver\.(?:rst|adr)",
    r"(?<!your )(?<!sender )(?<!sending )account (?:is |has been )?(?:disabled|inactive|suspended|closed)",
    r"(?:user|recipient|mailbox|account)(?: is)? over ?quota",
    r"(?:user|recipient) unknown|unknown (?:user|recipient|mailbox)",
    r"no such (?:user|recipient|mailbox|person|address)",
    r"no mailbox|user (?:not found|does ?n[o']t exist)|does ?n[o']t exist|unrout(?:e)?able address",
    r"invalid (?:recipient|mailbox)|not a valid (?:recipient|mailbox|user)|recipient not found",
    r"(?<!ip )address (?:is )?(?:black ?listed|on the suppression list)",
    r"(?:recipient|address)(?:'s)? (?:is )?(?:unknown|not found|invalid)",
)
_SOUNDS_LIKE_CHANNEL = _words(
    r"authenticat|authoriz|authoris|\bauth\b|log ?in\b|credential|password|starttls|encrypt",
    r"not (?:owned|allowed|permitted) (?:by|to|as)|permissions? to send|(?:envelope|return).?(?:sender|path)",
    r"\b(?:spf|dkim|dmarc|ptr|rdns)\b|reverse dns|reverse hostname|unauthenticated",
    r"black ?list|block ?list|denylist|\b(?:rbl|dnsbl)\b|blocked using|spamhaus|barracuda|spamcop|reputation",
    r"\bip\b|ip address|your (?:host|server|network|domain)|banned sending",
    r"quota|(?:sending|send|rate|daily|hourly|message|user|submission|account|tenant) limit|limit exceeded",
    r"limits? (?:has been |was |is )?(?:exceeded|reached)|too many|rate.?limit|throttl",
    r"unusual (?:rate|sending|activity)",
    r"exceeded (?:the|your|its|maximum|max|sending|daily|hourly|rate)",
    r"no permission|your access|(?:your |sender |sending )account|suspended",
    r"pipelining|bad sequence|greeting|\bsender\b",
)
_OF_RECIPIENT_WORDS = _words(
    r"recipient (?:address )?rejected|address rejected|recipient|mailbox|undeliverable|\buser\b"
)
_OF_CONTENT = _words(
    r"spam|virus|malware|phish|content|attachment|dangerous|executable|suspicious|infected|\burl\b|banned file",
    r"message (?:headers?|body|contains)|\bheaders?\b|unsolicited",
)
_SAYS_WHO = _words(
    r"\bip\b|block ?list|black ?list|client|spamhaus|reputation|unauthenticated|unusual rate",
    r"\b(?:spf|dkim|dmarc)\b",
)
"""Where a client is taken for a sender of spam."""

_OF_RELAY = _words(r"\brelay(?:ing|ed)?(?![\w.-]| recipient table)|to \(or from\)")
"""Said of one recipient's domain or, where a login is wanted, of all: it does not say of which."""

_BY_WORDS = (
    (_OF_MAILBOX, False),
    (_OF_RELAY, None),
    (_SAYS_WHO, True),
    (_OF_CONTENT, False),
    (_SOUNDS_LIKE_CHANNEL, True),
    (_OF_RECIPIENT_WORDS, False),
)
"""Whether an answer is about the channel, by the first of these that it has."""

_OF_SIZE = _words(r"(?:message|mail|size).{0,40}(?:too (?:large|big)|exceeds)|too (?:large|big)")


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
    if command == "MAIL" and not is_about_size(code, text):
        return Retry(reason, scope=Scope.CHANNEL_BROKEN)
    return _permanent(reason, code, text, command)


def after_handover(code: int, text: str) -> Outcome:
    """What the answer to the whole message means."""
    reason = f"the message was answered with {code} {text}"
    match code // 100:
        case 2:
            return Sent(receipt=f"{code} {text}")
        case 4:
            return Retry(reason)
        case 5:
            return _permanent(reason, code, text)
        case _:
            return Unsure(reason)


def _permanent(reason: str, code: int, text: str, command: str = "") -> Retry | Refused:
    """Give up only what concerns the recipient, the size or the content; what is the channel's holds it."""
    if is_about_size(code, text, command):
        return Refused(reason, of_form=True)
    match _is_of_channel(code, _in_one_line(text)):
        case True:
            return Retry(reason, scope=Scope.CHANNEL_BROKEN)
        case False:
            return Refused(reason)
        case None:
            return Refused(reason, is_certain=False)


def is_about_size(code: int, text: str, command: str = "") -> bool:
    """Whether the answer is that the message is too large (RFC 1870, 6).

    The plain code at RCPT is that of a full mailbox too, which holds no lighter message either.
    """
    if not is_permanent(code):
        return False
    if enhanced := _enhanced(text):
        vague = _SUBJECT_AND_DETAIL.fullmatch(enhanced)
        return enhanced in _TOO_LARGE or (vague is not None and vague[2] == "0" and bool(_OF_SIZE.search(text)))
    return (code == _OVER_LIMIT and command != "RCPT" and not _OF_MAILBOX.search(text)) or bool(
        command != "RCPT" and _OF_SIZE.search(text)
    )


def _is_of_channel(code: int, text: str) -> bool | None:
    """Whether a permanent answer is about the sender, the login, the client or a quota of theirs.

    False where it is about the recipient or the content. None where it does not say.
    """
    enhanced = _enhanced(text)
    if enhanced in _OF_CHOOSY_RECIPIENT:
        return False
    if code in _OF_CHANNEL_BY_CODE or _NAMES_CHANNEL.search(text):
        return True
    if code in _OF_RECIPIENT_BY_CODE:
        return False
    by_code = _by_enhanced(enhanced)
    if by_code is not None:
        return by_code
    return next((is_of_channel for words, is_of_channel in _BY_WORDS if words.search(text)), None)


def _in_one_line(text: str) -> str:
    """An answer without addresses, and with its enhanced code once: each of its lines begins with it."""
    return _ADDRESS.sub("", _NEXT_LINE.sub(" ", text))


def _enhanced(text: str) -> str:
    """The enhanced code that an answer begins with; empty where there is none."""
    found = _ENHANCED.match(text)
    return found[1] if found else ""


def _by_enhanced(code: str) -> bool | None:
    """As `_is_of_channel`, by the enhanced code alone."""
    if code in _OF_RECIPIENT:
        return False
    if code in _OF_CHANNEL or _SEND_AS_DENIED.fullmatch(code):
        return True
    found = _SUBJECT_AND_DETAIL.fullmatch(code)
    match found and found[1]:
        case "5":  # of the conversation
            return True
        case "6":  # of the content
            return False
        case "7" if code not in _VAGUE_SECURITY:
            return True
        case _:
            return None


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
