"""Flowed text (RFC 3676): lines that end with a space go on in the next."""

from __future__ import annotations


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
