"""A feed's bytes as characters."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

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
_TEXT_CODECS = re.compile(
    "ascii|utf-(?:8|16|32)(?:-[lb]e|-sig)?|iso8859-\\d+|cp\\d+|koi8-[ru]|mac-\\w+|"
    "gb2312|gbk|gb18030|big5\\w*|shift_jis\\w*|euc_\\w+"
)
"""Python has more codecs. Some take the square of the length, or make no characters."""
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
        if name and _is_of_text(name):
            yield name
    yield "cp1252"
    yield "latin-1"


def _is_of_text(name: str) -> bool:
    try:
        return _TEXT_CODECS.fullmatch(codecs.lookup(name).name) is not None
    except LookupError:
        return False
