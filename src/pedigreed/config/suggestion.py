"""Words for messages: the nearest known word, lists, and text in quotes."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 60


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, whatever its case; None if none is near."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    found = get_close_matches(word.lower()[:_LONGEST], by_lower, n=1, cutoff=0.65)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``, did you mean 'programs'?``, or nothing."""
    candidate = nearest(word, known)
    return f", did you mean {candidate!r}?" if candidate else ""


def quoted(text: str) -> str:
    """Text in quotes, short, and with nothing that a terminal would obey."""
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "...")


def listed(words: Iterable[str], last: str = "or") -> str:
    """``a, b or c``."""
    *some, end = words
    return f"{', '.join(some)} {last} {end}" if some else end


def choose(word: str, known: Iterable[str], noun: str) -> str:
    """`word`, if it is known. Raises `ValueError` with the nearest, or with all of them."""
    known = tuple(known)
    if word in known:
        return word
    if candidate := nearest(word, known):
        raise ValueError(f"{quoted(word)} is no {noun}, did you mean {candidate!r}?")
    raise ValueError(f"{quoted(word)} is no {noun}: write {listed(known)}")
