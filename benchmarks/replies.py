"""The replies that are measured: a program's 50,000 NIRCam products, and the same with 1 % or all reprocessed."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path

from bulk_rows import NARROW_COLUMNS, bulk_reply
from pedigreed.model.instrument import Instrument

INSTRUMENT = Instrument.NIRCAM
PROGRAM = 1180
ROWS = 50_000
REMADE = ROWS // 100
BEFORE = datetime.fromisoformat("2026-11-20T06:00Z")
AFTER = BEFORE + timedelta(days=8)

FULL = "full"
SHORT = "short"
_COLUMNS = {FULL: None, SHORT: NARROW_COLUMNS}


def before_of(folder: Path, columns: str) -> bytes:
    return _path(folder, columns, 0).read_bytes()


def after_of(folder: Path, columns: str, remade: int = REMADE) -> bytes:
    return _path(folder, columns, remade).read_bytes()


def _path(folder: Path, columns: str, remade: int) -> Path:
    return folder / f"{columns}-{remade}.json"


def main() -> None:
    """Write the replies into a folder: making them takes longer than what is measured."""
    folder = Path(sys.argv[1])
    for name, columns in _COLUMNS.items():
        for remade in (0, REMADE, ROWS):
            reply = bulk_reply(PROGRAM, INSTRUMENT, ROWS, remade=remade, columns=columns)
            _path(folder, name, remade).write_bytes(reply)


if __name__ == "__main__":
    main()
