"""What is wrong with the bytes of a mail, by a reading that forgives nothing and shares no code with `email`.

It knows what pedigreed writes: multipart/mixed with leaves, all of it ASCII.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, a2b_qp
from itertools import pairwise
from typing import TYPE_CHECKING

from strict_header import Fields, faults_in_header, parameters_of

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_LINE = 998
"""Without its end (RFC 5322, 2.1.1)."""

_LONGEST_ENCODED_LINE = 76
"""Of quoted-printable and base64 (RFC 2045, 6.7 and 6.8)."""

_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_BOUNDARY = re.compile(r"[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]", re.ASCII)
_QUOTED_PRINTABLE = re.compile(rb"(?:=[0-9A-F]{2}|[\t !-<>-~])*=?")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_TEXT = re.compile(rb"[\t\r\n\x20-\x7e]*")


def faults_in(mail: bytes) -> list[str]:
    """Sentences, each about one fault; none of a good mail."""
    return [*_of_lines(mail), *_of_entity(mail, "mail")]


def _of_lines(mail: bytes) -> Iterator[str]:
    if not mail.isascii():
        yield "a byte is none of ASCII"
    if b"\0" in mail:
        yield "there is a NUL"
    if _BARE.search(mail):
        yield "a carriage return or line feed stands alone"
    if not mail.endswith(b"\r\n"):
        yield "the last line has no end"
    if max(map(len, mail.split(b"\r\n"))) > LONGEST_LINE:
        yield f"a line is longer than {LONGEST_LINE}"


def _of_entity(entity: bytes, where: str) -> Iterator[str]:
    """Of a mail, or a part of one: a header, an empty line, and a body."""
    header, empty, body = entity.partition(b"\r\n\r\n")
    if not empty:
        yield f"{where}: no empty line ends the header"
        return
    fields, faults = faults_in_header(header, is_part=where != "mail")
    yield from (f"{where}: {fault}" for fault in faults)
    media_type, parameters = parameters_of(fields.get("content-type", "text/plain"))
    encoding = fields.get("content-transfer-encoding", "7bit").lower()
    if media_type.startswith("multipart/"):
        if encoding != "7bit":
            yield f"{where}: a multipart is encoded as {encoding}"
        yield from _of_multipart(body, parameters.get("boundary", ""), where)
    else:
        yield from (f"{where}: {fault}" for fault in _of_leaf(body, encoding, parameters))


def _of_multipart(body: bytes, boundary: str, where: str) -> Iterator[str]:
    if not _BOUNDARY.fullmatch(boundary):
        yield f"{where}: {boundary!r} is no boundary"
        return
    # The line end before a boundary belongs to it, and a longer line that begins like it is taken for it
    # (RFC 2046, 5.1.1).
    start = rb"(?:\A|\r\n)--" + re.escape(boundary.encode())
    found = list(re.finditer(start + rb"(--)?[\t ]*(?=\r\n|\Z)", body))
    if len(re.findall(start, body)) != len(found):
        yield f"{where}: a line begins like a boundary"
    closings = [match for match in found if match[1]]
    if len(closings) != 1 or closings[0] is not found[-1]:
        yield f"{where}: it is not closed once, at its end"
        return
    if body[: found[0].start()].strip() or body[found[-1].end() :].strip():
        yield f"{where}: there is something outside the parts"
    if len(found) == 1:
        yield f"{where}: it has no part"
    for number, (before, after) in enumerate(pairwise(found), 1):
        yield from _of_entity(body[before.end() + 2 : after.start()], f"{where}.{number}")


def _of_leaf(body: bytes, encoding: str, parameters: Fields) -> Iterator[str]:
    match encoding:
        case "7bit":
            decoded = body
            if not _TEXT.fullmatch(body):
                yield "it has control characters, and is said to be 7bit"
        case "quoted-printable":
            yield from _of_quoted_printable(body)
            decoded = a2b_qp(body)
        case "base64":
            if faults := list(_of_base64(body)):
                yield from faults
                return
            decoded = a2b_base64(body)
        case _:
            yield f"it is encoded as {encoding}"
            return
    charset = parameters.get("charset")
    if charset:
        try:
            decoded.decode(charset)
        except (LookupError, ValueError) as error:
            yield f"it is not {charset}: {error}"


def _of_quoted_printable(body: bytes) -> Iterator[str]:
    lines = body.split(b"\r\n")
    if not all(map(_QUOTED_PRINTABLE.fullmatch, lines)):
        yield "a line is not quoted-printable"
    if any(line.endswith((b" ", b"\t")) for line in lines):
        yield "a line of quoted-printable ends in white space"
    if lines[-1].endswith(b"="):
        yield "the last line of quoted-printable goes on"
    if max(map(len, lines)) > _LONGEST_ENCODED_LINE:
        yield "a line of quoted-printable is too long"


def _of_base64(body: bytes) -> Iterator[str]:
    lines = body.split(b"\r\n")
    whole = b"".join(lines)
    if not _BASE64.fullmatch(whole) or len(whole) % 4:
        yield "it is not base64"
    if max(map(len, lines)) > _LONGEST_ENCODED_LINE:
        yield "a line of base64 is too long"
