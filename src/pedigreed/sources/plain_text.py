"""Text from outside, made plain: nothing in it steers a terminal, a mail, a page or a chat."""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_TEXT = 100_000
"""Characters of one announcement. The longest description in CRDS's public history has some 5,000."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_BLANK = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r"\n{3,}")
_MOST_MARKS = 30
"""Unicode Standard Annex 15, "Stream-Safe Text Format"."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SPACES = re.compile(r"\s+")
_NOT_TEXT = frozenset(["script", "style", "title", "template", "noscript", "iframe", "object", "svg"])
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]*)")
_CELLS = frozenset({"td", "th"})
_BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "footer", "form"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre"),
        *("section", "table", "tr", "ul"),
    }
)


def plain(text: str, limit: int = LONGEST_TEXT) -> str:
    """Lines of visible characters: LF line ends, single spaces, no more than one empty line in a row.

    Terminal sequences, control characters, characters that turn the direction of writing, and halves of
    characters are left out. What is longer than the limit is cut.
    """
    lines = _ANSI.sub("", text[: 4 * limit].replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n"))
    kept = unicodedata.normalize("NFC", "".join(_seen(lines)))
    stripped = "\n".join(_BLANK.sub(" ", line).strip() for line in kept.split("\n"))
    return _BREAKS.sub("\n\n", stripped).strip("\n")[:limit].rstrip()


def _seen(text: str) -> Iterator[str]:
    """The visible characters, with no more combining marks on one of them than a language has.

    Normalising takes the square of a run of marks: 800 kB of them took three minutes.
    """
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MOST_MARKS and (character in "\n\t" or unicodedata.category(character) not in _UNSEEN):
            yield character


def plain_line(text: str, limit: int = 300) -> str:
    """The same on one line."""
    return " ".join(plain(text, 4 * limit).split())[:limit].rstrip()


def plain_from_html(html: str, limit: int = LONGEST_TEXT) -> str:
    """What a reader of a page would see, as plain text. Scripts, styles and comments are no text.

    Each character is looked at once or twice. The parsers that are at hand take the square of the length for some
    pages that are made to be slow: the standard library's before Python 3.11.13 for unclosed comments, those that
    build a tree for deep ones.
    """
    return plain("".join(_parts(html[: 20 * limit])), limit)


def _parts(html: str) -> Iterator[str]:
    position, is_verbatim = 0, False
    while position < len(html):
        opened = html.find("<", position)
        text = html[position : opened if opened >= 0 else len(html)]
        if text:
            yield unescape(text if is_verbatim else _SPACES.sub(" ", text))
        if opened < 0:
            return
        tag = _TAG.match(html, opened)
        if tag is None:
            if html.startswith(("<!", "<?", "</"), opened):
                position = after(html, "-->" if html.startswith("<!--", opened) else ">", opened + 1)
            else:
                position = opened + 1
                yield "<"
            continue
        position = after(html, ">", tag.end())
        name, is_end = tag["name"].lower(), bool(tag["end"])
        if name in _NOT_TEXT and not is_end:
            closing = re.compile(f"</{name}", re.IGNORECASE).search(html, position)
            position = after(html, ">", closing.end()) if closing else len(html)
        elif name in _CELLS:
            yield " "
        elif name in _BLOCKS:
            yield "\n"
        if name == "pre":
            is_verbatim = not is_end


def after(html: str, end: str, start: int) -> int:
    """Where the text goes on after `end`. What has no end has no text after it."""
    found = html.find(end, start)
    return len(html) if found < 0 else found + len(end)
