"""Compressed bytes within a limit."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.model.failure import UpstreamUnavailable
from pedigreed.sources.crds.expanded import expanded

if TYPE_CHECKING:
    from collections.abc import Callable

_COMPRESSIONS: tuple[Callable[[bytes], bytes], ...] = (gzip.compress, zlib.compress)


@given(st.binary(max_size=2000), st.sampled_from(_COMPRESSIONS))
def test_what_fits_comes_back_whole(content: bytes, compress: Callable[[bytes], bytes]) -> None:
    assert expanded(compress(content), len(content)) == content


@given(st.binary(min_size=1, max_size=2000))
def test_a_byte_too_much_is_too_much(content: bytes) -> None:
    with pytest.raises(UpstreamUnavailable, match="expands to more than"):
        expanded(gzip.compress(content), len(content) - 1)


@given(st.binary(max_size=300))
def test_bytes_that_are_not_compressed_raise_nothing_else(content: bytes) -> None:
    with pytest.raises(UpstreamUnavailable):
        expanded(content, 1000)


def test_no_more_is_held_than_may_be() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(UpstreamUnavailable):
            expanded(bomb, 100_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000
