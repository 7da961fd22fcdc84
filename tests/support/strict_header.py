"""What is wrong with the bytes of a header (RFC 5322, 2045, 2047 and 2231)."""

from __future__ import annotations

import quopri
import re
from base64 import b64decode
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Fields = dict[str, str]
"""Names in lower case -> values on one line; also of parameters."""

_FIELD = re.compile(rb"([!-9;-~]+):((?:[\t\x20-\x7e]|\r\n(?=[\t ]))*)")
_BLANK_LINE = re.compile(rb"\r\n[\t ]+(?=\r\n|\Z)")

_ONCE = {
    "date", "from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "references", "subject",
    "list-id", "mime-version", "content-type", "content-transfer-encoding", "content-disposition",
}  # fmt: skip
"""Fields that stand at most once (RFC 5322, 3.6; RFC 2045, 3; RFC 2919, 3)."""

_ALWAYS = {"date", "from", "message-id", "mime-version"}

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOT_ATOM = rf"{_ATOM}(?:\.{_ATOM})*"
_IDENTIFIER = rf"<{_DOT_ATOM}@{_DOT_ATOM}>"
_PHRASE = rf'(?:{_ATOM}(?: {_ATOM})*|"(?:[^"\\]|\\.)*")'
_MAILBOX = rf"(?:{_PHRASE} )?<{_DOT_ATOM}@{_DOT_ATOM}>|{_DOT_ATOM}@{_DOT_ATOM}"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(
    rf"({'|'.join(_DAYS)}), (\d\d?) ({'|'.join(_MONTHS)}) (\d{{4}}) "
    r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d [+-]\d{4}"
)
_SHAPES = {
    "from": re.compile(_MAILBOX),
    "to": re.compile(rf"{_MAILBOX}|undisclosed-recipients:;"),
    "date": _DATE,
    "message-id": re.compile(_IDENTIFIER),
    "in-reply-to": re.compile(rf"{_IDENTIFIER}(?: {_IDENTIFIER})*"),
    "references": re.compile(rf"{_IDENTIFIER}(?: {_IDENTIFIER})*"),
    "list-id": re.compile(rf"(?:{_PHRASE} )?<{_DOT_ATOM}>"),
    "list-unsubscribe": re.compile(r"<mailto:[!-;=?-~]+>"),
    "mime-version": re.compile(r"1\.0"),
    "content-transfer-encoding": re.compile("7bit|quoted-printable|base64"),
}

_TOKEN = r"[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+"
"""RFC 2045, 5.1."""

_PARAMETER = re.compile(rf'; ?({_TOKEN})=({_TOKEN}|"(?:[^"\\]|\\.)*")')
_WITH_PARAMETERS = {
    "content-type": re.compile(rf"({_TOKEN}/{_TOKEN})((?:{_PARAMETER.pattern})*)"),
    "content-disposition": re.compile(rf"({_TOKEN})((?:{_PARAMETER.pattern})*)"),
}

_LONGEST_LINE_WITH_WORDS = 76
_LONGEST_WORD = 75
_WORD = re.compile(
    r"=\?([A-Za-z0-9-]+)\?(?:[Qq]\?((?:[A-Za-z0-9!*+/_-]|=[0-9A-F]{2})+)|[Bb]\?([A-Za-z0-9+/]+={0,2}))\?="
)
"""An encoded word, with no character but those that may stand in a name (RFC 2047, 2 and 5)."""


def faults_in_header(header: bytes, *, is_part: bool = False) -> tuple[Fields, list[str]]:
    """The fields that could be read, and sentences about the faults.

    Args:
        header: up to the empty line, without the end of its last line.
        is_part: whether it is the header of a part, and not of a mail.
    """
    fields: Fields = {}
    faults: list[str] = []
    for lines in re.split(rb"\r\n(?![\t ])", header):
        field = _FIELD.fullmatch(lines)
        if not field:
            faults.append(f"{lines!r} is no field")
            continue
        name = field[1].decode("ascii").lower()
        value = field[2].decode("ascii").replace("\r\n", "").strip(" \t")
        if name in _ONCE and name in fields:
            faults.append(f"{name} stands there twice")
        fields[name] = value
        faults += [f"{name}: {fault}" for fault in _of_field(name, value, lines)]
    if not is_part:
        faults += [f"there is no {name}" for name in sorted(_ALWAYS - fields.keys())]
    return fields, faults


def parameters_of(value: str) -> tuple[str, Fields]:
    """``text/plain; charset=utf-8`` as the type and its parameters; the type and their names in lower case."""
    essence, _, rest = value.partition(";")
    parameters = {name.lower(): _unquoted(text) for name, text in _PARAMETER.findall(f";{rest}")}
    return essence.strip().lower(), parameters


def _of_field(name: str, value: str, lines: bytes) -> Iterator[str]:
    if _BLANK_LINE.search(lines):
        yield "it is folded into a blank line"
    shape = _SHAPES.get(name) or _WITH_PARAMETERS.get(name)
    # Encoded words are atoms to a grammar.
    if shape and not shape.fullmatch(re.sub(r"[\t ]+", " ", value)):
        yield f"{value!r} is not what it should be"
    elif name == "date":
        yield from _of_date(value)
    if name not in _WITH_PARAMETERS:
        yield from _of_words(value, lines)


def _of_date(value: str) -> Iterator[str]:
    name, day, month, year = _DATE.findall(value)[0]
    try:
        said = date(int(year), _MONTHS.index(month) + 1, int(day))
    except ValueError:
        yield f"{value!r} is no day"
    else:
        if _DAYS[said.weekday()] != name:
            yield f"{value!r} was another day of the week"


def _of_words(value: str, lines: bytes) -> Iterator[str]:
    """Of the encoded words in a value."""
    words = [word for word in value.split() if "=?" in word]
    if not words:
        return
    if any(b"=?" in line and len(line) > _LONGEST_LINE_WITH_WORDS for line in lines.split(b"\r\n")):
        yield "a line with encoded words is too long"
    for text in words:
        word = _WORD.fullmatch(text)
        if not word or len(text) > _LONGEST_WORD:
            yield f"{text!r} is no encoded word"
            continue
        charset, quoted, base64 = word.groups()
        try:
            # Each stands for whole characters (RFC 2047, 5).
            (quopri.decodestring(quoted, header=True) if quoted else b64decode(base64)).decode(charset)
        except (LookupError, ValueError) as error:
            yield f"{text!r} can't be decoded: {error}"


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text
