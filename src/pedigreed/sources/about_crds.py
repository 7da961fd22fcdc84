"""Which texts are about JWST's reference files in CRDS, and which are about another telescope's."""

from __future__ import annotations

import re

from pedigreed.model.instrument import Instrument

_INSTRUMENTS = "|".join(Instrument)
_NAMED = re.compile(
    rf"(?<![a-z0-9])jwst_(?:\d{{4}}(?![0-9])|(?:{_INSTRUMENTS}|system|all)_(?:[a-z0-9-]+_)?\d{{4}}\.(?:fits|asdf|json|[ri]map))",
    re.IGNORECASE,
)
"""A context or its rules, or a reference file: ``jwst_1535.pmap``, ``jwst_miri_0383.imap``,
``jwst_miri_dark_0072.fits``."""

_SUBJECT_MATTER = re.compile(r"(?<![a-z])(?:crds|ref(?:erence)?[\s_-]?files?)(?![a-z])", re.IGNORECASE)
_TELESCOPE = re.compile(rf"(?<![a-z])(?:jwst|webb|{_INSTRUMENTS})(?![a-z])", re.IGNORECASE)
# Hubble has an FGS too.
_OF_JWST = re.compile(
    rf"(?<![a-z])(?:jwst|webb|{'|'.join(each for each in Instrument if each is not Instrument.FGS)})(?![a-z])",
    re.IGNORECASE,
)
_NAMED_ELSEWHERE = re.compile(
    r"(?<![a-z0-9])(?:hst|roman)_(?:\d{4}(?![0-9])|[a-z0-9]+_(?:[a-z0-9-]+_)?\d{4}\.(?:fits|asdf|json|[ri]map))",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"(?<![a-z])(?:hst|hubble|roman(?: space telescope)?|wfc3|acs|stis|cos|nicmos|wfpc2|wfi)"
    r"(?:['\u2019]s)?(?: [a-z0-9/]+)? (?:ref(?:erence)?[\s_-]?files?|superbias(?:es)?|superdarks?|darks?|flats?)"
    r"(?![a-z])",
    re.IGNORECASE,
)


def is_about_crds(said: str) -> bool:
    """Whether a text names a context or a file of JWST's, or speaks of CRDS or of reference files for JWST."""
    if _NAMED.search(said):
        return True
    return bool(_SUBJECT_MATTER.search(said) and _TELESCOPE.search(said)) and not is_of_another_telescope(said)


def is_of_another_telescope(said: str) -> bool:
    """Whether a text is about reference files of HST or Roman, and has nothing of JWST in it."""
    if _OF_JWST.search(said):
        return False
    return bool(_NAMED_ELSEWHERE.search(said) or _ELSEWHERE.search(said))
