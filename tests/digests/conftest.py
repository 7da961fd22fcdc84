"""Changes to compose digests from, made of what a test says and plain values for the rest."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree

if TYPE_CHECKING:
    from collections.abc import Callable

OLD = Pedigree("1.20.2", "jwst_1464.pmap", datetime(2025, 11, 2, 8, tzinfo=UTC))
NEW = Pedigree("2.0.1", "jwst_1535.pmap", datetime(2026, 11, 21, 14, 30, tzinfo=UTC))

_EXPOSURE = re.compile(r"jw(\d{5})(\d{3})")


def _change(kind: ChangeKind, filename: str, **fields: Any) -> Change:  # noqa: ANN401  # any field of a change
    name = _EXPOSURE.match(filename)
    plain: dict[str, Any] = {
        "instrument": Instrument.NIRCAM,
        "program": int(name[1]) if name else 1180,
        "observation": int(name[2]) if name else None,
        "level": "2b",
        "fileset": filename.rsplit("_", 2)[0],
        "revision": 1,
        "before": None if kind in {ChangeKind.FIRST, ChangeKind.NEW} else OLD,
        "after": None if kind is ChangeKind.WITHDRAWN else NEW,
        "seen_at": datetime(2026, 11, 22, 5, 58, tzinfo=UTC),
        "archived_at": datetime(2026, 11, 21, 14, 34, 10, 707_000, tzinfo=UTC),
        "public_at": datetime(2024, 10, 1, tzinfo=UTC),
    }
    return Change(kind=kind, filename=filename, **(plain | fields))


@pytest.fixture(scope="session")
def change() -> Callable[..., Change]:
    """A change of a kind and a file name; every other field by keyword."""
    return _change
