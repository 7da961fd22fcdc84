"""The names that CRDS gives to reference files and rules: ``jwst_miri_dark_0072.fits``."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

from pedigreed.model.instrument import Instrument

_NAME = re.compile(r"jwst[A-Za-z0-9_-]{1,90}\.[A-Za-z0-9]{1,8}", re.ASCII)
_PARTS = re.compile(r"jwst_(?P<instrument>[a-z]+)_(?P<type>[a-z0-9-]+)_\d{4,6}\.[a-z0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class FileName:
    """What a name says.

    Attributes:
        instrument: None for a file of all instruments, or of none.
        reference_type: ``dark``; None for a context and for the rules of an instrument.
    """

    instrument: Instrument | None
    reference_type: str | None


def is_file_name(name: object) -> bool:
    """Whether it can be a file of CRDS for JWST."""
    return isinstance(name, str) and bool(_NAME.fullmatch(name))


def read_file_name(name: str) -> FileName:
    """What the name says; nothing where it is of no known form."""
    parts = _PARTS.fullmatch(name.lower())
    if parts is None:
        return FileName(None, None)
    return FileName(instrument_named(parts["instrument"]), parts["type"])


def instrument_named(name: object) -> Instrument | None:
    """The instrument; None for what is none, such as ``all`` and ``system``."""
    with suppress(ValueError):
        return Instrument(name.strip().lower()) if isinstance(name, str) else None
    return None
