"""What nobody caught is logged like everything else: one line, with every secret struck out."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from types import TracebackType

_log = structlog.get_logger()


def log_what_is_uncaught() -> None:
    """Take the place of Python's own words, which are many lines and may tell a secret."""
    sys.excepthook = _at_the_end
    threading.excepthook = _in_a_thread
    sys.unraisablehook = _where_none_can_be_raised


def _at_the_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _log.critical("pedigreed failed", exc_info=(kind, error, trace))


def _in_a_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is None or failed.exc_type is SystemExit:
        return
    name = failed.thread.name if failed.thread else None
    trace = (failed.exc_type, failed.exc_value, failed.exc_traceback)
    _log.error("a thread failed", thread=name, exc_info=trace)


def _where_none_can_be_raised(failed: sys.UnraisableHookArgs) -> None:
    if failed.exc_value is not None:
        trace = (failed.exc_type, failed.exc_value, failed.exc_traceback)
        _log.warning("exception ignored", where=failed.err_msg or "in a finalizer", exc_info=trace)
