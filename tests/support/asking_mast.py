"""The real client's questions to a recorded archive, with little patience."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bulk_rows import bulk_rows
from misbehaving import is_page
from pedigreed.demo.scenario import DAY_2, archive_at
from pedigreed.model.instrument import Instrument
from pedigreed.sources.mast.archive import MastArchive
from pedigreed.sources.mast.query import PedigreeQuery
from pedigreed.sources.mast.session import QueryLimits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pedigreed.demo.archive import DemoArchive
    from pedigreed.demo.filters import Row, Value
    from pedigreed.demo.received import Received
    from pedigreed.model.coverage import Fetched
    from pedigreed.model.product import Product

QUICK = QueryLimits(
    exchange_timeout=10.0,
    total_timeout=30.0,
    attempts=3,
    first_pause=0.001,
    longest_pause=0.01,
    first_poll=0.001,
    longest_poll=0.01,
)
NIRCAM_1180 = PedigreeQuery(Instrument.NIRCAM, (1180,))
AGENT = "pedigreed/test"


def ask(
    recorded: DemoArchive,
    query: PedigreeQuery = NIRCAM_1180,
    *,
    known: Mapping[bytes, str] | None = None,
    patience: QueryLimits = QUICK,
    page_rows: int = 50_000,
) -> list[tuple[PedigreeQuery, Fetched[Product]]]:
    with MastArchive(recorded.url, AGENT, patience=patience, page_rows=page_rows) as archive:
        return list(archive.answers(query, lambda _: known or {}))


def ask_one(recorded: DemoArchive, query: PedigreeQuery = NIRCAM_1180, **options: Any) -> Fetched[Product]:  # noqa: ANN401  # as ask()
    ((_, fetched),) = ask(recorded, query, **options)
    return fetched


def names(fetched: Fetched[Product]) -> set[str]:
    return {product.filename for product in fetched.items}


def pages(recorded: DemoArchive) -> list[Received]:
    return [received for received in recorded.requests if is_page(received)]


def is_of_a_part(received: Received) -> bool:
    """Whether a request is for some observations, or for the numbers of the observations."""
    filters = {asked["paramName"] for asked in received.params["filters"]}
    return "observtn" in filters or received.params["columns"] == "observtn"


def kinds(recorded: DemoArchive) -> list[str]:
    """What each request was for, in the order of coming."""
    return [received.kind.value for received in recorded.requests]


def expected(program: int = 1180, now: datetime = DAY_2) -> set[str]:
    return {str(row["filename"]) for row in archive_at(now) if row["program"] == program}


def held(program: int, count: int, instrument: Instrument = Instrument.NIRCAM, **values: Value) -> list[Row]:
    """Rows of an archive that holds so many products of a program."""
    own: Row = {"instrume": instrument.value.upper(), **values}
    return [{**row, **own} for row in bulk_rows(program, instrument, count)]
