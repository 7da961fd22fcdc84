"""How far a folder on an IMAP server was read, and which of its mails the server could not hand out."""

from __future__ import annotations

from pedigreed.sources.mailbox.gathering import Place

MOST_AGAIN = 100
"""Mails that could not be had. Where there are more, no other is asked for: none is ever passed over."""


class ImapPlace(Place, frozen=True):
    """How far a folder was read.

    Attributes:
        mailbox: which server and folder, so that another one is read anew.
        validity: the folder's UIDVALIDITY.
        uid: all mails up to this one were asked for.
        again: those that could not be had, by UID, and how often they were asked for.
    """

    mailbox: str
    validity: str
    uid: int
    again: dict[int, int]


class Progress:
    """What becomes of one mail after the other in a reading."""

    def __init__(self, mailbox: str, validity: str, known: ImapPlace | None) -> None:
        self._mailbox = mailbox
        self.validity = validity
        self.uid = known.uid if known else 0
        self.again = dict(known.again) if known else {}
        self.trying: int | None = None
        self._tried: set[int] = set()
        self._uid_before_it = self.uid
        self._before: tuple[int, dict[int, int]] = (self.uid, dict(self.again))
        """As it was when a mail was had the last time."""

    @property
    def has_begun(self) -> bool:
        """Whether any mail was asked for."""
        return bool(self._tried)

    @property
    def is_full(self) -> bool:
        """Whether so many mails could not be had that no other is asked for."""
        return len(self.again) >= MOST_AGAIN

    def left_of(self, new: list[int]) -> list[int]:
        """Which mails to ask for now: new ones first, then those that could not be had."""
        waiting = sorted(self.again)
        return [uid for uid in (waiting if self.is_full else [*sorted(new), *waiting]) if uid not in self._tried]

    def begin(self, uid: int) -> None:
        """A mail is asked for: from here on the bookmark is behind it."""
        self.trying = uid
        self._tried.add(uid)
        self._uid_before_it = self.uid
        self.uid = max(self.uid, uid)

    def done(self) -> None:
        """It was had, or has gone."""
        if self.trying is not None:
            self.again.pop(self.trying, None)
        self.trying = None
        self._before = (self.uid, dict(self.again))

    def leave(self) -> None:
        """There was no time for it: it is as if it had not been asked for."""
        if self.trying is not None:
            self.uid, self.trying = self._uid_before_it, None

    def failed(self) -> None:
        """It could not be had, and is asked for at the next reading."""
        if self.trying is not None:
            self.again[self.trying] = self.again.get(self.trying, 0) + 1
        self.trying = None

    def go_back(self) -> None:
        """The server hands out nothing: all that it was asked for in vain is as if it had not been asked for."""
        self.uid, again = self._before
        self.again = dict(again)

    def place(self) -> ImapPlace:
        """How far the folder is read."""
        return ImapPlace(self._mailbox, self.validity, self.uid, self.again)
