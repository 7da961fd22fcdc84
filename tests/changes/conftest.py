"""Products to compare, made of what a test says and plain values for the rest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import Product

if TYPE_CHECKING:
    from collections.abc import Callable

OLD = Pedigree("1.20.2", "jwst_1464.pmap", datetime(2025, 11, 2, 8, tzinfo=UTC))


def _product(filename: str = "jw01180007001_02101_00001_nrca1_cal.fits", **fields: Any) -> Product:  # noqa: ANN401  # any field of a product
    plain: dict[str, Any] = {
        "instrument": Instrument.NIRCAM,
        "program": 1180,
        "observation": 7,
        "level": "2b",
        "fileset": filename.rsplit("_", 2)[0],
        "pedigree": OLD,
        "is_stale": False,
    }
    return Product(filename=filename, **(plain | fields))


@pytest.fixture(scope="session")
def product() -> Callable[..., Product]:
    """A product of a file name; every other field by keyword."""
    return _product
