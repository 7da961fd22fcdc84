"""The names of charsets, as the web reads them."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.sources.charset import codec_of
from pedigreed.sources.feeds.parse import parse_feed
from pedigreed.sources.mailbox.mail import read_mail

LABELLED = [
    ("gb2312", "gb18030", "\u9555 jwst_1622.pmap \u20ac"),
    ("GBK", "gb18030", "\u4e02"),
    ("ks_c_5601-1987", "cp949", "\uac02 \ub620"),
    ("shift_jis", "cp932", "\u2460 \u9ad9"),
    ("x-sjis", "cp932", "\u30c6\u30b9\u30c8"),
    ("big5", "big5hkscs", "\u5b50\u83ef"),
    ("iso-8859-9", "cp1254", "\u201cd\u00fczg\u00fcn\u201d \u015f"),
    ("iso8859_9", "cp1254", "\u201cd\u00fczg\u00fcn\u201d \u015f"),
    ("x-windows-949", "cp949", "\uac02 \ub620"),
    ("windows-874", "cp874", "\u0e17\u0e14\u0e2a\u0e2d\u0e1a \u2026"),
    ("x-mac-roman", "mac_roman", "\u201cm\u00e9daille\u201d"),
    ("iso-2022-kr", "iso2022_kr", "\uac00"),
    ("iso-2022-jp", "iso2022_jp", "\u6f22"),
]


@pytest.mark.parametrize(("label", "coding", "text"), LABELLED)
def test_a_mail_is_read_by_its_label(label: str, coding: str, text: str) -> None:
    subject = f"=?{label}?B?{b64encode(text.encode(coding)).decode()}?="
    header = f"Subject: {subject}\nContent-Type: text/plain; charset={label}\nContent-Transfer-Encoding: 8bit\n\n"
    mail = read_mail(header.encode() + text.encode(coding))
    assert mail.text == text
    assert mail.subject == text


@pytest.mark.parametrize(("label", "coding", "text"), LABELLED[:-2])
def test_a_feed_is_read_by_its_label(label: str, coding: str, text: str) -> None:
    feed = (
        f'<?xml version="1.0" encoding="{label}"?><rss><channel><item><title>{text}</title></item></channel></rss>'
    )
    [entry] = parse_feed(feed.encode(coding)).entries
    assert entry.title == text


@pytest.mark.parametrize(
    "label", ["", None, "x" * 50, "hex", "zip", "idna", "utf-7", "unicode_escape", "a\0b", "\u00e9"]
)
def test_what_is_no_charset_of_text_has_no_codec(label: str | None) -> None:
    assert codec_of(label) == ""


@given(st.text(max_size=20))
def test_any_label_is_one_of_a_codec_or_none(label: str) -> None:
    if codec := codec_of(label):
        assert isinstance(b"abc".decode(codec, "replace"), str)
