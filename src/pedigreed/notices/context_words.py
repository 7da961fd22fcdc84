"""Which of the contexts in a text is the new one, and which was in use before.

The words right before a context, or right after it, tell: "replaces jwst_1534", "from jwst_1534 to jwst_1535",
"jwst_1534 was replaced by". Of what is not told to be the old one, the highest is the new one: numbers grow with
deliveries. In a rollback what comes after "to" is the new one, and else the lowest; the highest of the others is
the one before.
"""

from __future__ import annotations

import re

_CONTEXT = re.compile(r"\bjwst_([0-9]{4,6})(?:\.pmap)?(?![A-Za-z0-9_]|\.[a-z])", re.IGNORECASE | re.ASCII)
_CUE = re.compile(
    r"\b(?:(?P<old>replac(?:es?|ed|ing)|supersed(?:es?|ed|ing)|instead of|rather than|from|previous(?:ly)?|prior"
    r"|before|old|than|since|was|compared (?:to|with)|relative to|difference[sd]?)"
    r"|(?P<new>to|now|new|latest|current|becomes?|became|by|activated|restored?))\b",
    re.IGNORECASE,
)
_AFTER_OLD = re.compile(
    r"\W{0,3}(?:\([^)\n]{0,40}\) ?)?(?:was|is|has been|were|will be) (?:now )?(?:replaced|superseded)\b",
    re.IGNORECASE,
)
_NEAR = 40


def contexts_of(text: str, named: tuple[str, ...], *, is_back: bool) -> tuple[str | None, str | None]:
    """The context that a text is about, and the one before; None where it is not said.

    Args:
        text: where they stand.
        named: the contexts in it.
        is_back: whether an earlier context became the latest again.
    """
    if not named:
        return None, None
    told_new, told_old = _told(text)
    if is_back:
        new = min(told_new or (set(named) - told_old) or set(named), key=_number)
        others = (told_old or set(named)) - {new}
    else:
        new = max((told_new - told_old) or (set(named) - told_old) or set(named), key=_number)
        others = told_old - {new}
    return new, max(others, key=_number, default=None)


def _told(text: str) -> tuple[set[str], set[str]]:
    """The contexts that the words beside them call new, and those that they call old."""
    new: set[str] = set()
    old: set[str] = set()
    begin = 0
    for found in _CONTEXT.finditer(text):
        context = f"jwst_{found[1]}"
        cues = list(_CUE.finditer(text, max(begin, found.start() - _NEAR), found.start()))
        if _AFTER_OLD.match(text, found.end()) or (cues and cues[-1]["old"]):
            old.add(context)
        elif cues:
            new.add(context)
        begin = found.end()
    return new, old


def _number(context: str) -> int:
    return int(context.removeprefix("jwst_"))
