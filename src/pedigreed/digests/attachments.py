"""The whole of the lists, as files that go with the digest."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pedigreed.digests.manifest import count_downloads, manifest_of
from pedigreed.digests.table import table_of
from pedigreed.model.digest import Attachment

if TYPE_CHECKING:
    from pedigreed.model.digest import Digest

LONGEST_NAME = 40

A_DAY = timedelta(hours=22)
"""No digest a day is shorter, the day that the clocks change included."""


def attachments_of(digest: Digest) -> tuple[Attachment, ...]:
    """The manifest of what can be downloaded, and the table of all changes; none where nothing changed."""
    stem = stem_of(digest)
    manifest = Attachment(f"{stem}.json", "application/json", manifest_of(digest.changes))
    table = Attachment(f"{stem}.csv", "text/csv", table_of(digest.changes))
    if not digest.changes:
        return ()
    return (manifest, table) if count_downloads(digest.changes) else (table,)


def stem_of(digest: Digest) -> str:
    """``jades-2026-11-22``: the subscription in ASCII, and the local day on which the period ends.

    With the time (``jades-2026-11-22-1300``) where a day has several digests.
    """
    ascii_name = unicodedata.normalize("NFKD", digest.subscription).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_]+", "-", ascii_name)[:LONGEST_NAME].strip("-") or "digest"
    ends = digest.ends.astimezone(ZoneInfo(digest.timezone))
    return f"{name}-{ends:%Y-%m-%d}" + ("" if digest.ends - digest.starts >= A_DAY else f"-{ends:%H%M}")
