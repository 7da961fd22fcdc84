"""Logs: one line an event on stderr, ours and the libraries', with every secret struck out. `setup` begins it."""

import sys


def _import_structlog() -> None:
    """Without rich, which it would bring for tracebacks that are not used: 8 MB of a process that does nothing."""
    was_there = "rich" in sys.modules
    if not was_there:
        sys.modules["rich"] = None  # type: ignore[assignment]  # what can't be imported
    try:
        import structlog  # noqa: F401, PLC0415
    finally:
        if not was_there:
            del sys.modules["rich"]


_import_structlog()
