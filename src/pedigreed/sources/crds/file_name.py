"""The names that CRDS gives to reference files and rules: ``jwst_miri_dark_0072.fits``."""

from __future__ import annotations

import re
from contextlib import suppress

from pedigreed.model.instrument import Instrument
from pedigreed.model.reference_file import file_name

_NAME = re.compile(r"jwst[A-Za-z0-9_-]{1,90}\.[A-Za-z0-9]{1,8}", re.ASCII)


def is_file_name(name: object) -> bool:
    """Whether it can be a file of CRDS for JWST."""
    return isinstance(name, str) and bool(_NAME.fullmatch(name))


def said_by(name: str) -> tuple[Instrument | None, str | None]:
    """The instrument and the reference type that a name tells; None where it does not."""
    form = file_name(name.lower())
    return (form.instrument, form.reference_type) if form else (None, None)


def instrument_named(name: object) -> Instrument | None:
    """The instrument; None for what is none, such as ``all`` and ``system``."""
    with suppress(ValueError):
        return Instrument(name.strip().lower()) if isinstance(name, str) else None
    return None
