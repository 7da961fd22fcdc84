"""Where stderr leads to."""

from __future__ import annotations

import os
import sys
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Destination(Enum):
    """Who reads the log. The set is closed."""

    TERMINAL = auto()
    """A person, at this moment."""
    JOURNAL = auto()
    """systemd's journal, which has a time and a priority of its own for each line."""
    PIPE = auto()
    """Another program, or a file."""


def destination(environ: Mapping[str, str]) -> Destination:
    """Where stderr of this process leads to.

    A service's children inherit $JOURNAL_STREAM, also those whose stderr is something else: so the device and the
    inode that it names are compared.
    """
    if sys.stderr.isatty():
        return Destination.TERMINAL
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return Destination.PIPE
    is_journal = environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
    return Destination.JOURNAL if is_journal else Destination.PIPE
