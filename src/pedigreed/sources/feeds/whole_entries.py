"""The entries of a feed that are complete in its XML, with the fields that pedigreed reads of them.

feedparser alone will not do for what anyone may send (checked in 6.0.14). It gives half entries of a feed that
was cut. For some fields, wherever they stand, it takes the square of their length, and what is not well-formed it
reads a second time in a way that is as slow. So it gets well-formed XML, with nothing in it but whole entries, the
fields that pedigreed reads, and no elements in them: XHTML becomes HTML, which is text to XML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from xml.parsers import expat  # no document type comes here, and so no entity and no other file

_FRAMES = frozenset({"rss", "feed", "rdf", "channel"})
ENTRIES = frozenset({"item", "entry"})
FRAMES_AND_ENTRIES = _FRAMES | ENTRIES
TEXTS = frozenset({"title", "description", "summary", "abstract", "content", "encoded"})
"""What may be HTML."""
_OF_FEED = frozenset(
    {
        *("title", "link", "description", "summary", "abstract", "content"),
        *("guid", "id", "pubdate", "published", "updated", "modified", "issued"),
    }
)
_DATES = frozenset({"date", "issued", "modified", "created"})
_FIELDS = {
    "": _OF_FEED,
    "http://www.w3.org/2005/atom": _OF_FEED,
    "http://purl.org/atom/ns#": _OF_FEED,
    "http://purl.org/rss/1.0/": _OF_FEED,
    "http://my.netscape.com/rdf/simple/0.9/": _OF_FEED,
    "http://backend.userland.com/rss2": _OF_FEED,
    "http://blogs.law.harvard.edu/tech/rss": _OF_FEED,
    "http://purl.org/rss/1.0/modules/content/": frozenset({"encoded"}),
    "http://purl.org/dc/elements/1.1/": _DATES,
    "http://purl.org/dc/terms/": _DATES,
}
"""Namespace -> the fields that are read, both in lower case."""
VALUES = (_OF_FEED | _DATES) - TEXTS
"""Fields with no elements in them."""
NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}
"""What the usual prefixes mean, where a feed does not declare them."""
_LONGEST_TEXT = 1_000_000
_LONGEST_VALUE = 4_000
_LONGEST_TAG = 20_000
"""Bytes."""
DEEPEST = 100
_MOST_FIELDS = 20
_MOST_NAMESPACES = 100
_MOST_ATTRIBUTES = 100
"""feedparser takes the square of their number."""
_MOST_ELEMENTS = 300_000
_IN_A_SECTION = frozenset(
    expat.errors.codes[message]
    for message in (expat.errors.XML_ERROR_UNCLOSED_TOKEN, expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION)
)
_ENDS_TOO_SOON = _IN_A_SECTION | {
    expat.errors.codes[message]
    for message in (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_PARTIAL_CHAR)
}
_BEGINS_AGAIN = re.compile(rb"<(?:rss|feed|rdf:RDF)(?=[\s>])", re.IGNORECASE)
_DECLARATION = re.compile(rb"\sxmlns(?::[^\s=]+)?\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_CDATA = re.compile(rb"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_PREFIX = re.compile(rb"(</?)[^\s<>/:\"'=]+:")
_TAG = re.compile(rb"<(?P<qualified>[^\s/>]+)(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")


@dataclass(frozen=True, slots=True)
class WholeEntries:
    """What could be read of a feed.

    Attributes:
        xml: well-formed, UTF-8; it has the whole entries before the first thing that is wrong.
        count: of the entries.
        problem: what is wrong there, in words; None where all was read.
        is_malformed: whether it is no well-formed XML there, or goes on after its end.
        left_out: how many fields were longer, or more in one entry, than a feed needs.
        has_more: whether there are more entries than were to be read.
    """

    xml: bytes
    count: int
    problem: str | None = None
    is_malformed: bool = False
    left_out: int = 0
    has_more: bool = False


def whole_entries(text: str, most: int) -> WholeEntries:
    """Read a feed's text, from its first element on, and at most so many entries. Takes time by its length."""
    walk = _Walk(text.encode("utf-8"), most)
    problem, is_malformed = walk.to_the_end()
    return WholeEntries(walk.kept, walk.count, problem, is_malformed, walk.left_out, walk.has_more)


class _Stop(Exception):
    """The walk ends here. The message is the problem; empty for none."""


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of an entry, its start tag, and whether there are elements in it."""

    name: str
    tag: re.Match[bytes]
    has_elements: bool = False

    def written(self, xml: bytes, end: int) -> bytes:
        """The field without elements in it. `end` is the place of its end tag."""
        qualified = self.tag["qualified"]
        if not self.has_elements:
            return b"%s%s</%s>" % (self.tag[0], xml[self.tag.end() : end], qualified)
        declarations = b"".join(_DECLARATION.findall(self.tag[0]))
        html = _PREFIX.sub(rb"\1", _CDATA.sub(_escaped_text, xml[self.tag.end() : end]))
        return b'<%s%s type="html">%s</%s>' % (qualified, declarations, _escaped(html), qualified)


def _escaped_text(verbatim: re.Match[bytes]) -> bytes:
    return _escaped(verbatim[1])


def _escaped(text: bytes) -> bytes:
    return text.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")


class _Walk:
    """Goes through the elements, and keeps entries and their fields. All else is left out."""

    def __init__(self, xml: bytes, most: int) -> None:
        self.count = 0
        self.left_out = 0
        self.has_more = False
        self._xml = xml
        self._most = most
        self._kept: list[bytes] = []
        self._frames: list[bytes] = []
        self._is_over = False
        self._depth = 0
        self._elements = 0
        self._namespaces: set[tuple[str | None, str | None]] = set()
        self._entry: list[bytes] | None = None
        self._field: _Field | None = None
        """The open one; None where there is none that is wanted."""
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartNamespaceDeclHandler = self._declare

    @property
    def kept(self) -> bytes:
        """Well-formed at any moment."""
        return b"".join((*self._kept, *(b"</%s>" % name for name in reversed(self._frames))))

    def to_the_end(self) -> tuple[str | None, bool]:
        """What is wrong, and whether it is that the text is no well-formed XML."""
        try:
            self._parser.Parse(self._xml, True)
        except _Stop as stop:
            return (f"{stop} {self._place}" if str(stop) else None), False
        except expat.ExpatError as error:
            if self._is_over:
                goes_on = _BEGINS_AGAIN.search(self._xml, self._parser.ErrorByteIndex) is not None
                return (f"another feed begins {self._place}" if goes_on else None), goes_on
            if error.code in _ENDS_TOO_SOON:
                return f"it is cut {self._place}", error.code in _IN_A_SECTION
            return f"it is no well-formed XML {self._place}: {expat.ErrorString(error.code)}", True
        return None, False

    @property
    def _place(self) -> str:
        return f"after {self.count} whole {'entry' if self.count == 1 else 'entries'}"

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        self._namespaces.add((prefix, uri))
        if len(self._namespaces) > _MOST_NAMESPACES:
            raise _Stop("it declares more namespaces than a feed needs")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        level = self._depth - len(self._frames)
        self._depth += 1
        self._elements += 1
        if self._depth > DEEPEST:
            raise _Stop("it is nested deeper than a feed is")
        if len(attributes) > _MOST_ATTRIBUTES:
            raise _Stop("it has more attributes than an element needs")
        if self._elements > _MOST_ELEMENTS:
            raise _Stop("it has more elements than a feed needs")
        if level == 0:
            self._start_in_frame(self._tag())
        elif level == 1 and self._entry is not None:
            self._start_field(name, self._tag(), self._entry)
        elif self._field is not None and not self._field.has_elements:
            self._field = replace(self._field, has_elements=True)

    def _end(self, _name: str) -> None:
        self._depth -= 1
        level = self._depth - len(self._frames)
        if level < 0:
            self._kept.append(b"</%s>" % self._frames.pop())
            self._is_over = not self._frames
        elif level == 0 and self._entry is not None:
            self._kept += (*self._entry, self._xml[self._parser.CurrentByteIndex : self._end_of_tag()])
            self._entry = None
            self.count += 1
        elif level == 1 and self._entry is not None and self._field is not None:
            self._end_field(self._field, self._entry)

    def _start_in_frame(self, tag: re.Match[bytes]) -> None:
        name = tag["qualified"].decode().rpartition(":")[2].lower()
        is_empty = tag[0].endswith(b"/>")
        if name in _FRAMES:
            self._kept.append(tag[0][:-2] + b">" if is_empty else tag[0])
            self._frames.append(tag["qualified"])
        elif name in ENTRIES and not is_empty:
            if self.count == self._most:
                self.has_more = True
                raise _Stop
            self._entry = [tag[0]]

    def _start_field(self, name: str, tag: re.Match[bytes], entry: list[bytes]) -> None:
        namespace, _, local = name.rpartition(" ")
        field = local.lower()
        if field not in _FIELDS.get(namespace.lower(), ()):
            return
        if len(entry) > _MOST_FIELDS:
            self.left_out += 1
            return
        if not tag[0].endswith(b"/>"):
            self._field = _Field(field, tag)
        elif len(tag[0]) <= _LONGEST_VALUE:
            entry.append(tag[0])

    def _end_field(self, field: _Field, entry: list[bytes]) -> None:
        self._field = None
        written = field.written(self._xml, self._parser.CurrentByteIndex)
        if len(written) <= (_LONGEST_TEXT if field.name in TEXTS else _LONGEST_VALUE):
            entry.append(written)
        else:
            self.left_out += 1

    def _tag(self) -> re.Match[bytes]:
        """The start tag here. The parser has read it, so that it is one."""
        tag = _TAG.match(self._xml, self._parser.CurrentByteIndex)
        assert tag is not None
        if tag.end() - tag.start() > _LONGEST_TAG:
            raise _Stop("it has a longer tag than a feed needs")
        return tag

    def _end_of_tag(self) -> int:
        return self._xml.index(b">", self._parser.CurrentByteIndex) + 1
