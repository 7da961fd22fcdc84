"""The folders of our own disks: looked through, kept, and compared with what the archive has of their files."""

from __future__ import annotations

import os.path
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from pedigreed.changes.copies import Copies, compare_copies
from pedigreed.model.local_file import FolderLook, FolderState
from pedigreed.model.product_name import parse_product_name
from pedigreed.sources.disk.product_files import look_through
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import local_files as stored_files
from pedigreed.store import products as stored_products

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config, Subscription
    from pedigreed.model.local_file import LocalFile
    from pedigreed.store.database import Store

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DiskSurvey:
    """What was found.

    Attributes:
        looks: at each folder that was asked for.
        copies: the files of them all, each once, compared.
    """

    looks: tuple[FolderLook, ...]
    copies: Copies


def folders_of(subscription: Subscription) -> tuple[str, ...]:
    """Its folders, as the store has them: without ``..`` and without a slash at the end."""
    return tuple(dict.fromkeys(os.path.normpath(folder) for folder in subscription.local))


def look_through_folders(config: Config, store: Store, now: datetime) -> tuple[FolderLook, ...]:
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
        _log_look(look)
        looks.append(look)
    return tuple(looks)


def survey_disk(folders: Sequence[str], store: Store | None, now: datetime) -> DiskSurvey:
    """Read the files at some absolute paths, and compare them with the archive's last answers.

    Without a store no program is watched.
    """
    if store is None:
        looks = tuple(look_through(folder, {}, now) for folder in folders)
        return DiskSurvey(looks, compare_copies(_files_of(looks), {}, frozenset()))
    with store.reading() as connection:
        known = stored_files.load(connection, folders)
    looks = tuple(look_through(folder, known, now) for folder in folders)
    with store.reading() as connection:
        return DiskSurvey(looks, _compared(connection, _files_of(looks)))


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


def _log_look(look: FolderLook) -> None:
    log = _log.bind(folder=look.folder)
    if look.problem is not None:
        log.warning("folder not looked through", problem=look.problem)
        return
    log.info("folder looked through", files=len(look.files), headers=look.headers, unread=len(look.unread))


def _files_of(looks: Iterable[FolderLook]) -> list[LocalFile]:
    """The files of several folders, each once."""
    return list({file.path: file for look in looks for file in look.files}.values())


def _compared(connection: Connection, files: Sequence[LocalFile]) -> Copies:
    """Compare files with the products that the archive has, as the store knows it."""
    names = sorted({file.filename for file in files})
    products = stored_products.there_by_name(connection, names)
    programs = {parse_product_name(name).program for name in names if name not in products} - {None}
    states = stored_coverage.load(connection, [program for program in programs if program is not None])
    watched = frozenset(program for (_, program), state in states.items() if state.baseline_at is not None)
    return compare_copies(files, products, watched)
