"""An address with the name that people see."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pedigreed.delivery.line import one_line
from pedigreed.model.failure import Unreadable

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]+)>", re.DOTALL)
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LONGEST = 254


@dataclass(frozen=True, slots=True)
class MailboxName:
    """One address that every mail server takes.

    Attributes:
        name: what people see; may be empty.
        local: what stands before the ``@``, ASCII.
        domain: what stands after it, ASCII: an international name in its ``xn--`` form.
    """

    name: str
    local: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> MailboxName:
        """Read ``ann@obs.example`` or ``Ann <ann@obs.example>``.

        Raises:
            Unreadable: for anything else, several addresses included.
        """
        named = _NAMED.fullmatch(text.strip())
        name = _unquoted(one_line(named["name"])) if named else ""
        address = (named["address"] if named else text).strip()
        local, _, domain = address.rpartition("@")
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            domain = ""
        readable = _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)
        if not readable or len(local) + 1 + len(domain) > _LONGEST:
            raise Unreadable(f"{one_line(text, 80)!r} is no mail address: write ann@obs.example")
        return cls(name, local, domain)

    @property
    def address(self) -> str:
        return f"{self.local}@{self.domain}"


def _unquoted(name: str) -> str:
    if len(name) > 1 and name[0] == name[-1] == '"':
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    return name
