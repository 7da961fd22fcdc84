"""A list of files to download: a digest attaches it, `local --manifest` writes it, MAST's own mails have it."""

from __future__ import annotations

import gzip
import os
import zlib
from typing import TYPE_CHECKING

from pedigreed.fetching.wanted_file import WantedFile
from pedigreed.model.failure import Usage
from pedigreed.regular_file import open_regular, why_unread
from pedigreed.sources.mailbox.mast_events import events_in

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 1 << 29
"""Bytes, unpacked: two million files."""

_PACKED = b"\x1f\x8b"


def read_download_list(file: Path) -> tuple[WantedFile, ...]:
    """The files of a list, plain or packed with gzip, each once.

    Raises:
        Usage: it can't be read, or lists no file of JWST.
    """
    try:
        with os.fdopen(open_regular(file), "rb") as plain:
            is_packed = plain.read(len(_PACKED)) == _PACKED
            plain.seek(0)
            with gzip.open(plain) if is_packed else plain as opened:
                content = opened.read(LARGEST + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise Usage(f"{str(file)!a} can't be read: it does not unpack") from None
    except OSError as error:
        raise Usage(f"{str(file)!a} can't be read: {why_unread(error)}") from None
    if len(content) > LARGEST:
        raise Usage(f"{str(file)!a} has more than {LARGEST:,} bytes, and is no list of files")
    events = events_in([content.decode("utf-8", "replace")], most=LARGEST)
    if not events:
        raise Usage(
            f"{str(file)!a} lists no file of JWST: name the JSON that a digest or a mail of MAST has attached, or "
            "that `pedigreed local --manifest` wrote"
        )
    return tuple({event.filename: WantedFile(event.filename, event.program) for event in events}.values())
