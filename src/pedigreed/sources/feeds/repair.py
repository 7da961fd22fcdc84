"""Repairs a feed that is not well-formed XML, as far as other feed readers do.

What is repaired: bare ampersands and names of HTML's characters, prefixes that nobody declared, HTML that stands
unescaped in a text, tags, comments and CDATA that are not closed, tags that close nothing, and a feed that goes on
as a second one. A feed that ends too soon stays one.
"""

from __future__ import annotations

import re
from html.entities import html5

from pedigreed.sources.feeds.whole_entries import DEEPEST, ENTRIES, FRAMES_AND_ENTRIES, NAMESPACES, TEXTS, VALUES

_MOST_REFERENCES = 100_000
"""A feed with more of them than any has stays as it is, since each grows."""

# Nothing is looked at twice, whatever the text: what is not closed goes to the end, and no tag has a "<" in it.
_TOKEN = re.compile(
    r"(?P<verbatim><!\[CDATA\[.*?(?:\]\]>|\Z))|<!--.*?(?:-->|\Z)|<[?!][^<>]*+>?"
    r"|<(?P<end>/?)(?P<name>[A-Za-z_][\w.:-]{0,100})(?P<attributes>[^<>]*+)>",
    re.DOTALL,
)
_SEAM = re.compile(
    r"</(?P<root>rss|feed|rdf:RDF)\s*+>(?:\s++|<[?!][^<>]*+>)*+<(?P=root)(?=[\s>])[^<>]*+>", re.IGNORECASE
)
"""Where a feed ends and another begins."""
_ATTRIBUTE = re.compile(
    r"(?<![\w.:-])(?P<name>[A-Za-z_][\w.:-]{0,100}+)\s*+="
    r"\s*+(?:\"(?P<a>[^\"]*)\"|'(?P<b>[^']*)'|(?P<c>[^\s\"']+))"
)
_REFERENCE = re.compile(r"&(?:(?P<name>[A-Za-z][A-Za-z0-9]{0,31});|#(?P<code>[0-9]{1,7}|x[0-9A-Fa-f]{1,6});)?")
_XHTML = frozenset({"xhtml", "application/xhtml+xml"})
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
_CONTROL = range(0x20)
_ALLOWED_CONTROL = frozenset({0x9, 0xA, 0xD})


def repaired(xml: str) -> str:
    """The feed's text from its first element on, nearer to XML. Takes time by its length.

    What is nested deeper than a feed is, or has more references than any, stays as it is.
    """
    if xml.count("&") > _MOST_REFERENCES:
        return xml
    xml = _SEAM.sub("", _without_open("<!--", "-->", _without_open("<![CDATA[", "]]>", xml)))
    repair = _Repair()
    position = 0
    for token in _TOKEN.finditer(xml):
        repair.text(xml[position : token.start()])
        position = token.end()
        if token["verbatim"]:
            repair.verbatim(token[0])
        elif token["name"]:
            repair.tag(token)
            if repair.depth > DEEPEST:
                return xml
    repair.text(xml[position:])
    return repair.written


def _without_open(begin: str, end: str, xml: str) -> str:
    """The text without what begins sections that nothing ends: what is in them is text then."""
    last = xml.rfind(end) + 1
    return xml[:last] + xml[last:].replace(begin, "")


class _Repair:
    """Writes the tokens of a feed anew. A text is everything between the tags of a field with a text."""

    def __init__(self) -> None:
        self._written: list[str] = []
        self._open: list[str] = []
        self._prefixes: set[str] = set()
        self._declared: set[str] = {"xml", "xmlns"}

    @property
    def depth(self) -> int:
        return len(self._open)

    @property
    def written(self) -> str:
        """With a declaration of each prefix that has none, at the first element."""
        missing = sorted(self._prefixes - self._declared)
        declarations = "".join(
            f' xmlns:{prefix}="{NAMESPACES.get(prefix, f"urn:x:{prefix}")}"' for prefix in missing
        )
        first = next((place for place, piece in enumerate(self._written) if piece.startswith("<")), None)
        if first is None:
            return "".join(self._written)
        tag = re.sub(r"(?=/?>$)", declarations, self._written[first], count=1)
        return "".join((*self._written[:first], tag, *self._written[first + 1 :]))

    def text(self, text: str) -> None:
        self._written.append(_escaped(text))

    def verbatim(self, section: str) -> None:
        self._written.append(section)

    def tag(self, token: re.Match[str]) -> None:
        name, is_end = token["name"], bool(token["end"])
        local = _local(name)
        if self._open and _local(self._open[-1]) in TEXTS and not (is_end and local == _local(self._open[-1])):
            if local not in FRAMES_AND_ENTRIES:
                self._written.append(_escaped(token[0]))
                return
            self._close()
        if is_end:
            self._end(name)
        else:
            self._start(name, token["attributes"])

    def _start(self, name: str, attributes: str) -> None:
        if self._open and _local(self._open[-1]) in VALUES:
            self._close()
        if _local(name) in ENTRIES:
            self._end_entry()
        self._note_prefix(name)
        is_empty = attributes.endswith("/")
        self._written.append(f"<{name}{self._attributes(attributes)}{'/' if is_empty else ''}>")
        if not is_empty:
            self._open.append(name)

    def _end(self, name: str) -> None:
        """Close what is still open in it. What was never opened is not closed."""
        if name.lower() in map(str.lower, self._open):
            while self._open[-1].lower() != name.lower():
                self._close()
            self._close()

    def _end_entry(self) -> None:
        """No entry is in another."""
        for name in self._open:
            if _local(name) in ENTRIES:
                self._end(name)
                return

    def _close(self) -> None:
        self._written.append(f"</{self._open.pop()}>")

    def _attributes(self, written: str) -> str:
        found: dict[str, str] = {}
        for one in _ATTRIBUTE.finditer(written):
            value = next(each for each in (one["a"], one["b"], one["c"], "") if each is not None)
            found.setdefault(one["name"], value)
        for name in found:
            if name.startswith("xmlns:"):
                self._declared.add(name.removeprefix("xmlns:"))
            else:
                self._note_prefix(name)
        # Elements in a text are text from here on.
        kind = {"type": "html"} if found.get("type", "").lower() in _XHTML else {}
        return "".join(
            f' {name}="{_escaped(value).replace(chr(34), "&quot;")}"' for name, value in (found | kind).items()
        )

    def _note_prefix(self, name: str) -> None:
        prefix, colon, _ = name.partition(":")
        if colon:
            self._prefixes.add(prefix)


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()


def _escaped(text: str) -> str:
    """The text, in which every reference to a character is one that XML knows."""
    return _REFERENCE.sub(_sound, text).replace("<", "&lt;").replace("]]>", "]]&gt;")


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
