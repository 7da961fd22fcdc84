"""Look through the configured folders on disk, and keep what is there. None of them holds up another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from pedigreed.model.local_file import FolderLook, FolderState
from pedigreed.service.on_disk import folders_of
from pedigreed.sources.disk.folder import look_through
from pedigreed.store import local_files as stored_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pedigreed.config.settings import Config
    from pedigreed.model.local_file import LocalFile
    from pedigreed.store.database import Store

_log = structlog.get_logger()


def look_at_disk(config: Config, store: Store, now: datetime) -> tuple[FolderLook, ...]:
    """Look through every folder of every subscription, each once. What was of other folders is forgotten."""
    folders = list(dict.fromkeys(folder for each in config.subscriptions for folder in folders_of(each)))
    with store.reading() as connection:
        states = stored_files.folder_states(connection)
    if states.keys() - set(folders):
        with store.writing() as connection:
            stored_files.forget_all_but(connection, folders)
    looks = []
    for folder in folders:
        with store.reading() as connection:
            known = stored_files.load(connection, [folder])
        look = _look(folder, known, now)
        before = states.get(folder)
        with store.writing() as connection:
            if look.problem is None:
                stored_files.keep(connection, look, known)
            complete_at = now if look.problem is None else before.complete_at if before else None
            state = FolderState(folder, now, complete_at, len(look.unread), look.problem)
            stored_files.save_folder(connection, state)
        _tell(look)
        looks.append(look)
    return tuple(looks)


def _look(folder: str, known: Mapping[str, LocalFile], now: datetime) -> FolderLook:
    try:
        look = look_through(folder, known, now)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is one folder's
        _log.exception("a folder failed", folder=folder)
        return FolderLook(folder, problem=f"pedigreed failed: {type(error).__name__}")
    if known and look.problem is None and not (look.files or look.unread):
        # A disk that is not mounted leaves an empty folder.
        products = f"{len(known):,} product{'' if len(known) == 1 else 's'}"
        return FolderLook(folder, problem=f"it had {products} and now has none: is its disk mounted?")
    return look


def _tell(look: FolderLook) -> None:
    log = _log.bind(folder=look.folder)
    if look.problem is not None:
        log.warning("folder not looked through", problem=look.problem)
        return
    log.info("folder looked through", files=len(look.files), headers=look.headers, unread=len(look.unread))
