"""A clock of the machine's that a test sets, for the processes that it starts. Monotonic time goes on as it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class SetClock:
    """Read from a file by libfaketime, in every process whose environment says so."""

    file: Path
    library: Path

    def set(self, now: datetime) -> None:
        """It is so late now, and time goes on from there. `now` has a zone."""
        ahead = (now - datetime.now(UTC)).total_seconds()
        written = self.file.with_suffix(".new")
        written.write_text(f"{ahead:+.3f}\n", encoding="ascii")
        written.replace(self.file)

    @property
    def environ(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


def find_library() -> Path | None:
    """None where libfaketime is not installed."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
