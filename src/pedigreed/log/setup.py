"""Sets the log up for the process: one line an event on stderr, from us, from libraries, and from what failed."""

from __future__ import annotations

import logging
import os
import sys
import threading
from enum import Enum, auto
from typing import TYPE_CHECKING

import structlog
from structlog.stdlib import ProcessorFormatter

from pedigreed.log import event
from pedigreed.log.event import Level
from pedigreed.log.repeats import Repeats

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from structlog.typing import Processor


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


def is_in_pipe() -> bool:
    """Whether stderr leads neither to a person's terminal nor to the journal."""
    return destination(os.environ) is Destination.PIPE


class OneLineHandler(logging.Handler):
    """Writes what the formatter makes to stderr, as stderr is at that moment.

    Where a record can't be written, the standard library would print many lines, with the values that it holds.
    What a library warns of again and again, such as a server without descriptors, is one line a minute.
    """

    def __init__(self) -> None:
        super().__init__()
        self._repeats = Repeats()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if record.name != _OURS and record.levelno >= logging.WARNING:
                message = record.getMessage()
                times = self._repeats.count((record.name, message))
                if not times:
                    return
                if times > 1:
                    said = f"{message} ({times} times since the last line)"
                    record = logging.makeLogRecord({**vars(record), "msg": said, "args": None})
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


_OURS = "pedigreed"

# The values of variables stay out of tracebacks: one may be a secret.
_STRUCTURED = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def set_up_log(level: Level | None = None) -> None:
    """Log what is worth it to stderr: ours, the libraries', warnings, and what nobody caught.

    Args:
        level: from what on; None for warnings on a terminal, where a person sees the result too, else info.
    """
    leads_to = destination(os.environ)
    level = level or (Level.WARNING if leads_to is Destination.TERMINAL else Level.INFO)
    handler = OneLineHandler()
    handler.setFormatter(formatter(leads_to))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.of_libraries)
    logging.getLogger(_OURS).setLevel(logging.DEBUG)  # structlog has left out what is below
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level.number),
        logger_factory=lambda *_: logging.getLogger(_OURS),
    )
    log_what_is_uncaught()


def formatter(leads_to: Destination) -> logging.Formatter:
    """What makes the line of an event for a reader."""
    return ProcessorFormatter(
        foreign_pre_chain=[structlog.contextvars.merge_contextvars],
        processors=[*_READABLE_BY[leads_to]],
    )


_IN_A_PIPE: Sequence[Processor] = (_STRUCTURED, event.make_plain, event.introduce)
_READABLE_BY: dict[Destination, Sequence[Processor]] = {
    Destination.TERMINAL: (
        structlog.processors.format_exc_info,
        event.make_plain,
        event.introduce,
        event.stamp,
        event.tame,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ),
    Destination.JOURNAL: (*_IN_A_PIPE, event.as_json_for_the_journal),
    Destination.PIPE: (*_IN_A_PIPE, event.stamp, event.as_json),
}
