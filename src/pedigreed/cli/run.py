"""`pedigreed run`: the daemon."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pedigreed.cli.options import LOG_LEVEL_VARIABLE, ConfigFile, LogLevel, open_store, read
from pedigreed.model.failure import PedigreedError

if TYPE_CHECKING:
    from pedigreed.config.load import LoadedConfig


def run(config: ConfigFile = None, *, log_level: LogLevel = None) -> None:
    """Run as a daemon: ask, compare, tell and deliver, day by day.

    SIGHUP reads the configuration anew, SIGUSR1 runs a cycle now, SIGTERM ends it.
    """
    import asyncio
    import socket

    import structlog

    from pedigreed.config.load import load_config
    from pedigreed.daemon.daemon import TICK, Daemon
    from pedigreed.daemon.notify import Notifier
    from pedigreed.log.setup import set_up_log
    from pedigreed.service.ask_times import place_of
    from pedigreed.web.endpoint import Endpoint

    set_up_log(log_level)
    if log_level is not None:
        os.environ[LOG_LEVEL_VARIABLE] = log_level  # for the processes that do the work
    notifier = Notifier(os.environ)
    loaded = read(config)
    for warning in loaded.warnings:
        structlog.get_logger().warning("configuration", problem=str(warning))
    _make_ready_apart(loaded)
    with open_store(loaded) as store, store.at_work() as at_work:
        daemon = Daemon(
            loaded,
            store,
            notifier,
            reload=lambda: load_config(Path(loaded.file), os.environ),
            # Those that share a store share its minute too.
            place=place_of(f"{socket.gethostname()} {store.name}" if at_work.is_alone else store.name),
            at_work=at_work,
            web=Endpoint(store, tick=TICK, clock=lambda: datetime.now(UTC)),
        )
        asyncio.run(daemon.run())


def _make_ready_apart(loaded: "LoadedConfig") -> None:
    """Make or migrate the store in a process of its own: what that takes, this one would keep for years.

    It has no thread yet, so that it can be forked. What is wrong with the store is told when it is opened.
    """
    child = os.fork()
    if child == 0:
        try:
            with open_store(loaded):
                pass
        except PedigreedError:
            pass
        finally:
            os._exit(0)
    os.waitpid(child, 0)
