"""The bytes of a mail's text as characters, whatever its charset is said to be, and flowed text as paragraphs."""

from __future__ import annotations

from pedigreed.sources.charset import codec_of

_SUPERSETS = frozenset({"", "ascii", "iso8859-1", "cp1252", "utf-8"})
"""Labels that stand on text of any kind: much that is UTF-8, or Windows's, is sent as US-ASCII or Latin-1."""


def decode(content: bytes, label: str | None = None) -> str:
    """The text. What fits no charset is shown as U+FFFD, and nothing is raised.

    The label is believed where it fits and means something. What is valid UTF-8 by chance is hardly ever
    anything else; what is left is taken as Windows-1252, as browsers do with Latin-1.
    """
    charset = codec_of(label)
    if charset in _SUPERSETS:
        return _strictly(content, "utf-8") or content.decode("cp1252", "replace")
    return _strictly(content, charset) or _strictly(content, "utf-8") or content.decode(charset, "replace")


def _strictly(content: bytes, charset: str) -> str:
    """Empty where the bytes don't fit."""
    try:
        return content.decode(charset)
    except (UnicodeError, ValueError):
        return ""


def unflowed(text: str, *, deletes_space: bool = False) -> str:
    """The text with its paragraphs on one line each.

    Args:
        text: of ``format=flowed``.
        deletes_space: whether ``delsp=yes`` was said, as for scripts that put no space between words.
    """
    paragraphs: list[tuple[int, list[str]]] = []
    is_open = False
    for line in text.replace("\r\n", "\n").split("\n"):
        unquoted = line.lstrip(">")
        depth = len(line) - len(unquoted)
        words = unquoted.removeprefix(" ")
        is_signature = words == "-- "
        if not (is_open and not is_signature and paragraphs[-1][0] == depth):
            paragraphs.append((depth, []))
        is_open = words.endswith(" ") and not is_signature
        paragraphs[-1][1].append(words[:-1] if is_open and deletes_space else words)
    return "\n".join((">" * depth + " " if depth else "") + "".join(lines) for depth, lines in paragraphs)
