"""Which mails pedigreed itself has sent, here or elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pedigreed.sources.mailbox.mail import ReadMail

_LIST_NAME = re.compile(r"[a-z0-9-]+\.pedigreed\.\S+", re.IGNORECASE)
"""The List-Id of a digest: see `delivery.mail`."""


def is_digest(mail: ReadMail) -> bool:
    """Whether it is a digest, as far as its List-Id tells.

    A digest names contexts and files as CRDS's lists do, and carries a list in the form of MAST's events. If it
    comes to the mailbox that is read, it must not be told again.
    """
    return _LIST_NAME.fullmatch(mail.list_name) is not None
