"""Taking times: alternating, so that what disturbs one disturbs the other."""

from __future__ import annotations

import gc
import logging
import sys
import time
from typing import TYPE_CHECKING

import structlog
from msgspec import json

from benchmarks.figures import Timing

if TYPE_CHECKING:
    from collections.abc import Callable

    from msgspec import Struct


def timed(action: Callable[[], object]) -> float:
    """Seconds of one run. What it returns is freed outside of the time."""
    gc.collect()
    started = time.perf_counter()
    result = action()
    taken = time.perf_counter() - started
    del result
    return taken


def processed(action: Callable[[], object]) -> float:
    """Seconds of the processor of one run, which are the same where others are at work too."""
    gc.collect()
    started = time.process_time()
    result = action()
    taken = time.process_time() - started
    del result
    return taken


def alternated(actions: dict[str, Callable[[], float]], times: int) -> dict[str, Timing]:
    """Run the actions in turn, A B C A B C, after one round that is not counted. Each says its own time."""
    samples: dict[str, list[float]] = {name: [] for name in actions}
    for turn in range(times + 1):
        for name, action in actions.items():
            taken = action()
            if turn:
                samples[name].append(taken)
    return {name: Timing(taken) for name, taken in samples.items()}


def without_log_lines(least: int = logging.WARNING) -> None:
    """Keep the product's log out of the benchmark's output. Warnings stay where there should be none."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def hand_back(figures: Struct) -> None:
    """Give the figures to the process that asked for them."""
    sys.stdout.buffer.write(json.encode(figures))
