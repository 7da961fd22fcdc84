"""What the name of a charset means: bytes with a label are read as browsers read them.

Authors label their text by habit, so that a label stands for the larger code page that has its characters:
GB 2312 for GB 18030, KS C 5601 for Windows-949, Shift_JIS for Windows-31J. Source: the WHATWG's Encoding Standard.
"""

from __future__ import annotations

import codecs
import re

import webencodings

_NOT_OF_TEXT = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "utf-7"})
"""Python's own codecs, some of which take the square of the length, and one that hides markup."""

_AS_PYTHON_HAS_IT = frozenset({"replacement", "utf-16le"})
"""Browsers refuse some charsets that are still in mails, and take UTF-16 without a look at its byte order mark."""

_LARGER = {"gbk": "gb18030"}
_LONGEST = 40
_OF_WINDOWS = re.compile(r"\A(?:x-)?win(?:dows)?-?(?=\d+\Z)")
"""How a code page of Windows is written: ``x-windows-949``."""


def codec_of(label: str | None) -> str:
    """The name of Python's codec for a label; empty where there is no such charset, or it is none of text."""
    cleaned = (label or "").strip(" \t\r\n\"'").lower()
    if not cleaned.isascii() or len(cleaned) > _LONGEST or "\0" in cleaned:
        return ""
    cleaned = _OF_WINDOWS.sub("cp", cleaned)
    try:
        web = webencodings.lookup(cleaned) or webencodings.lookup(codecs.lookup(cleaned).name.replace("_", "-"))
        name = (
            str(web.codec_info.name) if web and web.name not in _AS_PYTHON_HAS_IT else codecs.lookup(cleaned).name
        )
        bytes(4).decode(name, "replace")  # Codecs that make no text of bytes refuse.
    except (LookupError, ValueError, UnicodeError):
        return ""
    return "" if name.replace("_", "-") in _NOT_OF_TEXT else _LARGER.get(name, name)
