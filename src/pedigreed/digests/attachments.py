"""The files that go with a digest: a CSV table of all changes, and a JSON list of what can be downloaded."""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pedigreed.digests.listing import Listing, Written, write
from pedigreed.digests.manifest import count_files, downloads_of, manifest_of
from pedigreed.digests.wording import visible
from pedigreed.model.digest import Attachment
from pedigreed.model.instant import iso
from pedigreed.model.product_name import product_type_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pedigreed.model.change import Change
    from pedigreed.model.digest import Digest
    from pedigreed.model.pedigree import Pedigree


LONGEST_NAME = 40

A_DAY = timedelta(hours=22)
"""No digest a day is shorter, the day that the clocks change included."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large attachments may be, in bytes.

    The default keeps the whole mail below 10 MB, which servers take: base64 adds 37 %.

    Attributes:
        plain: of a file that is not compressed.
        table: of the table. It tells most, and has its room first.
        both: of table and manifest.
    """

    plain: int = 1_000_000
    table: int = 4_000_000
    both: int = 7_000_000


@dataclass(frozen=True, slots=True)
class Attached:
    """A list that goes with the digest.

    Attributes:
        attachment: the file.
        told: how many of the list it holds, from the first: files of the manifest, changes of the table.
        of: how many the list has.
        is_manifest: whether it is the manifest of downloads; else it is the table of changes.
        is_packed: whether it is compressed with gzip.
    """

    attachment: Attachment
    told: int
    of: int
    is_manifest: bool
    is_packed: bool


def attached_to(digest: Digest, limits: Limits | None = None) -> tuple[Attached, ...]:
    """The manifest of what can be downloaded, and the table of all changes; none where nothing changed."""
    if not digest.changes:
        return ()
    limits = limits or Limits()
    table = write(table_of(digest.changes), plain=limits.plain, most=limits.table)
    attached = (_attached(digest, table, told=table.rows, of=len(digest.changes), is_manifest=False),)
    files = count_files(downloads_of(digest.changes))
    if not files:
        return attached
    room = limits.both - len(table.content)
    manifest = write(manifest_of(digest.changes), plain=limits.plain, most=room)
    told = count_files(islice(downloads_of(digest.changes), manifest.rows))
    return (_attached(digest, manifest, told=told, of=files, is_manifest=True), *attached)


def _attached(digest: Digest, written: Written, *, told: int, of: int, is_manifest: bool) -> Attached:
    suffix, media_type = ("json", "application/json") if is_manifest else ("csv", "text/csv")
    name = f"{stem_of(digest)}.{suffix}"
    attachment = (
        Attachment(f"{name}.gz", "application/gzip", written.content)
        if written.is_packed
        else Attachment(name, media_type, written.content)
    )
    return Attached(attachment, told, of, is_manifest=is_manifest, is_packed=written.is_packed)


def stem_of(digest: Digest) -> str:
    """``jades-2026-11-22``: the subscription in ASCII, and the local day on which the period ends.

    With the time (``jades-2026-11-22-1300``) where a day has several digests.
    """
    ascii_name = unicodedata.normalize("NFKD", digest.subscription).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_]+", "-", ascii_name)[:LONGEST_NAME].strip("-") or "digest"
    ends = digest.ends.astimezone(ZoneInfo(digest.timezone))
    return f"{name}-{ends:%Y-%m-%d}" + ("" if digest.ends - digest.starts >= A_DAY else f"-{ends:%H%M}")


COLUMNS = (
    "kind",
    "program",
    "observation",
    "instrument",
    "level",
    "product_type",
    "filename",
    "fileset",
    "old_cal_ver",
    "old_crds_ctx",
    "old_date",
    "new_cal_ver",
    "new_crds_ctx",
    "new_date",
    "archived",
    "public",
)

_FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""ASCII and full-width: a Japanese spreadsheet takes both."""

_GUARD = "'"


class _Line:
    """What a CSV writer takes for its file: it hands each line back."""

    def write(self, line: str) -> bytes:
        return line.encode()


def table_of(changes: Iterable[Change]) -> Listing:
    """One line for each change, in the order given."""
    writer = csv.writer(_Line(), lineterminator="\n")
    head: bytes = writer.writerow(COLUMNS)
    return Listing(head, (writer.writerow(_row(change)) for change in changes))


def _row(change: Change) -> tuple[str | int | None, ...]:
    return (
        change.kind,
        change.program,
        change.observation,
        change.instrument,
        _cell(change.level),
        _cell(product_type_of(change.filename)),
        _cell(change.filename),
        _cell(change.fileset),
        *_pedigree(change.before),
        *_pedigree(change.after),
        _moment(change.archived_at),
        _moment(change.public_at),
    )


def _pedigree(pedigree: Pedigree | None) -> tuple[str, str, str]:
    if pedigree is None:
        return "", "", ""
    return _cell(pedigree.cal_ver or ""), _cell(pedigree.crds_ctx or ""), _moment(pedigree.date)


def _cell(text: str) -> str:
    shown = visible(text)
    return _GUARD + shown if shown.lstrip().startswith((*_FORMULA_STARTS, _GUARD)) else shown


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else iso(moment)
