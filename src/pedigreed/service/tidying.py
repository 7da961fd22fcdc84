"""Keep the store small: pack messages, let go what is old or of no folder any more, and give the file's room back.

It is done in steps that each end with a commit: it holds nobody up, and after a process that was killed or told to
stop the next goes on.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import structlog

from pedigreed.service.subscriptions import folders_of
from pedigreed.store import changes as stored_changes
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import local_files as stored_files
from pedigreed.store import periods as stored_periods

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config
    from pedigreed.service.one_run import Stop
    from pedigreed.store.database import Store

A_STEP = 200
"""Messages, changes or periods in one transaction."""

SPEAKS_EVERY = 10.0
"""Seconds."""

_log = structlog.get_logger()


def tidy(store: Store, config: Config, now: datetime, stop: Stop) -> None:
    """Do what there is to do, until it is done or `stop` is said."""
    _pack(store, stop)
    arrived_by = now - config.delivery.keep
    _let_go(
        store, stop, "messages", lambda connection: stored_deliveries.let_some_go(connection, arrived_by, A_STEP)
    )
    if config.history.keep is not None:
        told_by = now - config.history.keep
        names = [each.name for each in config.subscriptions]
        _let_go(
            store,
            stop,
            "changes",
            lambda connection: stored_changes.let_some_go(connection, names, told_by, A_STEP),
        )
        _let_go(
            store,
            stop,
            "quiet periods",
            lambda connection: stored_periods.let_some_go(connection, told_by, A_STEP),
        )
    _forget_folders(store, config)
    before = store.size()
    while not stop.is_said and store.shrink():
        pass
    if store.size() < before:
        _log.info("store shrunk", before=before, after=store.size())


def _let_go(store: Store, stop: Stop, what: str, step: Callable[[Connection], int]) -> None:
    count = _in_steps(store, stop, step)
    if count:
        _log.info("let go", what=what, count=count)


def _forget_folders(store: Store, config: Config) -> None:
    """Forget what was found in folders of this machine that no subscription names any more."""
    named = {folder for each in config.subscriptions for folder in folders_of(each)}
    with store.reading() as connection:
        known = stored_files.folder_states(connection)
    if known.keys() - named:
        with store.writing() as connection:
            stored_files.forget_all_but(connection, named)


def _pack(store: Store, stop: Stop) -> None:
    """Pack what an older version kept as it was: once in the life of a store."""
    with store.reading() as connection:
        left = stored_deliveries.as_before(connection)
    if not left:
        return
    said_at = monotonic()

    def pack(connection: Connection) -> int:
        nonlocal left, said_at
        packed = stored_deliveries.pack_some(connection, A_STEP)
        left -= packed
        if monotonic() - said_at > SPEAKS_EVERY:
            said_at = monotonic()
            _log.info("messages being packed", left=left)
        return packed

    _log.info("messages packed", deliveries=_in_steps(store, stop, pack))


def _in_steps(store: Store, stop: Stop, step: Callable[[Connection], int]) -> int:
    """Do steps until one finds less than it could take. Gives how many all of them took."""
    done = 0
    while not stop.is_said:
        with store.writing() as connection:
            found = step(connection)
        done += found
        if found < A_STEP:
            break
    return done
