"""Puts numbers and lists of names into words, and makes text from outside safe to print."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

if TYPE_CHECKING:
    from collections.abc import Sequence


def visible(text: str) -> str:
    r"""Text that shows what it holds: an escape character becomes ``\x1b``, a line end ``\n``.

    Spaces of every width become plain ones. Nothing that steers a terminal or a mail header is left.
    """
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return " " if unicodedata.category(character) == "Zs" else _escaped(character)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def one_line(text: str) -> str:
    """Text with line ends and runs of spaces as one space, and made visible."""
    return visible(" ".join(text.split()))


def clipped(text: str, columns: int) -> str:
    """At most so many columns, and so many characters, with an ellipsis where something is left out."""
    text = one_line(text)
    if cell_len(text) <= columns and len(text) <= columns:
        return text
    return set_cell_size(text[: columns - 3], min(columns - 3, cell_len(text[: columns - 3]))).rstrip() + "..."


def padded(text: str, columns: int) -> str:
    """At least so many columns."""
    return text + " " * (columns - cell_len(text))


def count(number: int, noun: str, plural: str | None = None) -> str:
    """``1 product``, ``1,204 products``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def sentence(text: str) -> str:
    """With a capital at its beginning."""
    return text[:1].upper() + text[1:]


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def shortlist(names: Sequence[str], limit: int, noun: str) -> str:
    """All the names, or the first of them and how many more there are: ``1, 2 and 31 more programs``."""
    if len(names) <= limit:
        return listed(names)
    return f"{', '.join(names[:limit])} and {count(len(names) - limit, 'more ' + noun)}"


def percent(part: int, whole: int) -> str:
    """Never ``0%`` of something, never ``100%`` of less than all."""
    if 0 < part * 100 < whole:
        return "<1%"
    return f"{part * 100 // whole}%"
