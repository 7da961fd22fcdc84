"""Set the log up for the process."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import structlog
from structlog.stdlib import ProcessorFormatter

from pedigreed.log import processors
from pedigreed.log.destination import Destination, destination
from pedigreed.log.handler import OneLineHandler
from pedigreed.log.level import Level
from pedigreed.log.uncaught import log_what_is_uncaught

if TYPE_CHECKING:
    from collections.abc import Sequence

    from structlog.typing import Processor

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


_IN_A_PIPE: Sequence[Processor] = (_STRUCTURED, processors.make_plain, processors.introduce)
_READABLE_BY: dict[Destination, Sequence[Processor]] = {
    Destination.TERMINAL: (
        structlog.processors.format_exc_info,
        processors.make_plain,
        processors.introduce,
        processors.stamp,
        processors.tame,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ),
    Destination.JOURNAL: (*_IN_A_PIPE, processors.as_json_for_the_journal),
    Destination.PIPE: (*_IN_A_PIPE, processors.stamp, processors.as_json),
}
