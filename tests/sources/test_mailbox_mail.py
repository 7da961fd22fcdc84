"""A mail is read as its reader would see it, whatever form it has."""

from __future__ import annotations

import base64
import binascii
import tracemalloc
import unicodedata
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from list_mails import SENT, event, list_mail, mast_mail
from pedigreed.sources.mailbox.mail import LARGEST_JSON, LARGEST_MAIL, read_mail
from pedigreed.sources.mailbox.mail_header import without_noise
from pedigreed.sources.mailbox.parts import MOST_LINES, MOST_MULTIPARTS, MOST_PARTS

if TYPE_CHECKING:
    from pedigreed.sources.mailbox.mail import ReadMail

WORDS = "Ångström, μm & 銀河"


def of_text(content: bytes, kind: str = "text/plain; charset=utf-8", way: str = "8bit") -> ReadMail:
    header = f"Subject: x\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {way}\r\n\r\n"
    return read_mail(header.encode() + content)


def test_a_mail_of_a_list_is_read() -> None:
    mail = read_mail(list_mail(7, List_Id='"MIRI files" <miri-reffiles.lists.example>').as_bytes())
    assert mail.message_id == "delivery-7@lists.example"
    assert mail.said_at == SENT
    assert mail.subject == "[miri-reffiles] New MIRI dark 7"
    assert mail.text == "jwst_miri_dark_0007.fits is in use since jwst_1535.pmap."
    assert mail.list_name == "miri-reffiles.lists.example"
    assert mail.documents == ()
    assert mail.warnings == ()


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "gb18030", "iso-2022-jp-2", "UTF8"])
def test_text_is_read_in_its_charset(charset: str) -> None:
    assert of_text(WORDS.encode(charset), f"text/plain; charset={charset}", "binary").text == WORDS


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        ("Ångström".encode(), "us-ascii"),
        ("Ångström".encode(), "iso-8859-1"),
        ("Ångström".encode(), "big5"),
        ("Ångström".encode("latin-1"), "us-ascii"),
        ("Ångström".encode("latin-1"), "utf-8"),
        ("Ångström".encode("latin-1"), "no-such-charset"),
        ("Ångström".encode(), "hex"),
        ("Ångström".encode(), "unicode_escape"),
        ("Ångström".encode(), "undefined"),
        ("Ångström".encode(), "../../etc\0"),
        ("Ångström".encode(), "'UTF-8'"),
        ("Ångström".encode(), ""),
    ],
)
def test_a_charset_that_lies_is_found_out(content: bytes, charset: str) -> None:
    assert of_text(content, f'text/plain; charset="{charset}"').text == "Ångström"


@pytest.mark.parametrize(
    ("way", "content"),
    [
        ("quoted-printable", binascii.b2a_qp(WORDS.encode())),
        ("base64", base64.encodebytes(WORDS.encode())),
        ("BASE64 ", base64.b64encode(WORDS.encode()).rstrip(b"=")),
        ("base64", base64.b64encode(WORDS.encode()) + b"\r\n-- \r\nsent from my phone"),
        ("x-uuencode", b"begin 644 x\n" + binascii.b2a_uu(WORDS.encode()) + b"`\nend\n"),
        ("no-such-way", WORDS.encode()),
    ],
)
def test_text_is_read_however_it_was_sent(way: str, content: bytes) -> None:
    assert of_text(content, way=way).text.startswith(WORDS)


def test_the_plain_form_is_preferred() -> None:
    mail = list_mail()
    mail.add_alternative("<p>jwst_1535.pmap <b>is here</b></p>", subtype="html")
    assert "is here" not in read_mail(mail.as_bytes()).text


def test_an_empty_plain_form_is_not() -> None:
    mail = list_mail(text=" \n")
    mail.add_alternative("<p>jwst_1535.pmap <b>is here</b></p>", subtype="html")
    assert read_mail(mail.as_bytes()).text == "jwst_1535.pmap is here"


def test_a_page_beside_a_text_is_read_with_it() -> None:
    mail = list_mail(text="above\n")
    mail.make_mixed()
    page = EmailMessage()
    page.set_content("<p>below</p>", subtype="html")
    mail.attach(page)
    assert read_mail(mail.as_bytes()).text == "above\nbelow"


def test_a_page_alone_is_read_as_text() -> None:
    page = "<style>b {}</style><p>New <b>dark</b> for MIRI<br>jwst_1535.pmap<script>alert(1)</script>"
    assert of_text(page.encode(), "text/html").text == "New dark for MIRI\njwst_1535.pmap"


@pytest.mark.parametrize(
    "hostile",
    ["\x1b[2Jgone", "\x1b]8;;https://evil.example\x07link\x1b]8;;\x07", "\u202egnp.exe", "a\x00b", "\r\nBcc: x"],
)
def test_what_steers_is_left_out_everywhere(hostile: str) -> None:
    encoded = base64.b64encode(hostile.encode()).decode()
    raw = f"Subject: =?utf-8?b?{encoded}?=\nList-Id: =?utf-8?b?{encoded}?=\nMessage-ID: <=?utf-8?b?{encoded}?=>\n"
    mail = read_mail(f"{raw}Content-Transfer-Encoding: base64\n\n{encoded}".encode())
    for line in (mail.subject, mail.list_name, mail.message_id):
        assert not any(unicodedata.category(character).startswith("C") for character in line)
    assert not any(unicodedata.category(character).startswith("C") for character in mail.text.replace("\n", ""))


def test_flowed_text_has_its_paragraphs_on_one_line() -> None:
    content = b"A dark \nfor MIRI \nis new.\n> it was \n> old\n-- \nme \n"
    assert of_text(content, "text/plain; format=flowed").text == "A dark for MIRI is new.\n> it was old\n--\nme"
    assert of_text("銀 \n河".encode(), "text/plain; format=flowed; delsp=yes").text == "銀河"


def test_what_is_forwarded_is_read_too() -> None:
    inner = mast_mail(number=3)
    middle = list_mail(2, "Look.\n")
    middle.add_attachment(inner)
    outer = list_mail(1, "See below.\n", Subject="Fwd: data")
    outer.add_attachment(middle)
    mail = read_mail(outer.as_bytes())
    assert mail.message_id == "delivery-1@lists.example"
    assert mail.text.split("\n") == [
        *("See below.", "", "[miri-reffiles] New MIRI dark 2", "Look.", ""),
        *("Data of program 1345", "Your program has new data."),
    ]
    assert len(mail.documents) == 1


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        ("message/rfc822", "base64"),
        ('application/octet-stream; name="mail.eml"', "base64"),
        ("message/rfc822", "7bit"),
    ],
)
def test_a_mail_is_found_in_a_mail_however_it_was_put_in(kind: str, way: str) -> None:
    inner = list_mail(2).as_bytes()
    content = base64.encodebytes(inner) if way == "base64" else inner
    outer = (
        b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nouter\n--b\n"
        + f"Content-Type: {kind}\nContent-Transfer-Encoding: {way}\n\n".encode()
        + content
        + b"\n--b--\n"
    )
    assert "jwst_miri_dark_0002.fits" in read_mail(outer).text


def test_a_text_that_is_attached_is_no_part_of_the_text() -> None:
    mail = list_mail()
    mail.add_attachment("my private notes", filename="notes.txt")
    assert "private" not in read_mail(mail.as_bytes()).text


def test_json_is_found_by_type_name_or_looks() -> None:
    mail = EmailMessage()
    mail.set_content('[{"body": 1}]')
    mail.add_attachment(b'[{"type": 1}]', maintype="application", subtype="json")
    mail.add_attachment(
        b'\xef\xbb\xbf[{"name": 1}]', maintype="application", subtype="octet-stream", filename="A.JSON"
    )
    mail.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="a.png")
    found = [document.strip() for document in read_mail(mail.as_bytes()).documents]
    assert found == ['[{"body": 1}]', '[{"type": 1}]', '[{"name": 1}]']


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Mon, 2 Nov 2026 09:30:00 +0100", SENT),
        ("Mon, 2 Nov 2026 08:30:00 -0000", SENT),
        ("Mon, 2 Nov 2026 08:30:00 GMT (UTC)", SENT),
        ("Fri, 31 Dec 9999 23:59:59 -1200", None),
        ("Mon, 99 Nov 2026 08:30:00 +0000", None),
        ("yesterday", None),
        ("Mon, 2 Nov 2026 08:30:00 +99999999999", None),
        ("", None),
    ],
)
def test_a_date_is_utc_or_none(said: str, read: datetime | None) -> None:
    assert read_mail(f"Date: {said}\n\nx".encode()).said_at == read


@pytest.mark.parametrize(
    "said", ["<a@x.example>", " \r\n <a@x.example>", "a@x.example", "(c) <a@x.example> <b@x>"]
)
def test_a_message_id_has_no_brackets(said: str) -> None:
    assert read_mail(f"Message-ID: {said}\n\nx".encode()).message_id == "a@x.example"


@pytest.mark.parametrize("said", ["", "Message-ID: <>\n", "Message-ID: <" + 1000 * "x" + "@x.example>\n"])
def test_a_mail_without_an_identity_gets_one_that_stays(said: str) -> None:
    def identity(received: str, text: str) -> str:
        return read_mail(f"Received: {received}\n{said}Date: today\n\n{text}".encode()).message_id

    assert identity("here", "one").startswith("sha256-")
    assert identity("here", "one") == identity("there", "one")
    assert identity("here", "one") != identity("here", "two")


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("Re: [miri] Fwd: FW: New dark", "New dark"),
        ("AW: WG: New dark", "New dark"),
        ("Re[2]: New dark", "New dark"),
        ("Reference: new", "Reference: new"),
        ("[CRDS]", "[CRDS]"),
        ("[a][b] New [c] dark", "New [c] dark"),
        ("", ""),
    ],
)
def test_a_title_has_no_noise_before_it(subject: str, title: str) -> None:
    assert without_noise(subject) == title


def test_a_subject_in_encoded_words_is_read() -> None:
    words = "=?utf-8?q?=C3=85ngstr?=\n =?utf-8?q?=C3=B6m?= =?iso-8859-1?q?_=B5m?= =?bad?q?x?= =?utf-8?b?!?="
    assert read_mail(f"Subject: {words}\n\nx".encode()).subject.startswith("Ångström µm")
    assert read_mail("Subject: Ångström\n\nx".encode()).subject == "Ångström"
    assert read_mail("Subject: Ångström\n\nx".encode("latin-1")).subject == "Ångström"


def multiparts(depth: int, text: str = "deep") -> bytes:
    levels = "".join(f"Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n" for level in range(depth))
    return f"Subject: x\n{levels}\n{text}\n".encode()


def test_nesting_is_read_up_to_a_limit() -> None:
    assert read_mail(multiparts(MOST_MULTIPARTS)).text == "deep"
    assert read_mail(multiparts(MOST_MULTIPARTS + 1)).warnings == (f"is nested more than {MOST_MULTIPARTS} times",)
    assert read_mail(multiparts(10_000)).warnings == (f"has more than {MOST_PARTS} parts",)
    carried = read_mail(150 * b"Subject: x\nContent-Type: message/rfc822\n\n" + b"Subject: x\n\ndeep")
    assert carried.text.endswith("deep")


def test_parts_are_read_up_to_a_limit() -> None:
    parts = b"".join(b"--b\n\nnumber %d\n" % number for number in range(1000))
    mail = read_mail(b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + parts)
    assert mail.text.count("number") == MOST_PARTS
    assert mail.warnings == (f"has more than {MOST_PARTS} parts, and was read up to there",)


@pytest.mark.parametrize(
    ("body", "warning"),
    [
        (LARGEST_MAIL * b"x", "has more than 5 MB"),
        ((MOST_LINES + 1) * b"\n", f"has more than {MOST_LINES:,} lines"),
    ],
)
def test_what_is_too_large_is_known_by_its_header_only(body: bytes, warning: str) -> None:
    mail = read_mail(b"Subject: Large\r\nMessage-ID: <a@x.example>\r\n\r\n" + body)
    assert mail.subject == "Large"
    assert mail.message_id == "a@x.example"
    assert mail.text == ""
    assert mail.warnings == (warning,)


def test_too_much_json_is_told() -> None:
    mail = EmailMessage()
    for _ in range(2):
        document = b"[" + (LARGEST_JSON // 2) * b" " + b"]"
        mail.add_attachment(document, maintype="application", subtype="json", cte="7bit")
    read = read_mail(mail.as_bytes())
    assert read.warnings == ("has more than 4 MB of JSON, and was read up to there",)
    assert len(read.documents) == 1


def test_a_long_text_is_no_json() -> None:
    long = of_text((LARGEST_JSON // 64 + 10) * (b"x" * 63 + b"\n"))
    assert long.warnings == long.documents == ()
    assert long.text


@pytest.mark.parametrize(
    "content",
    [
        b"Content-Type: a/b" + b';"' * 500_000 + b"\n\nx",
        b"Content-Type: multipart/mixed; boundary=" + b'"' * 1_000_000 + b"\n\nx",
        b"Subject: " + b"=?a?q?" * 500_000 + b"\n\nx",
        b"Message-ID: " + b"<" * 2_000_000 + b"\n\nx",
        b"Date: " + b"(" * 2_000_000 + b"\n\nx",
        b"Content-Disposition: attachment" + b"; filename*0*=a" * 100_000 + b"\n\nx",
        b"Content-Disposition: attachment" + b';"' * 500_000 + b"\n\nx",
        b"Content-Type: text/html\n\n" + b"<!--" * 1_000_000,
        b"Content-Type: text/html\n\n" + b"<a " * 1_000_000,
        b"Content-Type: application/json\n\n" + b"[" * 3_000_000,
        b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=" * 4_000_000,
        b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n" + b"M" * 4_000_000,
        b"Content-Type: text/plain; charset=punycode\n\n" + b"a-" * 1_000_000,
        b"Content-Type: text/plain; format=flowed\n\n" + b"> \n" * 60_000 + b"a \n" * 60_000,
        multiparts(MOST_MULTIPARTS, "a\n" * (MOST_LINES - 4 * MOST_MULTIPARTS)),
        b": \n" * 150_000,
        b"\n" * 150_000,
        b"",
    ],
)
@pytest.mark.long
def test_a_mail_that_is_made_to_be_slow_or_large_is_not(content: bytes) -> None:
    tracemalloc.start()
    try:
        read_mail(content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * LARGEST_MAIL


HEADERS = st.sampled_from(
    [
        *(b"Subject: =?utf-8?b?xx?=", b"Date: x", b"Message-ID: <", b"List-Id: <>", b"MIME-Version: 1.0"),
        *(b"Content-Type: multipart/mixed; boundary=b", b"Content-Type: multipart/alternative; boundary=c"),
        *(b"Content-Type: message/rfc822", b"Content-Type: text/html; charset=utf-16", b"Content-Type: message/x"),
        *(b"Content-Type: message/delivery-status", b"Content-Type: multipart/digest; boundary=b"),
        *(b"Content-Type: text/plain; charset*=''x%FF", b"Content-Type: text/plain; format=flowed; delsp=yes"),
        *(b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable"),
        *(b"Content-Transfer-Encoding: x-uuencode", b"Content-Disposition: attachment; filename*0=x.eml"),
        *(b"Content-Type: application/json; name=x.json", b"Content-Type: ;;;", b"From nobody", b" folded"),
    ]
)
LINES = (
    HEADERS
    | st.sampled_from([b"", b"--b", b"--b--", b"--c", b"begin 644 x", b"=", b'[{"a"'])
    | st.binary(max_size=30)
)


def is_plain(mail: ReadMail) -> bool:
    said = mail.subject + mail.text.replace("\n", "") + mail.message_id + mail.list_name
    return bool(mail.message_id) and not any(unicodedata.category(character).startswith("C") for character in said)


@given(st.binary())
def test_no_bytes_are_too_strange(content: bytes) -> None:
    assert is_plain(read_mail(content))


@given(st.lists(LINES, max_size=60), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_no_structure_is_too_strange(lines: list[bytes], end: bytes) -> None:
    mail = read_mail(end.join(lines))
    assert is_plain(mail)
    assert mail == read_mail(end.join(lines))
    assert not any(warning.startswith("can't be read") for warning in mail.warnings)


@given(st.lists(st.tuples(HEADERS, st.text(max_size=20)), max_size=8), st.data())
def test_a_mail_with_damage_anywhere_is_read(parts: list[tuple[bytes, str]], data: st.DataObject) -> None:
    whole = bytearray(mast_mail(event(), event(program=2)).as_bytes())
    for header, text in parts:
        whole += header + b"\n\n" + text.encode()
    for position in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=10)):
        whole[position] = data.draw(st.integers(0, 255))
    assert is_plain(read_mail(bytes(whole)))


def test_the_time_of_a_mail_is_utc() -> None:
    mail = read_mail(list_mail().as_bytes())
    assert mail.said_at is not None
    assert mail.said_at.tzinfo is UTC
