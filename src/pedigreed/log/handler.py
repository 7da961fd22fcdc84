"""Writes lines to stderr."""

from __future__ import annotations

import logging
import sys


class OneLineHandler(logging.Handler):
    """Writes what the formatter makes to stderr, as stderr is at that moment.

    Where a record can't be written, the standard library would print many lines, with the values that it holds.
    """

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception as error:  # noqa: BLE001  # such as a library's wrong arguments for its own words
            line = self.format(_without_its_words(record, error))
        try:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            # Nobody reads any more. That must not end the work.
            return


def _without_its_words(record: logging.LogRecord, error: Exception) -> logging.LogRecord:
    return logging.LogRecord(
        record.name,
        record.levelno,
        record.pathname,
        record.lineno,
        f"a record could not be written: {type(error).__name__} at {record.pathname}:{record.lineno}",
        None,
        None,
    )
