"""`pedigreed run`: the daemon."""

import os
from pathlib import Path

from pedigreed.cli.options import ConfigFile, load, open_store


def run(config: ConfigFile = None) -> None:
    """Run as a daemon: ask, compare, tell and deliver, day by day.

    SIGHUP reads the configuration anew, SIGUSR1 runs a cycle now, SIGTERM ends it.
    """
    import asyncio
    import socket

    from pedigreed.config.load import load_config
    from pedigreed.daemon.daemon import Daemon
    from pedigreed.daemon.notify import Notifier
    from pedigreed.log import set_up_log
    from pedigreed.service.ask_times import place_of

    set_up_log()
    notifier = Notifier(os.environ)
    loaded = load(config)
    with open_store(loaded) as store, store.at_work() as at_work:
        daemon = Daemon(
            loaded,
            store,
            notifier,
            reload=lambda: load_config(Path(loaded.file), os.environ),
            place=place_of(f"{socket.gethostname()} {store.name}"),
            at_work=at_work,
        )
        asyncio.run(daemon.run())
