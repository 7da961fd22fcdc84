"""Repair of what most often makes a feed no XML: bare ampersands, and names of HTML's characters."""

from __future__ import annotations

import re
from html.entities import html5

_REFERENCE = re.compile(r"&(?:(?P<name>[A-Za-z][A-Za-z0-9]{0,31});|#(?P<code>[0-9]{1,7}|x[0-9A-Fa-f]{1,6});)?")
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
_CDATA = "<![CDATA["
_MOST = 100_000
_CONTROL = range(0x20)
_ALLOWED_CONTROL = frozenset({0x9, 0xA, 0xD})


def with_sound_references(xml: str) -> str:
    """The same text, in which every reference to a character is one that XML knows. CDATA stays as it is.

    A text with more of them than any feed has stays as it is, since each grows.
    """
    if xml.count("&") > _MOST:
        return xml
    first, *others = xml.split(_CDATA)
    parts = [_REFERENCE.sub(_sound, first)]
    for other in others:
        verbatim, end, rest = other.partition("]]>")
        parts += [_CDATA, verbatim, end, _REFERENCE.sub(_sound, rest)]
    return "".join(parts)


def _sound(reference: re.Match[str]) -> str:
    name, code = reference["name"], reference["code"]
    if name in _OF_XML:
        return reference[0]
    if name and f"{name};" in html5:
        return html5[f"{name};"].replace("&", "&amp;").replace("<", "&lt;")
    if code and _is_of_xml(int(code[1:], 16) if code.startswith("x") else int(code)):
        return reference[0]
    return f"&amp;{reference[0][1:]}"


def _is_of_xml(code: int) -> bool:
    """XML 1.0, section 2.2."""
    if code in _CONTROL:
        return code in _ALLOWED_CONTROL
    return code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF  # noqa: PLR2004  # the standard's
