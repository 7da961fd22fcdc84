"""The header values that CRDS matches by. Thousands of products share one set, so each is kept once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import select

from pedigreed.store.batches import batches
from pedigreed.store.insert import insert_or_skip
from pedigreed.store.tables import parameter_sets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection

    from pedigreed.model.product import Parameter

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(dict[str, str | int | float | bool])


def canonical(parameters: Mapping[str, Parameter]) -> str:
    """One text for equal sets: JSON with sorted keys."""
    return _ENCODER.encode(dict(parameters)).decode()


@lru_cache(maxsize=4096)
def decoded(text: str) -> Mapping[str, Parameter]:
    """The set that a canonical text stands for. Equal texts share one."""
    return _DECODER.decode(text)


def ids_of(connection: Connection, texts: Iterable[str]) -> dict[str, int]:
    """Canonical text -> row id, adding the sets that are new."""
    wanted = sorted(set(texts))
    found: dict[str, int] = {}
    statement = insert_or_skip(connection, parameter_sets)
    for batch in batches(wanted, 500):
        rows = [{"parameters": text} for text in batch]
        connection.execute(statement, rows)
        chosen = select(parameter_sets.c.parameters, parameter_sets.c.id).where(
            parameter_sets.c.parameters.in_(batch)
        )
        found.update((text, key) for text, key in connection.execute(chosen))
    return found
