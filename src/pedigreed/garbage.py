"""Lets the garbage collector rest where objects are made by the hundred thousand, and most of them live on."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_OBJECTS_A_COLLECTION = 50_000


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Look for garbage once for so many new objects, and not once for 700."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS_A_COLLECTION, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
