"""Which mails are about JWST's reference files. Whatever else is in a mailbox is nobody else's to read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pedigreed.model.instrument import Instrument

if TYPE_CHECKING:
    from pedigreed.sources.mailbox.mail import ReadMail

_INSTRUMENTS = "|".join(Instrument)
_NAMED = re.compile(
    rf"(?<![a-z0-9])jwst_(?:\d{{4}}(?![0-9])|(?:{_INSTRUMENTS}|system|all)_(?:[a-z0-9-]+_)?\d{{4}}\.(?:fits|asdf|json|[ri]map))",
    re.IGNORECASE,
)
"""A context or its rules, or a reference file: ``jwst_1535.pmap``, ``jwst_miri_0383.imap``,
``jwst_miri_dark_0072.fits``."""

_SUBJECT_MATTER = re.compile(r"(?<![a-z])(?:crds|ref(?:erence)?[\s_-]?files?)(?![a-z])", re.IGNORECASE)
_TELESCOPE = re.compile(rf"(?<![a-z])(?:jwst|webb|{_INSTRUMENTS})(?![a-z])", re.IGNORECASE)


def is_about_crds(mail: ReadMail) -> bool:
    """Whether a mail names a context or a file of JWST's in CRDS, or speaks of CRDS or reference files for JWST.

    Its list's name, its subject and its text count.
    """
    said = f"{mail.list_name}\n{mail.subject}\n{mail.text}"
    return bool(_NAMED.search(said) or (_SUBJECT_MATTER.search(said) and _TELESCOPE.search(said)))
