"""Logs of the HTTP library that would give a secret address away."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TELLING = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy")
"""They log an address, or an answer's headers, which may repeat it."""

_is_secret = ContextVar("is_secret", default=False)


@contextmanager
def secretly() -> Iterator[None]:
    """Keep the HTTP library's own logs silent in this task, at whatever level they are set."""
    token = _is_secret.set(True)
    try:
        yield
    finally:
        _is_secret.reset(token)


def _may_be_told(_record: logging.LogRecord) -> bool:
    return not _is_secret.get()


for _name in _TELLING:
    logging.getLogger(_name).addFilter(_may_be_told)
