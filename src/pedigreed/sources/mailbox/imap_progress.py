"""How far a folder on an IMAP server was read, and which of its mails the server could not hand out."""

from __future__ import annotations

from pedigreed.sources.mailbox.place import Place

MOST_TRIES = 3
"""Readings in which one mail is asked for."""

_MOST_AGAIN = 100


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

    @property
    def has_begun(self) -> bool:
        """Whether any mail was asked for."""
        return bool(self._tried)

    def left_of(self, new: list[int]) -> list[int]:
        """Which mails to ask for now: new ones first, then those that could not be had."""
        return [uid for uid in [*sorted(new), *sorted(self.again)] if uid not in self._tried]

    def begin(self, uid: int) -> None:
        """A mail is asked for: from here on the bookmark is behind it."""
        self.trying = uid
        self._tried.add(uid)
        self.uid = max(self.uid, uid)

    def done(self) -> None:
        """It was had, or has gone."""
        if self.trying is not None:
            self.again.pop(self.trying, None)
        self.trying = None

    def failed(self) -> bool:
        """It could not be had. Whether it is asked for at the next reading."""
        uid, self.trying = self.trying, None
        if uid is None:
            return False
        tries = self.again.pop(uid, 0) + 1
        if tries >= MOST_TRIES or len(self.again) >= _MOST_AGAIN:
            return False
        self.again[uid] = tries
        return True

    def place(self) -> ImapPlace:
        """How far the folder is read."""
        return ImapPlace(self._mailbox, self.validity, self.uid, self.again)
