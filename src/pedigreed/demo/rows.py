"""A product's row, as the archive's keyword service has it."""

from __future__ import annotations

import zlib
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.demo.columnsconfig import columns_of
from pedigreed.demo.product_files import checksum_of, content_of
from pedigreed.model.instant import to_milliseconds, to_mjd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from pedigreed.demo.filters import Row
    from pedigreed.demo.history import Version
    from pedigreed.demo.observed import RecordedProduct

_INGEST_TAKES = timedelta(seconds=13)
_EXPOSURE_TAKES = timedelta(seconds=773)
_EXPOSURE_S = 773.0


def row_of(product: RecordedProduct, version: Version, *, is_stale: bool, now: datetime) -> Row:
    """Every column of the instrument's service, in its order.

    Args:
        product: what it is.
        version: what the archive has of it.
        is_stale: MAST's flag.
        now: the archive's clock, UTC; it says whether the file is still exclusive.
    """
    begin, end = product.observed_at, product.observed_at + _EXPOSURE_TAKES
    date = to_mjd(version.made_at)
    content = content_of(product.filename, version.build.cal_ver, version.build.crds_ctx, date)
    known: Row = {
        "tsovisit": "f",
        "crowdfld": "f",
        **product.mode.header,
        "ArchiveFileID": 239_000_000 + to_milliseconds(version.archived_at) // 1000 % 100_000_000,
        "filename": product.filename,
        "fileSetName": product.fileset,
        "productLevel": product.level,
        "category": "GO",
        "date_mjd": date,
        "date_obs_mjd": to_mjd(begin),
        "date_end_mjd": to_mjd(end),
        "expstart": to_mjd(begin),
        "expend": to_mjd(end),
        "duration": _EXPOSURE_S,
        "effexptm": _EXPOSURE_S,
        "detector": product.detector,
        "exposure": product.exposure,
        "expripar": "PRIME",
        "instrume": product.mode.instrument.value.upper(),
        "nints": 1,
        "observtn": product.observation,
        "program": product.program,
        "sdp_ver": version.build.sdp_ver,
        "prd_ver": version.build.prd_ver,
        "targname": f"DEMO-{product.program}",
        "telescop": "JWST",
        "title": f"Demonstration program {product.program}",
        "visit": product.visit,
        "visit_id": f"{product.program:05d}{product.observation:03d}{product.visit:03d}",
        "visitype": "PRIME_TARGETED_FIXED",
        "exsegnum": product.segment[0] if product.segment else None,
        "exsegtot": product.segment[1] if product.segment else None,
        "cal_ver": version.build.cal_ver,
        "cal_vcs": "RELEASE" if version.build.cal_ver else None,
        "crds_ctx": version.build.crds_ctx,
        "crds_ver": version.build.crds_ver,
        "fileSize": len(content),
        "checksum": checksum_of(content),
        "ingestStartDate_mjd": to_mjd(version.archived_at - _INGEST_TAKES),
        "ingestCompletionDate_mjd": to_mjd(version.archived_at),
        "publicReleaseDate_mjd": to_mjd(product.public_at),
        "isRestricted": now < product.public_at,
        "isItar": False,
        "isStale": is_stale,
        "FileSetId": zlib.crc32(product.fileset.encode()) % 1_000_000,
        "dataURI": f"mast:JWST/product/{product.filename}",
        "date": _date(version.made_at),
        "date_obs": _date(begin),
        "ingestStartDate": _date(version.archived_at - _INGEST_TAKES),
        "ingestCompletionDate": _date(version.archived_at),
        "publicReleaseDate": _date(product.public_at),
    }
    return {column: known.get(column) for column in columns_of(product.mode.instrument)}


def always(rows: Sequence[Row]) -> Callable[[datetime], Sequence[Row]]:
    """An archive that does not change, for `DemoArchive`."""
    return lambda _now: rows


def _date(moment: datetime) -> str:
    return f"/Date({to_milliseconds(moment)})/"
