"""What a text names: instruments, modes, reference types, files and contexts.

A word of English names a type (dark, mask, area) only

- in capitals,
- before a word for files, with nothing but other types and what describes them between: "dark and flat rmaps",
- before an instrument in the same way: "linearity and saturation for NIRSpec",
- after an instrument or a mode in the same way: "NIRCam subarray darks",
- or in a list with a type that is named: "photom and area".

An abbreviation (MSA, PSF) is in capitals anyway, and needs one of the others.
A type's name before "step" is the pipeline's step, and no type, but for "the photom step reference file".
What comes after "except" in a sentence is not named.
"All instruments" names all five, unless the text names some by themselves: then those are what it is about.
A sentence that says that types are N/A names nothing, since there is no reference file to use;
unless it is about some values of EXP_TYPE only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from pedigreed.model.instrument import Instrument
from pedigreed.model.reference_file import context_of, file_name, reference_type
from pedigreed.notices.sentences import NOT_APPLICABLE, Mark, Word, words_by_sentence
from pedigreed.notices.vocabulary import (
    CAPITAL_WORDS,
    EXPOSURE_MODES,
    EXPOSURE_PREFIXES,
    INSTRUMENT_WORDS,
    Needs,
    TypePhrase,
    mode_phrases,
    type_phrases,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pedigreed.notices.vocabulary import Phrase

_NOUNS = frozenset(
    {
        *("reference", "references", "ref", "refs", "reffile", "reffiles", "reftype", "reftypes"),
        *("file", "files", "rmap", "rmaps", "type", "types"),
    }
)
_JOINS = frozenset({"and", "or"})
_DESCRIBING = frozenset(
    {
        *(
            "all",
            "an",
            "the",
            "new",
            "updated",
            "update",
            "initial",
            "revised",
            "replacement",
            "corrected",
            "first",
        ),
        *("calibration", "correction", "coefficients", "current", "detector", "field", "frame", "full", "generic"),
        *("hot", "map", "maps", "pipeline", "pixel", "bad", "data", "subarray", "values", "extension", "science"),
    }
)
_EXCEPT = frozenset({"except", "excepting", "excluding", "excludes"})
_ALL = frozenset({"all", "every", "each"})
_IS = frozenset({"as", "is", "are"})
_SETS = frozenset({"set", "sets", "setting"})
_STEP = frozenset({"step", "steps"})
_MOST_DESCRIBING = 3


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


class _Role(Enum):
    TYPE = auto()
    OWNER = auto()
    NOUN = auto()
    JOIN = auto()
    DESCRIBING = auto()
    EXCEPT = auto()
    OTHER = auto()


@dataclass(slots=True)
class _Unit:
    """A word or phrase of the text and what it does in its sentence."""

    role: _Role
    reference_type: str | None = None
    instruments: tuple[Instrument, ...] = ()
    mode: str | None = None
    is_named: bool = False


_UNTOUCHED = re.compile(
    r"\b(?:stays?|remains?) (?:as|the same)\b|\b(?:unchanged|unaffected|nothing changes)\b"
    r"|\bnot (?:be )?(?:affected|concerned|changed|touched)\b"
)
"""What is said of the modes that a delivery leaves alone."""

_JOIN = _Unit(_Role.JOIN)
_NOUN = _Unit(_Role.NOUN)
_DESCRIPTION = _Unit(_Role.DESCRIBING)
_EXCEPTION = _Unit(_Role.EXCEPT)
_OTHER = _Unit(_Role.OTHER)


def named_in(text: str) -> Named:
    """Read a text. It takes time in proportion to its length."""
    sentences = tuple(words_by_sentence(text))
    wholes = dict.fromkeys(word.lower for words in sentences for word in words if word.mark is Mark.WHOLE)
    files = {name: form for name in wholes if (form := file_name(name))}
    units = [unit for words in sentences if not _is_left_out(words) for unit in _sentence(words)]
    instruments = {unit.instruments[0] for unit in units if len(unit.instruments) == 1}
    if not instruments:
        instruments = {instrument for unit in units for instrument in unit.instruments}
    instruments |= {form.instrument for form in files.values() if form.instrument}
    types = {form.reference_type for form in files.values() if form.reference_type}
    types |= {unit.reference_type for unit in units if unit.reference_type and unit.is_named}
    return Named(
        instruments=tuple(sorted(instruments)),
        reference_types=tuple(sorted(types)),
        modes=tuple(sorted({unit.mode for unit in units if unit.mode})),
        files=tuple(sorted(files)),
        contexts=tuple(dict.fromkeys(context for name in wholes if (context := context_of(name)))),
    )


def _sentence(words: Sequence[Word]) -> list[_Unit]:
    units = _without_excepted(list(_units(words)))
    if all(unit.role is not _Role.TYPE or unit.is_named for unit in units):
        return units
    _by_company(units, _Role.OWNER)
    _by_company(units[::-1], _Role.NOUN)
    _by_list(units)
    _by_list(units[::-1])
    return units


def _is_left_out(words: Sequence[Word]) -> bool:
    """Whether what a sentence names is not touched."""
    return _is_of_no_reference(words) or _UNTOUCHED.search(" ".join(word.lower for word in words)) is not None


def _is_of_no_reference(words: Sequence[Word]) -> bool:
    """Whether a sentence says that types have no reference files, and not for some exposures only."""
    if not any(word.text == NOT_APPLICABLE for word in words):
        return False
    said = {word.lower for word in words}
    if "other" in said or "exp" in said or any(_exposure_prefix(word) for word in words):
        return False
    return any(
        word.text == NOT_APPLICABLE and (before.lower in _IS or (before.lower == "to" and said & _SETS))
        for before, word in pairwise(words)
    )


def _exposure_prefix(word: Word) -> str | None:
    """How an EXP_TYPE begins; None for every other word."""
    prefix, underscore, _ = word.text.partition("_")
    return prefix if underscore and word.mark is Mark.WHOLE and prefix in EXPOSURE_PREFIXES else None


def _units(words: Sequence[Word]) -> Iterator[_Unit]:
    position = 0
    while position < len(words):
        if words[position].mark is Mark.WORD and words[position].lower not in _meaningful():
            yield _OTHER
            position += 1
            continue
        unit, taken = _sign_at(words, position) or _owner_at(words, position) or _other_at(words, position)
        yield unit
        position += taken


@cache
def _meaningful() -> frozenset[str]:
    """Every word that may be something, or begin something. Most words of a text are not among them."""
    return frozenset(
        {
            *(_NOUNS | _JOINS | _DESCRIBING | _EXCEPT | _ALL | {"other", "non", "for"}),
            *INSTRUMENT_WORDS,
            *CAPITAL_WORDS,
            *type_phrases(),
            *mode_phrases(),
        }
    )


def _sign_at(words: Sequence[Word], position: int) -> tuple[_Unit, int] | None:
    """What a word does for others, where it names nothing; with how many words it is."""
    word, after = words[position], _lower_at(words, position + 1)
    if word.mark is Mark.JOIN or word.lower in _JOINS:
        return _JOIN, 1
    if word.lower in _EXCEPT:
        return _EXCEPTION, 1
    if word.lower == "other" and after == "than":
        return _EXCEPTION, 2
    if word.lower == "for" and (_owner_at(words, position + 1) or _owner_at(words, position + 2)):
        return _NOUN, 1
    if word.lower == "non" and (mode := _phrase_at(words, position + 1, mode_phrases())):
        return _DESCRIPTION, 1 + len(mode.words)
    return None


def _owner_at(words: Sequence[Word], position: int) -> tuple[_Unit, int] | None:
    """Instruments by their names or by what they alone have."""
    if position >= len(words):
        return None
    word = words[position]
    if count := _all_instruments(words, position):
        return _Unit(_Role.OWNER, instruments=tuple(Instrument)), count
    if prefix := _exposure_prefix(word):
        mode = EXPOSURE_MODES.get(word.text.removeprefix(f"{prefix}_"))
        return _Unit(_Role.OWNER, instruments=(EXPOSURE_PREFIXES[prefix],), mode=mode), 1
    known = INSTRUMENT_WORDS.get(word.lower)
    if known is None and word.text.isupper():
        known = CAPITAL_WORDS.get(word.lower)
    return (_Unit(_Role.OWNER, instruments=(known,)), 1) if known else None


def _other_at(words: Sequence[Word], position: int) -> tuple[_Unit, int]:
    """Types, modes, and words without a meaning of their own."""
    word = words[position]
    if word.mark is Mark.WHOLE:
        return _whole(word), 1
    if phrase := _phrase_at(words, position, type_phrases()):
        return _type(phrase, words, position), len(phrase.words)
    if mode := _phrase_at(words, position, mode_phrases()):
        instruments = (mode.instrument,) if mode.instrument else ()
        return _Unit(_Role.OWNER, instruments=instruments, mode=mode.mode), len(mode.words)
    if word.lower in _NOUNS:
        return _NOUN, 1
    return (_DESCRIPTION if word.lower in _DESCRIBING else _OTHER), 1


def _whole(word: Word) -> _Unit:
    kind = reference_type(word.lower) if word.lower.startswith("pars-") else None
    return _Unit(_Role.TYPE, kind.name, is_named=True) if kind else _OTHER


def _type(phrase: TypePhrase, words: Sequence[Word], position: int) -> _Unit:
    after = position + len(phrase.words)
    if _lower_at(words, after) in _DESCRIBING:
        after += 1
    if _lower_at(words, after) in _STEP and _lower_at(words, after + 1) not in _NOUNS:
        return _OTHER
    is_capital = all(word.text.rstrip("s").isupper() for word in words[position : position + len(phrase.words)])
    return _Unit(
        _Role.TYPE,
        phrase.reference_type,
        is_named=phrase.needs is Needs.NOTHING or (phrase.needs is Needs.CAPITALS and is_capital),
    )


def _all_instruments(words: Sequence[Word], position: int) -> int:
    """How many words say all instruments here."""
    if words[position].lower not in _ALL:
        return 0
    for count in range(2, 7):
        last = _lower_at(words, position + count - 1)
        if last in {"instrument", "instruments"}:
            return count
        if last not in {"of", "the", "jwst", "five", "science"}:
            return 0
    return 0


def _phrase_at(words: Sequence[Word], position: int, phrases: Mapping[str, tuple[Phrase, ...]]) -> Phrase | None:
    if position >= len(words):
        return None
    for phrase in phrases.get(words[position].lower, ()):
        part = words[position : position + len(phrase.words)]
        if len(part) < len(phrase.words) or any(word.mark is not Mark.WORD for word in part):
            continue
        *before, last = (word.lower for word in part)
        if tuple(before) == phrase.words[:-1] and last in {phrase.words[-1], f"{phrase.words[-1]}s"}:
            if phrase.is_capital and not part[0].text.isupper():
                continue
            return phrase
    return None


def _lower_at(words: Sequence[Word], position: int) -> str:
    return words[position].lower if position < len(words) else ""


def _without_excepted(units: list[_Unit]) -> list[_Unit]:
    """What comes after "except" in a sentence is not named, nor by "all instruments" before it."""
    begin = next((place for place, unit in enumerate(units) if unit.role is _Role.EXCEPT), len(units))
    excepted = {instrument for unit in units[begin:] for instrument in unit.instruments}
    for unit in units[:begin]:
        if len(unit.instruments) > 1:
            unit.instruments = tuple(set(unit.instruments) - excepted)
    return units[:begin]


def _by_company(units: Sequence[_Unit], company: _Role) -> None:
    """Name the types that come after such a unit with nothing between but types and what describes them."""
    describing = _MOST_DESCRIBING + 1
    for unit in units:
        if unit.role is company:
            describing = 0
        elif unit.role is _Role.TYPE:
            if describing <= _MOST_DESCRIBING:
                unit.is_named, describing = True, 0
        elif unit.role is _Role.DESCRIBING or unit.role is _Role.OWNER:
            describing += 1
        elif unit.role is not _Role.JOIN:
            describing = _MOST_DESCRIBING + 1


def _by_list(units: Sequence[_Unit]) -> None:
    """Name the types that are joined to one that is named."""
    is_listed = is_joined = False
    for unit in units:
        if unit.role is _Role.TYPE:
            unit.is_named = unit.is_named or (is_listed and is_joined)
            is_listed, is_joined = unit.is_named, False
        elif unit.role is _Role.JOIN:
            is_joined = True
        else:
            is_listed = False
