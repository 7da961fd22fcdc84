"""Text that others wrote, as a terminal may print it."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def printable(text: str, *, keep: str = "") -> str:
    """The text without what would move a terminal's cursor, colour it, or turn its letters around.

    A run of such characters becomes a space, but for those that are kept.
    """
    return _CONTROL.sub(lambda match: "".join(each for each in match[0] if each in keep) or " ", text)
