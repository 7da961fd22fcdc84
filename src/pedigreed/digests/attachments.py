"""The files that go with a digest: a CSV table of all changes, and a JSON list of what can be downloaded."""

from __future__ import annotations

import csv
import json
import re
import unicodedata
import uuid
import zlib
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import groupby, islice
from operator import attrgetter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pedigreed.digests.wording import visible
from pedigreed.model.change import ChangeKind
from pedigreed.model.digest import Attachment
from pedigreed.model.instant import iso
from pedigreed.model.product_name import parse_product_name, product_type_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from pedigreed.model.change import Change
    from pedigreed.model.digest import Digest
    from pedigreed.model.impact import Remade
    from pedigreed.model.pedigree import Pedigree


LONGEST_NAME = 40

A_DAY = timedelta(hours=22)
"""No digest a day is shorter, the day that the clocks change included."""


@dataclass(frozen=True, slots=True)
class AttachmentLimits:
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
        holds: how many of the list are in it, from the first: files of the manifest, changes of the table.
        of: how many the list has.
        is_manifest: whether it is the manifest of downloads; else it is the table of changes.
        is_packed: whether it is compressed with gzip.
        public_at: of the manifest: when the last of its files becomes public, UTC; None where that is not known.
    """

    attachment: Attachment
    holds: int
    of: int
    is_manifest: bool
    is_packed: bool
    public_at: datetime | None


def attached_to(digest: Digest, limits: AttachmentLimits | None = None) -> tuple[Attached, ...]:
    """The manifest of what can be downloaded, and the table of all changes; none where nothing changed."""
    if not digest.changes:
        return ()
    lists = _lists_of(digest.changes, digest.remade, limits or AttachmentLimits())
    table = Attached(
        _file(digest, lists.table, "csv"),
        lists.table.rows,
        len(digest.changes),
        is_manifest=False,
        is_packed=lists.table.is_packed,
        public_at=None,
    )
    if lists.manifest is None:
        return (table,)
    manifest = Attached(
        _file(digest, lists.manifest, "json"),
        lists.holds,
        lists.files,
        is_manifest=True,
        is_packed=lists.manifest.is_packed,
        public_at=lists.public_at,
    )
    return manifest, table


_MEDIA_TYPES = {"csv": "text/csv", "json": "application/json"}


@dataclass(frozen=True, slots=True)
class _Lists:
    """Table and manifest of some changes.

    Attributes:
        changes, remade, limits: what they were written of.
        table, manifest: as files; no manifest where there is nothing to download.
        files: how many files can be downloaded.
        holds: how many of them are in the manifest.
        public_at: when the last of them becomes public, UTC; None where that is not known of any.
    """

    changes: Sequence[Change]
    remade: Remade
    limits: AttachmentLimits
    table: Written
    manifest: Written | None
    files: int
    holds: int
    public_at: datetime | None


_last_lists: list[_Lists] = []
"""Those of the last digest. The next is mostly of the same programs, and has the same ones."""


def _lists_of(changes: Sequence[Change], remade: Remade, limits: AttachmentLimits) -> _Lists:
    for last in _last_lists:
        if (last.changes, last.remade, last.limits) == (changes, remade, limits):
            return last
    table = write(table_of(changes, remade), plain=limits.plain, most=limits.table)
    manifest, holds = None, 0
    files, public_at = counted(downloads_of(changes))
    if files:
        manifest = write(manifest_of(changes), plain=limits.plain, most=limits.both - len(table.content))
        holds, _ = counted(islice(downloads_of(changes), manifest.rows))
    _last_lists[:] = [_Lists(changes, remade, limits, table, manifest, files, holds, public_at)]
    return _last_lists[0]


def counted(changes: Iterable[Change]) -> tuple[int, datetime | None]:
    """How many files changes are of, and when the last of them becomes public. They are sorted by file name."""
    files, latest = 0, None
    for _, of_one in groupby(changes, attrgetter("filename")):
        files += 1
        for change in of_one:
            if change.public_at is not None and (latest is None or change.public_at > latest):
                latest = change.public_at
    return files, latest


def _file(digest: Digest, written: Written, suffix: str) -> Attachment:
    name = f"{stem_of(digest)}.{suffix}"
    if written.is_packed:
        return Attachment(f"{name}.gz", "application/gzip", written.content)
    return Attachment(name, _MEDIA_TYPES[suffix], written.content)


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
    "other_reference_types",
)

_GUARD = "'"
_GUARDED = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", _GUARD)
"""What begins a formula, in ASCII and in full width, since a Japanese spreadsheet takes both; and the guard."""


class _Line:
    """What a CSV writer takes for its file: it hands each line back."""

    def write(self, line: str) -> bytes:
        return line.encode()


def table_of(changes: Iterable[Change], remade: Remade) -> Listing:
    """One line for each change, in the order given.

    `other_reference_types` has the types of which a product that was made anew has another file than before, with
    blanks between; ``none`` where it has the same files, and nothing where that is not known.
    """
    writer = csv.writer(_Line(), lineterminator="\n")
    head: bytes = writer.writerow(COLUMNS)
    return Listing(head, (writer.writerow((*_row(change), _types(change, remade))) for change in changes))


def _row(change: Change) -> tuple[str | int | None, ...]:
    return (
        change.kind,
        change.program,
        change.observation,
        change.instrument,
        _shared_cell(change.level),
        _shared_cell(product_type_of(change.filename)),
        _cell(change.filename),
        _cell(change.fileset),
        *_pedigree(change.before),
        *_pedigree(change.after),
        _moment(change.archived_at),
        _moment(change.public_at),
    )


def _types(change: Change, remade: Remade) -> str:
    types = remade.types_of(change) if remade.types else None
    return "" if types is None else " ".join(types) or "none"


def _pedigree(pedigree: Pedigree | None) -> tuple[str, str, str]:
    if pedigree is None:
        return "", "", ""
    return _shared_cell(pedigree.cal_ver or ""), _shared_cell(pedigree.crds_ctx or ""), _moment(pedigree.date)


def _cell(text: str) -> str:
    shown = visible(text)
    return _GUARD + shown if shown.lstrip().startswith(_GUARDED) else shown


_shared_cell = lru_cache(maxsize=1_024)(_cell)
"""Of what thousands of changes have in common."""


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else iso(moment)


PIECE = 65_536
"""Bytes that are compressed at a time, and the most by which a file passes its limit, but for one row."""

_GZIP = zlib.MAX_WBITS + 16
"""zlib writes gzip's header then, with no file name and no time: equal rows give equal bytes."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The content of a file, which can be cut between any two rows and is still well formed.

    Attributes:
        head: before the first row.
        rows: made as they are read, once.
        between: between two rows.
        tail: after the last row.
    """

    head: bytes
    rows: Iterable[bytes]
    between: bytes = b""
    tail: bytes = b""

    def whole(self) -> bytes:
        """All of it, as it is."""
        return self.head + self.between.join(self.rows) + self.tail


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a listing.

    Attributes:
        content: the file's bytes.
        rows: how many rows it holds, from the first.
        is_packed: whether the bytes are gzip's.
    """

    content: bytes
    rows: int
    is_packed: bool


def write(listing: Listing, *, plain: int, most: int) -> Written:
    """Write a listing, a piece at a time.

    Args:
        listing: what to write.
        plain: bytes that stay as they are; what is larger is compressed with gzip.
        most: compressed bytes after which no row is added.
    """
    pending, content = bytearray(listing.head), bytearray()
    packer = None
    rows = 0
    for row in listing.rows:
        pending += (listing.between if rows else b"") + row
        rows += 1
        if len(pending) <= (PIECE if packer else plain):
            continue
        packer = packer or zlib.compressobj(wbits=_GZIP)
        content += packer.compress(pending) + packer.flush(zlib.Z_SYNC_FLUSH)
        pending.clear()
        if len(content) >= most:
            break
    pending += listing.tail
    content += packer.compress(pending) + packer.flush() if packer else pending
    return Written(bytes(content), rows, packer is not None)


EVENT_TYPES = {
    ChangeKind.FIRST: "New",
    ChangeKind.NEW: "New",
    ChangeKind.RELISTED: "New",
    ChangeKind.REPROCESSED: "Reprocessed",
    ChangeKind.SET_REPROCESSED: "Reprocessed",
    ChangeKind.REGRESSED: "Reprocessed",
    ChangeKind.PUBLIC: "Public",
}
"""MAST's words; a kind that is not here leaves nothing to download."""

NAMESPACE = uuid.UUID("945e3f8e-0124-54b4-bd07-05dc648475e4")
"""Of the event ids: one change has one id, whenever it is written."""


def manifest_of(changes: Iterable[Change]) -> Listing:
    """A JSON list with one event a line, ASCII.

    Its shape is that of the events that MAST's own subscription mails attach. It is read by
    ``astroquery.mast.MastMissions.download_products``, and is documented by example in the notebook
    "subscriptions" of spacetelescope/mast_notebooks. Its times are UTC and do not say so.
    """
    rows = (json.dumps(_event(change)).encode("ascii") for change in downloads_of(changes))
    return Listing(b"[\n", rows, b",\n", b"\n]\n")


def downloads_of(changes: Iterable[Change]) -> Iterator[Change]:
    """The changes that leave something to download: one event each."""
    return (change for change in changes if change.kind in EVENT_TYPES)


def manifest_of_files(files: Iterable[tuple[str, int]]) -> Listing:
    """The same of files of which no more is known than name and program, made anew whenever that was."""
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
    return {
        "event_id": str(uuid.uuid5(NAMESPACE, change.identity)),
        "mission": "JWST",
        "fileset": change.fileset,
        "filename": change.filename,
        "program": change.program,
        "event_type": EVENT_TYPES[change.kind],
        "archived_date": _without_zone(change.archived_at),
        "public_release_date": _without_zone(change.public_at),
    }


def _without_zone(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment).removesuffix("Z")
