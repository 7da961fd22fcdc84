"""Logs: one line an event on stderr, in colour on a terminal, as JSON in a pipe or the journal."""

from __future__ import annotations

import logging
import sys

import structlog

# The values of variables stay out of tracebacks: one may be a secret.
_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def set_up_log(*, quiet: bool = False) -> None:
    """Set structlog up for the process. Quiet, or on a terminal, only what needs attention is shown."""
    on_terminal = sys.stderr.isatty()
    level = logging.WARNING if quiet or on_terminal else logging.INFO
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _TRACEBACKS,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(handlers=[_OfLibraries()], level=logging.WARNING)


class _OfLibraries(logging.Handler):
    """What a library has to say goes the same way, so that every line of a log is an event."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        log.log(record.levelno, record.getMessage(), library=record.name, exc_info=record.exc_info)
