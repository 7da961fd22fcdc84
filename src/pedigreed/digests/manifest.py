"""The JSON list of what can be downloaded, in the shape of the events that MAST's own subscription mails attach.

The shape is read by ``astroquery.mast.MastMissions.download_products``, and is documented by example in
the notebook "subscriptions" of spacetelescope/mast_notebooks. Its times are UTC and do not say so.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from pedigreed.digests.listing import Listing
from pedigreed.model.change import ChangeKind
from pedigreed.model.instant import iso
from pedigreed.model.product_name import parse_product_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from pedigreed.model.change import Change
    from pedigreed.model.product import Product

EVENT_TYPES = {
    ChangeKind.FIRST: "New",
    ChangeKind.NEW: "New",
    ChangeKind.RELISTED: "New",
    ChangeKind.REPROCESSED: "Reprocessed",
    ChangeKind.REGRESSED: "Reprocessed",
    ChangeKind.PUBLIC: "Public",
}
"""MAST's words; a kind that is not here leaves nothing to download."""

NAMESPACE = uuid.UUID("945e3f8e-0124-54b4-bd07-05dc648475e4")
"""Of the event ids: one change has one id, whenever it is written."""


def manifest_of(changes: Iterable[Change]) -> Listing:
    """A JSON list with one event a line, ASCII."""
    rows = (json.dumps(_event(change)).encode("ascii") for change in downloads_of(changes))
    return Listing(b"[\n", rows, b",\n", b"\n]\n")


def downloads_of(changes: Iterable[Change]) -> Iterator[Change]:
    """The changes that leave something to download: one event each."""
    return (change for change in changes if change.kind in EVENT_TYPES)


def count_files(changes: Iterable[Change]) -> int:
    """How many files changes are of, each once."""
    return len({change.filename for change in changes})


def manifest_of_products(products: Iterable[Product]) -> Listing:
    """The same of products that were made anew, whenever that was."""
    kind = EVENT_TYPES[ChangeKind.REPROCESSED]
    rows = (
        json.dumps(_row(product, f"{product.filename} {_moment(product.archived_at)}", kind)).encode("ascii")
        for product in products
    )
    return Listing(b"[\n", rows, b",\n", b"\n]\n")


def manifest_of_files(files: Iterable[tuple[str, int]]) -> Listing:
    """The same of files of which no more is known than name and program."""
    rows = (
        json.dumps(
            {
                "event_id": str(uuid.uuid5(NAMESPACE, filename)),
                "mission": "JWST",
                "fileset": parse_product_name(filename).fileset,
                "filename": filename,
                "program": program,
                "event_type": EVENT_TYPES[ChangeKind.REPROCESSED],
            }
        ).encode("ascii")
        for filename, program in files
    )
    return Listing(b"[\n", rows, b",\n", b"\n]\n")


def download_code(name: str, *, needs_login: bool) -> tuple[str, ...]:
    """The lines of Python that download what a manifest lists, for those who have no pedigreed.

    They work with astroquery 0.4.11 and later, and need a folder that is not there yet: beside a file of the same
    name, astroquery keeps that where the new one is not larger, and else appends to it what the new one has more.

    Args:
        name: the manifest's, without its ``.json``.
        needs_login: whether some of the files are not public yet.
    """
    return (
        "import json, os; from astroquery.mast import MastMissions",
        f"new = {json.dumps(name)}",
        'os.mkdir(new); mast = MastMissions(mission="jwst")  # into a new folder',
        *(["mast.login()  # some of the files are not public yet"] if needs_login else []),
        'for name in {each["filename"] for each in json.load(open(new + ".json"))}:',
        '    print(name, *mast.download_file(name, local_path=new + "/" + name))',
    )


def _event(change: Change) -> dict[str, str | int | None]:
    return _row(change, change.identity, EVENT_TYPES[change.kind])


def _row(thing: Change | Product, identity: str, event_type: str) -> dict[str, str | int | None]:
    return {
        "event_id": str(uuid.uuid5(NAMESPACE, identity)),
        "mission": "JWST",
        "fileset": thing.fileset,
        "filename": thing.filename,
        "program": thing.program,
        "event_type": event_type,
        "archived_date": _moment(thing.archived_at),
        "public_release_date": _moment(thing.public_at),
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment).removesuffix("Z")
