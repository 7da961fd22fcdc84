"""Text that others wrote, as a terminal may print it or as one line."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
"""Half characters are among them: of a path they stand for a byte, which may steer a terminal too."""


def printable(text: str, *, keep: str = "") -> str:
    """The text without what would move a terminal's cursor, colour it, or turn its letters around.

    A run of such characters becomes a space, but for those that are kept.
    """
    return _CONTROL.sub(lambda match: "".join(each for each in match[0] if each in keep) or " ", text)


_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def short_line(text: str, limit: int = 500) -> str:
    """The text with every run of white space and control characters as one space, cut at `limit`.

    What can't be written in UTF-8 becomes a question mark.
    """
    writable = text.encode("utf-8", "replace").decode("utf-8")
    line = _BREAKS.sub(" ", writable).strip()
    return line if len(line) <= limit else line[: limit - 3] + "..."
