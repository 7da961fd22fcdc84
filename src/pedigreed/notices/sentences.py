"""A text cut into sentences, and into words."""

from __future__ import annotations

import re
from enum import Enum
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


_PARAGRAPH = re.compile(r"\n\s*\n|\n(?=\s?\s?(?:[-*] |jwst_|[A-Z][A-Za-z ]{1,30}:\s))")
"""An empty line, an item or a file in a list, or a line that begins with what it tells: "Instrument: MIRI"."""
_QUOTED = re.compile(r"^>[> ]*+", re.MULTILINE)
_END = re.compile(r"(?<=[.!?])[\"')\]]? (?=[\"'(\[]?[A-Z0-9])")
_SHORTENED = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|fig|figs|sec|no|nos|dr|prof|mr|ms|mrs|st|approx|resp|al|ver|vol|eq|ref|[A-Z])\.$",
    re.IGNORECASE,
)
_LONGEST_SHORTENED = 12


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a plain text, each on one line, in their order.

    The marks of a quotation in a mail are left out. A dot within a number, a version or a file's name ends none,
    nor does that of an abbreviation or an initial.
    """
    found: list[str] = []
    for paragraph in _PARAGRAPH.split(_QUOTED.sub("", text)):
        line = " ".join(paragraph.split())
        begin = 0
        for end in _END.finditer(line):
            if _SHORTENED.search(line[max(begin, end.start() - _LONGEST_SHORTENED) : end.start()]):
                continue
            found.append(line[begin : end.end()].strip())
            begin = end.end()
        found.append(line[begin:].strip())
    return tuple(sentence for sentence in found if sentence)


NOT_APPLICABLE = "N/A"
"""What CRDS says of a type that has no reference files. As a value (SUBARRAY=N/A) it is no word."""

# Possessive, so that no character is looked at twice whatever the text.
_RUN = re.compile(
    r"N/A(?![A-Za-z0-9_-])|[A-Za-z0-9_-]++(?:\.(?:fits|asdf|json|rmap|imap|pmap)(?![A-Za-z0-9]))?|[.,;:!?/&+()]|\n++",
    re.ASCII,
)
_PART = re.compile(r"[A-Za-z0-9]+", re.ASCII)
_WHOLE = re.compile(
    r"jwst_.*|.*\.(?:fits|asdf|json|rmap|imap|pmap)|pars-[a-z0-9]+|(?:MIR|NRC|NIS|NRS|FGS)_[A-Z0-9]+(?:-[A-Z0-9]+)?",
    re.ASCII,
)


class Mark(Enum):
    """What a word is to the sentence."""

    WORD = "word"
    WHOLE = "whole"
    """A name that is not to be taken apart: a file's, a context's, of parameters, an EXP_TYPE."""
    JOIN = "join"
    """A comma, a slash and the like."""
    END = "end"
    """The end of a sentence or of a line of its own."""


class Word(NamedTuple):
    """A word or a mark. `lower` is `text` in lower case."""

    text: str
    lower: str
    mark: Mark


def words_by_sentence(text: str) -> Iterator[tuple[Word, ...]]:
    """The words of each sentence, or of each line of its own, without its end."""
    for is_end, words in groupby(words_of(text), key=lambda word: word.mark is Mark.END):
        if not is_end:
            yield tuple(words)


def words_of(text: str) -> tuple[Word, ...]:
    """The words of a text and the marks between them. Compounds are taken apart, names of files are not."""
    found: list[Word] = []
    for run in _RUN.finditer(text):
        if run[0].isalpha():
            found.append(Word(run[0], run[0].lower(), Mark.WORD))
            continue
        mark = _mark(run, text)
        if mark is Mark.WORD:
            found += (Word(part, part.lower(), mark) for part in _PART.findall(run[0]))
        elif mark is not None:
            said = run[0].rstrip("_-")
            found.append(Word(said, said.lower(), mark))
    return tuple(found)


def _mark(run: re.Match[str], text: str) -> Mark | None:
    """What a run of characters is; None for what means nothing, such as a dot within a number."""
    first, after = run[0][0], text[run.end() : run.end() + 1]
    if first in ".:!?":
        return Mark.END if not after or after.isspace() else None
    if first == "\n":
        # Lines of a mail are broken anywhere; an empty line and a new item are not.
        return Mark.END if len(run[0]) > 1 or after in {"-", "*"} else None
    if first == ";":
        return Mark.END
    if first in ",/&+()":
        return Mark.JOIN
    if run[0] == NOT_APPLICABLE:
        return None if text.endswith("=", 0, run.start()) else Mark.WHOLE
    return Mark.WHOLE if _WHOLE.fullmatch(run[0].rstrip("_-")) else Mark.WORD
