"""`pedigreed work`: one half of a cycle, as the daemon orders it. Not for people."""

import os
import signal
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from pedigreed.cli.options import LogLevel
from pedigreed.model.failure import PedigreedError
from pedigreed.model.run import Work


def work(
    kind: Annotated[Work, typer.Argument(metavar="ask|tell")],
    name: Annotated[str, typer.Option("--name", help="The configuration's name. Its text is standard input.")],
    *,
    after: Annotated[
        int | None,
        typer.Option(
            "--after", help="The last asking that the daemon knew. Where another began since, ask nothing."
        ),
    ] = None,
    after_ask: Annotated[bool, typer.Option("--after-ask", help="The archive was just asked.")] = False,
    log_level: LogLevel = None,
) -> None:
    """Do one half of a cycle, with the configuration on standard input."""
    import structlog

    from pedigreed.log.setup import set_up_log

    set_up_log(log_level)
    try:
        _do(kind, sys.stdin.read(), name, after=after, after_ask=after_ask)
    except PedigreedError as error:
        # It goes to the daemon's log, of which each line is an event.
        structlog.get_logger().error("work not done", work=kind.value, reason=str(error))
        raise typer.Exit(error.exit_code) from error


def _do(kind: Work, configuration: str, name: str, *, after: int | None, after_ask: bool) -> None:
    from pathlib import Path

    from pedigreed.cli.archive import open_archive
    from pedigreed.config.load import parse_config
    from pedigreed.delivery.registry import open_channels
    from pedigreed.service.cycle import ask, send_heartbeat, tell, was_complete
    from pedigreed.service.stop import Stop
    from pedigreed.store.database import Store

    config = parse_config(configuration, name, os.environ).config
    stop = Stop()
    with Store(config.store.reveal()) as store:
        if kind is Work.ASK:
            with open_archive(config.sources.mast) as archive:
                ask(config, store, archive, now=datetime.now(UTC), after=after)
            return
        signal.signal(signal.SIGTERM, lambda *_: stop.say())
        tell(
            config,
            Path(name).name,
            store,
            open_channels(config.channels),
            now=datetime.now(UTC),
            has_asked=after_ask,
            stop=stop,
        )
        if after_ask and config.heartbeat is not None and was_complete(store):
            send_heartbeat(config.heartbeat)
