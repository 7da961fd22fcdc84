"""Compressed bytes within a limit."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.model.failure import Unreadable
from pedigreed.net.inflating import Inflating, inflated

if TYPE_CHECKING:
    from collections.abc import Callable

_COMPRESSIONS: tuple[Callable[[bytes], bytes], ...] = (gzip.compress, zlib.compress)
BOMB = gzip.compress(bytes(50_000_000))


def taken(content: bytes, encoding: str, largest: int, size: int = 1 << 16) -> Inflating:
    """What is made of a body that comes in pieces."""
    inflating = Inflating(encoding, largest)
    for start in range(0, len(content), size):
        inflating.take(content[start : start + size])
    return inflating


@given(st.binary(max_size=2000), st.sampled_from(_COMPRESSIONS), st.integers(1, 40))
def test_what_fits_comes_back_whole(content: bytes, compress: Callable[[bytes], bytes], size: int) -> None:
    assert inflated(compress(content), len(content)) == content
    inflating = taken(compress(content), "gzip", len(content), size)
    assert (inflating.body, inflating.is_whole, inflating.is_too_long) == (content, True, False)


@given(st.binary(min_size=1, max_size=2000))
def test_a_byte_too_much_is_too_much(content: bytes) -> None:
    with pytest.raises(Unreadable, match="expands to more than"):
        inflated(gzip.compress(content), len(content) - 1)
    for encoding, sent in (("gzip", gzip.compress(content)), ("", content)):
        inflating = taken(sent, encoding, len(content) - 1)
        assert inflating.is_too_long
        assert inflating.body == content[:-1]


@given(st.binary(max_size=300))
def test_bytes_that_are_not_compressed_raise_nothing_else(content: bytes) -> None:
    with pytest.raises(Unreadable):
        inflated(content, 1000)


@pytest.mark.parametrize("coding", ["gzip", "X-GZIP", " deflate "])
@pytest.mark.parametrize("content", [b"<rss/>", b"<", b"", b"{}"])
def test_a_body_that_is_not_compressed_as_it_says_is_taken_as_it_is(coding: str, content: bytes) -> None:
    inflating = taken(content, coding, 100, 1)
    assert (inflating.body, inflating.is_whole) == (content, True)


def test_what_begins_compressed_and_goes_on_otherwise_is_told() -> None:
    with pytest.raises(Unreadable, match="does not decompress"):
        taken(gzip.compress(b"x" * 1000)[:12] + b"<rss/>" * 100, "gzip", 1 << 20)


def test_a_compressed_body_that_breaks_off_is_not_whole() -> None:
    inflating = taken(gzip.compress(bytes(range(256)) * 9)[:-9], "gzip", 1 << 20)
    assert not inflating.is_whole
    assert inflating.body.startswith(bytes(range(256)))


def test_a_coding_that_was_not_asked_for_is_told() -> None:
    with pytest.raises(Unreadable, match="was not asked for"):
        taken(b"\x1b\x03\x00", "br", 1 << 20)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.integers(1, 40), st.binary(max_size=1))
def test_all_members_of_gzip_are_read_however_they_are_cut(parts: list[bytes], size: int, padding: bytes) -> None:
    sent, whole = b"".join(map(gzip.compress, parts)) + padding, b"".join(parts)
    assert inflated(sent, len(whole)) == whole
    inflating = taken(sent, "gzip", len(whole), size)
    assert (inflating.body, inflating.is_whole, inflating.is_too_long) == (whole, True, False)
    if whole:
        assert taken(sent, "gzip", len(whole) - 1, size).is_too_long
    assert not taken(sent[: -9 - len(padding)], "gzip", len(whole), size).is_whole


def test_members_without_end_are_told() -> None:
    sent = gzip.compress(b"") * 10_001
    with pytest.raises(Unreadable, match="more than 10,000 parts"):
        inflated(sent, 1000)
    assert inflated(sent[: len(sent) // 10_001 * 10_000], 1000) == b""
    assert taken(gzip.compress(bytes(900)) * 3, "gzip", 1000).is_too_long


def test_what_stands_behind_the_members_is_left_out() -> None:
    assert inflated(gzip.compress(b"x") + bytes(5000), 10) == b"x"
    assert inflated(zlib.compress(b"x") + b"?", 10) == b"x"


@pytest.mark.parametrize("all_at_once", [True, False])
def test_no_more_is_held_than_may_be(*, all_at_once: bool) -> None:
    tracemalloc.start()
    try:
        if all_at_once:
            with pytest.raises(Unreadable):
                inflated(BOMB, 100_000)
        else:
            assert taken(BOMB, "gzip", 100_000).is_too_long
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000
