"""What a survey of a disk can be asked beyond headers and lists: MAST's record of a file, and the MD5 of one."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from pedigreed.changes.copies import Standing, compare_copies, judges_of
from pedigreed.model.failure import UpstreamUnavailable
from pedigreed.regular_file import open_regular, why_unread
from pedigreed.service.local_folders import files_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pedigreed.changes.copies import Copy
    from pedigreed.model.local_file import LocalFile
    from pedigreed.model.product import Product
    from pedigreed.service.local_folders import DiskSurvey
    from pedigreed.sources.mast.keyword_records import KeywordRecords

MOST_RECORDS = 5_000
"""Files that are asked for one by one, at one request each. MAST is for all."""

_GIVES_UP_AFTER = 3
"""Failures in a row."""

_PIECE = 1 << 20


def records_of(
    filenames: Collection[str], records: KeywordRecords, tell: Callable[[str], None]
) -> tuple[dict[str, Product], tuple[str, ...]]:
    """What MAST says of files that it does not list, by name, and why that is not all of it."""
    found: dict[str, Product] = {}
    problems: dict[str, None] = {}
    failures = 0
    names = sorted(filenames)
    for number, name in enumerate(names[:MOST_RECORDS], 1):
        tell(f"asking MAST for single files: {number:,} of {min(len(names), MOST_RECORDS):,}")
        try:
            product = records.product(name)
        except UpstreamUnavailable as error:
            problems[f"the keyword record of single files: {error}"] = None
            failures += 1
            if failures == _GIVES_UP_AFTER:
                break
            continue
        failures = 0
        if product is not None:
            found[name] = product
    if len(names) > MOST_RECORDS:
        problems[f"{len(names) - MOST_RECORDS:,} files were not asked for: {MOST_RECORDS:,} at the most"] = None
    return found, tuple(problems)


def with_records(survey: DiskSurvey, records: KeywordRecords, tell: Callable[[str], None]) -> DiskSurvey:
    """The same, with files of lower levels judged by MAST's own record of each."""
    listed = survey.archived.products
    names = {copy.file.filename for copy in survey.copies} - listed.keys()
    found, problems = records_of({name for name in names if judges_of(name)}, records, tell)
    archived = replace(survey.archived, records=found)
    copies = compare_copies(files_of(survey.looks), archived)
    return replace(survey, copies=copies, archived=archived, problems=(*survey.problems, *problems))


def verified(survey: DiskSurvey, tell: Callable[[str], None]) -> DiskSurvey:
    """The same, with each file that is as in the archive read to its end: another MD5 is damage."""
    copies = []
    for number, copy in enumerate(survey.copies, 1):
        tell(f"reading files: {number:,} of {len(survey.copies):,}")
        copies.append(_verified(copy))
    return replace(survey, copies=tuple(copies))


def _verified(copy: Copy) -> Copy:
    checksum = None if copy.product is None or copy.is_judged_by_another else copy.product.checksum
    if copy.standing is not Standing.SAME or not checksum:
        return copy
    try:
        is_same = _md5(copy.file) == checksum.strip().lower()
        reason = "its MD5 is not that of the archive's"
    except (OSError, EOFError, zlib.error) as error:
        is_same = False
        reason = why_unread(error) if isinstance(error, OSError) else "it does not unpack"
    return copy if is_same else replace(copy, standing=Standing.DAMAGED, reason=reason)


def _md5(file: LocalFile) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with (
        os.fdopen(open_regular(file.path), "rb") as opened,
        gzip.open(opened) if file.is_packed else opened as content,
    ):
        while piece := content.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
