"""Text of unknown origin on one line."""

from __future__ import annotations

import re

_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def one_line(text: str, limit: int = 500) -> str:
    """The text with every run of white space and control characters as one space, cut at `limit`.

    What can't be written in UTF-8 becomes a question mark.
    """
    writable = text.encode("utf-8", "replace").decode("utf-8")
    line = _BREAKS.sub(" ", writable).strip()
    return line if len(line) <= limit else line[: limit - 3] + "..."
