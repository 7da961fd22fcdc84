"""The whole entries of a feed's XML, and of them what is read.

feedparser alone will not do for what anyone may send (checked in 6.0.14). It gives half entries of a feed that was
cut. For some fields it takes the square of their length, and for XML that is not well-formed it has a second reader
that takes it for more. So it gets well-formed XML with nothing in it but whole entries and the fields that
pedigreed reads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.parsers import expat  # no document type comes here, and so no entity and no other file

_FRAMES = frozenset({"rss", "feed", "rdf", "channel"})
_ENTRIES = frozenset({"item", "entry"})
_TEXTS = frozenset({"description", "summary", "content", "encoded"})
_VALUES = frozenset(
    {"title", "link", "guid", "id", "pubdate", "published", "updated", "modified", "date", "issued"}
)
_PREFIXES = frozenset({"", "atom", "content", "dc", "dcterms"})
_LONGEST_TEXT = 1_000_000
_LONGEST_VALUE = 4_000
_LONGEST_TAG = 20_000
"""Bytes."""
_DEEPEST = 100
_MOST_NAMESPACES = 100
_MOST_ELEMENTS = 1_000_000
_MOST_KEPT_ELEMENTS = 100_000
_ENDS_TOO_SOON = frozenset(
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
    )
)
_TAG = re.compile(rb"<(?P<qualified>[^\s/>]+)(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")


@dataclass(frozen=True, slots=True)
class WholeEntries:
    """What could be read of a feed.

    Attributes:
        xml: well-formed, UTF-8; it has the whole entries before the first thing that is wrong.
        count: of the entries.
        problem: what is wrong there, in words; None where all was read.
        is_cut: whether what is wrong is that the feed ends too soon.
        left_out: fields that were longer than a reader would want.
        has_more: whether there are more entries than were to be read.
    """

    xml: bytes
    count: int
    problem: str | None = None
    is_cut: bool = False
    left_out: int = 0
    has_more: bool = False


def whole_entries(text: str, most: int) -> WholeEntries:
    """Read a feed's text, from its first element on, and at most so many entries. Takes time by its length."""
    walk = _Walk(text.encode("utf-8"), most)
    problem, is_cut = walk.to_the_end()
    return WholeEntries(walk.kept, walk.count, problem, is_cut, walk.left_out, walk.has_more)


class _Stop(Exception):  # no error
    """The walk ends here. The message is the problem; empty for none."""


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
        self._elements = self._kept_elements = self._namespaces = 0
        self._entry: list[bytes] | None = None
        self._prefixes: frozenset[str] = _PREFIXES
        self._field: tuple[int, int] | None = None
        """Where the open field begins, and how long it may be; None where there is none that is wanted."""
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartNamespaceDeclHandler = self._declare

    @property
    def kept(self) -> bytes:
        """Well-formed at any moment."""
        return b"".join((*self._kept, *(b"</%s>" % name for name in reversed(self._frames))))

    def to_the_end(self) -> tuple[str | None, bool]:
        """What is wrong, and whether it is that the text ends too soon."""
        try:
            self._parser.Parse(self._xml, True)  # this is the end of it
        except _Stop as stop:
            return (f"{stop} {self._place}" if str(stop) else None), False
        except expat.ExpatError as error:
            if self._is_over:
                return None, False
            if error.code in _ENDS_TOO_SOON:
                return f"it is cut {self._place}", True
            return f"it is no well-formed XML {self._place}: {expat.ErrorString(error.code)}", False
        return None, False

    @property
    def _place(self) -> str:
        return f"after {self.count} whole {'entry' if self.count == 1 else 'entries'}"

    def _declare(self, _prefix: str | None, _uri: str) -> None:
        self._namespaces += 1
        if self._namespaces > _MOST_NAMESPACES:
            raise _Stop("it declares more namespaces than a feed needs")

    def _start(self, _name: str, _attributes: dict[str, str]) -> None:
        level = self._depth - len(self._frames)
        self._depth += 1
        self._elements += 1
        self._kept_elements += self._field is not None
        if self._depth > _DEEPEST:
            raise _Stop("it is nested deeper than a feed is")
        if self._elements > _MOST_ELEMENTS or self._kept_elements > _MOST_KEPT_ELEMENTS:
            raise _Stop("it has more elements than a feed needs")
        if level == 0:
            self._start_in_frame(self._tag())
        elif level == 1 and self._entry is not None:
            self._start_field(self._tag(), self._entry)

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
            self._end_field(*self._field, self._entry)

    def _start_in_frame(self, tag: re.Match[bytes]) -> None:
        prefix, name = _names(tag)
        is_empty = tag[0].endswith(b"/>")
        if name in _FRAMES:
            self._kept.append(tag[0][:-2] + b">" if is_empty else tag[0])
            self._frames.append(tag["qualified"])
        elif name in _ENTRIES and not is_empty:
            if self.count == self._most:
                self.has_more = True
                raise _Stop
            self._entry = [tag[0]]
            self._prefixes = _PREFIXES | {prefix}

    def _start_field(self, tag: re.Match[bytes], entry: list[bytes]) -> None:
        prefix, name = _names(tag)
        longest = _LONGEST_TEXT if name in _TEXTS else _LONGEST_VALUE if name in _VALUES else None
        if longest is None or prefix not in self._prefixes:
            return
        if not tag[0].endswith(b"/>"):
            self._field = tag.start(), longest
        elif len(tag[0]) <= _LONGEST_VALUE:
            entry.append(tag[0])

    def _end_field(self, start: int, longest: int, entry: list[bytes]) -> None:
        self._field = None
        end = self._end_of_tag()
        if end - start <= longest:
            entry.append(self._xml[start:end])
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


def _names(tag: re.Match[bytes]) -> tuple[str, str]:
    """Prefix and local name, in lower case."""
    prefix, _, name = tag["qualified"].decode().lower().rpartition(":")
    return prefix, name
