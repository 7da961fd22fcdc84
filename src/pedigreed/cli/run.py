"""`pedigreed run`, the daemon; and `pedigreed work`, one part of a cycle in a process that the daemon starts."""

import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pedigreed.cli.options import LOG_LEVEL_VARIABLE, ConfigFile, LogLevel, log_caution, open_store, read
from pedigreed.model.failure import PedigreedError
from pedigreed.model.work import Work

if TYPE_CHECKING:
    from pedigreed.config.load import LoadedConfig
    from pedigreed.config.settings import Config
    from pedigreed.model.download import Download
    from pedigreed.store.database import Store


def run(config: ConfigFile = None, *, log_level: LogLevel = None) -> None:
    """Run as a daemon: ask, compare, tell and deliver, day by day.

    SIGHUP reads the configuration anew, SIGUSR1 runs a cycle now, SIGTERM ends it.
    """
    import asyncio
    import socket

    import structlog

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
    loaded.require_secrets()
    for warning in (*loaded.warnings, *loaded.unready()):
        structlog.get_logger().warning("configuration", problem=str(warning))
    _make_ready_apart(loaded)
    with open_store(loaded) as store, store.at_work() as at_work:
        log_caution(store)
        daemon = Daemon(
            loaded,
            store,
            notifier,
            reload=lambda: _read_anew(Path(loaded.file)),
            # Those that share a store share its minute too.
            place=place_of(f"{socket.gethostname()} {store.name}" if at_work.is_alone else store.name),
            at_work=at_work,
            web=Endpoint(store, tick=TICK, clock=lambda: datetime.now(UTC)),
        )
        asyncio.run(daemon.run())


def _read_anew(file: Path) -> "LoadedConfig":
    loaded = read(file)
    loaded.require_secrets()
    return loaded


def _make_ready_apart(loaded: "LoadedConfig") -> None:
    """Make or migrate the store in a process of its own: what that takes, this one would keep for years.

    It has no thread yet, so that it can be forked; but on macOS, whose own libraries don't bear that, it is done
    here. What is wrong with the store is told when it is opened.
    """
    if sys.platform == "darwin":
        with suppress(PedigreedError), open_store(loaded):
            pass
        return
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


def work(
    kind: Annotated[Work, typer.Argument(metavar="listen|ask|tell|fetch")],
    name: Annotated[str, typer.Option("--name", help="The configuration's name. Its text is standard input.")],
    *,
    after: Annotated[
        int | None,
        typer.Option(
            "--after", help="The last run of the kind that the daemon knew. Where another began since, do nothing."
        ),
    ] = None,
    after_ask: Annotated[bool, typer.Option("--after-ask", help="The archive was just asked.")] = False,
    place: Annotated[
        float | None,
        typer.Option(
            "--place", help="This installation's among all, 0 to 1. Read only the sources whose turn it is there."
        ),
    ] = None,
    only_wanted: Annotated[
        bool, typer.Option("--only-wanted", help="Ask only for the programs that MAST's mails tell of.")
    ] = False,
    only_deliver: Annotated[
        bool, typer.Option("--only-deliver", help="Compose no digest: what belongs into it is being asked.")
    ] = False,
    log_level: LogLevel = None,
) -> None:
    """Do one part of a cycle, with the configuration on standard input."""
    import structlog

    from pedigreed.log.setup import set_up_log

    set_up_log(log_level)
    try:
        order = Order(
            after=after, after_ask=after_ask, place=place, only_wanted=only_wanted, only_deliver=only_deliver
        )
        _do(kind, sys.stdin.read(), name, order)
    except PedigreedError as error:
        # It goes to the daemon's log, of which each line is an event.
        structlog.get_logger().error("work not done", work=kind.value, reason=str(error))
        raise typer.Exit(error.exit_code) from error


def fetch_changed(
    config: "Config", store: "Store", now: datetime, *, after: int | None = None
) -> "list[Download]":
    """Fetch what subscriptions want to have. Nothing where another process began to since the run `after`."""
    from pedigreed.cli.options import archive_address, mast_token
    from pedigreed.fetching.fetch import Archive
    from pedigreed.fetching.subscribed import fetch_for_subscriptions
    from pedigreed.model.download import DownloadState
    from pedigreed.service.one_run import one_run

    source = config.sources.mast
    with one_run(store, Work.FETCH, now, after=after) as end:
        if end is None:
            return []
        archive = Archive.mast(archive_address(source, None), mast_token(source))
        done = fetch_for_subscriptions(config, store, archive, now)
        missing = [each for each in done if each.state is not DownloadState.FETCHED]
        end(
            problems=sorted({each.reason or "" for each in missing}),
            beside={"files": len(done) - len(missing), "missing": len(missing)},
        )
    return done


@dataclass(frozen=True)
class Order:
    """What the daemon says of a work that it orders."""

    after: int | None
    after_ask: bool
    place: float | None
    only_wanted: bool
    only_deliver: bool


def _do(kind: Work, configuration: str, name: str, order: Order) -> None:
    from pathlib import Path

    from pedigreed.cli.options import USER_AGENT, open_archive, open_sources
    from pedigreed.config.load import parse_config
    from pedigreed.delivery.channels import open_channels
    from pedigreed.service.cycle import ask, send_heartbeat, tell, was_complete
    from pedigreed.service.news import read_news
    from pedigreed.service.one_run import Stop
    from pedigreed.service.rule_contexts import contexts_of
    from pedigreed.service.rule_evaluation import evaluate_rules
    from pedigreed.service.subscriptions import with_programs
    from pedigreed.store.database import Store

    config = parse_config(configuration, name, os.environ).config
    stop = Stop()
    with Store(config.store.reveal()) as store:
        now = datetime.now(UTC)
        config = with_programs(config, store)
        if kind is Work.LISTEN:
            sources = open_sources(config, store, order.place or 0.0)
            read_news(sources, config.programs, store, now, only_due=order.place is not None, after=order.after)
            contexts = contexts_of(config, USER_AGENT)
            if contexts is not None:
                evaluate_rules(config, store, contexts, now)
            return
        if kind is Work.FETCH:
            fetch_changed(config, store, now, after=order.after)
            return
        if kind is Work.ASK:
            with open_archive(config.sources.mast) as archive:
                ask(
                    config,
                    store,
                    archive,
                    now=now,
                    sources=open_sources(config, store),
                    after=order.after,
                    only_wanted=order.only_wanted,
                )
            return
        signal.signal(signal.SIGTERM, lambda *_: stop.say())
        tell(
            config,
            Path(name).name,
            store,
            open_channels(config.channels),
            now=now,
            has_asked=order.after_ask,
            only_deliver=order.only_deliver,
            stop=stop,
        )
        if order.after_ask and config.heartbeat is not None and was_complete(store):
            send_heartbeat(config.heartbeat)
