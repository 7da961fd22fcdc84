"""What stands before a feed's first element."""

from __future__ import annotations

import re

from pedigreed.sources.plain_text import after

_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]{0,100}:)?(?P<name>[A-Za-z_][\w.-]{0,100})(?=[\s/>]|$)")
_SUBSET_END = re.compile(r"\]\s*>")


def after_prolog(text: str) -> tuple[str, str]:
    """The first element's name in lower case and without prefix, and the text from it on.

    XML declaration, comments and document type are left out, and with the document type every entity that a feed
    would define: none is ever expanded. Name and text are empty where there is no element.
    """
    position = text.find("<")
    while position >= 0:
        if text.startswith("<!--", position):
            end = after(text, "-->", position)
        elif text.startswith("<?", position):
            end = after(text, "?>", position)
        elif text.startswith("<!", position):
            end = _document_type_end(text, position)
        else:
            root = _ROOT.match(text, position)
            return (root["name"].lower(), text[position:]) if root else ("", "")
        position = text.find("<", end)
    return "", ""


def _document_type_end(text: str, start: int) -> int:
    closed = text.find(">", start)
    if "[" not in text[start : closed if closed >= 0 else len(text)]:
        return len(text) if closed < 0 else closed + 1
    end = _SUBSET_END.search(text, start)
    return end.end() if end else len(text)
