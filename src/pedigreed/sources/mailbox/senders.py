"""Whether a mail is of whom it says, by the configuration and by the mail server that took it in (RFC 8601).

Anyone can write any From, and any Authentication-Results below those of the own server. So only the topmost of
these fields counts, and only where it is the own server's: where it has the name that the configuration gives, or,
without one, where it stands above every Received. What stands there was put there after the last server took the
mail in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import getaddresses
from typing import TYPE_CHECKING

from pedigreed.model.notice import Sender
from pedigreed.sources.mailbox.mail_header import LONGEST_FIELD

if TYPE_CHECKING:
    from email.message import Message

_RESULTS = "authentication-results"
_INNERMOST_COMMENT = re.compile(r"\([^()]*\)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ESCAPED = re.compile(r"\\.")
_MOST_NESTED = 20
_RESULT = re.compile(r"([a-z0-9-]+)(?:/\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"\b(smtp\.mailfrom|header\.d|header\.i)\s*=\s*(\S+)", re.IGNORECASE)
_ALIGNED_BY = {"dkim": {"header.d", "header.i"}, "spf": {"smtp.mailfrom"}}
_FAILED = frozenset({"fail", "softfail"})


@dataclass(frozen=True, slots=True)
class Authentication:
    """What a mail says of its sender.

    Attributes:
        author: the one address of its From, lower case; empty where it has none, or several.
        server: who wrote the topmost Authentication-Results, lower case; empty where there is none.
        is_outermost: whether that stands above every Received, of which there is one.
        passed: the methods by which the author was found to be the sender: dkim, spf, dmarc.
        is_signed: whether any signature was good.
        has_failed: whether the server found that the sender is not who he says he is.
    """

    author: str = ""
    server: str = ""
    is_outermost: bool = False
    passed: frozenset[str] = frozenset()
    is_signed: bool = False
    has_failed: bool = False


@dataclass(frozen=True, slots=True)
class Senders:
    """Whose mails are believed, as far as a mail can be.

    Attributes:
        known: addresses and domains, lower case; empty for anybody's.
        server: the name that the own server writes into Authentication-Results; None to know it by its place.
    """

    known: tuple[str, ...] = ()
    server: str | None = None

    def judge(self, mail: Authentication) -> Sender | None:
        """Whether the sender is verified, or could not be; None where nothing is known of it."""
        is_of_server = mail.is_outermost if self.server is None else mail.server == self.server.lower()
        if self.known and not any(_is_of(mail.author, known) for known in self.known):
            return Sender.UNVERIFIED
        if is_of_server and mail.has_failed and not mail.is_signed:
            return Sender.UNVERIFIED
        return Sender.VERIFIED if self.known and is_of_server and mail.passed else None


def authentication_of(mail: Message) -> Authentication:
    """Read the fields of a mail's header. Raises nothing."""
    fields = [(name.lower(), str(value)) for name, value in mail.raw_items()]
    names = [name for name, _ in fields]
    author = _author(mail)
    if _RESULTS not in names:
        return Authentication(author)
    place = names.index(_RESULTS)
    server, *results = _bare(fields[place][1][:LONGEST_FIELD]).split(";")
    said: dict[str, set[str]] = {}
    passed = set()
    for result in results:
        if not (found := _RESULT.match(result.strip())):
            continue
        method, value = found[1].lower(), found[2].lower()
        said.setdefault(method, set()).add(value)
        if value == "pass" and (method == "dmarc" or _is_aligned(method, result, author)):
            passed.add(method)
    return Authentication(
        author,
        server=(server.split() or [""])[0].lower(),
        is_outermost="received" in names and place < names.index("received"),
        passed=frozenset(passed & {"dkim", "spf", "dmarc"}),
        is_signed="pass" in said.get("dkim", ()),
        has_failed="fail" in said.get("dmarc", ()) or bool(_FAILED & said.get("spf", set())),
    )


def _author(mail: Message) -> str:
    fields = [str(value)[:LONGEST_FIELD] for name, value in mail.raw_items() if name.lower() == "from"]
    try:
        addresses = [address for _, address in getaddresses(fields)]
    except (ValueError, TypeError, IndexError):
        return ""
    return addresses[0].lower() if len(fields) == len(addresses) == 1 and addresses[0].count("@") == 1 else ""


def _bare(field: str) -> str:
    """The field without comments, and without what is in quotes: there, a semicolon or a result would count."""
    text = _QUOTED.sub('""', " ".join(field.split()))
    text = _ESCAPED.sub("", text)
    for _ in range(_MOST_NESTED):
        text, count = _INNERMOST_COMMENT.subn(" ", text)
        if not count:
            break
    return text.partition("(")[0]


def _is_aligned(method: str, result: str, author: str) -> bool:
    """Whether what passed is of the domain that the mail says that it is from."""
    domain = author.rpartition("@")[2]
    for name, value in _PROPERTY.findall(result):
        of = value.strip("<>;").lower().rpartition("@")[2].rstrip(".")
        if name.lower() in _ALIGNED_BY.get(method, ()) and "." in of and _is_within(domain, of):
            return True
    return False


def _is_of(author: str, known: str) -> bool:
    return author == known or ("@" not in known and _is_within(author.rpartition("@")[2], known))


def _is_within(domain: str, other: str) -> bool:
    return domain == other or domain.endswith(f".{other}")
