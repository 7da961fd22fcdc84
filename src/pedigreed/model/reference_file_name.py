"""The names of CRDS's files and contexts.

Source: the names in the real rules of 2012 to 2019 and of 2024, ``jwst_<instrument>_<type>_<number>.<ext>``.
Instruments' rules name no type: ``jwst_miri_0159.imap``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pedigreed.model.instrument import Instrument

_KNOWN = frozenset(Instrument)
_INSTRUMENTS = "|".join(Instrument)
_REFERENCE = re.compile(
    rf"jwst_({_INSTRUMENTS}|all|system)_(?:([a-z0-9]{{1,40}}|pars-[a-z0-9]{{1,60}})_)?[0-9]{{4,6}}\.(fits|asdf|json|rmap|imap)",
    re.ASCII,
)
_CONTEXT = re.compile(r"jwst_([0-9]{4,6})(?:\.pmap)?", re.ASCII)


class FileName(NamedTuple):
    """A reference or rules file.

    `instrument` is None for a file of all of them or of CRDS itself, `reference_type` for an instrument's rules.
    """

    instrument: Instrument | None
    reference_type: str | None
    is_rules: bool


def file_name(name: str) -> FileName | None:
    """What a file's name says, in lower case. None for every other text."""
    form = _REFERENCE.fullmatch(name)
    if form is None or (form[2] is None) is not (form[3] == "imap"):
        return None
    instrument = Instrument(form[1]) if form[1] in _KNOWN else None
    return FileName(instrument, form[2], form[3] in {"rmap", "imap"})


def context_of(name: str) -> str | None:
    """A context without its ending, ``jwst_1535``, or None for every other text."""
    form = _CONTEXT.fullmatch(name)
    return f"jwst_{form[1]}" if form else None
