"""What a text names: instruments, modes, reference types, files and contexts.

Words are looked up with what separates them left out, so that "extract 1d", "EXTRACT_1D" and "extract1d" are one.
A word of English names a type (dark, mask, area) in a run of words with nothing but types,
instruments, words for files and what describes them, which has at least one that needs no company: "dark and flat
rmaps", "linearity for NIRSpec", "NIRCam subarray darks", "photom and area".

Not named is a type that is a step of the pipeline ("the photom step"), that is only mentioned ("used in
extract_1d", "darks were used to", "uncertainty in the flux calibration"), a word of English whose type none of the
named instruments has, an instrument that another is compared with, what is left alone or to a later delivery
("photom will follow"), and what comes after "except" in a sentence.
"All instruments" names all five, unless the text names some by themselves: then those are what it is about.

A sentence pairs its types with its instruments. Where it names instruments and then types, in turn, or types and
then instruments, each belongs to its neighbour: "MIRI mask, NIRSpec pathloss", "darks for MIRI, flats for FGS".
Where no such order is to be seen, each type may be of each instrument of the sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pedigreed.model.instrument import Instrument
from pedigreed.model.reference_file import context_of, file_name, reference_type, reference_types, step_parameters
from pedigreed.model.vocabulary import (
    DESCRIBING,
    FLATS_OF_NIRSPEC,
    JOINING,
    MODES,
    MODES_IN_CAPITALS,
    NEAR_INFRARED,
    NO_TYPE,
    OF_ONE_INSTRUMENT,
    OTHER_NAMES,
    OTHER_NAMES_IN_COMPANY,
    PREFIXES,
    TYPES_IN_COMPANY,
    WORDS_FOR_FILES,
)
from pedigreed.notices.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet


_EXCEPT = re.compile(r"\b(?:except|excepting|excluding|excludes|other than)\b", re.IGNORECASE)
_ALL = re.compile(r"\b(?:all|every|each)(?: (?:of|the|jwst|five|science)){0,4} instruments?\b", re.IGNORECASE)
_ALL_NIR = re.compile(r"\b(?:nir|near[ -]?(?:infrared|ir)) (?:instruments|detectors)\b", re.IGNORECASE)
_UNTOUCHED = re.compile(
    r"\b(?:stays?|remains?)(?: as\b| the same\b|[.,;]?$)|\b(?:unchanged|unaffected|nothing changes)\b"
    r"|\bnot (?:a )?part of\b|\bwill follow\b|\bfollows? (?:next|later|soon|in|with)\b"
    r"|\b(?:is|are) (?:the )?(?:same|as) (?:as )?before\b|\bno (?:\w+ ){0,4}(?:changed?|replaced|updated)\b"
    r"|\b(?:was|were) (?:rejected|withdrawn)\b"
    r"|\bwill be \w+ (?:later|separately|soon|(?:in|at|with) (?:a|the) (?:future|later|next))\b"
    r"|\bnot (?:be )?(?:affected|concerned|changed|touched)\b|\b(?:as|is|are) N/A(?! for)"
    r"|\bsets? .*\bto N/A",
    re.IGNORECASE,
)
"""What is said of what a delivery leaves alone, or to another one."""
_FORM = re.compile(
    r"^(instruments?\s?:[^\n]*)((?:\n(?!instrument)[a-z][a-z ]{0,29}\s?:[^\n]*){0,3}?)"
    r"\n((?:(?:reference|ref|file|affected) )*types?(?:\(s\))?\s?:)",
    re.IGNORECASE | re.MULTILINE,
)
"""A form's line on the instrument, what else it says, and its line on the types, which belong together."""
_CLAUSE = re.compile(r";\s|,? (?:but|while|whereas) ")
_MENTIONED = re.compile(
    r"\b(?:(?:used|applied|needed|required|read) (?:in|by|during|within|with)|us(?:e|es|ing)"
    r"|average|residual|excess|higher|lower|measured|uncertaint(?:y|ies) (?:in|of|on)"
    r"|(?:accuracy|precision|errors?) (?:in|of)|as input (?:to|for)) (?:the |our )?(?:\w+ )?$",
    re.IGNORECASE,
)
"""What stands before a type that is no more than mentioned."""
_BY_STEP = re.compile(r"\b(?:in|by|within|during|before|after) (?:the )?$", re.IGNORECASE)
"""What stands before a type that is written as the step of its name is: extract_1d."""
_OF_STEP = re.compile(
    r" (?:now )?(?:uses|applies|takes|reads|needs|runs|subtracts|divides|corrects)\b", re.IGNORECASE
)
"""What stands after the like."""
_COMPARED = re.compile(
    r"\b(?:compar\w+ (?:with|to)|similar to|(?:un)?like|than|same as|as (?:for|with|in))"
    r" (?:(?:that|those) of |the )*$",
    re.IGNORECASE,
)
"""What stands before an instrument that another is compared with."""
_NOT_OF_FILES = re.compile(
    r"\W*(?:pixels?\W+)?(?:(?:is|are|was|were) )?set to (?:zero|0)\b"
    r"|\W+(?:(?!(?:is|are|was|were|has|have|had|been|be|that|which)\b)[\w-]+[\s,/&]+){0,5}"
    r"(?:is|are|was|were) used (?:to|for|as|in)\b",
    re.IGNORECASE,
)
"""What stands after the like."""
_IS_NEW = re.compile(
    r" (?:was|were|is|are|has been|have been) (?:now )?"
    r"(?:updated|delivered|redelivered|replaced|revised|regenerated|derived|remade|improved|corrected)\b",
    re.IGNORECASE,
)
"""What stands after a type that is news by itself."""
_OF_WHAT_IS_BEFORE = re.compile(r"(?:\b(?:for|of|in|on)(?: (?:the|jwst))?\s|[(\[:])\s?$", re.IGNORECASE)
"""What stands before an instrument whose types stand before it."""
_NAMES = re.compile(
    r"jwst_[A-Za-z0-9_-]++(?:\.(?:fits|asdf|json|[rip]map))?|pars-[A-Za-z0-9]++"
    rf"|\b(?P<instrument>{'|'.join(Instrument)})_(?P<type>pars-[a-z0-9]++|[a-z0-9]++)(?:\.(?:fits|asdf|json|rmap))?\b"
    r"|\b(?P<of>(?:[a-z0-9]++[ _-]){1,4})(?:parameters?|pars)\b(?!-)",
    re.ASCII | re.IGNORECASE,
)
_WORD = re.compile(r"(?:MIR|NRC|NIS|NRS|FGS)_[A-Z0-9-]++|[A-Za-z0-9]++|[^\sA-Za-z0-9_-]", re.ASCII)
_A_STEP = re.compile("d?s(?!d?F)")
"""What stands after types that are named for their steps, by what each term does."""
_MOST_WORDS = 6


@dataclass(frozen=True, slots=True)
class Named:
    """What a text names; all sorted but the contexts.

    Attributes:
        pairs: which type of which instrument, of the types that stand in a sentence with instruments.
        files: in lower case.
        contexts: each once, in their order; without ending.
    """

    instruments: tuple[Instrument, ...]
    reference_types: tuple[str, ...]
    pairs: tuple[tuple[Instrument, str], ...]
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
    words: set[str] = set()
    """Types whose names are words of English, too."""
    pairs: set[tuple[Instrument, str]] = set()
    general: set[Instrument] = set()
    for sentence in sentences(_FORM.sub(r"\1 \3\2", text)):
        touched = "; ".join(clause for clause in _CLAUSE.split(sentence) if not _UNTOUCHED.search(clause))
        said = _EXCEPT.split(touched, maxsplit=1)
        excepted = {term.instrument for part in said[1:] for term in _terms(part)}
        for phrase, each in ((_ALL, tuple(Instrument)), (_ALL_NIR, NEAR_INFRARED)):
            if phrase.search(said[0]):
                general.update(set(each) - excepted)
        named = list(_named(said[0]))
        pairs.update(_paired(said[0], named))
        for term in named:
            instruments |= {term.instrument} if term.instrument else set()
            (words if term.does == "t" else types).update({term.type} if term.type else ())
            modes |= {term.mode} if term.mode else set()
    instruments.update(_of_one_instrument(types))
    types.update(name for name in words if not instruments or _may_be_of(name, instruments))
    instruments.update(_of_one_instrument(types))
    if not types.isdisjoint(FLATS_OF_NIRSPEC):
        pairs.discard((Instrument.NIRSPEC, "flat"))
        types -= {"flat"} - {name for _, name in pairs}
    pairs = {pair for pair in pairs if pair[1] in types}
    return Named(
        instruments=tuple(sorted(instruments or general)),
        reference_types=tuple(sorted(types)),
        pairs=tuple(sorted(pairs)),
        modes=tuple(sorted(modes)),
        files=tuple(sorted(files)),
        contexts=tuple(dict.fromkeys(context for name in names if (context := context_of(name)))),
    )


def _may_be_of(name: str, instruments: AbstractSet[Instrument]) -> bool:
    kind = reference_types().get(name)
    return kind is None or not kind.instruments or not instruments.isdisjoint(kind.instruments)


def _of_one_instrument(types: Iterable[str]) -> Iterator[Instrument]:
    for name in types:
        kind = reference_types().get(name)
        if kind and len(kind.instruments) == 1:
            yield from kind.instruments


def _paired(sentence: str, named: Iterable[_Term]) -> Iterator[tuple[Instrument, str]]:
    """The pairs of one sentence."""
    runs: list[tuple[set[Instrument], set[str]]] = []
    """Instruments or types that follow each other, in turn."""
    belong_before: set[bool] = set()
    for term in named:
        if term.instrument and term.type:
            yield term.instrument, term.type
        elif term.instrument and len(runs) > 1 and term.instrument in runs[-2][0]:
            continue
        elif term.instrument or term.type:
            if not runs or bool(runs[-1][1]) is not bool(term.type):
                if term.instrument and runs:
                    belong_before.add(
                        bool(_OF_WHAT_IS_BEFORE.search(sentence, max(0, term.begin - 60), term.begin))
                    )
                runs.append((set(), set()))
            runs[-1][0].update({term.instrument} if term.instrument else ())
            runs[-1][1].update({term.type} if term.type else ())
    is_in_turn = len(runs) % 2 == 0 and belong_before <= {bool(runs and runs[0][1])}
    count = 2 if is_in_turn else len(runs)
    for first in range(0, len(runs), count or 1):
        neighbours = runs[first : first + count]
        instruments = {instrument for run, _ in neighbours for instrument in run}
        for name in sorted(name for _, run in neighbours for name in run):
            kind = reference_type(name)
            having = instruments.intersection(kind.instruments) if kind else set()
            yield from ((instrument, name) for instrument in sorted(having or instruments))


def _named(sentence: str) -> Iterator[_Term]:
    """The instruments and modes of a sentence, and of its types those that are named."""
    terms = list(_terms(sentence))
    does = "".join(term.does for term in terms)
    steps = {
        place
        for run in re.finditer("[Tt](?:J+d*[Tt])*", does)
        if _A_STEP.match(does, run.end())
        for place in range(*run.span())
    }
    named = {found.start() for found in re.finditer("T", does)}
    named.update(place for place, term in enumerate(terms) if term.type and _IS_NEW.match(sentence, term.end))
    for run in re.finditer("[TtIFJd]+", does):
        if not {"T", "I", "F"}.isdisjoint(run[0]):
            named.update(range(*run.span()))
    for place, term in enumerate(terms):
        if term.mode and sentence[: term.begin].lower().endswith(("non-", "non ")):
            continue
        if term.type is None:
            if not _COMPARED.search(sentence, max(0, term.begin - 60), term.begin):
                yield term
        elif place in named and place not in steps:
            is_of_files = "F" in does[place + 1 : place + 3]
            is_mentioned = _MENTIONED.search(sentence, max(0, term.begin - 60), term.begin) and not is_of_files
            is_step = "_" in sentence[term.begin : term.end] and (
                _BY_STEP.search(sentence, max(0, term.begin - 60), term.begin)
                or _OF_STEP.match(sentence, term.end)
            )
            if not is_mentioned and not is_step and not _NOT_OF_FILES.match(sentence, term.end):
                yield term


def _terms(sentence: str) -> Iterator[_Term]:
    """The terms of a sentence in their order."""
    place = 0
    for name in _NAMES.finditer(sentence):
        term = _term_of_parameters(name) if name["of"] else _term_of_name(name)
        if term:
            yield from _terms_of_words(sentence, place, term.begin)
            yield term
            place = term.end
    yield from _terms_of_words(sentence, place, len(sentence))


def _term_of_parameters(name: re.Match[str]) -> _Term | None:
    """The parameters of a step or pipeline, "jump step parameters"; None where no such is named.

    Without the word, those of a step that no reference type is called after: "tweakreg parameters".
    """
    words = list(re.finditer(r"[a-z0-9]+", name["of"], re.IGNORECASE))
    what = words[-1][0].lower()
    is_said = what in {"step", "pipeline"}
    for first in range(len(words) - is_said):
        of = "".join(word[0].lower() for word in words[first : len(words) - is_said])
        kind = step_parameters(of, what if is_said else "step")
        if kind and (is_said or _does(of, is_capital=False) is None):
            return _Term("T", name.start("of") + words[first].start(), name.end(), type=kind)
    return None


def _term_of_name(name: re.Match[str]) -> _Term:
    kind = None
    if not name[0].lower().startswith("jwst_"):
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
    if is_capital and (prefix := PREFIXES.get(key.partition("_")[0])):
        mode = next((mode for part in re.split("[_-]", key) if (mode := MODES_IN_CAPITALS.get(part))), None)
        return "I", {"instrument": prefix, "mode": mode}
    if key in _INSTRUMENTS or key in MODES:
        mode, instrument = MODES.get(key, (None, _INSTRUMENTS.get(key)))
        return "I", {"instrument": instrument, "mode": mode}
    if is_capital and (key in OF_ONE_INSTRUMENT or key in MODES_IN_CAPITALS):
        return "I", {"instrument": OF_ONE_INSTRUMENT.get(key), "mode": MODES_IN_CAPITALS.get(key)}
    if kind := _types().get(key):
        return "T", {"type": kind}
    if kind := _types_in_company().get(key):
        return "t", {"type": kind}
    return next(((does, {}) for does, words in _OTHERS if key in words), None)


_INSTRUMENTS = {instrument.value: instrument for instrument in Instrument}
_OTHERS = ((".", NO_TYPE), ("F", WORDS_FOR_FILES), ("s", frozenset({"step"})), ("J", JOINING), ("d", DESCRIBING))


@cache
def _types() -> Mapping[str, str]:
    """The types by their names, their titles of several words, and what else is said."""
    names = {name: name for name in reference_types() if name not in TYPES_IN_COMPANY}
    titles = {
        re.sub("[^a-z0-9]", "", kind.title.lower()): name
        for name, kind in reference_types().items()
        if " " in kind.title
    }
    return {**titles, **names, **_by_words(OTHER_NAMES)}


@cache
def _types_in_company() -> Mapping[str, str]:
    return {**{name: name for name in TYPES_IN_COMPANY}, **_by_words(OTHER_NAMES_IN_COMPANY)}


def _by_words(said: Mapping[str, str]) -> dict[str, str]:
    return {way.replace(" ", ""): name for name, ways in said.items() for way in ways.split(", ")}
