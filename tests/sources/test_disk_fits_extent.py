"""Whether a file holds what its headers promise: whole ones in every shape do, and no broken one does."""

from __future__ import annotations

import io
import os
from importlib import import_module
from tempfile import TemporaryFile
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fits_files import fits
from pedigreed.sources.disk.fits_extent import broken_at
from pedigreed.sources.disk.fits_header import BLOCK

numpy: Any = import_module("numpy")

images = st.builds(
    lambda shape, kind: fits.ImageHDU(numpy.zeros(shape, dtype=kind)),
    st.lists(st.integers(1, 30), min_size=1, max_size=3),
    st.sampled_from(("uint8", "int16", "int32", "float32", "float64")),
)
tables = st.builds(
    lambda rows, texts: fits.BinTableHDU.from_columns(
        [fits.Column("a", "J", array=range(rows)), fits.Column("b", "PA()", array=[texts] * rows)]
    ),
    st.integers(0, 60),
    st.just("of any length"),
)
long_headers = st.builds(
    lambda cards: fits.ImageHDU(header=fits.Header([(f"KEY{number}", number) for number in range(cards)])),
    st.integers(0, 200),
)
products = st.lists(images | tables | long_headers, min_size=1, max_size=5)


def written(extensions: list[Any], primary: Any = None) -> bytes:  # noqa: ANN401  # astropy has no types
    file = io.BytesIO()
    first = fits.PrimaryHDU(primary)
    fits.HDUList([first, *(each.copy() for each in extensions)]).writeto(file)
    return file.getvalue()


def broken(content: bytes) -> str | None:
    with TemporaryFile() as file:
        file.write(content)
        file.flush()
        return broken_at(file.fileno(), os.fstat(file.fileno()).st_size)


@given(products, st.booleans())
def test_what_astropy_wrote_is_whole(extensions: list[Any], has_data: bool) -> None:
    assert broken(written(extensions, numpy.ones((3, 700)) if has_data else None)) is None


@given(products, st.integers(1, 1000))
def test_what_lacks_blocks_at_its_end_is_broken(extensions: list[Any], lacking: int) -> None:
    content = written(extensions)
    ends = [hdu.fileinfo()["datLoc"] + hdu.fileinfo()["datSpan"] for hdu in fits.open(io.BytesIO(content))]
    blocks = len(content) // BLOCK
    cut = content[: max(1, blocks - lacking) * BLOCK]
    # One that ends where one of its extensions does is a whole file as well, of fewer extensions.
    assert broken(cut) is None if len(cut) in ends else "cut off" in (broken(cut) or "")


@given(products, products)
@example([fits.ImageHDU(numpy.zeros(10))], [fits.ImageHDU(numpy.ones(100_000))])
def test_an_old_head_with_a_new_tail_is_broken(old: list[Any], new: list[Any]) -> None:
    """As `astroquery` leaves a file that became larger."""
    before, after = written(old), written(new)
    tail = after[len(before) :]
    if tail and not tail.startswith(b"XTENSION"):
        assert "it may be of two versions" in (broken(before + tail) or "")


@pytest.mark.parametrize(
    ("cards", "said"),
    [
        (["NAXIS   =                    0"], None),
        (["BITPIX  =                    8", "NAXIS   =             99999999"], None),
        (["BITPIX  =                    8", "NAXIS   =                   -1"], None),
        (
            ["BITPIX  =                    8", "NAXIS   =                    1", "NAXIS1  =                   -9"],
            None,
        ),
        (["BITPIX  =                    8", "NAXIS   =                    0"], None),
        (
            ["BITPIX  =                  -32", "NAXIS   =                    1", "NAXIS1  = 999999999999999999"],
            "its headers tell of 4,000,000,000,000,0",
        ),
        (
            ["BITPIX  =                    8", "NAXIS   =                    1", "NAXIS1  =                    0"],
            None,
        ),
    ],
)
def test_what_a_header_does_not_tell_is_not_judged(cards: list[str], said: str | None) -> None:
    lines = ["SIMPLE  =                    T", *cards, "END"]
    content = "".join(line.ljust(80) for line in lines).ljust(BLOCK).encode()
    found = broken(content)
    assert found is None if said is None else said in (found or "")


@given(st.binary(max_size=3 * BLOCK), st.integers(0, 2000))
def test_whatever_stands_behind_a_header_has_an_end(junk: bytes, place: int) -> None:
    content = bytearray(written([fits.ImageHDU(numpy.zeros(100))]))
    content[place : place + len(junk)] = junk
    broken(bytes(content))
