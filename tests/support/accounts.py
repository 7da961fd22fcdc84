"""Who has a mailbox, and who may send."""

from __future__ import annotations

from typing import NamedTuple

DOMAIN = "x.example"


class Account(NamedTuple):
    """A name to log in with, and its password."""

    name: str
    password: str


SENDER = Account("pedigreed", 'correct "hörse" 10%')
"""May send, and has no mailbox."""

READERS = tuple(Account(f"{name}@{DOMAIN}", f"secret of {name}") for name in ("a", "b", "ops"))
"""Have mailboxes. Nobody else of the domain has one."""
