"""A feed's bytes as XML text: their characters, from the first element on."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from pedigreed.sources.charset import codec_of
from pedigreed.sources.plain_text import after

if TYPE_CHECKING:
    from collections.abc import Iterator


_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
)
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s{0,20}=\s{0,20}[\"']([A-Za-z0-9._-]{1,40})[\"']")
_IN_HEADER = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._-]{1,40})", re.IGNORECASE)
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]{0,100}:)?(?P<name>[A-Za-z_][\w.-]{0,100})(?=[\s/>]|$)")
_SUBSET_END = re.compile(r"\]\s*>")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has not (section 2.2)."""


def characters(body: bytes, content_type: str) -> str:
    """The body's characters, without those that XML does not have. A half character at its end is left out.

    What is valid UTF-8 is taken for it, whatever header and XML declaration say: by chance it is not valid.
    """
    for coding in _codings(body, content_type):
        try:
            text = codecs.getincrementaldecoder(coding)().decode(body)
        except (UnicodeError, LookupError):
            continue
        if "<" in text:
            return _NOT_XML.sub("", text)
    return _NOT_XML.sub("", body.decode("utf-8", "replace"))


def _codings(body: bytes, content_type: str) -> Iterator[str]:
    for mark, coding in _MARKS:
        if body.startswith(mark):
            yield coding
    yield "utf-8"
    declared = _DECLARED.search(body[:1000])
    told = _IN_HEADER.search(content_type[:1000])
    for name in (told and told[1], declared and declared[1].decode("ascii")):
        if coding := codec_of(name):
            yield coding
    yield "cp1252"
    yield "latin-1"


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
