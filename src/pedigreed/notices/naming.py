"""What a text names: instruments, modes, reference types, files and contexts.

Words are looked up with what separates them left out, so that "extract 1d", "EXTRACT_1D" and "extract1d" are one.
A word of English names a type (dark, mask, area) in a run of words with nothing but types,
instruments, words for files and what describes them, which has at least one that needs no company: "dark and flat
rmaps", "linearity for NIRSpec", "NIRCam subarray darks", "photom and area".

Not named is a type that is a step of the pipeline ("the photom step"), that is only mentioned ("used in
extract_1d", "uncertainty in the flux calibration"), and what comes after "except" in a sentence.
"All instruments" names all five, unless the text names some by themselves: then those are what it is about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pedigreed.model.instrument import DETECTORS, Instrument
from pedigreed.model.reference_file import context_of, file_name, reference_type, reference_types, step_parameters
from pedigreed.notices.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MIRI, _NIRCAM, _NIRISS, _NIRSPEC = Instrument.MIRI, Instrument.NIRCAM, Instrument.NIRISS, Instrument.NIRSPEC
_NIR = (_NIRCAM, _NIRISS, _NIRSPEC)
_PREFIXES = {"mir": _MIRI, "nrc": _NIRCAM, "nis": _NIRISS, "nrs": _NIRSPEC, "fgs": Instrument.FGS}
"""How an EXP_TYPE begins."""
_OF_ONE_INSTRUMENT = {
    **DETECTORS,
    **_PREFIXES,
    **dict.fromkeys(_words("fastr1 slowr1 fastgrpavg fastr100 slitlessprism mrs lrs 4qpm"), _MIRI),
    **dict.fromkeys(_words("mask1065 mask1140 mask1550 masklyot"), _MIRI),
    **dict.fromkeys(
        _words("nrsrapid nrsirs2 nrsirs2rapid irs2 allslits mos bots msaspec brightobj msa"), _NIRSPEC
    ),
    **dict.fromkeys(_words("nisrapid soss gr700xd ami"), _NIRISS),
}
"""What one instrument alone has, and names it in capitals."""
_MODES_IN_CAPITALS = {
    **{mode.lower(): mode for mode in ("MRS", "LRS", "IFU", "MOS", "BOTS", "WFSS", "SOSS", "AMI", "TSO")},
    "gr700xd": "SOSS",
    "msaspec": "MOS",
    "brightobj": "BOTS",
    "tsgrism": "TSO",
    "tsimage": "TSO",
    "4qpm": "coronagraphy",
    "coron": "coronagraphy",
    "lyot": "coronagraphy",
    "image": "imaging",
}
_MODES: dict[str, tuple[str, Instrument | None]] = {
    **dict.fromkeys(("mediumresolutionspectroscopy", "mediumresolutionspectrometer"), ("MRS", _MIRI)),
    **dict.fromkeys(("lowresolutionspectroscopy", "lowresolutionspectrometer"), ("LRS", _MIRI)),
    "multiobjectspectroscopy": ("MOS", _NIRSPEC),
    "brightobjecttimeseries": ("BOTS", _NIRSPEC),
    "aperturemaskinginterferometry": ("AMI", _NIRISS),
    "widefieldslitlessspectroscopy": ("WFSS", None),
    "fixedslit": ("FS", None),
    "timeseries": ("TSO", None),
    **dict.fromkeys(
        ("coronagraphy", "coronagraphic", "coronagraph", "coronographic", "coronograph"), ("coronagraphy", None)
    ),
    **dict.fromkeys(("imaging", "imager"), ("imaging", None)),
}
_SAID = {
    "apcorr": "aperture corrections",
    "area": "pixel area",
    "dark": "dark frame",
    "extract1d": "spectral extraction, 1d extraction, 1d spectral extraction",
    "flat": "pixel flat",
    "fringe": "fringe flat",
    "mask": "bad pixel map, dq mask",
    "msaoper": "msa operability, shutter operability",
    "pathloss": "slit loss",
    "photom": "flux calibration, photometric calibration, photometric correction, absolute flux calibration, "
    "absolute photometric calibration, zeropoint, photometric zeropoint",
    "readnoise": "readout noise",
    "specwcs": "spectral wcs",
    "superbias": "superbiases",
    "tsophot": "tso photometry",
    "wavecorr": "wavelength correction",
}
_SAID_IN_COMPANY = {
    "dark": "dark current",
    "linearity": "nonlinearity",
    "mask": "bad pixel, dead pixel, hot pixel",
    "photom": "photometric, photometry, flux conversion, zp",
    "superbias": "bias",
}
_NO_TYPE = frozenset({"coronagraphicmask", "darkexposure", "darkobservation", "flatexposure", "flatobservation"})
_NO_TYPE = _words("coronagraphicmask darkexposure darkobservation flatexposure flatobservation")
"""What has a type's name in it and is none."""
_IN_COMPANY = _words(
    "amplifier area bkg camera collimator dark disperser distortion flat fore fpa fringe gain ipc linearity mask "
    "msa nrm ote psf regions reset saturation throughput"
)
"""Types whose names are words of English, or abbreviations of much else."""
_FILES = _words("reference ref reffile reftype file rmap type")
_JOINS = frozenset(",/&+()") | {"and", "or"}
_DESCRIBING = _words(
    "all an the new updated update initial revised replacement corrected first calibration correction "
    "coefficients current detector field frame full generic hot map pipeline pixel bad data subarray value "
    "extension science for"
)
_EXCEPT = re.compile(r"\b(?:except|excepting|excluding|excludes|other than)\b", re.IGNORECASE)
_ALL = re.compile(r"\b(?:all|every|each)(?: (?:of|the|jwst|five|science)){0,4} instruments?\b", re.IGNORECASE)
_ALL_NIR = re.compile(r"\b(?:nir|near[ -]?(?:infrared|ir)) instruments\b", re.IGNORECASE)
_UNTOUCHED = re.compile(
    r"\b(?:stays?|remains?) (?:as|the same)\b|\b(?:unchanged|unaffected|nothing changes)\b"
    r"|\bnot (?:be )?(?:affected|concerned|changed|touched)\b|\b(?:as|is|are) N/A(?! for)"
    r"|\bsets? .*\bto N/A",
    re.IGNORECASE,
)
"""What is said of what a delivery leaves alone."""
_MENTIONED = re.compile(
    r"\b(?:(?:used|applied|needed|required|read) (?:in|by|during|within|with)|uncertaint(?:y|ies) (?:in|of|on)"
    r"|(?:accuracy|precision|errors?) (?:in|of)|as input (?:to|for)) (?:the |our )?(?:\w+ )?$",
    re.IGNORECASE,
)
"""What stands before a type that is no more than mentioned."""
_NOT_OF_FILES = re.compile(r"\W*(?:pixels?\W+)?(?:(?:is|are|was|were) )?set to (?:zero|0)\b", re.IGNORECASE)
"""What stands after the like."""
_NAMES = re.compile(
    r"jwst_[A-Za-z0-9_-]++(?:\.(?:fits|asdf|json|[rip]map))?|pars-[A-Za-z0-9]++"
    rf"|\b(?P<instrument>{'|'.join(Instrument)})_(?P<type>pars-[a-z0-9]++|[a-z0-9]++)(?:\.(?:fits|asdf|json|rmap))?\b"
    r"|\b(?P<of>(?:\w++ ){0,2}\w++)[ _](?P<what>step|pipeline)[ _](?:parameters?|pars)\b",
    re.ASCII | re.IGNORECASE,
)
_WORD = re.compile(r"(?:MIR|NRC|NIS|NRS|FGS)_[A-Z0-9-]++|[A-Za-z0-9]++|[^\sA-Za-z0-9_-]", re.ASCII)
_MOST_WORDS = 6


@dataclass(frozen=True, slots=True)
class Named:
    """What a text names; all sorted but the contexts.

    Attributes:
        files: in lower case.
        contexts: each once, in their order; without ending.
    """

    instruments: tuple[Instrument, ...]
    reference_types: tuple[str, ...]
    modes: tuple[str, ...]
    files: tuple[str, ...]
    contexts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Term:
    """A word or phrase and what it does in its sentence.

    `does` is T for a type, t for one that needs company, I for an instrument or a mode, F for a word for files,
    J for one that joins, d for one that describes, s for a step, and a dot for every other.
    """

    does: str
    begin: int
    end: int
    type: str | None = None
    instrument: Instrument | None = None
    mode: str | None = None


def named_in(text: str) -> Named:
    """Read a text. It takes time in proportion to its length."""
    names = dict.fromkeys(found[0].lower() for found in _NAMES.finditer(text))
    files = {name: form for name in names if (form := file_name(name))}
    instruments = {form.instrument for form in files.values() if form.instrument}
    types = {form.reference_type for form in files.values() if form.reference_type}
    modes: set[str] = set()
    general: set[Instrument] = set()
    for sentence in sentences(text):
        if _UNTOUCHED.search(sentence):
            continue
        said = _EXCEPT.split(sentence, maxsplit=1)
        excepted = {term.instrument for part in said[1:] for term in _terms(part)}
        for phrase, each in ((_ALL, tuple(Instrument)), (_ALL_NIR, _NIR)):
            if phrase.search(said[0]):
                general.update(set(each) - excepted)
        for term in _named(said[0]):
            instruments |= {term.instrument} if term.instrument else set()
            types |= {term.type} if term.type else set()
            modes |= {term.mode} if term.mode else set()
    instruments.update(_of_one_instrument(types))
    return Named(
        instruments=tuple(sorted(instruments or general)),
        reference_types=tuple(sorted(types)),
        modes=tuple(sorted(modes)),
        files=tuple(sorted(files)),
        contexts=tuple(dict.fromkeys(context for name in names if (context := context_of(name)))),
    )


def _of_one_instrument(types: Iterable[str]) -> Iterator[Instrument]:
    for name in types:
        kind = reference_types().get(name)
        if kind and len(kind.instruments) == 1:
            yield from kind.instruments


def _named(sentence: str) -> Iterator[_Term]:
    """The instruments and modes of a sentence, and of its types those that are named."""
    terms = list(_terms(sentence))
    does = "".join(term.does for term in terms)
    steps = {found.start() for found in re.finditer("[Tt](?=d?s(?!d?F))", does)}
    named = {found.start() for found in re.finditer("T", does)}
    for run in re.finditer("[TtIFJd]+", does):
        if not {"T", "I", "F"}.isdisjoint(run[0]):
            named.update(range(*run.span()))
    for place, term in enumerate(terms):
        if term.mode and sentence[: term.begin].lower().endswith(("non-", "non ")):
            continue
        if term.type is None:
            yield term
        elif place in named and place not in steps:
            is_of_files = "F" in does[place + 1 : place + 3]
            is_mentioned = _MENTIONED.search(sentence, max(0, term.begin - 60), term.begin) and not is_of_files
            if not is_mentioned and not _NOT_OF_FILES.match(sentence, term.end):
                yield term


def _terms(sentence: str) -> Iterator[_Term]:
    """The terms of a sentence in their order."""
    place = 0
    for name in _NAMES.finditer(sentence):
        yield from _terms_of_words(sentence, place, name.start())
        yield _term_of_name(name)
        place = name.end()
    yield from _terms_of_words(sentence, place, len(sentence))


def _term_of_name(name: re.Match[str]) -> _Term:
    if name["of"]:
        words = name["of"].lower().split()
        kinds = (step_parameters("".join(words[first:]), name["what"].lower()) for first in range(len(words)))
        kind = next(filter(None, kinds), None)
    elif name[0].lower().startswith("jwst_"):
        kind = None
    else:
        written = (name["type"] or name[0]).lower()
        known = reference_type(written) or (written.startswith("pars-") and reference_type(f"{written}step"))
        kind = known.name if known else None
    instrument = Instrument(name["instrument"].lower()) if name["instrument"] else None
    return _Term("T" if kind else "I" if instrument else ".", *name.span(), type=kind, instrument=instrument)


def _terms_of_words(sentence: str, begin: int, end: int) -> Iterator[_Term]:
    words = list(_WORD.finditer(sentence, begin, end))
    place = 0
    while place < len(words):
        term, count = _term(words, place)
        yield term
        place += count


def _term(words: list[re.Match[str]], place: int) -> tuple[_Term, int]:
    """The longest term that begins with this word, with how many words it is."""
    joined = ""
    keys: list[str] = []
    for word in words[place : place + _MOST_WORDS]:
        if keys and not word[0][0].isalnum():
            break
        joined += word[0].lower()
        keys.append(joined)
    for count in range(len(keys), 0, -1):
        part = words[place : place + count]
        is_capital = all(word[0].removesuffix("s").isupper() for word in part)
        ways = (keys[count - 1], keys[count - 1].removesuffix("s"))
        for key in ways if len(part[-1][0]) > 1 else ways[:1]:
            if does := _does(key, is_capital=is_capital):
                return _Term(does[0], words[place].start(), part[-1].end(), **does[1]), count
    return _Term(".", *words[place].span()), 1


def _does(key: str, *, is_capital: bool) -> tuple[str, dict[str, Any]] | None:
    """What words do that are these without what separates them, with what they name."""
    if is_capital and (prefix := _PREFIXES.get(key.partition("_")[0])):
        mode = next((mode for part in re.split("[_-]", key) if (mode := _MODES_IN_CAPITALS.get(part))), None)
        return "I", {"instrument": prefix, "mode": mode}
    if key in _INSTRUMENTS or key in _MODES:
        mode, instrument = _MODES.get(key, (None, _INSTRUMENTS.get(key)))
        return "I", {"instrument": instrument, "mode": mode}
    if is_capital and (key in _OF_ONE_INSTRUMENT or key in _MODES_IN_CAPITALS):
        return "I", {"instrument": _OF_ONE_INSTRUMENT.get(key), "mode": _MODES_IN_CAPITALS.get(key)}
    if kind := _types().get(key):
        return "T", {"type": kind}
    if kind := _types_in_company().get(key):
        return "t", {"type": kind}
    return next(((does, {}) for does, words in _OTHERS if key in words), None)


_INSTRUMENTS = {instrument.value: instrument for instrument in Instrument}
_OTHERS = ((".", _NO_TYPE), ("F", _FILES), ("s", frozenset({"step"})), ("J", _JOINS), ("d", _DESCRIBING))


@cache
def _types() -> Mapping[str, str]:
    """The types by their names, their titles of several words, and what else is said."""
    names = {name: name for name in reference_types() if name not in _IN_COMPANY}
    titles = {
        re.sub("[^a-z0-9]", "", kind.title.lower()): name
        for name, kind in reference_types().items()
        if " " in kind.title
    }
    return {**titles, **names, **_by_words(_SAID)}


@cache
def _types_in_company() -> Mapping[str, str]:
    return {**{name: name for name in _IN_COMPANY}, **_by_words(_SAID_IN_COMPANY)}


def _by_words(said: Mapping[str, str]) -> dict[str, str]:
    return {way.replace(" ", ""): name for name, ways in said.items() for way in ways.split(", ")}
