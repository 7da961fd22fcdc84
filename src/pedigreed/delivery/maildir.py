"""A Maildir: one file a mail, which any mail reader opens."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from pedigreed.delivery.disk import DiskChannel, keep_names, make_folder, write_new_file
from pedigreed.model.delivery import Sent

if TYPE_CHECKING:
    from pedigreed.model.delivery import Message


class MaildirChannel(DiskChannel):
    """Writes messages into a Maildir, which it makes if there is none.

    A message that is in the Maildir already, read or not, is not written again.
    One that its reader moved to another folder or deleted can't be told from one that never came.
    """

    def _deliver(self, message: Message) -> Sent:
        for folder in (self._path, *(self._path / name for name in ("tmp", "new", "cur"))):
            make_folder(folder)
        name = f"{hashlib.sha256(message.message_id.encode()).hexdigest()[:32]}.pedigreed"
        if not self._holds(name):
            unfinished = self._path / "tmp" / f"{name}.{secrets.token_hex(8)}"
            try:
                write_new_file(unfinished, message.content)
                unfinished.rename(self._path / "new" / name)
            except OSError:
                unfinished.unlink(missing_ok=True)
                raise
            keep_names(self._path / "new")
        return Sent(receipt=name)

    def _holds(self, name: str) -> bool:
        """A reader moves what was seen to ``cur`` and appends a colon and its flags."""
        if (self._path / "new" / name).exists():
            return True
        return any(there.name.partition(":")[0] == name for there in (self._path / "cur").iterdir())
